"""Services into wavelengths: which ODU rides where. What is planned stays, new services fill what is free."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from citynet.plan.model import FineGrain, OduMember
from citynet.plan.optical import odu, pins
from citynet.plan.optical.spectrum import first_free, run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.design.types import Mode, Optical
    from citynet.plan.lock import Lock
    from citynet.plan.optical.demands import Demand, Group

MOST_TRUNKS = 10_000
"""Wavelengths of one group; more would not fit into any band."""
SPARE_HOMES = 64
"""How far beyond the number of its services the ODU0s of a group are looked for in the lock."""


class NamedMode(NamedTuple):
    """A mode of the catalogue."""

    transceiver: str
    name: str
    mode: Mode

    @property
    def text(self) -> str:
        """Its name in the lock."""
        return f"{self.transceiver}/{self.name}"


@dataclass(slots=True)
class Load:
    """Something that takes tributary slots: a service, or an ODU0 that fine-grain services share."""

    name: str
    client: odu.Client
    fine: FineGrain | None = None
    parts: list[Demand] = field(default_factory=list)


@dataclass(slots=True)
class Trunk:
    """A wavelength in the making: its mode, and loads by first tributary slot (from 0)."""

    name: str
    group: Group
    mode: NamedMode
    server: odu.Server
    loads: dict[int, Load] = field(default_factory=dict)
    taken: int = 0

    def place(self, load: Load, lock: Lock) -> bool:
        """Give a load slots: those it had, else the first free ones; False when there are none."""
        width = odu.slots_in(load.client, self.server)
        had = lock.known(f"ts/{self.name}", load.name)
        first = None if had is None else had - 1
        if first is None or first + width > self.server.slots or self.taken & run(first, width):
            first = first_free(self.taken, self.server.slots, width)
        if first is None:
            return False
        self.taken |= run(first, width)
        self.loads[first] = load
        lock.take(f"ts/{self.name}", load.name, first + 1, first + 1)
        return True

    def demands(self) -> Iterable[Demand]:
        """Every service in it."""
        for load in self.loads.values():
            yield from load.parts

    def members(self) -> list[OduMember]:
        """The ODUs in it, by slot."""
        return [
            OduMember(load.name, load.client.odu, first + 1, odu.slots_in(load.client, self.server), load.client.kbps)
            for first, load in sorted(self.loads.items())
            if load.fine is None
        ]

    def fine(self) -> list[FineGrain]:
        """The ODU0s in it that are cut into fine-grain slots."""
        found = []
        for first, load in sorted(self.loads.items()):
            if load.fine is not None:
                load.fine.first_slot, load.fine.slots = first + 1, odu.slots_in(load.client, self.server)
                found.append(load.fine)
        return found


def trunks_of(
    group: Group,
    wanted: list[Demand],
    modes: list[NamedMode],
    optical: Optical,
    lock: Lock,
) -> list[Trunk] | None:
    """The trunks that carry a group's demands, by `modes` that its light can do; None when a demand fits into none.

    Demands stay where the lock has them; new ones fill gaps; what is left gets new trunks, each of the mode that takes
    least spectrum for what it would carry.
    """
    loads = [Load(d.name, d.client, parts=[d]) for d in wanted if d.client.layer != "fgOTN"]
    loads += _fine_loads(group, [d for d in wanted if d.client.layer == "fgOTN"], optical, lock)
    trunks = _known_trunks(group, modes, lock)
    left = [load for load in sorted(loads, key=_size) if not _stays(load, trunks, lock)]
    left = [load for load in left if not _fills(load, trunks, lock)]
    while left:
        best = min((m for m in modes if carries(m, left[0])), key=lambda m: _cost(m, left), default=None)
        if best is None or len(trunks) >= MOST_TRUNKS:
            return None
        trunk = _new_trunk(group, best, trunks)
        trunks.append(trunk)
        left = [load for load in left if not trunk.place(load, lock)]
    used = [trunk for trunk in trunks if trunk.loads]
    for trunk in used:
        pins.keep(lock, f"mode/{trunk.name}", trunk.mode.text)
    return used


def _size(load: Load) -> tuple[float, str]:
    return (-load.client.kbps, load.name)


def _known_trunks(group: Group, modes: list[NamedMode], lock: Lock) -> list[Trunk]:
    trunks = []
    for number in range(1, MOST_TRUNKS):
        name = f"{group.name}-{number}"
        if lock.known(f"mode/{name}", "choice") is None:
            break
        mode = pins.known(lock, f"mode/{name}", modes, lambda mode: mode.text)
        if mode is not None:
            trunks.append(Trunk(name, group, mode, odu.server(mode.mode.rate_gbps)))
    return trunks


def _new_trunk(group: Group, mode: NamedMode, trunks: list[Trunk]) -> Trunk:
    names = {trunk.name for trunk in trunks}
    name = next(n for n in (f"{group.name}-{i}" for i in range(1, MOST_TRUNKS + 1)) if n not in names)
    return Trunk(name, group, mode, odu.server(mode.mode.rate_gbps))


def _stays(load: Load, trunks: list[Trunk], lock: Lock) -> bool:
    """Whether the load is where the lock has it."""
    for trunk in trunks:
        if lock.known(f"ts/{trunk.name}", load.name) is not None and carries(trunk.mode, load):
            return trunk.place(load, lock)
    return False


def _fills(load: Load, trunks: list[Trunk], lock: Lock) -> bool:
    """Whether the load found room in a trunk that is lit anyway."""
    return any(trunk.loads and carries(trunk.mode, load) and trunk.place(load, lock) for trunk in trunks)


def carries(mode: NamedMode, load: Load) -> bool:
    """Whether a wavelength of that mode has slots enough for a load."""
    into = odu.server(mode.mode.rate_gbps)
    return odu.slots_in(load.client, into) <= into.slots


def _cost(mode: NamedMode, left: list[Load]) -> tuple[float, float, str]:
    """Spectrum in GHz for each kbit/s that it would carry; of equals the one that needs less light."""
    into = odu.server(mode.mode.rate_gbps)
    room, carried = into.slots, 0.0
    for load in left:
        need = odu.slots_in(load.client, into)
        if need <= room:
            room -= need
            carried += load.client.kbps
    return (round(mode.mode.spacing_ghz / carried, 12), mode.mode.osnr_db, mode.text)


def _fine_loads(group: Group, wanted: list[Demand], optical: Optical, lock: Lock) -> list[Load]:
    """ODU0s cut into fine-grain slots; the domains share one only when the design says so."""
    room: dict[str, int] = {}
    found: list[Load] = []
    for domain in sorted({_fine_domain(demand, group, optical) for demand in wanted}):
        here = [demand for demand in wanted if _fine_domain(demand, group, optical) == domain]
        homes = {demand.name: _fine_home(f"{group.name}-fine-{domain}", demand, len(here), lock) for demand in here}
        loads: dict[int, Load] = {}
        for demand in sorted(here, key=lambda d: (not homes[d.name], -d.client.kbps, d.name)):
            numbers = itertools.chain([homes[demand.name]] if homes[demand.name] else sorted(loads), itertools.count(1))
            for number in numbers:
                if number not in loads:
                    loads[number] = _odu0(f"{group.name}-fine-{domain}-{number}", domain, optical)
                if _into(loads[number], demand, room, lock):
                    break
        found += [load for _, load in sorted(loads.items()) if load.parts]
    return found


def _fine_domain(demand: Demand, group: Group, optical: Optical) -> str:
    return group.domain if optical.domains_share == "odu" else demand.domain


def _odu0(name: str, domain: str, optical: Optical) -> Load:
    fine = FineGrain(name, domain, "ODU0", 0, 0, optical.fine_slots, optical.fine_slot_mbps)
    return Load(name, odu.client(1000, optical.fine_slot_mbps), fine)


def _fine_home(name: str, demand: Demand, count: int, lock: Lock) -> int:
    """The number of the ODU0 that the lock has a service in; 0 when it has it in none."""
    numbers = range(1, count + SPARE_HOMES)
    return next((n for n in numbers if lock.known(f"fine/{name}-{n}", demand.name) is not None), 0)


def _into(load: Load, demand: Demand, room: dict[str, int], lock: Lock) -> bool:
    fine, taken = load.fine, room.get(load.name, 0)
    if fine is None:
        return False
    width = round(demand.client.kbps / (fine.fine_slot_mbps * 1000))
    had = lock.known(f"fine/{load.name}", demand.name)
    first = None if had is None else had - 1
    if first is None or first + width > fine.fine_slots or taken & run(first, width):
        first = first_free(taken, fine.fine_slots, width)
    if first is None:
        return False
    room[load.name] = taken | run(first, width)
    lock.take(f"fine/{load.name}", demand.name, first + 1, first + 1)
    fine.members.append(OduMember(demand.name, demand.client.odu, first + 1, width, demand.client.kbps))
    load.parts.append(demand)
    return True
