"""The types of a design: what a person writes, and nothing that can be computed.

Every key of a design file is a field here with its meaning; validation, the JSON Schema and the reference page
come from these types alone. References between objects are names; `design.rules` checks that they lead somewhere.
"""

from __future__ import annotations

from citynet.design.types.city import (
    City,
    Management,
)
from citynet.design.types.network import (
    Device,
    Fibre,
    FibreRing,
    Link,
    Mesh,
    Place,
    Ring,
    Site,
    Star,
    Underlay,
    Zone,
)
from citynet.design.types.profiles import (
    DeviceDefaults,
    DeviceProfile,
    DeviceUse,
    Domain,
    DomainDefaults,
    LinkDefaults,
    ParticipantProfile,
    Profiles,
    ServiceDefaults,
    SiteProfile,
)
from citynet.design.types.services import (
    Allow,
    End,
    Interconnect,
    Participant,
    Service,
)
from citynet.design.types.words import (
    NAME_PATTERN,
    TITLE,
    Bandwidth,
    DataClass,
    DomainName,
    FibreName,
    Level,
    Metric,
    Name,
    ParticipantKind,
    Plane,
    Rate,
    Role,
    VrfName,
    ZoneKind,
)

__all__ = [
    "NAME_PATTERN",
    "TITLE",
    "Allow",
    "Bandwidth",
    "City",
    "DataClass",
    "Device",
    "DeviceDefaults",
    "DeviceProfile",
    "DeviceUse",
    "Domain",
    "DomainDefaults",
    "DomainName",
    "End",
    "Fibre",
    "FibreName",
    "FibreRing",
    "Interconnect",
    "Level",
    "Link",
    "LinkDefaults",
    "Management",
    "Mesh",
    "Metric",
    "Name",
    "Participant",
    "ParticipantKind",
    "ParticipantProfile",
    "Place",
    "Plane",
    "Profiles",
    "Rate",
    "Ring",
    "Role",
    "Service",
    "ServiceDefaults",
    "Site",
    "SiteProfile",
    "Star",
    "Underlay",
    "VrfName",
    "Zone",
    "ZoneKind",
]
