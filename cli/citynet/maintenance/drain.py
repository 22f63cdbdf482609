"""Draining a device and taking it back, from this side: whether it may be done, in which steps, and what came of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from citynet.deploy import health
from citynet.deploy.program import ask
from citynet.deploy.ssh import Connection
from citynet.maintenance.ordering import arcs_of, steps
from citynet.maintenance.refusals import refusals

if TYPE_CHECKING:
    from citynet.deploy.ssh import Target
    from citynet.plan.model import Plan

SETTLE_S = 1.5
"""Until others act on a device's news: SPF back-off up to 0.5 s (RFC 8405, the plan's timers), then their tables."""
WHOLE_LIMIT_S = 60.0
_STEP_LIMIT_S = 20.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for.

    Attributes:
        drained: Whether the device is to be out of service, or back in.
        force: Even if something is cut off.
        settle_s: Seconds that the others get after each step.
        who: Who asks.
        check: Only say what would be done.
    """

    drained: bool
    force: bool = False
    settle_s: float = SETTLE_S
    who: str = ""
    check: bool = False


@dataclass(slots=True)
class Outcome:
    """What became of it; `changed` says whether anything did."""

    changed: bool
    failed: str = ""
    notes: list[str] = field(default_factory=list)


def run(target: Target, plan: Plan, wish: Wish) -> Outcome:
    """Drain a device, or take it back into service.

    Raises:
        UnreachableError: The device cannot be reached.
        DeviceProgramError: It gave no answer.
    """
    device = plan.devices[target.name]
    with Connection(target) as connection:
        seen = ask(connection, "drain", {"action": "status"}, _STEP_LIMIT_S * 3)
    others = [name for name in seen["overloaded"] if name != device.name]
    why_not = refusals(plan, device.name, others) if wish.drained else []
    if why_not and not wish.force and not seen["drained"]:
        return Outcome(changed=False, failed="; ".join(why_not) + ": --force drains it all the same")
    if wish.check or seen["drained"] == wish.drained:
        return Outcome(changed=seen["drained"] != wish.drained, notes=why_not)
    way = steps(arcs_of(plan, device.domain), device.name)
    request = _request(plan, device.name, wish, way)
    with Connection(target) as connection:
        answer = ask(connection, "drain", request, _STEP_LIMIT_S * (len(way) + 6) + WHOLE_LIMIT_S)
    return _outcome(answer, why_not)


def _request(plan: Plan, name: str, wish: Wish, way: list[int]) -> dict[str, Any]:
    request: dict[str, Any] = {"steps": way, "settle_s": wish.settle_s, "owner": wish.who}
    if wish.drained:
        since = datetime.now(tz=UTC).isoformat(timespec="seconds")
        return {**request, "action": "drain", "mark": {"since": since, "who": wish.who}}
    expected = asdict(health.expected(plan.devices[name], plan.devices))
    return {**request, "action": "undrain", "expect": expected, "deadline_s": WHOLE_LIMIT_S}


def _outcome(answer: dict[str, Any], why_not: list[str]) -> Outcome:
    if answer["status"] == "failed":
        return Outcome(changed=True, failed=answer["reason"])
    notes = list(why_not)
    if answer["status"] == "drained":
        crossing = answer["transit_per_s"]
        if crossing:
            return Outcome(changed=True, failed=f"drained, but {crossing:g} packets/s still cross it", notes=notes)
        notes.append("no transit traffic crosses it")
    return Outcome(changed=True, notes=notes)
