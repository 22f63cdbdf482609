"""Small whole designs, edits of them, and what a plan allocates: what the property tests are made of."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from citynet.plan.model import Plan

HUBS = {"government": "g-hub", "cross": "c-hub"}
BORDERS = {"government": "g-border", "cross": "c-border"}
SHARED = {"government": "s-g", "cross": "s-c"}
NAMES = [f"{letter}{number}" for number in range(3) for letter in "abcdz"]


@dataclass
class Town:
    """Two stars of devices with chords, services on their edges, an interconnect. Every list is in design order."""

    tight: bool = False
    devices: dict[str, str] = field(default_factory=dict)  # edge → domain
    chords: list[tuple[str, str]] = field(default_factory=list)
    services: dict[str, tuple[str, list[tuple[str, str]]]] = field(default_factory=dict)  # → domain, (host, device)
    interconnects: list[str] = field(default_factory=list)
    seed: int = 0  # of the order in which everything stands
    removed: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The design; JSON is YAML."""
        order = random.Random(self.seed)
        domains = sorted(HUBS, reverse=bool(self.seed % 2))
        devices: dict[str, Any] = {HUBS[one]: {"domain": one, "role": "core", "site": "here"} for one in domains}
        devices |= {BORDERS[one]: {"domain": one, "role": "border", "site": "here"} for one in domains}
        devices |= {name: {"domain": one, "role": "edge", "site": "here"} for name, one in self.devices.items()}
        links = [(BORDERS[one], HUBS[one]) for one in domains]
        links += [(name, HUBS[one]) for name, one in self.devices.items()]
        links = shuffled(order, [tuple(shuffled(order, list(pair))) for pair in [*links, *self.chords]])
        services = shuffled(order, list(self.services.items()))
        return json.dumps(
            {
                "city": "town",
                "management": {"prefix": "172.20.0.0/27" if self.tight else "172.20.0.0/20"},
                "domains": {one: self._domain(one) for one in domains},
                "sites": {"here": {}},
                "devices": dict(shuffled(order, list(devices.items()))),
                "links": [{"between": pair} for pair in links],
                "participants": {"someone": {"kind": "user"}},
                "services": {name: self._service(name, order) for name, _ in services},
                "interconnects": {
                    name: {
                        "between": [BORDERS["government"], BORDERS["cross"]],
                        "services": [SHARED["government"], SHARED["cross"]],
                    }
                    for name in shuffled(order, self.interconnects)
                },
            }
        )

    def _domain(self, name: str) -> dict[str, Any]:
        number = sorted(HUBS).index(name) + 1
        return {
            "asn": 65000 + number,
            "locators": f"fd0{number}:{number}::/32",
            "router_ids": f"10.{number}.0.0/{29 if self.tight else 16}",
        }

    def blocks(self, service: str) -> list[str]:
        """The IPv4 and the IPv6 block of a service; in a tight town they have room for different numbers of ends."""
        number = sorted([*SHARED.values(), *(f"s-{one}" for one in NAMES)]).index(service)
        return [f"10.{100 + number}.0.0/{26 if self.tight else 20}", f"fd{10 + number}::/{63 if self.tight else 48}"]

    def _service(self, name: str, order: random.Random) -> dict[str, Any]:
        domain, ends = self.services[name]
        blocks = self.blocks(name)
        return {
            "domain": domain,
            "vrf": f"v{name}",
            "ipv4": blocks[0],
            "ipv6": blocks[1],
            "ends": [
                {"participant": "someone", "device": device, "host": host} for host, device in shuffled(order, ends)
            ],
        }


def shuffled(order: random.Random, things: list[Any]) -> list[Any]:
    """A copy in another order."""
    return order.sample(things, len(things))


Edit = tuple[str, int, int]


@st.composite
def towns(draw: st.DrawFn, *, tight: bool | None = None) -> Town:
    """A town as it is first planned."""
    town = Town(tight=draw(st.booleans()) if tight is None else tight, seed=draw(st.integers(0, 99)))
    town.services = {SHARED[one]: (one, [(f"h-{BORDERS[one]}", BORDERS[one])]) for one in HUBS}
    for kind, a, b in draw(st.lists(edits(ADDING), min_size=3, max_size=12)):
        EDITS[kind](town, a, b)
    return town


def edits(kinds: list[str] | None = None) -> st.SearchStrategy[Edit]:
    """One edit: what kind, and two numbers that choose what of."""
    return st.tuples(st.sampled_from(kinds or sorted(EDITS)), st.integers(0, 99), st.integers(0, 99))


@st.composite
def histories(draw: st.DrawFn) -> tuple[Town, list[Edit]]:
    """A town and edits one after the other: of all kinds, or such as wear its small pools out."""
    if draw(st.booleans()):
        return draw(towns()), draw(st.lists(edits(), min_size=3, max_size=16))
    return draw(towns(tight=True)), draw(st.lists(edits(CHURN), min_size=8, max_size=16))


def apply(town: Town, edit: Edit) -> Town:
    """The town after an edit; the same again when there is nothing to edit so."""
    after = copy.deepcopy(town)
    EDITS[edit[0]](after, edit[1], edit[2])
    return after


def _nth(things: Any, number: int) -> Any:
    known = list(things)
    return known[number % len(known)] if known else None


def _add_device(town: Town, a: int, b: int) -> None:
    free = [name for name in NAMES if name not in town.devices]
    if name := _nth(free, a):
        town.devices[name] = _nth(HUBS, b)


def _return_device(town: Town, a: int, b: int) -> None:
    name = _nth(town.removed, a)
    if name and name not in town.devices:
        town.devices[name] = _nth(HUBS, b)


def _remove_device(town: Town, a: int, _b: int) -> None:
    if name := _nth(town.devices, a):
        del town.devices[name]
        town.removed.append(name)
        _forget(town, name)


def _forget(town: Town, device: str) -> None:
    town.chords = [pair for pair in town.chords if device not in pair]
    for name, (domain, ends) in list(town.services.items()):
        _set_ends(town, name, domain, [end for end in ends if end[1] != device])


def _set_ends(town: Town, service: str, domain: str, ends: list[tuple[str, str]]) -> None:
    """A service without ends is none; the shared ones always have one."""
    if ends:
        town.services[service] = domain, ends
    else:
        del town.services[service]


def _rename_device(town: Town, a: int, b: int) -> None:
    old, new = _nth(town.devices, a), _nth([name for name in NAMES if name not in town.devices], b)
    if old is None or new is None:
        return
    town.devices = {new if name == old else name: domain for name, domain in town.devices.items()}
    town.chords = [(new if one == old else one, new if other == old else other) for one, other in town.chords]
    for name, (domain, ends) in town.services.items():
        town.services[name] = domain, [(host, new if device == old else device) for host, device in ends]
    town.removed.append(old)


def _move_device(town: Town, a: int, _b: int) -> None:
    """A device becomes the other domain's."""
    if name := _nth(town.devices, a):
        _forget(town, name)
        town.devices[name] = next(one for one in HUBS if one != town.devices[name])


def _link(town: Town, a: int, b: int) -> None:
    one, other = _nth(town.devices, a), _nth(town.devices, b)
    known = {frozenset(pair) for pair in town.chords}
    if one and one != other and town.devices[one] == town.devices[other] and frozenset((one, other)) not in known:
        town.chords.append((one, other))


def _unlink(town: Town, a: int, _b: int) -> None:
    if pair := _nth(town.chords, a):
        town.chords.remove(pair)


def _add_service(town: Town, a: int, b: int) -> None:
    name, device = _nth([f"s-{n}" for n in NAMES if f"s-{n}" not in town.services], a), _nth(town.devices, b)
    if name and device and f"h-{name}" not in _hosts(town):
        town.services[name] = town.devices[device], [(f"h-{name}", device)]


def _hosts(town: Town) -> set[str]:
    return {host for _, ends in town.services.values() for host, _ in ends}


def _remove_service(town: Town, a: int, _b: int) -> None:
    if name := _nth([name for name in town.services if name not in SHARED.values()], a):
        del town.services[name]


def _rename_service(town: Town, a: int, b: int) -> None:
    old = _nth([name for name in town.services if name not in SHARED.values()], a)
    new = _nth([f"s-{n}" for n in NAMES if f"s-{n}" not in town.services], b)
    if old and new:
        town.services = {new if name == old else name: held for name, held in town.services.items()}


def _add_end(town: Town, a: int, b: int) -> None:
    service = _nth(town.services, a)
    domain, ends = town.services[service]
    device = _nth([name for name, one in town.devices.items() if one == domain], b)
    host = _nth([f"h-{name}" for name in NAMES if f"h-{name}" not in _hosts(town)], a + b)
    if device and host:
        ends.append((host, device))


def _remove_end(town: Town, a: int, b: int) -> None:
    service = _nth(town.services, a)
    domain, ends = town.services[service]
    if end := _nth([end for end in ends if not end[0].endswith("-border")], b):
        _set_ends(town, service, domain, [one for one in ends if one != end])


def _move_end(town: Town, a: int, b: int) -> None:
    domain, ends = town.services[_nth(town.services, a)]
    device = _nth([name for name, one in town.devices.items() if one == domain], b)
    if device and not ends[-1][0].endswith("-border"):
        ends[-1] = ends[-1][0], device


def _interconnect(town: Town, _a: int, _b: int) -> None:
    town.interconnects = [] if town.interconnects else ["guard"]


def _reorder(town: Town, a: int, b: int) -> None:
    town.seed = a * 100 + b
    town.devices = dict(shuffled(random.Random(a), list(town.devices.items())))


EDITS: dict[str, Callable[[Town, int, int], None]] = {
    "add-device": _add_device,
    "return-device": _return_device,
    "remove-device": _remove_device,
    "rename-device": _rename_device,
    "move-device": _move_device,
    "link": _link,
    "unlink": _unlink,
    "add-service": _add_service,
    "remove-service": _remove_service,
    "rename-service": _rename_service,
    "add-end": _add_end,
    "remove-end": _remove_end,
    "move-end": _move_end,
    "interconnect": _interconnect,
    "reorder": _reorder,
}
CHURN = ["rename-device", "rename-device", "add-device", "return-device", "remove-device", "move-end", "reorder"]
"""What soon uses up small pools, so that numbers come out of quarantine."""
ADDING = ["add-device", "link", "add-service", "add-end", "interconnect"]

Fact = tuple[str, ...]


def allocations(plan: Plan) -> dict[Fact, str]:
    """Everything that the plan allocates: kind, scope in which it is unique, whose it is → what."""
    found: dict[Fact, str] = {}
    for one in plan.devices.values():
        found["loopback", "", one.domain, one.name] = one.underlay.loopback
        found["router id", "", one.domain, one.name] = f"{one.underlay.router_id} {one.underlay.net}"
        found["locator", "", one.domain, one.name] = f"{one.srv6.prefix} {one.srv6.source_address}"
        found["management", "", one.name] = one.management
        for port in one.ports:
            found["port", one.name, f"{port.kind} {port.peer}"] = port.name
            if port.kind == "interconnect":
                found["transit", "", one.name, port.peer] = port.addresses[0]
        for vrf in one.vrfs:
            found["rd", "", one.name, one.domain, vrf.service] = vrf.rd
            found["table", one.name, vrf.service] = str(vrf.table)
    for service in plan.services.values():
        found["rt", "", service.name] = service.rt
    for host in plan.hosts.values():
        found["management", "", host.name] = host.management
        for address in host.port.addresses:
            found[f"subnet {':' in address}", "", host.service, host.name] = address
    return found
