"""Bringing a controller's services to what was ordered: the difference first, then only what differs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from citynet.errors import DeviceError
from citynet.platforms.tapi import bodies, comparison

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from citynet.deploy.tapi.client import Controller
    from citynet.platforms.tapi.orders import Order


@dataclass(frozen=True, slots=True)
class Change:
    """One service that differs: action `create`, `change` or `delete`; `before` and `after` are {} where it is not."""

    name: str
    uuid: str
    action: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(slots=True)
class Outcome:
    """What differed, and what of it was done; `failures` by name of the service."""

    changes: list[Change] = field(default_factory=list)
    done: list[Change] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything differs or did."""
        return bool(self.changes)


def differences(
    controller: Controller, wanted: Iterable[Order], absent: Iterable[str], prune: str = ""
) -> list[Change]:
    """What would have to be done. `absent` are UUIDs; `prune` names the city whose unknown services have to go."""
    found = {service.get("uuid", ""): service for service in controller.services()}
    changes = []
    kept = set()
    for order in wanted:
        kept.add(order.uuid)
        body = bodies.service(order)
        now = found.get(order.uuid)
        if now is None:
            changes.append(Change(order.name, order.uuid, "create", {}, body))
        elif not comparison.same(body, now):
            changes.append(Change(order.name, order.uuid, "change", comparison.shown(body, now), body))
    stray = [uuid for uuid, body in found.items() if prune and bodies.name_of(body, bodies.MARK) == prune]
    unwanted = dict.fromkeys([*absent, *(uuid for uuid in stray if uuid not in kept)])
    changes += [
        Change(bodies.name_of(found[uuid]) or uuid, uuid, "delete", found[uuid], {})
        for uuid in unwanted
        if uuid in found
    ]
    return changes


def reconcile(
    controller: Controller,
    wanted: Sequence[Order] = (),
    absent: Sequence[str] = (),
    *,
    prune: str = "",
    check: bool = False,
) -> Outcome:
    """Do what `differences` finds, deletions first: they free what creations may need.

    A service that cannot be brought about stops none of the others.

    Raises:
        DeviceError: The controller's services cannot be read.
    """
    outcome = Outcome(differences(controller, wanted, absent, prune))
    if check:
        return outcome
    for change in sorted(outcome.changes, key=lambda change: change.action != "delete"):
        try:
            _do(controller, change)
        except DeviceError as error:
            outcome.failures[change.name] = "; ".join(error.failures.values())
        else:
            outcome.done.append(change)
    _confirm(controller, outcome)
    return outcome


def _do(controller: Controller, change: Change) -> None:
    if change.action == "create":
        controller.create(change.after)
    elif change.action == "change":
        controller.replace(change.after)
    else:
        controller.delete(change.uuid, change.name)


def _confirm(controller: Controller, outcome: Outcome) -> None:
    """Read back: what was said to be done must be there."""
    if not outcome.done:
        return
    found = {service.get("uuid", ""): service for service in controller.services()}
    for change in list(outcome.done):
        now = found.get(change.uuid)
        if (now is None) != (change.action == "delete"):
            verb = "still has" if change.action == "delete" else "has lost"
            why = f"said yes to {change.action} {change.name} and {verb} it"
        elif now is not None and not comparison.same(change.after, now):
            why = f"said yes to {change.action} {change.name} and made something else of it"
        else:
            continue
        outcome.failures[change.name] = why
        outcome.done.remove(change)
