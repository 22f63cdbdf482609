"""Faults of a running lab: what breaks in a city. Each can be undone."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from citynet.errors import InputError, Problem, did_you_mean
from citynet.lab.keyservers import access
from citynet.lab.optics import controller
from citynet.lab.wiring import addresses

if TYPE_CHECKING:
    from citynet.lab.running import Lab

LINE_KINDS = ("cut", "silent", "impair")
FIBRE_KINDS = ("cut", "bend", "tap", "repair")
KEY_KINDS = access.KINDS
KINDS = (*KEY_KINDS, *LINE_KINDS, "deaf", "bend", "tap", "repair", "kill", "hang", "daemon")
_PARTS = {"daemon": ("daemon", "NODE:DAEMON, such as r1:bgpd"), "deaf": ("port", "NODE:PORT, such as r1:eth1")}
_IMPAIRMENTS = {"delay_ms", "jitter_ms", "loss_percent"}


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault in force.

    `cut LINE`: no light, both ends see it. `silent LINE`: light, but nothing passes. `impair LINE`:
    delay_ms, jitter_ms, loss_percent, each way. `deaf NODE:PORT`: what comes there is lost, what it sends passes.
    `kill NODE`: power off. `hang NODE`: its ports keep their light, but nothing passes them. In a lab with light
    `cut`, `bend` and `tap` take a FIBRE, too, and `repair FIBRE` takes them back.
    `kme NAME`: a key server answers nobody. `dry NAME`: it has no keys.
    `daemon NODE:DAEMON` strikes once and is never in force.
    """

    kind: str
    target: str
    options: dict[str, float] = field(default_factory=dict)

    def words(self) -> str:
        """Its options for people."""
        return ", ".join(f"{key} {value:g}" for key, value in self.options.items())

    def as_dict(self) -> dict[str, Any]:
        """The fault as JSON-ready values."""
        return {"kind": self.kind, "target": self.target, "options": self.options}


def apply(lab: Lab, kind: str, target: str, **options: float) -> None:
    """Put a fault in force; the same kind on the same target again replaces it.

    Raises:
        InputError: No such kind, target or option.
        DeviceError: The machine could not do it.
    """
    if kind in KEY_KINDS:
        _check_options(lab, kind, options)
        access.strike(lab, kind, target, 1)
        return
    if _on_fibre(lab, kind, target):
        _check_options(lab, kind, options)
        controller.strike(lab, kind, target)
        return
    _check(lab, kind, target, options)
    lab.guest("apply", kind, target, json.dumps(options))


def undo(lab: Lab, kind: str, target: str) -> None:
    """Take a fault back; one that is not in force is fine. A killed node starts again from its disk.

    Raises:
        InputError: No such kind or target.
        DeviceError: The machine could not do it.
    """
    if kind in KEY_KINDS:
        access.strike(lab, kind, target, 0)
        return
    if _on_fibre(lab, kind, target):
        controller.strike(lab, "repair", target)
        return
    _check(lab, kind, target, {})
    lab.guest("undo", kind, target)


def undo_all(lab: Lab) -> None:
    """Take every fault back, the last one first."""
    for fault in reversed(in_force(lab)):
        undo(lab, fault.kind, fault.target)


def change(lab: Lab, kind: str, target: str, options: dict[str, float], *, back: bool) -> None:
    """What the command line asks for: apply, undo, undo all (no kind), or nothing."""
    if kind and back:
        undo(lab, kind, target)
    elif kind:
        apply(lab, kind, target, **options)
    elif back:
        undo_all(lab)


def status(lab: Lab) -> tuple[dict[str, bool], list[Fault]]:
    """Which nodes run, and the faults in force."""
    answer = lab.guest("status")[0]
    return answer["nodes"], [*(Fault(**fault) for fault in answer["faults"]), *_fibres(lab), *_key_servers(lab)]


def in_force(lab: Lab) -> list[Fault]:
    """The faults in force, oldest first."""
    return status(lab)[1]


def _on_fibre(lab: Lab, kind: str, target: str) -> bool:
    """Whether a fibre is meant: lines come first, should one have the same name."""
    if kind not in LINE_KINDS:
        return kind in FIBRE_KINDS
    optical = lab.plan.optical
    return kind in FIBRE_KINDS and optical is not None and target in optical.fibres and target not in lab.plan.lines


def _fibres(lab: Lab) -> list[Fault]:
    if not controller.wanted(lab.plan):
        return []
    found = controller.state(lab)["fibres"]
    return [Fault(fibre["fault"], name) for name, fibre in found.items() if fibre["fault"]]


def _key_servers(lab: Lab) -> list[Fault]:
    if not access.servers(lab.plan):
        return []
    found = access.state(lab)
    return [Fault(kind, name) for name, server in found.items() for kind in KEY_KINDS if server[kind]]


def _check_options(lab: Lab, kind: str, options: dict[str, float]) -> None:
    if options:
        wrong = [Problem(f"lab {lab.name}", 0, f"a fault '{kind}' has no option '{name}'", "") for name in options]
        raise InputError(wrong)


def _check(lab: Lab, kind: str, target: str, options: dict[str, float]) -> None:
    where = f"lab {lab.name}"
    if kind not in KINDS:
        raise InputError(
            [Problem(where, 0, f"no fault '{kind}'", "one of " + ", ".join(KINDS), did_you_mean(kind, KINDS))]
        )
    node, _, part = target.partition(":")
    known = lab.plan.lines if kind in LINE_KINDS else addresses(lab.plan)
    named = node if kind in _PARTS else target
    what = "line" if kind in LINE_KINDS else "node"
    problems = []
    if named not in known:
        problems.append(Problem(where, 0, f"no {what} '{named}'", f"the name of a {what}", did_you_mean(named, known)))
    if kind in _PARTS and not part:
        problems.append(Problem(where, 0, f"'{target}' names no {_PARTS[kind][0]}", _PARTS[kind][1]))
    unknown = set(options) - (_IMPAIRMENTS if kind == "impair" else set())
    problems += [Problem(where, 0, f"a fault '{kind}' has no option '{name}'", "") for name in sorted(unknown)]
    if problems:
        raise InputError(problems)
