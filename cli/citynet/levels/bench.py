"""The bench on which a network is judged: what it is, how to reach it, and what has been measured so far."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from citynet.errors import CitynetError, DeviceError
from citynet.levels.judging import Measured
from citynet.levels.measurements import Reach, dump
from citynet.levels.targets import pairs
from citynet.levels.text import Text, t

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from citynet.levels.access import Access
    from citynet.levels.targets import HostPair
    from citynet.plan.model import Plan

SETTLE_S = 60.0
"""Time that the network has to return to its planned state after a fault is undone."""


class FaultDesk(Protocol):
    """Breaks things and mends them."""

    def apply(self, kind: str, target: str) -> None:
        """Put a fault in force."""

    def undo(self, kind: str, target: str) -> None:
        """Take it back; returns when that is done."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What came of deploying some devices."""

    done: bool
    seconds: float
    why: str = ""


_NOT_COLLECTED = Deployment(done=False, seconds=0.0, why="this run cannot collect evidence")
_NOT_REPORTED = t("this run cannot ask for reports", "本次运行无法查询报告")
_NO_ORDERS = t("this run cannot reach an authentication server", "本次运行无法访问认证服务器")
_NOT_RESIZED = Deployment(done=False, seconds=0.0, why="this run cannot deploy a changed design")


@dataclass(slots=True)
class Bench:
    """One run's tools and facts; every domain has its own facts."""

    plan: Plan
    domains: list[str]
    access: Access
    faults: FaultDesk
    deploy: Callable[[list[str]], Deployment]
    files: dict[str, list[str]]
    output: Path
    wanted: frozenset[str]
    notify: Callable[[str], None]
    resize: Callable[[str, float], Deployment] = lambda _slice, _gbps: _NOT_RESIZED
    """Deploys the design with another bandwidth (Gbit/s) of a slice."""
    collect: Callable[[Path], Deployment] = lambda _store: _NOT_COLLECTED
    """Collects the borders' records into an evidence store."""
    report: Callable[[Path, int, str], dict[str, Any]] = lambda _store, _identifier, _since: _cannot(_NOT_REPORTED)
    """Asks for the report of an evidence store about a data identifier since a time (ISO 8601)."""
    order: Callable[..., dict[str, Any]] = lambda **_told: _cannot(_NO_ORDERS)
    """Orders something of the authentication server, or tells it something."""
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)
    troubles: dict[tuple[str, str], Text] = field(default_factory=dict)
    timings: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wants(self, *keys: str) -> bool:
        """Whether any check of this run needs one of these measurements."""
        return bool(self.wanted & set(keys))

    def put(self, domain: str, key: str, value: Any) -> None:
        """Remember a measurement, and write it down as evidence."""
        with self._lock:
            self.facts.setdefault(domain, {})[key] = value
        path = self.evidence(domain, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dump(value), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    def evidence(self, domain: str, key: str) -> Path:
        """The evidence file of a measurement."""
        return self.output / "evidence" / domain / f"{key}.json"

    def trouble(self, domain: str, keys: Iterable[str], reason: Text) -> None:
        """Remember why some measurements could not be made."""
        with self._lock:
            for key in keys:
                self.troubles[domain, key] = reason

    def measured(self, domain: str) -> Measured:
        """What is known of a domain."""
        troubles = {key: why for (where, key), why in self.troubles.items() if where == domain}
        return Measured(self.facts.get(domain, {}), troubles)

    def attempt(self, domain: str, keys: tuple[str, ...], work: Callable[[Bench, str], None]) -> None:
        """Make some measurements if they are wanted; what goes wrong blocks the checks that need them."""
        if not self.wants(*keys):
            return
        title = f"{domain} {keys[0]}"
        self.notify(title)
        start = time.monotonic()
        try:
            work(self, domain)
        except CannotMeasureError as error:
            self.trouble(domain, keys, error.reason)
        except CitynetError as error:
            self.trouble(domain, keys, t(f"the probe failed: {error}", f"探测失败：{error}"))
        except Exception as error:  # noqa: BLE001 - one probe's fault must not lose what the others found
            self.trouble(domain, keys, t(f"the probe failed: {error!r}", f"探测失败：{error!r}"))
        self.timings[title] = round(time.monotonic() - start, 1)

    def together(self, work: Iterable[Callable[[], None]]) -> None:
        """Do several things at once."""
        jobs = list(work)
        with ThreadPoolExecutor(max(1, len(jobs))) as pool:
            for future in [pool.submit(job) for job in jobs]:
                future.result()

    def settle(self, nodes: Iterable[str], until_s: float = SETTLE_S) -> float | None:
        """Wait for every planned neighbour of some devices; seconds it took, None if they did not come."""
        start = time.monotonic()
        late: list[str] = []

        def one(node: str) -> None:
            asked = {**self.planned_neighbours(node), "until_s": until_s}
            if self.access.ask(node, "settle", asked, until_s + 30)["settled_s"] is None:
                late.append(node)

        self.access.each(nodes, one)
        return None if late else time.monotonic() - start

    def planned_neighbours(self, node: str) -> dict[str, list[str]]:
        """The IS-IS interfaces and BGP neighbours that a device has when all is well."""
        device = self.plan.devices[node]
        sessions = [peer.address for peer in device.bgp.neighbors]
        sessions += [peer.address for vrf in device.vrfs for peer in vrf.peers]
        return {"ports": [device.interface(item.port) for item in device.underlay.interfaces], "sessions": sessions}

    def reach(self, domain: str, without: str = "", until_s: float = 0.0, **more: int) -> list[Reach]:
        """Ping between the hosts of each service; hosts behind the device `without` are left out.

        `count` pings each (5 unless told); with `packet_bytes`, IP packets of that size that may not be fragmented.
        """
        chosen = [
            pair
            for pair in pairs(self.plan, domain)
            if [without] not in (pair.source.devices, pair.destination.devices)
        ]
        by_source: dict[str, list[HostPair]] = {}
        for pair in chosen:
            by_source.setdefault(pair.source.name, []).append(pair)
        found: list[Reach] = []

        def one(source: str) -> None:
            targets = [
                {"name": pair.destination.name, "address": pair.destination.address(version), "version": version}
                for pair in by_source[source]
                for version in (4, 6)
            ]
            asked = {"targets": targets, "count": 5, "until_s": until_s, **more}
            try:
                answers = self.access.ask(source, "reach", asked, until_s + 60)
            except DeviceError:  # a host that cannot be asked sent nothing: its pairs have not passed
                answers = [{**target, "sent": 0, "received": 0} for target in targets]
            found.extend(
                Reach(source, item["name"], item["version"], item["sent"], item["received"]) for item in answers
            )

        self.access.each(by_source, one)
        return sorted(found, key=lambda pair: (pair.source, pair.destination, pair.version))


class CannotMeasureError(Exception):
    """The plan or the platform offers nothing to measure; the reason is for the scorecard."""

    def __init__(self, reason: Text) -> None:
        self.reason = reason
        super().__init__(str(reason))


def _cannot(reason: Text) -> dict[str, Any]:
    raise CannotMeasureError(reason)
