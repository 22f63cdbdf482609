"""The plan: every number decided. Plain slotted dataclasses; no I/O, no behaviour beyond look-ups.

Addresses are text without a length (`fd01:0:1::1`); prefixes carry one (`fd01:0:1::/48`). Secrets appear only as names
(`isis/government`); their values never enter a plan.
"""

from __future__ import annotations

from citynet.plan.model.access import (
    AccessPort,
    AccessServer,
    AccessTunnel,
    DeviceAccess,
    PlannedAccess,
    PlannedRole,
    PlannedTask,
)
from citynet.plan.model.city import Device, Plan
from citynet.plan.model.encryption import KeyAgent, KeyServer, MacsecPort, Protection, Tunnel
from citynet.plan.model.fences import DeviceFence, FenceEntry, FencePort, PlannedFence, PlannedIdentifier
from citynet.plan.model.interconnect import DeviceRefusals, Guard, GuardRule, RecordedIdentifier
from citynet.plan.model.layer2 import Evi, Vpws
from citynet.plan.model.optical import (
    ClassTimes,
    ConnectivityService,
    Degree,
    FineGrain,
    LitPath,
    OduMember,
    OduTrunk,
    OpticalFibre,
    OpticalNode,
    OpticalPlan,
    PlannedAmplifier,
    ServiceEnd,
    Span,
    SpectrumUse,
)
from citynet.plan.model.paths import EdgeTag, IdentifierOption, PathTo, SegmentPath, SteeredTo, Steering
from citynet.plan.model.places import PlannedDomain, PlannedFibre, PlannedParticipant, PlannedSite, PlannedZone
from citynet.plan.model.ports import Homing, Host, Line, LineEnd, Port, PortKind
from citynet.plan.model.sentry import DeviceSentry, Watch
from citynet.plan.model.services import PlannedApplication, PlannedBinding, PlannedService, Vrf, VrfLeak, VrfPeer
from citynet.plan.model.slices import (
    FlexeClient,
    FlexeGroup,
    PlannedSlice,
    SlicedPort,
    SliceEntry,
    SliceQueue,
)
from citynet.plan.model.tracing import DeviceTrace, FarEnd, TracedIdentifier
from citynet.plan.model.underlay import Bgp, BgpNeighbor, Srv6, StaticSid, Underlay, UnderlayInterface

__all__ = [
    "AccessPort",
    "AccessServer",
    "AccessTunnel",
    "Bgp",
    "BgpNeighbor",
    "ClassTimes",
    "ConnectivityService",
    "Degree",
    "Device",
    "DeviceAccess",
    "DeviceFence",
    "DeviceRefusals",
    "DeviceSentry",
    "DeviceTrace",
    "EdgeTag",
    "Evi",
    "FarEnd",
    "FenceEntry",
    "FencePort",
    "FineGrain",
    "FlexeClient",
    "FlexeGroup",
    "Guard",
    "GuardRule",
    "Homing",
    "Host",
    "IdentifierOption",
    "KeyAgent",
    "KeyServer",
    "Line",
    "LineEnd",
    "LitPath",
    "MacsecPort",
    "OduMember",
    "OduTrunk",
    "OpticalFibre",
    "OpticalNode",
    "OpticalPlan",
    "PathTo",
    "Plan",
    "PlannedAccess",
    "PlannedAmplifier",
    "PlannedApplication",
    "PlannedBinding",
    "PlannedDomain",
    "PlannedFence",
    "PlannedFibre",
    "PlannedIdentifier",
    "PlannedParticipant",
    "PlannedRole",
    "PlannedService",
    "PlannedSite",
    "PlannedSlice",
    "PlannedTask",
    "PlannedZone",
    "Port",
    "PortKind",
    "Protection",
    "RecordedIdentifier",
    "SegmentPath",
    "ServiceEnd",
    "SliceEntry",
    "SliceQueue",
    "SlicedPort",
    "Span",
    "SpectrumUse",
    "Srv6",
    "StaticSid",
    "SteeredTo",
    "Steering",
    "TracedIdentifier",
    "Tunnel",
    "Underlay",
    "UnderlayInterface",
    "Vpws",
    "Vrf",
    "VrfLeak",
    "VrfPeer",
    "Watch",
]
