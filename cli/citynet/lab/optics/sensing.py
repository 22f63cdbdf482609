"""Optical power per span, what disturbs it, and how that is noticed.

Report 4.2.1 (光纤感知、防窃听): whoever taps a fibre takes light out of it, whoever moves a cable bends it. Both show
in the power that arrives at the end of a span, the one at once, the other slowly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.lab.optics.model import Event

if TYPE_CHECKING:
    from citynet.lab.optics.light import Light

KINDS = ("cut", "bend", "tap")
NO_LIGHT_DBM = -60.0
"""What a receiver reads in the dark."""


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A tap or bend in force since `since` (seconds since the epoch), at the middle span of the fibre."""

    kind: str
    since: float


@dataclass(frozen=True, slots=True)
class Alarm:
    """A condition that is active: kind `cut`, `tap` or `bend`; power in dBm as observed and as calibrated."""

    kind: str
    fibre: str
    span: int
    since: float
    observed_dbm: float
    expected_dbm: float


@dataclass(slots=True)
class _Seen:
    last_dbm: float
    steps: int = 0
    drifts: int = 0


@dataclass(slots=True)
class Sensing:
    """Measures every span, raises alarms, and has services moved off what must not be trusted."""

    light: Light
    disturbances: dict[str, Disturbance] = field(default_factory=dict)
    alarms: dict[tuple[str, int], Alarm] = field(default_factory=dict)
    _seen: dict[tuple[str, int], _Seen] = field(default_factory=dict)

    def disturb(self, kind: str, fibre: str) -> None:
        """Cut, bend or tap a fibre now; the same one again changes nothing."""
        if kind == "cut":
            self.light.cut(fibre)
            self._raise("cut", fibre, self._worst_span(fibre))
        elif fibre not in self.disturbances:
            now = self.light.clock.now()
            self.disturbances[fibre] = Disturbance(kind, now)
            self.light.log.append(Event(now, "disturbed", fibre, kind))

    def repair(self, fibre: str) -> None:
        """Take everything back that disturbs a fibre; its alarms end."""
        self.disturbances.pop(fibre, None)
        for place in [place for place in self.alarms if place[0] == fibre]:
            del self.alarms[place]
            self._seen.pop(place, None)
        self.light.repair(fibre)

    def power_dbm(self, fibre: str, span: int) -> float:
        """What arrives now at the end of a span (counted from 0, from the fibre's `a`)."""
        if fibre in self.light.dark:
            return NO_LIGHT_DBM
        return self.calibrated_dbm(fibre, span) - (self._extra_db(fibre) if span == self._worst_span(fibre) else 0.0)

    def calibrated_dbm(self, fibre: str, span: int) -> float:
        """What arrived there on the day of calibration: launch power less the span's loss."""
        return round(self.light.base.settings.launch_dbm - self.light.base.fibres[fibre].span_loss_db[span], 3)

    def sample(self) -> None:
        """One round of measuring. Only spans that are disturbed can have changed."""
        for fibre in list(self.disturbances):
            if self._extra_db(fibre) >= self.light.base.settings.fail_db:
                self.disturb("cut", fibre)
            elif fibre not in self.light.dark:
                self._watch(fibre, self._worst_span(fibre))

    def _watch(self, fibre: str, span: int) -> None:
        settings = self.light.base.settings
        place, power, expected = (fibre, span), self.power_dbm(fibre, span), self.calibrated_dbm(fibre, span)
        seen = self._seen.setdefault(place, _Seen(expected))
        # A step stays: once it was seen, the following samples only have to confirm it.
        stepped = seen.last_dbm - power >= settings.tap_db or (seen.steps > 0 and expected - power >= settings.tap_db)
        seen.steps = seen.steps + 1 if stepped else 0
        seen.drifts = seen.drifts + 1 if expected - power >= settings.bend_db else 0
        seen.last_dbm = power
        if place in self.alarms:
            return
        if seen.steps >= settings.soak:
            self._raise("tap", fibre, span)
            self.light.leave(fibre)
        elif seen.drifts >= settings.soak and not seen.steps:
            self._raise("bend", fibre, span)
            self.light.leave(fibre)

    def _raise(self, kind: str, fibre: str, span: int) -> None:
        now = self.light.clock.now()
        alarm = Alarm(kind, fibre, span, now, self.power_dbm(fibre, span), self.calibrated_dbm(fibre, span))
        self.alarms[fibre, span] = alarm
        text = f"{kind}: {alarm.observed_dbm:.2f} dBm at span {span + 1} instead of {alarm.expected_dbm:.2f} dBm"
        self.light.log.append(Event(now, "alarm", fibre, text))

    def _extra_db(self, fibre: str) -> float:
        disturbance = self.disturbances.get(fibre)
        if disturbance is None:
            return 0.0
        settings = self.light.base.settings
        if disturbance.kind == "tap":
            return settings.tap_loss_db
        grown = (self.light.clock.now() - disturbance.since) * settings.bend_db_per_s
        return min(grown, settings.bend_max_db)

    def _worst_span(self, fibre: str) -> int:
        return len(self.light.base.fibres[fibre].span_loss_db) // 2
