"""Names, numbers and the closed sets of words that a design uses."""

from __future__ import annotations

import enum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from citynet.design.base import Whole

NAME_PATTERN = r"^[a-z][a-z0-9-]{0,39}$"

TITLE = "name shown to people, in any language"

Name = Annotated[str, Field(pattern=NAME_PATTERN, description="lower-case letters, digits and '-', 40 at most")]
VrfName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,14}$")]  # a Linux interface name: 15 at most
FibreName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,81}$")]  # two site names and "--" between them
DomainName = Literal["government", "cross"]
ServiceKind = Literal["l3vpn", "vpws", "evpn"]
LAYER_2 = frozenset({"vpws", "evpn"})
"""The kinds of service that carry Ethernet frames."""
ServiceTopology = Literal["any-to-any", "hub-and-spoke"]
EndPart = Literal["hub", "spoke"]
Plane = Literal["A", "B"]
ProtectionClass = Literal["diamond", "gold", "silver", "copper", "unprotected"]
Trust = Annotated[Whole, Field(ge=0, le=3)]
Metric = Annotated[Whole, Field(ge=1, le=16777214)]
Rate = Annotated[
    Literal[1, 10, 25, 40, 50, 100, 200, 400, 800],
    BeforeValidator(lambda value: str(value) if isinstance(value, bool) else value),  # True would pass as 1
]
Vlan = Annotated[Whole, Field(ge=1, le=4094)]
Bandwidth = Annotated[Whole, Field(ge=0, le=800_000)]


class Level(enum.StrEnum):
    """Service levels of the report, table 3-2; each includes those below it.

    Attributes:
        L1: initial: a basic trusted network, for public data
        L2: strengthened: static policies and classic ciphers, for commercial data
        L3: autonomous: dynamic and quantum-safe, for important and core data; the report's base for building
        L4: self-governing, for data of systems of protection grade 4 (等保四级)
    """

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"


class DataClass(enum.StrEnum):
    """Data classes: GB/T 43697-2024, general data split as the report does (3.2).

    Attributes:
        public: general data that is open; level L1 or above
        commercial: general data of commercial value; level L2 or above
        important: important data; level L3 or above
        core: core data; level L3 or above
    """

    PUBLIC = "public"
    COMMERCIAL = "commercial"
    IMPORTANT = "important"
    CORE = "core"


class ZoneKind(enum.StrEnum):
    """Fence zones of the report from small to large (4.2.3).

    Attributes:
        campus: 园区, a campus or business park
        district: 区, a district of a city, or a county
        city: 市, a city
        province: 省, a province
        country: 境, the country; beyond it data leaves the border
    """

    CAMPUS = "campus"
    DISTRICT = "district"
    CITY = "city"
    PROVINCE = "province"
    COUNTRY = "country"


class Role(enum.StrEnum):
    """What a device does in its domain; participants attach at `edge` and `border` devices only.

    Attributes:
        core: joins the rest; the first of each plane reflects BGP routes (RFC 4456)
        aggregation: gathers the edges of a district
        edge: takes participants
        border: takes participants, and the interconnects to the other domain
        optical: carries light for both domains and routes nothing
    """

    CORE = "core"
    AGGREGATION = "aggregation"
    EDGE = "edge"
    BORDER = "border"
    OPTICAL = "optical"


class ParticipantKind(enum.StrEnum):
    """The five kinds of the report (2.2).

    Attributes:
        provider: 提供方, gives data, data products or services
        user: 使用方, processes and uses data
        operator: 运营方, runs the data space and sets its rules
        service: 服务方, brings techniques and professional services
        regulator: 监管方, guides and supervises
    """

    PROVIDER = "provider"
    USER = "user"
    OPERATOR = "operator"
    SERVICE = "service"
    REGULATOR = "regulator"
