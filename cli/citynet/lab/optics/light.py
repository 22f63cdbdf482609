"""What happens to the light of a lab: cuts, switches, restoration, moving away, going back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.lab.optics import detours
from citynet.lab.optics.model import Event, LineState, Steps
from citynet.lab.optics.spectrum import Spectrum

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from citynet.lab.optics.model import Base, Circuit, Clock, Leg

_ORDER = ("diamond", "gold", "silver", "copper", "unprotected")
"""Who is served first when spare slots are short."""


class Light:
    """Owns every circuit and every fibre's state; tells `emit` how lines change, and keeps what happened in `log`."""

    def __init__(self, base: Base, clock: Clock, emit: Callable[[Steps], None]) -> None:
        self.base = base
        self.clock = clock
        self.spectrum = Spectrum(base.first_slot, base.slots)
        self.circuits: dict[str, Circuit] = {}
        self.dark: set[str] = set()
        self.suspect: set[str] = set()
        self.log: list[Event] = []
        self._emit = emit

    # -- what the controller is asked for ---------------------------------------------------------------------------

    def add(self, circuit: Circuit) -> None:
        """Light a new circuit on its ways, which must be free (`spectrum.fits`)."""
        for leg in circuit.legs:
            self.spectrum.take(leg, circuit.uuid)
        self.circuits[circuit.uuid] = circuit
        circuit.selected = self._best(circuit)
        steps = Steps()
        steps.add(circuit.line, LineState.LIT if circuit.selected else LineState.OFF)
        self._say("created", circuit, "lit" if circuit.selected else "no light")
        self._emit(steps)
        if not self._whole(circuit):
            self._restore_later([circuit])

    def remove(self, uuid: str) -> None:
        """Take a circuit's light away."""
        circuit = self.circuits.pop(uuid)
        for leg in circuit.legs:
            self.spectrum.release(leg, uuid)
        steps = Steps()
        steps.add(circuit.line, LineState.OFF)
        self._say("deleted", circuit, "dark")
        self._emit(steps)

    def change(self, before: Circuit, make: Callable[[], Circuit]) -> None:
        """Replace a circuit by what `make` gives once its slots are free; when that fails it stays as it was.

        Light that stays on its way is not touched.
        """
        for leg in before.legs:
            self.spectrum.release(leg, before.uuid)
        try:
            after = make()
        except Exception:
            for leg in before.legs:
                self.spectrum.take(leg, before.uuid)
            raise
        after.legs += [leg for leg in before.legs if leg.role == "detour" and self.spectrum.fits(leg)]
        if before.selected in after.legs and before.line == after.line:
            for leg in after.legs:
                self.spectrum.take(leg, after.uuid)
            after.selected = before.selected
            self.circuits[after.uuid] = after
            self._say("changed", after, _way(after))
            if not self._whole(after):
                self._restore_later([after])
            return
        self.circuits.pop(before.uuid)
        self.add(after)

    # -- what happens to fibres -------------------------------------------------------------------------------------

    def cut(self, fibre: str) -> None:
        """All light on a fibre ends now."""
        if fibre in self.dark:
            return
        self.dark.add(fibre)
        self.log.append(Event(self.clock.now(), "cut", fibre, "no light"))
        steps, hurt = Steps(), []
        for circuit in self._in_order():
            if any(fibre in leg.fibres for leg in circuit.legs):
                self._lose(circuit, steps)
                hurt.append(circuit)
        self._emit(steps)
        self._restore_later(hurt)

    def repair(self, fibre: str) -> None:
        """A fibre is as good as new: who is down comes back at once, the others after a while."""
        self.dark.discard(fibre)
        self.suspect.discard(fibre)
        self.log.append(Event(self.clock.now(), "repaired", fibre, "light again"))
        steps, waiting = Steps(), []
        for circuit in self._in_order():
            if circuit.selected is None:
                circuit.selected = self._best(circuit)
                if circuit.selected is not None:
                    steps.add(circuit.line, LineState.LIT, circuit.times.protection_switch_ms)
                    self._say("restored", circuit, _way(circuit))
                else:
                    waiting.append(circuit)
        self._emit(steps)
        self._restore_later(waiting)
        self.clock.later(self.base.settings.wait_to_restore_s, self._go_back)

    def leave(self, fibre: str) -> None:
        """Move every service off a fibre that has light but must not be trusted: the new way is lit first."""
        self.suspect.add(fibre)
        riders = [circuit for circuit in self._in_order() if any(fibre in leg.fibres for leg in circuit.legs)]
        steps, waiting = Steps(), []
        for circuit in riders:
            if circuit.selected is not None and fibre in circuit.selected.fibres:
                other = next((leg for leg in circuit.legs if self._good(leg)), None)
                if other is not None:
                    self._roll(circuit, other, steps)
            if not self._whole(circuit) or (circuit.selected and not self._good(circuit.selected)):
                waiting.append(circuit)
        self._emit(steps)
        if waiting:
            self.clock.later(self.base.settings.set_up_ms / 1000, lambda: self._make_before_break(waiting))

    # -- inside -----------------------------------------------------------------------------------------------------

    def _lose(self, circuit: Circuit, steps: Steps) -> None:
        if circuit.selected is None or self._lit(circuit.selected):
            return
        circuit.selected = self._best(circuit)
        if circuit.selected is None:
            steps.add(circuit.line, LineState.OFF)
            self._say("lost", circuit, "no light")
            return
        steps.add(circuit.line, LineState.DARK)
        steps.add(circuit.line, LineState.LIT, circuit.times.protection_switch_ms)
        self._say("switched", circuit, _way(circuit))

    def _restore_later(self, circuits: Iterable[Circuit]) -> None:
        """Once for all that wait equally long, so that they come back together."""
        groups: dict[float, list[Circuit]] = {}
        for circuit in circuits:
            if circuit.times.restores and not self._whole(circuit):
                groups.setdefault(circuit.times.restoration_ms, []).append(circuit)
        for wait_ms, group in groups.items():
            self.clock.later(wait_ms / 1000, lambda group=group: self._restore(group))  # type: ignore[misc]

    def _restore(self, circuits: Iterable[Circuit]) -> None:
        steps = Steps()
        for circuit in circuits:
            if self.circuits.get(circuit.uuid) is circuit:
                self._restore_one(circuit, steps)
        self._emit(steps)

    def _restore_one(self, circuit: Circuit, steps: Steps) -> None:
        self._drop_dead(circuit)
        if circuit.selected is None:
            circuit.selected = self._best(circuit) or self._take(circuit, None)
            if circuit.selected is None:
                self._say("waiting", circuit, "no free way")
                return
            steps.add(circuit.line, LineState.LIT)
            self._say("restored", circuit, _way(circuit))
        if not self._whole(circuit):
            spare = self._take(circuit, circuit.selected)
            self._say("protected" if spare else "unprotected", circuit, _words(spare) if spare else "no free way")

    def _make_before_break(self, circuits: Iterable[Circuit]) -> None:
        steps = Steps()
        for circuit in circuits:
            if self.circuits.get(circuit.uuid) is not circuit:
                continue
            if circuit.selected is not None and not self._good(circuit.selected):
                other = next((leg for leg in circuit.legs if self._good(leg)), None) or self._take(circuit, None)
                if other is None:
                    self._say("stays", circuit, "no free way around the fibre under suspicion")
                    continue
                self._roll(circuit, other, steps)
            if not self._whole(circuit) and circuit.selected is not None:
                self._take(circuit, circuit.selected)
        self._emit(steps)

    def _go_back(self) -> None:
        """Services whose planned ways are good again return to them; detours are given back to all."""
        steps = Steps()
        for circuit in self._in_order():
            ways = [leg for leg in circuit.legs if leg.role in {"working", "protection"}]
            if circuit.selected is None or not ways or not all(self._good(leg) for leg in ways):
                continue
            if circuit.selected is not ways[0]:
                self._roll(circuit, ways[0], steps)
            for leg in [leg for leg in circuit.legs if leg not in ways]:
                self._give_up(circuit, leg)
        self._emit(steps)

    def _roll(self, circuit: Circuit, to: Leg, steps: Steps) -> None:
        """From one lit way to another: what the selector needs is all that is lost."""
        circuit.selected = to
        if self.base.settings.roll_ms:
            steps.add(circuit.line, LineState.DARK)
            steps.add(circuit.line, LineState.LIT, self.base.settings.roll_ms)
        self._say("moved", circuit, _way(circuit))

    def _take(self, circuit: Circuit, apart: Leg | None) -> Leg | None:
        """A new way for a circuit, through fibres with light and beyond suspicion."""
        leg = detours.find(self.base, self.spectrum, circuit, self.dark | self.suspect, apart)
        if leg is not None:
            self.spectrum.take(leg, circuit.uuid)
            circuit.legs.append(leg)
        return leg

    def _drop_dead(self, circuit: Circuit) -> None:
        """Ways that were only lent are given back when they are dark; planned ones stay reserved for their return."""
        for leg in [leg for leg in circuit.legs if leg.role in {"detour", "restoration"} and not self._lit(leg)]:
            self._give_up(circuit, leg)

    def _give_up(self, circuit: Circuit, leg: Leg) -> None:
        circuit.legs.remove(leg)
        self.spectrum.release(leg, circuit.uuid)

    def _best(self, circuit: Circuit) -> Leg | None:
        """The way to be on: beyond suspicion if there is one, else any with light."""
        lit = [leg for leg in circuit.legs if self._lit(leg)]
        return next((leg for leg in lit if self._good(leg)), lit[0] if lit else None)

    def _lit(self, leg: Leg) -> bool:
        return not self.dark & set(leg.fibres)

    def _good(self, leg: Leg) -> bool:
        return not (self.dark | self.suspect) & set(leg.fibres)

    def _whole(self, circuit: Circuit) -> bool:
        """Whether nothing has to be found: it runs, and one whose protection is permanent has two good ways."""
        if circuit.selected is None:
            return False
        return not circuit.times.permanent or sum(self._good(leg) for leg in circuit.legs) >= 2

    def _in_order(self) -> list[Circuit]:
        def place(circuit: Circuit) -> int:
            return _ORDER.index(circuit.level) if circuit.level in _ORDER else len(_ORDER)

        return sorted(self.circuits.values(), key=place)

    def _say(self, kind: str, circuit: Circuit, text: str) -> None:
        self.log.append(Event(self.clock.now(), kind, circuit.name, text, circuit.body))


def _way(circuit: Circuit) -> str:
    return _words(circuit.selected) if circuit.selected else "no light"


def _words(leg: Leg) -> str:
    return f"{leg.role} {' '.join(leg.fibres)}"
