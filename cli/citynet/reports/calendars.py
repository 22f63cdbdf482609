"""Calendars of FlexE groups, drawn: a sign for each slot, in the order of the slots."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.flexe import KEPT_SLOTS

if TYPE_CHECKING:
    from citynet.plan.model import FlexeClient, FlexeGroup, Plan

HEADINGS = ["line", "group", "calendar", "slots", "slice", "client", "Gbit/s", "has slots"]
FREE, KEPT, SHARED = "·", "▪", "+"
_SIGNS = "123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def rows(planned: Plan) -> tuple[list[str], list[list[str]]]:
    """The table of all groups: a row for each client, and the calendar drawn in the first of a group.

    In the drawing a client's sign is its place in the table of its line (1, 2 … a, b …); `+` is a slot that small
    clients share, `·` a free one, `▪` one that is kept for control and services without a slice.
    """
    table = []
    for group in planned.groups.values():
        head = [
            group.line,
            f"{group.number}: {group.phys} × {group.phy_gbps}G",
            f"{group.calendar} {drawn(group)}",
            f"{free_slots(group)} of {group.slots} free",
        ]
        for sign, client in zip(_signs(len(group.clients)), group.clients, strict=True):
            table.append(
                [*head, f"{sign} {client.slice}", str(client.client), f"{client.bandwidth_gbps:g}", spans(client)]
            )
            head = ["", "", "", ""]
    return HEADINGS, table


def drawn(group: FlexeGroup) -> str:
    """A sign for each slot, in groups of ten."""
    owners: dict[int, set[str]] = {}
    for sign, client in zip(_signs(len(group.clients)), group.clients, strict=True):
        for place in client.slots:
            owners.setdefault(int(place.partition(".")[0]), set()).add(sign)
    signs = [_sign(owners.get(slot, set()), slot >= group.slots - KEPT_SLOTS) for slot in range(group.slots)]
    return " ".join("".join(signs[first : first + 10]) for first in range(0, len(signs), 10))


def _sign(owners: set[str], kept: bool) -> str:  # noqa: FBT001
    if len(owners) > 1:
        return SHARED
    return next(iter(owners), KEPT if kept else FREE)


def free_slots(group: FlexeGroup) -> int:
    """Slots that no slice has any part of, less the one that is kept."""
    taken = {place.partition(".")[0] for client in group.clients for place in client.slots}
    return group.slots - KEPT_SLOTS - len(taken)


def spans(client: FlexeClient) -> str:
    """The slots of a client, runs of whole ones joined: `0-3 7`, or `5.0 5.1` for parts of one."""
    if any("." in place for place in client.slots):
        return " ".join(client.slots)
    runs: list[list[int]] = []
    for slot in sorted(map(int, client.slots)):
        if runs and runs[-1][1] == slot - 1:
            runs[-1][1] = slot
        else:
            runs.append([slot, slot])
    return " ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs)


def _signs(count: int) -> str:
    return (_SIGNS * (count // len(_SIGNS) + 1))[:count]
