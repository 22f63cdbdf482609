"""The light of a lab: fibres, the ways that services take through them, and what they do when a way goes dark."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


class LineState(enum.StrEnum):
    """How an IP line sees its light.

    `LIT`: it passes. `DARK`: nothing passes, and the ports do not notice yet: an optical switch takes less time than a
    port waits before it tells of loss. `OFF`: both ports are down.
    """

    LIT = "lit"
    DARK = "dark"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Section:
    """Light that is not regenerated: fibres in order and the slots (ITU-T G.694.1) that it takes on each.

    `owner` is the lit path, or the detour, that has these slots: several services ride on one.
    """

    owner: str
    fibres: tuple[str, ...]
    first_slot: int
    slots: int


@dataclass(frozen=True, slots=True)
class Leg:
    """A way through the fibres from end to end. `role` is working, protection, restoration, or detour (found here)."""

    role: str
    sections: tuple[Section, ...]

    @property
    def fibres(self) -> tuple[str, ...]:
        """Every fibre of it, in order."""
        return tuple(fibre for section in self.sections for fibre in section.fibres)


@dataclass(frozen=True, slots=True)
class Fibre:
    """A fibre pair. `span_loss_db` is per span; `risks` are its risk groups, itself among them."""

    name: str
    a: str
    b: str
    length_km: float
    span_loss_db: tuple[float, ...]
    risks: frozenset[str]
    delay_us: float = 0.0


@dataclass(frozen=True, slots=True)
class Times:
    """What a class does, and how long that takes in ms; `permanent`: a lost protection is made anew."""

    protection_switch_ms: float
    restoration_ms: float
    restores: bool
    permanent: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """How the lab's light and its sensors behave.

    Attributes:
        set_up_ms: Light on a new way, before a service is moved to it.
        roll_ms: What moving a service between two lit ways costs it.
        wait_to_restore_s: How long a repaired way must have been good before a service goes back to it.
        launch_dbm: Power into each span.
        sample_ms: How often power is measured.
        soak: Samples in a row that must say the same before an alarm is raised.
        tap_db: A change within a sample of at least this is a tap.
        bend_db: A change against the day of calibration of at least this is a bend or an ageing fibre.
        tap_loss_db: What a tap takes.
        bend_db_per_s: How fast a bend grows, up to `bend_max_db`.
        fail_db: Additional loss at which a fibre carries nothing any more.
    """

    set_up_ms: float = 1000.0
    roll_ms: float = 1.0
    wait_to_restore_s: float = 10.0
    launch_dbm: float = 1.0
    sample_ms: float = 200.0
    soak: int = 3
    tap_db: float = 0.2
    bend_db: float = 0.5
    tap_loss_db: float = 0.6
    bend_db_per_s: float = 0.25
    bend_max_db: float = 4.0
    fail_db: float = 6.0


@dataclass(slots=True)
class Base:
    """What there is before any service: fibres, classes, grid, and the plan's ways by service UUID.

    `reaches` is how far unregenerated light of a service goes, in km; `lines` are those dark until their service is up.
    """

    city: str
    fibres: dict[str, Fibre]
    times: dict[str, Times]
    first_slot: int
    slots: int
    reaches: dict[str, float] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    planned: dict[str, list[Leg]] = field(default_factory=dict)
    sips: dict[str, Sip] = field(default_factory=dict)
    nodes: dict[str, str] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)


FAR_KM = 1e6
"""Reach of light about which the plan says nothing."""


@dataclass(frozen=True, slots=True)
class Sip:
    """A service interface point: the site it is at, the client port behind it, and the domain that it serves."""

    uuid: str
    site: str
    client: str
    domain: str


@dataclass(slots=True)
class Circuit:
    """A connectivity service that the lab has been asked for, and how it goes.

    `legs` are the ways that are lit or reserved for it, `selected` the one that it is taken from; None: it is down.
    """

    uuid: str
    name: str
    line: str
    site_a: str
    site_b: str
    level: str
    times: Times
    slots: int
    legs: list[Leg]
    body: dict[str, Any]
    share: str
    selected: Leg | None = None
    avoid: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: `at` in seconds since the epoch, `kind` in one word, `text` for people.

    `body` is the service that it happened to, as it was ordered then; None when it happened to a fibre.
    """

    at: float
    kind: str
    subject: str
    text: str
    body: dict[str, Any] | None = None


@dataclass(slots=True)
class Steps:
    """Line states and when they are to come, in ms from now; later states of a line replace earlier ones in waiting."""

    by_time: dict[float, dict[str, str]] = field(default_factory=dict)

    def add(self, line: str, state: LineState, after_ms: float = 0.0) -> None:
        """One more; services that carry no IP line have none."""
        if line:
            self.by_time.setdefault(after_ms, {})[line] = state.value

    def in_order(self) -> list[dict[str, Any]]:
        """As the machine takes them."""
        return [{"after_ms": after, "lines": lines} for after, lines in sorted(self.by_time.items())]


class Clock(Protocol):
    """Time, and being called later."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        """Call once after a delay."""
