"""Take a device out of the traffic's way, and back in, without losing a packet.

Draining raises the metrics of the device's links in steps that the controller worked out (no two routers that would
send to each other change their mind in one step), then sets the overload bit. Coming back goes the same way in reverse.
Between two steps the device waits until its own news is out, and then for the others to act on it.
"""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from typing import Any, Iterable

from . import maintenance
from .compare import Memory
from .frr import running_digest
from .frr_changes import COMPLAINT
from .health import MARK, look
from .services import ruleset
from .system import StepError, mode_of, must, read, run, wait_for, write
from .texts import digest
from .transaction import STATE, hold

COMMITTED = f"{STATE}/committed.json"

_PORT = re.compile(r"^interface (\S+)\n((?: .*\n)+)", re.MULTILINE)
_OWN = re.compile(r"^\S+\.\d\d-\d\d +\* +\d+ +(0x[0-9a-f]+) .*?(\d)/\d/(\d)$", re.MULTILINE)
_LSP_LIMIT_S = 15.0
_QUIET_LIMIT_S = 30.0
_WINDOW_S = 1.0
_TABLE = "citynet_drain"
_METRIC = 10
"""IS-IS metric of an interface that names none."""


def main(request: dict[str, Any]) -> int:
    """Answer one request with what became of it; a controller that is lost on the way does not leave it half done."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    try:
        answer = _ACTIONS[request["action"]](request)
    except StepError as error:
        answer = {"status": "failed", "reason": str(error)}
    sys.stdout.write(MARK + json.dumps({**answer, "drained": bool(maintenance.mark())}) + "\n")
    sys.stdout.flush()
    return 0


def _status(_: dict[str, Any]) -> dict[str, Any]:
    return {"status": "seen", "since": maintenance.mark().get("since", ""), "overloaded": _overloaded()}


def _drain(request: dict[str, Any]) -> dict[str, Any]:
    lock = hold(request.get("owner", ""))
    if maintenance.mark() and _is_overloaded():
        return {"status": "unchanged", "overloaded": _overloaded()}
    text = _committed()
    ports = metrics(text)
    # From here on a reboot brings the device up drained.
    maintenance.set_mark(request["mark"])
    _keep(maintenance.CONFIGURATION, maintenance.drained(text))
    if maintenance.serves(text):
        _configure([maintenance.SHUTDOWN.strip()])
        time.sleep(request["settle_s"])
    for more in request["steps"]:
        _step(request, ports, more)
    _overload(request, on=True)
    if request["steps"]:
        # Nobody goes through an overloaded device whatever its links cost.
        _configure(_metric_lines(ports, 0))
    _refuse_probes(text)
    packets = _wait_for_quiet(list(ports))
    _remember()
    del lock
    return {"status": "drained", "transit_per_s": packets, "overloaded": _overloaded()}


def _undrain(request: dict[str, Any]) -> dict[str, Any]:
    lock = hold(request.get("owner", ""))
    if not maintenance.mark():
        return {"status": "unchanged", "overloaded": _overloaded()}
    missing: list[str] = []

    def whole() -> bool:
        missing[:] = look(request["expect"])["missing"]
        return not missing

    if not wait_for(whole, request["deadline_s"]):
        raise StepError("it stays drained, because it is not whole: " + ", ".join(missing))
    text = maintenance.undrained(_committed())
    ports = metrics(text)
    time.sleep(request["settle_s"])  # its own routes go into its tables before anybody relies on them
    _configure(_metric_lines(ports, (request["steps"] or [0])[-1]))
    time.sleep(request["settle_s"])
    _overload(request, on=False)
    for more in [*reversed(request["steps"][:-1]), *[0] * bool(request["steps"])]:
        _step(request, ports, more)
    if maintenance.serves(text):
        _configure(["no " + maintenance.SHUTDOWN.strip()])
    maintenance.set_mark({})
    _keep(maintenance.CONFIGURATION, text)
    _take_probes()
    _remember()
    del lock
    return {"status": "undrained", "overloaded": _overloaded()}


def _committed() -> str:
    text = read(maintenance.CONFIGURATION)
    if text is None or maintenance.CONFIGURATION not in Memory(COMMITTED).files:
        raise StepError("no configuration was ever committed on this device")
    return text


def metrics(text: str) -> dict[str, int]:
    """The IS-IS metric of each link."""
    found = {}
    for name, lines in _PORT.findall(text):
        if " isis network point-to-point\n" in lines:
            metric = re.search(r"^ isis metric (\d+)$", lines, re.MULTILINE)
            found[name] = int(metric.group(1)) if metric else _METRIC
    return found


def _metric_lines(ports: dict[str, int], more: int) -> list[str]:
    lines = []
    for name, metric in ports.items():
        total = metric + more
        lines += [f"interface {name}", f"isis metric {total}" if total != _METRIC else "no isis metric", "exit"]
    return lines


def _step(request: dict[str, Any], ports: dict[str, int], more: int) -> None:
    before = _news()
    _configure(_metric_lines(ports, more))
    wait_for(lambda: _news() != before, _LSP_LIMIT_S)
    time.sleep(request["settle_s"])


def _overload(request: dict[str, Any], *, on: bool) -> None:
    text = read(maintenance.CONFIGURATION) or ""
    names = re.findall(r"^router isis (\S+)$", text, re.MULTILINE)
    for name in names:
        # In this order: when the news of the second is out, so is that of the first.
        topology = maintenance.TOPOLOGY.strip() + (" overload" if on else "")
        _configure([f"router isis {name}", topology, ("" if on else "no ") + maintenance.OVERLOAD.strip()])
    if names and not wait_for(lambda: _is_overloaded() is on, _LSP_LIMIT_S):
        raise StepError("IS-IS does not " + ("set" if on else "take back") + " the overload bit")
    time.sleep(request["settle_s"])


def _configure(lines: Iterable[str]) -> None:
    """Give FRR lines; mgmtd lets one session configure at a time, and another one may just do so."""
    words = [word for line in ("configure terminal", *lines) for word in ("-c", line)]
    said = ""

    def done() -> bool:
        nonlocal said
        output = run(["vtysh", *words])
        said = output.text.strip()
        return not COMPLAINT.findall(said)

    if not wait_for(done, _LSP_LIMIT_S):
        raise StepError("FRR refused: " + " / ".join(said.splitlines()[-3:]))


def _database() -> str:
    return must(["vtysh", "-c", "show isis database"])


def _news() -> list[str]:
    """The sequence numbers of the device's own LSPs."""
    return [number for number, _, _ in _OWN.findall(_database())]


def _is_overloaded() -> bool:
    found = [bit for _, _, bit in _OWN.findall(_database())]
    return "1" in found


def _overloaded() -> list[str]:
    """Every router of the domain whose overload bit is set, as this one sees it."""
    try:
        text = _database()
    except StepError:
        return []
    return sorted(set(re.findall(r"^(\S+)\.\d\d-\d\d .*/1$", text, re.MULTILINE)))


def _wait_for_quiet(links: list[str]) -> float:
    """Count what crosses from link to link until nothing does; packets a second in the last window."""
    names = ", ".join(f'"{name}"' for name in links)
    rule = f"iifname {{ {names} }} oifname {{ {names} }} counter"
    chain = f"chain transit {{\ntype filter hook forward priority raw;\n{rule}\n}}"
    must(["nft", "-f", "/proc/self/fd/0"], f"table inet {_TABLE} {{\n{chain}\n}}\n")
    try:
        deadline = time.monotonic() + _QUIET_LIMIT_S
        while True:
            before = _crossed()
            time.sleep(_WINDOW_S)
            crossed = _crossed() - before
            if not crossed or time.monotonic() > deadline:
                return round(crossed / _WINDOW_S, 1)
    finally:
        run(["nft", "delete", "table", "inet", _TABLE])


def _crossed() -> int:
    found = re.search(r"counter packets (\d+)", must(["nft", "list", "table", "inet", _TABLE]))
    return int(found.group(1)) if found else 0


def _refuse_probes(text: str) -> None:
    """Have the paths of others leave; see `maintenance.refusing_probes`."""
    rules = read(maintenance.FILTER) or ""
    more = maintenance.refusing_probes(text, rules)
    if more and more not in rules:
        must(["nft", "-f", "/proc/self/fd/0"], more)
        _keep(maintenance.FILTER, rules + more)


def _take_probes() -> None:
    rules = read(maintenance.FILTER) or ""
    start = rules.find(f"\ntable inet citynet {{\n    chain {maintenance.CHAIN} ")
    if start >= 0:
        must(["nft", "delete", "chain", "inet", "citynet", maintenance.CHAIN])
        _keep(maintenance.FILTER, rules[:start])


def _keep(path: str, text: str) -> None:
    """Write a file for the next start, as if it had been committed so."""
    write(path, text, mode_of(path) or 0o640)
    memory = Memory(COMMITTED)
    memory.files[path] = digest(text)
    memory.store()


def _remember() -> None:
    memory = Memory(COMMITTED)
    memory.running["frr"] = running_digest()
    memory.running["nftables"] = ruleset()
    memory.store()


_ACTIONS = {"status": _status, "drain": _drain, "undrain": _undrain}
