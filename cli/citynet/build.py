"""Design → plan → configuration files on disk: what `check`, `plan`, `render`, `lab up` and `deploy` share."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet import __version__
from citynet.design.loader import load
from citynet.files import alone_in, write_whole
from citynet.plan import codec
from citynet.plan import lock as locks
from citynet.plan.planner import make_plan
from citynet.platforms import check_platforms, platform

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from citynet.design.model import Design
    from citynet.plan.lock import Lock
    from citynet.plan.model import Plan
    from citynet.platforms.base import Rendered


@dataclass(slots=True)
class BuildResult:
    """A plan and the folder that holds its files."""

    plan: Plan
    build_dir: Path


def home_of(design: Path) -> Path:
    """The folder that a design's lock, secrets and build folder live in."""
    return design if design.is_dir() else design.parent


def check(design: Path) -> Design:
    """Read and check a design.

    Raises:
        InputError: Everything wrong with it.
    """
    loaded = load(design)
    check_platforms(loaded)
    return loaded


def plan(design: Path) -> tuple[Plan, Lock]:
    """Plan a design against its lock; writes nothing.

    Raises:
        InputError: The design or the lock is wrong.
    """
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


def build(design: Path, build_dir: Path | None = None) -> BuildResult:
    """Check, plan and render a design, then write lock, plan, manifest and configurations.

    Args:
        design: The design's file or folder.
        build_dir: Where the files go; `<design folder>/build` when None.

    Raises:
        InputError: The design or the lock is wrong; then nothing is written.
    """
    home = home_of(design)
    if not home.is_dir():
        check(design)  # says that there is no such design
    target = build_dir or home / "build"
    with alone_in(home):  # two commands on one design: the second sees the lock and the files of the first whole
        planned, lock = plan(design)
        rendered = list(render(planned))
        locks.write(home / "citynet.lock", lock)
        _write(target, planned, rendered)
    return BuildResult(planned, target)


def _write(target: Path, planned: Plan, rendered: list[Rendered]) -> None:
    """Write the configurations into a new folder and put it in place of the old one; the manifest comes last."""
    aside, place = target / ".configs.new", target / "configs"
    shutil.rmtree(aside, ignore_errors=True)
    for one in rendered:
        for path, text in one.files.items():
            file = aside / one.device / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    aside.mkdir(parents=True, exist_ok=True)
    plan_text = codec.dumps(planned)
    write_whole(target / "plan.json", plan_text)
    if place.exists():
        old = target / ".configs.old"
        shutil.rmtree(old, ignore_errors=True)
        place.rename(old)
    aside.rename(place)
    shutil.rmtree(target / ".configs.old", ignore_errors=True)
    write_whole(
        target / "manifest.json",
        json.dumps(_manifest(planned, plan_text, rendered), indent=1, ensure_ascii=False) + "\n",
    )


def _manifest(planned: Plan, plan_text: str, rendered: list[Rendered]) -> dict[str, object]:
    return {
        "city": planned.city,
        "citynet": __version__,
        "design_digest": planned.design_digest,
        "plan_digest": hashlib.sha256(plan_text.encode()).hexdigest(),
        "devices": {
            one.device: {"platform": one.platform, "files": one.digests(), "secrets": one.secrets} for one in rendered
        },
    }
