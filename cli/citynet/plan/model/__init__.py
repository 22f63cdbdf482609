"""The plan: every number decided. Plain slotted dataclasses; no I/O, no behaviour beyond look-ups.

Addresses are text without a length (`fd01:0:1::1`); prefixes carry one (`fd01:0:1::/48`). Secrets appear only as names
(`isis/government`); their values never enter a plan.
"""

from __future__ import annotations

from citynet.plan.model.city import Device, Plan
from citynet.plan.model.interconnect import Guard, GuardRule
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
from citynet.plan.model.paths import IdentifierOption, PathTo, SegmentPath, SteeredTo, Steering
from citynet.plan.model.places import PlannedDomain, PlannedFibre, PlannedParticipant, PlannedSite, PlannedZone
from citynet.plan.model.ports import Homing, Host, Line, LineEnd, Port, PortKind
from citynet.plan.model.services import PlannedService, Vrf, VrfLeak, VrfPeer
from citynet.plan.model.slices import (
    FlexeClient,
    FlexeGroup,
    PlannedSlice,
    SlicedPort,
    SliceEntry,
    SliceQueue,
)
from citynet.plan.model.underlay import Bgp, BgpNeighbor, Srv6, StaticSid, Underlay, UnderlayInterface

__all__ = [
    "Bgp",
    "BgpNeighbor",
    "ClassTimes",
    "ConnectivityService",
    "Degree",
    "Device",
    "Evi",
    "FineGrain",
    "FlexeClient",
    "FlexeGroup",
    "Guard",
    "GuardRule",
    "Homing",
    "Host",
    "IdentifierOption",
    "Line",
    "LineEnd",
    "LitPath",
    "OduMember",
    "OduTrunk",
    "OpticalFibre",
    "OpticalNode",
    "OpticalPlan",
    "PathTo",
    "Plan",
    "PlannedAmplifier",
    "PlannedDomain",
    "PlannedFibre",
    "PlannedParticipant",
    "PlannedService",
    "PlannedSite",
    "PlannedSlice",
    "PlannedZone",
    "Port",
    "PortKind",
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
    "Underlay",
    "UnderlayInterface",
    "Vpws",
    "Vrf",
    "VrfLeak",
    "VrfPeer",
]
