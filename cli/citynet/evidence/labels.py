"""What a flow's data identifiers say: their numbers, the class of their data, and what the fences say of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from citynet.design.types.words import DataClass
from citynet.design.windows import DAY, WEEK, holds
from citynet.evidence.record import MICROSECONDS, PolicyResult, Verdict
from citynet.plan import recording
from citynet.plan.fences.judging import Judge, whereabouts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.fences.judging import Ruling
    from citynet.plan.model import Host, Plan
    from citynet.plan.recording import Noted

POLICY = "fence"
_MOST_RULE = 120
_THURSDAY = 3 * DAY
"""1970-01-01, in minutes of the week."""
_NO_IDENTIFIER = "no identifier was seen, at a port that passes nothing without one"


@dataclass(frozen=True, slots=True)
class Carried:
    """What was noted of a flow, and of its answers."""

    there: Noted
    back: Noted

    @property
    def numbers(self) -> tuple[int, int]:
        """Both identifiers."""
        return self.there.number, self.back.number


class Labels:
    """What a plan says of the identifiers of flows."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._named = {one.number: one for one in plan.identifiers.values()}
        self._judge = Judge(list(plan.fences.values()))
        self._sites = {name: device.site for name, device in plan.devices.items()}
        self._notes = cache(self._notes_of)

    def carried(self, border: str, mark: int) -> Carried:
        """The identifiers that a border noted in the mark of a connection."""
        return Carried(*recording.read(mark, self._notes(border)))

    def _notes_of(self, border: str) -> dict[int, int]:
        return {one.note: one.number for one in self._plan.devices[border].recorded}

    def classes(self, carried: Carried) -> list[DataClass]:
        """The classes of the data that the identifiers stand for."""
        return [DataClass(self._named[number].data_class) for number in carried.numbers if number in self._named]

    def policies(
        self, carried: Carried, ends: tuple[Host | None, Host | None], moment: int, *, fenced: bool, answered: bool
    ) -> Iterator[PolicyResult]:
        """What the fences say of a flow, and of its answers, when it began.

        Args:
            carried: What was noted of it.
            ends: Who opened it, and who answered; None: nobody of the plan.
            moment: µs since 1970 UTC.
            fenced: Whether the border lets nothing pass without an identifier.
            answered: Whether answers came.
        """
        if not self._plan.fences:
            return
        start, end = ends
        ways = [(carried.there, start, end, ""), (carried.back, end, start, "answers")]
        for noted, sender, taker, detail in ways if answered else ways[:1]:
            if noted.number or noted.unknown:
                yield self._result(noted, sender, taker, moment, detail)
            elif fenced:
                what = f"{detail}: {_NO_IDENTIFIER}" if detail else _NO_IDENTIFIER
                yield PolicyResult(policy=POLICY, rule="", result=Verdict.UNMATCHED, detail=what)

    def _result(self, noted: Noted, start: Host | None, end: Host | None, moment: int, detail: str) -> PolicyResult:
        known = self._named.get(noted.number)
        what = [detail] if detail else []
        what += ["another identifier came later"] if noted.several else []
        if known is None or start is None or end is None:
            what.append("an identifier that the plan does not know" if known is None else "an end of no place")
            return PolicyResult(policy=POLICY, rule="", result=Verdict.UNMATCHED, detail="; ".join(what))
        ruling = self._ruling(known.name, start, end)
        result = Verdict.DENY if ruling.forbidding or ruling.allowing else Verdict.UNMATCHED
        if holds(ruling.schedule, _minute(moment)):
            result = Verdict.UNMATCHED if noted.several else Verdict.ALLOW
        return PolicyResult(policy=POLICY, rule=_short(ruling.text), result=result, detail="; ".join(what))

    def judged(self, identifier: int, ends: tuple[Host | None, Host | None], moment: int) -> tuple[str, bool] | None:
        """The fences that speak of an identifier between two hosts, and whether they let it go at a moment (µs).

        None for an identifier or an end that the plan does not know.
        """
        known, (start, end) = self._named.get(identifier), ends
        if known is None or start is None or end is None:
            return None
        ruling = self._ruling(known.name, start, end)
        return _short(ruling.text), holds(ruling.schedule, _minute(moment))

    def _ruling(self, identifier: str, start: Host, end: Host) -> Ruling:
        where = (whereabouts(host, self._plan.sites, self._sites) for host in (start, end))
        return self._judge.rule(identifier, *where)


def _minute(moment: int) -> int:
    """The minute of the week (UTC) of a moment."""
    return (moment // (60 * MICROSECONDS) + _THURSDAY) % WEEK


def _short(text: str) -> str:
    return text if len(text) <= _MOST_RULE else text[: _MOST_RULE - 1] + "…"
