"""Interfaces of one scope on a device that citynet does not manage whole: others are not even looked at."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from .network import INTERFACES, POLICY, Interfaces, interface_names, prepare_tables
from .system import must, read, run

if TYPE_CHECKING:
    from .part import Texts


# So that a transaction that nobody confirmed is put back by the part that made it.
BESIDE = " beside others"
_DISABLE_IPV6 = "/proc/sys/net/ipv6/conf/{}/disable_ipv6"
_FREE = re.compile(r"^iface (\S+)\n(?:[ \t]+.*\n)*?[ \t]+address-purge no$", re.MULTILINE)


class ScopedInterfaces(Interfaces):
    """VRFs and ports of one scope, by an ifupdown2 file of its own.

    What a port was before the scope took it is remembered, so that it can be that again.
    """

    name = f"interfaces{BESIDE}"

    def __init__(self, scope: str = "", memory: Any = None) -> None:
        self.file = f"{INTERFACES}-{scope}"
        self.paths = (POLICY.replace(".json", f"-{scope}.json"), self.file)
        self._before: dict[str, Any] = dict((memory or {}).get("before", {}))

    def drift(self, texts: Texts, memory: Any) -> str:
        """Compare with what ran after the last commit."""
        return super().drift(texts, (memory or {}).get("lines"))

    def _running(self, texts: Texts) -> list[str]:
        """Facts about the scope's interfaces, without addresses that others may give them."""
        free = set(_FREE.findall(self._text(texts)))
        return [fact for fact in super()._running(texts) if " address " not in fact or fact.split()[0] not in free]

    def snapshot(self, texts: Texts) -> Any:
        """Every interface that the scope has, had or takes, as it is."""
        names = list(dict.fromkeys([*self._before, *interface_names(self._text(texts))]))
        present = {name: _present(name) for name in names}
        for name in names:
            self._before.setdefault(name, present[name])
        return {"path": self.file, "present": present}

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Ifupdown2 brings the scope's interfaces to what its file says; those it gives up are what they were."""
        names = interface_names(self._text(texts))
        for name in [name for name in self._before if name not in names]:
            _put_back(name, self._before.pop(name))
        if names:
            prepare_tables()
            must(["ifup", *names])

    def memory(self, texts: Texts) -> Any:
        """Facts to compare with, and what the ports were before."""
        return {"lines": self._running(texts), "before": self._before}

    def restore(self, snapshot: Any) -> None:
        """Every interface is again what it was; those of the former file are ifupdown2's to bring up."""
        prepare_tables()
        kept = interface_names(read(snapshot["path"]) or "")
        for name, was in snapshot["present"].items():
            if name not in kept:
                _put_back(name, was)
        if kept:
            must(["ifup", *kept])


def _present(name: str) -> Optional[dict[str, Any]]:
    output = run(["ip", "-j", "address", "show", "dev", name])
    if output.code != 0:
        return None
    (link,) = [entry for entry in json.loads(output.text) if entry]
    return {
        "up": "UP" in link["flags"],
        "mtu": link["mtu"],
        "master": link.get("master", ""),
        "alias": link.get("ifalias", ""),
        "disable_ipv6": (read(_DISABLE_IPV6.format(name)) or "").strip(),
        "addresses": [
            f"{entry['local']}/{entry['prefixlen']}"
            for entry in link.get("addr_info", [])
            if entry.get("scope") != "link"
        ],
    }


def _put_back(name: str, was: Optional[dict[str, Any]]) -> None:
    """Make an interface what it was; one that was not there goes."""
    # So that ifupdown2 forgets it too; it works from what it remembers, not from the file.
    run(["ifdown", name])
    if was is None:
        run(["ip", "link", "delete", "dev", name])
        return
    master = ["master", was["master"]] if was["master"] else ["nomaster"]
    must(["ip", "link", "set", "dev", name, "down"])
    must(["ip", "link", "set", "dev", name, "alias", was["alias"], "mtu", str(was["mtu"]), *master])
    if was.get("disable_ipv6"):
        # Before its addresses come back, and although kernel settings stay otherwise: nobody would look for it there.
        Path(_DISABLE_IPV6.format(name)).write_text(was["disable_ipv6"], encoding="utf-8")
    must(["ip", "address", "flush", "dev", name, "scope", "global"])
    if was["up"]:
        must(["ip", "link", "set", "dev", name, "up"])
    for address in was["addresses"]:
        must(["ip", "address", "replace", address, "dev", name])
