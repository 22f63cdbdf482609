"""What the commands ask of the lab room, whole: from a design's path to a running lab."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from citynet import build as builder
from citynet.errors import InputError, Lack, LackingError, Problem, did_you_mean
from citynet.lab import building, capacity, needs, paths, running, secret_values
from citynet.lab import up as bringing
from citynet.lab.keyservers import access
from citynet.lab.optics import controller
from citynet.lab.running import Lab
from citynet.plan import codec

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.lab.show import TellWhat
    from citynet.plan.model import Plan


@dataclass(frozen=True, slots=True)
class Up:
    """A wish for a lab; empty or 0 means: choose."""

    design: Path
    name: str = ""
    host: str = "uml"
    memory_mib: int = 0
    mirror: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it."""

    lab: Lab
    started: bool
    seconds: float
    secrets_made: list[str]
    stale: bool = False

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {
            "lab": self.lab.name,
            "started": self.started,
            "seconds": round(self.seconds, 1),
            "nodes": len(self.lab.plan.devices) + len(self.lab.plan.hosts),
            "secrets_made": self.secrets_made,
            "stale": self.stale,
            "memory_mib": self.lab.memory_used_mib(),
        }

    def text(self) -> str:
        """For people."""
        name, plan = self.lab.name, self.lab.plan
        if not self.started:
            more = f"; the design has changed since: `citynet lab down {name}`, then up again" if self.stale else ""
            return f"lab {name} is running already{more}"
        return (
            f"lab {name} is up: {len(plan.devices)} routers, {len(plan.hosts)} hosts, {len(plan.lines)} lines in "
            f"{self.seconds:.1f} s, {self.lab.memory_used_mib()} MiB in use"
        )


def build(tell: TellWhat, *, native: bool = False, mirror: str | None = None) -> building.Built:
    """Kernel and image, built when missing; refuses when the tools or the disk for that are not there."""
    missing = [artefact for artefact in building.wanted(native=native) if not artefact.ready]
    if missing:
        needs.require(*(f"build-{artefact.kind}" for artefact in missing))
        capacity.require_disk(missing)
    return building.ensure(tell, native=native, mirror=mirror)


def up(asked: Up, tell: TellWhat) -> Outcome:
    """Bring a lab up, or find that it runs.

    Raises:
        InputError: The design or the name is wrong.
        LackingError: This machine lacks a tool, memory or disk.
        DeviceError: The machine or a node did not come up.
    """
    native = _is_native(asked.host)
    plan, home = _plan(asked.design)
    name = asked.name or plan.city
    folder = bringing.folder_of(name)
    if running.is_up(folder):
        return _found(folder, plan)
    needs.require("run", *(["native"] if native else []))
    if controller.wanted(plan):
        controller.require()
    if access.servers(plan):
        access.require()
    memory = asked.memory_mib or bringing.memory_mib(plan)
    capacity.require_memory(memory)
    built = build(tell, native=native, mirror=asked.mirror)
    made = secret_values.complete(home / "secrets.yml", plan.secrets)
    with bringing.alone(name):
        if running.is_up(folder):
            return _found(folder, plan)
        begin = time.monotonic()
        lab = _start(name, plan, home, bringing.Parts(built.kernel, built.image, memory), tell)
    return Outcome(lab, started=True, seconds=time.monotonic() - begin, secrets_made=made)


def _found(folder: Path, plan: Plan) -> Outcome:
    lab = Lab.at(folder)
    return Outcome(lab, started=False, seconds=0.0, secrets_made=[], stale=lab.plan != plan)


def _start(name: str, plan: Plan, home: Path, parts: bringing.Parts, tell: TellWhat) -> Lab:
    nodes: list[str] = []
    total = len(plan.devices) + len(plan.hosts)

    def heard(node: str) -> None:
        nodes.append(node)
        tell("lab", "nodes start", len(nodes), total)

    tell("lab", "machine starts")
    return bringing.bring_up(name, plan, home, parts, heard)


def find(name: str = "") -> Lab:
    """The running lab of that name, or the only one that runs.

    Raises:
        LackingError: It does not run.
        InputError: No name was given and several run.
    """
    if name:
        return Lab.load(name)
    known = running.running()
    if not known:
        raise LackingError([Lack("running lab", "this command", "citynet lab up DESIGN")])
    if len(known) > 1:
        raise InputError([Problem("lab", 0, "several labs run", "its name", "one of " + ", ".join(known))])
    return Lab.load(known[0])


def down(name: str = "") -> str:
    """End a lab, or clear what a dead one left; its name."""
    if not name:
        name = find().name
    known = running.names()
    if name not in known:
        raise InputError([Problem("lab", 0, f"no lab '{name}'", "", did_you_mean(name, known))])
    running.remove(paths.labs() / name)
    return name


def overview() -> list[dict[str, Any]]:
    """Every lab with its state: `running`, `starting` or `dead`."""
    found = []
    for name in running.names():
        lab = Lab.at(paths.labs() / name)
        found.append(
            {
                "name": name,
                "state": _state(lab),
                "design": str(lab.design_dir),
                "nodes": len(lab.plan.devices) + len(lab.plan.hosts),
            }
        )
    return found


def _state(lab: Lab) -> str:
    if running.is_up(lab.state_dir):
        return "running"
    return "starting" if lab.pid else "dead"


def _is_native(host: str) -> bool:
    if host not in {"uml", "native"}:
        raise InputError(
            [
                Problem(
                    "--host",
                    0,
                    f"no way '{host}' to host a lab",
                    "uml or native",
                    did_you_mean(host, ("uml", "native")),
                )
            ]
        )
    return host == "native"


def _plan(design: Path) -> tuple[Plan, Path]:
    """The plan, and the folder in which the design's secrets are."""
    if design.is_file() and design.suffix == ".json":
        return codec.load(design), design.parent
    return builder.build(design).plan, builder.home_of(design)
