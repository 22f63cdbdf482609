"""Putting a build in place of the last one so that the manifest never speaks of files that are not there.

New files wait in `.new`; renaming it to `.ready` is the decision. From then on there is no manifest until everything is
in its place, and the new one goes in last: whoever finds a manifest finds what it says. A command that is killed before
the decision leaves the old build whole; one that is killed after it leaves a folder without a manifest, and the next
command completes it before it does anything else.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from typing import TYPE_CHECKING, Any

import pydantic_core

from citynet import __version__
from citynet.files import write_whole
from citynet.plan import codec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from citynet.plan.model import Plan
    from citynet.rendering import Entry

CONFIGS, MANIFEST, PLAN = "configs", "manifest.json", "plan.json"
_NEW, _READY, _OLD = ".new", ".ready", ".old"


class Stage:
    """A folder beside the build in which the next one is made ready.

    Attributes:
        configs: Where the new configurations go, a folder per device; devices that did not change are left out.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._new = target / _NEW
        self.configs = self._new / CONFIGS

    def plan(self, planned: Plan) -> str:
        """Write the plan; returns its digest."""
        text = codec.dump_bytes(planned)
        write_whole(self._new / PLAN, text)
        return hashlib.sha256(text).hexdigest()

    def publish(self, planned: Plan, plan_digest: str, entries: Mapping[str, Entry]) -> None:
        """Write the manifest, then put everything in place."""
        manifest = {
            "city": planned.city,
            "citynet": __version__,
            "design_digest": planned.design_digest,
            "plan_digest": plan_digest,
            "devices": entries,
        }
        write_whole(self._new / MANIFEST, pydantic_core.to_json(manifest, indent=1) + b"\n")
        self._new.rename(self._target / _READY)
        _finish(self._target)


@contextlib.contextmanager
def stage(target: Path) -> Iterator[Stage]:
    """Complete what a killed command left of the build at `target`, then make the next one ready beside it."""
    _finish(target)
    _remove(target / _NEW)
    (target / _NEW / CONFIGS).mkdir(parents=True)
    try:
        yield Stage(target)
    finally:
        _remove(target / _NEW)


def last_entries(target: Path) -> dict[str, Entry]:
    """What the manifest of the last build says of each device; nothing when there is none of this version."""
    try:
        devices: Any = json.loads((target / MANIFEST).read_bytes())["devices"]
        return {name: entry for name, entry in devices.items() if _is_entry(entry)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _is_entry(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("input"), str)
        and isinstance(entry.get("platform"), str)
        and isinstance(entry.get("secrets"), list)
        and isinstance(entry.get("files"), dict)
        and all(isinstance(path, str) and isinstance(digest, str) for path, digest in entry["files"].items())
    )


def _finish(target: Path) -> None:
    """Carry out a decision; whatever of it was carried out already is not there to be done again."""
    ready, place, old = target / _READY, target / CONFIGS, target / _OLD
    if (ready / MANIFEST).exists():
        (target / MANIFEST).unlink(missing_ok=True)
        place.mkdir(exist_ok=True)
        old.mkdir(exist_ok=True)
        _move_out(place, old, wanted=json.loads((ready / MANIFEST).read_bytes())["devices"])
        for new in list((ready / CONFIGS).iterdir()):
            with contextlib.suppress(FileNotFoundError):
                (place / new.name).rename(old / new.name)
            new.rename(place / new.name)
        for file in (PLAN, MANIFEST):
            with contextlib.suppress(FileNotFoundError):
                (ready / file).replace(target / file)
    _remove(ready)
    _remove(old)


def _move_out(place: Path, old: Path, wanted: Mapping[str, Any]) -> None:
    for present in list(place.iterdir()):
        if present.name not in wanted:
            present.rename(old / present.name)


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
