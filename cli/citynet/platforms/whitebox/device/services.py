"""Packet filter (nftables) and flow records (ulogd)."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import os
import signal
from typing import Any

from .access_agent import TABLE_FILE, open_now
from .fence import without_fence
from .part import Part, Texts
from .system import StepError, booted_with_systemd, must, process_named, run, wait_for
from .texts import difference

NFTABLES = "/etc/nftables.conf"
ULOGD = "/etc/ulogd.conf"
# A pattern, which need not match: nft refuses to include a file that is not there.
_OWN = ("/etc/nftables.d/citynet-fence.nf[t]", "/etc/nftables.d/citynet-access.nf[t]")
_ULOGD_PID = "/run/ulog/ulogd.pid"
_STOP_LIMIT_S = 10.0


class Nftables(Part):
    """The packet filter: one file, replaced in one atomic transaction of the kernel."""

    name = "nftables"
    paths = (NFTABLES,)
    commands = {"nft": "nftables"}  # noqa: RUF012

    def validate(self, texts: Texts) -> None:
        """Let nft parse and check the whole file without loading it."""
        if NFTABLES in texts:
            must(["nft", "-c", "-f", "/proc/self/fd/0"], _replacing(texts[NFTABLES]))

    def drift(self, texts: Texts, memory: Any) -> str:
        """Compare the loaded ruleset with the one after the last commit."""
        if memory is None:
            return "the packet filter was never committed"
        return difference(ruleset(), str(memory), "packet filter as running", "packet filter as committed")

    def snapshot(self, texts: Texts) -> Any:
        """The loaded ruleset, whatever put it there."""
        return ruleset()

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Load the file."""
        must(["nft", "-f", "/proc/self/fd/0"], _replacing(texts.get(NFTABLES, "")))
        if booted_with_systemd():
            must(["systemctl", "enable", "nftables"])

    def check(self, texts: Texts) -> list[str]:
        """The load was all or nothing: only see that something was loaded."""
        if "table " in texts.get(NFTABLES, "") and not ruleset().strip():
            raise StepError("the packet filter is empty after loading it")
        return []

    def memory(self, texts: Texts) -> Any:
        """The loaded ruleset without its counters."""
        return ruleset()

    def restore(self, snapshot: Any) -> None:
        """Load the former ruleset."""
        must(["nft", "-f", "/proc/self/fd/0"], _replacing(str(snapshot)))


def _replacing(rules: str) -> str:
    """Rules in the place of all others; files of fence and access, if there are any, are loaded along with them."""
    if "flush ruleset" not in rules:
        rules = "flush ruleset\n" + rules
    rules += "".join(f'\ninclude "{file}"\n' for file in _OWN if file not in rules)
    return rules + (f"\n{open_now()}" if os.path.exists(TABLE_FILE) else "")


def ruleset() -> str:
    """All rules that are loaded but those of fence and access, without their counters."""
    return without_fence(must(["nft", "-s", "list", "ruleset"]))


class Flows(Part):
    """Flow records written by ulogd on border devices."""

    name = "flows"
    paths = (ULOGD,)
    commands = {"ulogd": "ulogd2"}  # noqa: RUF012

    def drift(self, texts: Texts, memory: Any) -> str:
        """Whether the daemon lives."""
        return "" if _running() or ULOGD not in texts else "ulogd is not running"

    def snapshot(self, texts: Texts) -> Any:
        """Whether it ran."""
        return _running()

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Start it anew, or stop it when its file is gone."""
        _stop()
        if ULOGD in texts:
            _start()

    def check(self, texts: Texts) -> list[str]:
        """See that it lives."""
        if ULOGD in texts and not wait_for(_running, _STOP_LIMIT_S):
            raise StepError("ulogd did not start")
        return []

    def memory(self, texts: Texts) -> Any:
        """Nothing: the file says it all."""
        return None

    def restore(self, snapshot: Any) -> None:
        """Start it with the former file, or stop it if it did not run."""
        _stop()
        if snapshot:
            _start()


def _running() -> bool:
    return process_named("ulogd") is not None


def _start() -> None:
    os.makedirs("/var/log/citynet", mode=0o750, exist_ok=True)
    if booted_with_systemd():
        must(["systemctl", "enable", "--now", "ulogd2"])
        return
    os.makedirs(os.path.dirname(_ULOGD_PID), exist_ok=True)
    must(["ulogd", "--daemon", "--pidfile", _ULOGD_PID, "-c", ULOGD])


def _stop() -> None:
    if booted_with_systemd():
        run(["systemctl", "stop", "ulogd2"])
        return
    process = process_named("ulogd")
    if process is not None:
        os.kill(process, signal.SIGTERM)
        if not wait_for(lambda: not _running(), _STOP_LIMIT_S):
            raise StepError("ulogd does not stop")
