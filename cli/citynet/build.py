"""Design → plan → configuration files on disk: what `check`, `plan`, `render`, `lab up` and `deploy` share."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from citynet.design.loader import load
from citynet.design.rules.encryption import unable
from citynet.files import alone_in
from citynet.plan import lock as locks
from citynet.plan.paths.refusal import path_problems
from citynet.plan.planner import make_plan
from citynet.platforms import having, lacking, platform, unknown_platforms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from citynet.design.model import Design
    from citynet.errors import Problem
    from citynet.plan.lock import Lock
    from citynet.plan.model import Plan
    from citynet.platforms.base import Rendered

Tell = Callable[[str, int, int], None]
"""Hears what is being done, how many devices of it are done, and of how many."""


@dataclass(slots=True)
class BuildResult:
    """A plan and the folder that holds its files.

    Attributes:
        plan: The plan.
        build_dir: The folder.
        written: Devices whose files differ from those of the last build.
    """

    plan: Plan
    build_dir: Path
    written: list[str] = field(default_factory=list)


def home_of(design: Path) -> Path:
    """The folder that a design's lock, secrets and build folder live in."""
    return design if design.is_dir() else design.parent


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Keep the garbage collector out of a stretch that makes millions of objects and drops few.

    It would look through all of them again and again: half the time of check and plan at 10,000 devices.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def check(design: Path) -> Design:
    """Read and check a design.

    Raises:
        InputError: Everything wrong with it.
    """
    with uncollected():
        return load(design, unknown_platforms, _path_problems, _encryption_problems)


def _path_problems(design: Design) -> Iterable[Problem]:
    return path_problems(design, lacking(design, "srv6")) if design.city.paths else []


def _encryption_problems(design: Design) -> Iterable[Problem]:
    return unable(design, partial(lacking, design), having)


def plan(design: Path) -> tuple[Plan, Lock]:
    """Plan a design against its lock; writes nothing.

    Raises:
        InputError: The design or the lock is wrong.
    """
    with uncollected():
        loaded = check(design)
        lock = locks.read(home_of(design) / "citynet.lock")
        return make_plan(loaded, lock), lock


def plan_and_lock(design: Path) -> tuple[Plan, bool]:
    """Plan a design and write its lock; also whether the lock changed.

    Raises:
        InputError: The design or the lock is wrong; then nothing is written.
    """
    home = home_of(design)
    if not home.is_dir():
        check(design)  # says that there is no such design
    with alone_in(home):
        planned, lock = plan(design)
        return planned, locks.write(home / "citynet.lock", lock)


def render(planned: Plan) -> Iterable[Rendered]:
    """The configuration of every device, one after the other."""
    for device in planned.devices.values():
        yield platform(device.platform).render(device)


def build(
    design: Path,
    build_dir: Path | None = None,
    *,
    jobs: int = 0,
    anew: bool = False,
    tell: Tell = lambda _what, _done, _all: None,
) -> BuildResult:
    """Check, plan and render a design, then write lock, plan, manifest and configurations.

    What the last build left and still holds is kept; `rendering` says how that is known, `publishing` how the files
    change hands.

    Args:
        design: The design's file or folder.
        build_dir: Where the files go; `<design folder>/build` when None.
        jobs: Processes that render; 0 chooses by the number of cores and devices.
        anew: Render every device, whatever the last build left.
        tell: Hears how far it is.

    Raises:
        InputError: The design or the lock is wrong; then nothing is written.
        LackingError: Too little memory for so many processes; then nothing is written.
    """
    home = home_of(design)
    if not home.is_dir():
        check(design)  # says that there is no such design
    with alone_in(home), uncollected():  # two commands on one design: the second sees the first's lock and files whole
        tell("planning", 0, 0)
        planned, lock = plan(design)
        return _write(planned, lock, _Wanted(home, build_dir or home / "build", jobs, anew, tell))


@dataclass(frozen=True, slots=True)
class _Wanted:
    home: Path
    target: Path
    jobs: int
    anew: bool
    tell: Tell


def _write(planned: Plan, lock: Lock, wanted: _Wanted) -> BuildResult:
    from citynet import publishing, rendering  # noqa: PLC0415 - `citynet check` has no use for them

    devices = list(planned.devices.values())
    with publishing.stage(wanted.target) as stage:
        present = wanted.target / publishing.CONFIGS
        before = publishing.last_entries(wanted.target)
        settler = rendering.Settler(before, present, stage.configs, wanted.anew)
        with rendering.settling(devices, settler, wanted.jobs) as parts:
            plan_digest = stage.plan(planned)
            settled = rendering.gathered(devices, parts, lambda done: wanted.tell("rendering", done, len(devices)))
        wanted.tell("writing", 0, 0)
        locks.write(wanted.home / "citynet.lock", lock)
        stage.publish(planned, plan_digest, settled.entries)
    return BuildResult(planned, wanted.target, settled.written)
