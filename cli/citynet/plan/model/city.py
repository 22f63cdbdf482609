"""A device and a city, decided."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from citynet.plan.model.access import DeviceAccess, PlannedAccess  # noqa: TC001
from citynet.plan.model.encryption import (  # noqa: TC001 - pydantic reads these types when it runs
    KeyAgent,
    KeyServer,
    MacsecPort,
    Protection,
)
from citynet.plan.model.fences import DeviceFence, PlannedFence, PlannedIdentifier  # noqa: TC001
from citynet.plan.model.interconnect import DeviceRefusals, Guard, RecordedIdentifier  # noqa: TC001
from citynet.plan.model.layer2 import Evi, Vpws  # noqa: TC001
from citynet.plan.model.optical import OpticalPlan  # noqa: TC001
from citynet.plan.model.paths import EdgeTag, IdentifierOption, PathTo, Steering  # noqa: TC001
from citynet.plan.model.places import (  # noqa: TC001
    PlannedDomain,
    PlannedFibre,
    PlannedParticipant,
    PlannedSite,
    PlannedZone,
)
from citynet.plan.model.ports import Host, Line, Port  # noqa: TC001
from citynet.plan.model.sentry import DeviceSentry  # noqa: TC001
from citynet.plan.model.services import PlannedService, Vrf  # noqa: TC001
from citynet.plan.model.slices import FlexeGroup, PlannedSlice, SlicedPort, SliceEntry  # noqa: TC001
from citynet.plan.model.tracing import DeviceTrace  # noqa: TC001
from citynet.plan.model.underlay import Bgp, Srv6, StaticSid, Underlay  # noqa: TC001


@dataclass(slots=True)
class Device:
    """One network device, decided."""

    name: str
    domain: str
    site: str
    role: str
    plane: str
    platform: str
    management: str
    ports: list[Port]
    underlay: Underlay
    srv6: Srv6
    bgp: Bgp
    vrfs: list[Vrf] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    exits: list[Guard] = field(default_factory=list)
    sids: list[StaticSid] = field(default_factory=list)
    sliced_ports: list[SlicedPort] = field(default_factory=list)
    slice_entries: list[SliceEntry] = field(default_factory=list)
    paths: list[PathTo] = field(default_factory=list)
    steering: list[Steering] = field(default_factory=list)
    identifiers: list[IdentifierOption] = field(default_factory=list)
    tags: list[EdgeTag] = field(default_factory=list)
    vpws: list[Vpws] = field(default_factory=list)
    evpn: list[Evi] = field(default_factory=list)
    macsec: list[MacsecPort] = field(default_factory=list)
    protections: list[Protection] = field(default_factory=list)
    keys: KeyAgent | None = None
    fence: DeviceFence | None = None
    sentry: DeviceSentry | None = None
    trace: DeviceTrace | None = None
    access: DeviceAccess | None = None
    recorded: list[RecordedIdentifier] = field(default_factory=list)
    refusals: DeviceRefusals | None = None

    def port(self, name: str) -> Port:
        """The port of that name; KeyError if there is none."""
        for port in self.ports:
            if port.name == name:
                return port
        raise KeyError(name)

    def interface(self, name: str) -> str:
        """The Linux interface on which a port talks to its neighbour; the name itself where no port has it."""
        return next((port.interface for port in self.ports if port.name == name and not port.vlan), name)

    def slice_of(self, interface: str) -> int:
        """The number of the slice of what enters by an attachment; 0 when it has none."""
        port = interface.partition("v")[0]
        return next((entry.number for entry in self.slice_entries if entry.port == port), 0)

    @property
    def slice_numbers(self) -> list[int]:
        """The numbers of all slices of what enters here."""
        return sorted(
            {number for entry in self.slice_entries for number in (entry.number, *entry.identifiers.values())}
        )

    def layer2_ports(self) -> list[Port]:
        """The ports that take part in layer-2 services."""
        names = {circuit.interface for circuit in self.vpws} | {name for evi in self.evpn for name in evi.interfaces}
        return [port for port in self.ports if port.interface in names] if names else []


@dataclass(slots=True)
class Plan:
    """Everything decided for a city, in design order."""

    city: str
    title: str
    design_digest: str
    management_prefix: str
    management_gateway: str
    zones: dict[str, PlannedZone]
    sites: dict[str, PlannedSite]
    fibres: dict[str, PlannedFibre]
    participants: dict[str, PlannedParticipant]
    domains: dict[str, PlannedDomain]
    devices: dict[str, Device]
    hosts: dict[str, Host]
    lines: dict[str, Line]
    services: dict[str, PlannedService]
    secrets: list[str]
    optical: OpticalPlan | None = None
    slices: dict[str, PlannedSlice] = field(default_factory=dict)
    groups: dict[str, FlexeGroup] = field(default_factory=dict)
    key_servers: dict[str, KeyServer] = field(default_factory=dict)
    identifiers: dict[str, PlannedIdentifier] = field(default_factory=dict)
    fences: dict[str, PlannedFence] = field(default_factory=dict)
    access: PlannedAccess | None = None

    def as_dict(self) -> dict[str, Any]:
        """The plan as JSON-ready values; `plan.codec.loads` reads it back."""
        return dataclasses.asdict(self)
