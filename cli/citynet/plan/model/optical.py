"""The optical base of a city: ROADM nodes, fibres with their spans, lit paths, ODU multiplexing, services.

Slots follow ITU-T G.694.1's flexible grid: slot k reaches from 193.1 THz + k × 6.25 GHz to one further,
so that a lit path of first slot f and width w has its central frequency at 193.1 THz + (f + w / 2) × 6.25 GHz.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SLOT_GHZ = 6.25
"""Granularity of central frequencies (ITU-T G.694.1, clause 7); widths are even, so multiples of 12.5 GHz."""
ANCHOR_THZ = 193.1
"""Where both grids of ITU-T G.694.1 are anchored."""


@dataclass(slots=True)
class Span:
    """Fibre without anything inside. `loss_db` counts the fibre and its connectors."""

    length_km: float
    loss_db: float


@dataclass(slots=True)
class PlannedAmplifier:
    """An amplifier of a fibre, one in each direction; `at_km` from the fibre's `a`. At a ROADM `site` is named.

    `gain_db` is what GNPy sets it to at full load in the direction a to b, `back_gain_db` from b to a.
    """

    name: str
    kind: str
    at_km: float
    site: str
    gain_db: float
    back_gain_db: float


@dataclass(slots=True)
class OpticalFibre:
    """A fibre pair as light sees it, from `a` to `b`: spans and amplifiers in order.

    `risk_groups` are those of the design; the fibre itself is always a risk of its own beside them.
    """

    name: str
    a: str
    b: str
    length_km: float
    delay_us: float
    spans: list[Span]
    amplifiers: list[PlannedAmplifier]
    risk_groups: list[str]

    @property
    def loss_db(self) -> float:
        """Loss of all spans together, without what amplifiers give back."""
        return round(sum(span.loss_db for span in self.spans), 3)


@dataclass(slots=True)
class Degree:
    """One direction of a ROADM: the fibre, and the site at its other end."""

    name: str
    fibre: str
    far: str


@dataclass(slots=True)
class OpticalNode:
    """A ROADM, one at each site that fibres reach. `kind` is the catalogue's."""

    name: str
    uuid: str
    site: str
    kind: str
    degrees: list[Degree] = field(default_factory=list)


@dataclass(slots=True)
class LitPath:
    """Light from site `a` to site `b`. `role` is working, protection or restoration (dark until it is needed).

    `gsnr_db` is that of the worst channel under full load in the worse direction, in 0.1 nm; `threshold_db` what the
    mode needs, the system margin with it; `margin_db` what is left. Lit paths of role restoration may share slots with
    each other when no single risk needs both.
    """

    name: str
    domain: str
    role: str
    trunk: str
    a: str
    b: str
    fibres: list[str]
    sites: list[str]
    first_slot: int
    slots: int
    transceiver: str
    mode: str
    rate_gbps: float
    gsnr_db: float
    threshold_db: float
    margin_db: float
    length_km: float
    delay_us: float
    risk_groups: list[str]

    @property
    def frequency_thz(self) -> float:
        """Its central frequency."""
        return round(ANCHOR_THZ + (self.first_slot + self.slots / 2) * SLOT_GHZ / 1000, 6)


@dataclass(slots=True)
class OduMember:
    """A service inside an ODU: its own kind of ODU, first tributary slot (from 1), number of slots, rate in kbit/s."""

    service: str
    odu: str
    first_slot: int
    slots: int
    rate_kbps: float


@dataclass(slots=True)
class FineGrain:
    """An ODU0 of a trunk that is cut into fine-grain slots (fgTS, G.709 Annex M) for services below 1 Gbit/s."""

    name: str
    domain: str
    odu: str
    first_slot: int
    slots: int
    fine_slots: int
    fine_slot_mbps: float
    members: list[OduMember] = field(default_factory=list)


@dataclass(slots=True)
class OduTrunk:
    """What one wavelength carries: a high-order ODU cut into tributary slots, with the lit paths that may carry it.

    `working`, `protection` and `restoration` name lit paths in order from `a` to `b`; more than one where the signal
    is regenerated on the way, none where the class has none.
    """

    name: str
    domain: str
    a: str
    b: str
    protection_class: str
    odu: str
    rate_kbps: float
    slots: int
    slot_gbps: float
    working: list[str] = field(default_factory=list)
    protection: list[str] = field(default_factory=list)
    restoration: list[str] = field(default_factory=list)
    members: list[OduMember] = field(default_factory=list)
    fine: list[FineGrain] = field(default_factory=list)


@dataclass(slots=True)
class ServiceEnd:
    """Where a service comes out: site, optical node, client port of the IP line (`gov-core-a:eth1`), and its SIP."""

    site: str
    node: str
    client: str
    sip: str


@dataclass(slots=True)
class ConnectivityService:
    """A service of the optical network: an IP line, or what the design's `optical.services` asks for.

    `uuid` is made of the city's and the service's name, so it stays. `layer` is `ODU`, `ODUflex` or `fgOTN`; `odu` is
    the exact kind (`ODU4`, `ODUflex(GFP,20)`). `protection_class` is diamond, gold, silver, copper or unprotected.
    `diversity` lists the risk groups of working and protection together; no group is in both.
    """

    name: str
    uuid: str
    domain: str
    line: str
    layer: str
    odu: str
    rate_gbps: float
    protection_class: str
    a: ServiceEnd
    b: ServiceEnd
    trunk: str
    working: list[str]
    protection: list[str]
    restoration: list[str]
    diversity: list[str]
    delay_us: float


@dataclass(slots=True)
class ClassTimes:
    """What a class does when light goes, and how long that takes in ms."""

    name: str
    protection_switch_ms: float
    restoration_ms: float
    restores: bool
    reroutes_after_first_failure: bool


@dataclass(slots=True)
class SpectrumUse:
    """Slots of the grid, and how well they are used.

    `highest_used` counts slots from the band's lower edge up to the highest one in use on any fibre; `lower_bound` is
    the load that no assignment can do with less than: slots that must be lit on the fullest fibre, given the routes.
    `site_bound` holds for any routes: what ends at a site, spread over all its fibres.
    """

    first_slot: int
    slots: int
    highest_used: int
    lower_bound: int
    fullest_fibre: str
    site_bound: int


@dataclass(slots=True)
class OpticalPlan:
    """The optical base, decided."""

    nodes: dict[str, OpticalNode]
    fibres: dict[str, OpticalFibre]
    lit_paths: dict[str, LitPath]
    trunks: dict[str, OduTrunk]
    services: dict[str, ConnectivityService]
    classes: dict[str, ClassTimes]
    spectrum: SpectrumUse
    domains_share: str
    judged_by: str
