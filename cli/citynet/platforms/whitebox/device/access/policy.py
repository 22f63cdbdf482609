"""What a participant's device may do, by its roles, its tasks and the circumstances: pure functions.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

WEEK_S = 7 * 24 * 3600
_MONDAY = 4 * 24 * 3600
"""1970-01-05 was a Monday; weeks count from there."""
HEALTHY = "healthy"


BY_PORT, BY_TUNNEL = "802.1X", "IKE"
"""How somebody proves who he is."""


class Place(NamedTuple):
    """Where somebody wants to get on: a port of a device; and how he has proved who he is."""

    device: str
    port: str
    by: str = BY_PORT


class Circumstances(NamedTuple):
    """What else is known: the time (seconds of UTC since 1970), states of devices, what was withdrawn."""

    now: float
    states: Dict[str, str]
    withdrawn: Sequence[str]


class Right(NamedTuple):
    """What is allowed: `reason` says why, or why nothing is.

    Attributes:
        allowed: Whether the device may get on.
        identifiers: Numbers of data identifiers that it may send; None when rights bind none.
        names: Roles and tasks that it follows from: `role:NAME`, `task:NAME`.
        seconds: Until it may change; None when it never does by itself.
        reason: For people.
    """

    allowed: bool
    identifiers: Optional[List[int]]
    names: List[str]
    seconds: Optional[int]
    reason: str


def decide(policy: Dict[str, Any], host: str, place: Place, about: Circumstances) -> Right:
    """The right of a device at a place now.

    Args:
        policy: What the plan says (see `citynet.access.policy`).
        host: The name in its certificate.
        place: The port where it is, as the edge device tells and its secret proves.
        about: The circumstances.
    """
    refusal = _refusal(policy, host, place, about)
    if refusal:
        return _nothing(refusal)
    state = about.states.get(host, HEALTHY)
    roles = {name: role for name, role in policy["roles"].items() if host in role["hosts"]}
    here = {name: role for name, role in roles.items() if _holds(policy, role, host, place)}
    fitting = {name: role for name, role in here.items() if state in role["states"]}
    standing = {name: role for name, role in fitting.items() if name not in about.withdrawn}
    second = int((about.now - _MONDAY) % WEEK_S)
    now = [name for name, role in standing.items() if _open(role["schedule"], second)]
    if not now:
        return _nothing(_why_not((roles, here, fitting, standing), state))
    tasks = {name: one for name, one in policy["tasks"].items() if {*one["roles"]} & {*now}}
    busy = [name for name, one in tasks.items() if name not in about.withdrawn and _open(one["schedule"], second)]
    numbers = [number for name in now for number in policy["roles"][name]["identifiers"]]
    numbers += [number for name in busy for number in policy["tasks"][name]["identifiers"]]
    schedules = [role["schedule"] for role in standing.values()] + [task["schedule"] for task in tasks.values()]
    return Right(
        bool(now),
        sorted(set(numbers)) if policy["bounded"] else None,
        [f"role:{name}" for name in now] + [f"task:{name}" for name in busy],
        min((left for left in (_left(one, second) for one in schedules) if left), default=None),
        "has a role that holds",
    )


def _nothing(reason: str) -> Right:
    return Right(allowed=False, identifiers=None, names=[], seconds=None, reason=reason)


def _refusal(policy: Dict[str, Any], host: str, place: Place, about: Circumstances) -> str:
    """What speaks against it whatever its roles; empty when nothing does."""
    known = policy["hosts"].get(host)
    if known is None:
        return "no host of this name"
    if host in about.withdrawn:
        return "withdrawn"
    if [place.device, place.port] not in known["places"]:
        return f"not at its place, but at {place.device} {place.port}"
    if known.get("by", BY_PORT) != place.by:
        return f"gets on by {known.get('by', BY_PORT)}, not by {place.by}"
    return ""


def _holds(policy: Dict[str, Any], role: Dict[str, Any], host: str, place: Place) -> bool:
    """Whether a role counts for the service of a host and at its place."""
    service = policy["hosts"][host]["service"]
    zones = policy["devices"][place.device]["zones"]
    return (
        (not role["services"] or service in role["services"])
        and (not role["zones"] or bool({*role["zones"]} & {*zones}))
        and (not role["devices"] or place.device in role["devices"])
    )


def _why_not(steps: Tuple[Dict[str, Any], ...], state: str) -> str:
    """Which condition none of its roles met, the first of them."""
    reasons = (
        "has no role",
        "its roles do not hold for this service and place",
        f"its device is {state}",
        "its role is withdrawn",
    )
    missed = [reason for step, reason in zip(steps, reasons) if not step]  # noqa: B905 - Python 3.9 knows no strict
    return missed[0] if missed else "outside its hours"


def _open(schedule: List[List[int]], second: int) -> bool:
    return any(first * 60 <= second < end * 60 for first, end in schedule)


def _left(schedule: List[List[int]], second: int) -> Optional[int]:
    """Seconds until a schedule next opens or closes; None when it never does."""
    edges = {minute * 60 % WEEK_S for span in schedule for minute in span}
    # Where one span ends and the next begins, as at the week's end, nothing changes.
    edges = {edge for edge in edges if _open(schedule, edge) != _open(schedule, (edge - 1) % WEEK_S)}
    return min(((edge - second) % WEEK_S or WEEK_S for edge in edges), default=None)
