"""The build folder as deploying sees it: manifest, configuration texts, plan."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from citynet.errors import InputError, Problem
from citynet.plan import codec

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.plan.model import Plan

_RENDER = "run `citynet render`"


@dataclass(slots=True)
class DeviceFiles:
    """What one device is to get: templates by path on the device, and the names of the secrets in them."""

    platform: str
    files: dict[str, str] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=list)


class BuildFolder:
    """A rendered build folder.

    Attributes:
        path: The folder.
        manifest: Its `manifest.json`.
    """

    def __init__(self, path: Path, manifest: dict[str, Any]) -> None:
        self.path = path
        self.manifest = manifest

    @cached_property
    def plan(self) -> Plan:
        """The plan that was rendered."""
        return codec.load(self.path / "plan.json")

    @property
    def digests(self) -> dict[str, str]:
        """City, digests of design and plan, version: what an archive says about where a configuration came from."""
        return {key: str(self.manifest[key]) for key in ("city", "design_digest", "plan_digest", "citynet")}

    def device(self, name: str) -> DeviceFiles:
        """The files of one device.

        Raises:
            InputError: The device is unknown, or a file is missing or not the one that was rendered.
        """
        manifest = self.path / "manifest.json"
        entry = self.manifest["devices"].get(name)
        if entry is None:
            raise InputError([Problem(str(manifest), 0, f"knows no device '{name}'", "a device of the plan", _RENDER)])
        found = DeviceFiles(entry["platform"], secrets=list(entry["secrets"]))
        for path, digest in entry["files"].items():
            found.files[path] = self._text(name, path, digest)
        return found

    def _text(self, name: str, path: str, digest: str) -> str:
        file = self.path / "configs" / name / path.lstrip("/")
        try:
            content = file.read_bytes()
        except OSError as error:
            raise InputError([Problem(str(file), 0, f"cannot be read: {error.strerror}", "", _RENDER)]) from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise InputError(
                [
                    Problem(
                        str(file),
                        0,
                        "is not the file that was rendered",
                        f"SHA-256 {digest[:12]}…",
                        f"change the design instead and {_RENDER}",
                    )
                ]
            )
        return content.decode()


def load(path: Path) -> BuildFolder:
    """Read a build folder; it is read once per process for as long as its manifest does not change.

    Raises:
        InputError: There is no manifest, or it is none of this version.
    """
    manifest = path / "manifest.json"
    try:
        stamp = manifest.stat().st_mtime_ns
    except OSError as error:
        raise InputError(
            [Problem(str(manifest), 0, f"cannot be read: {error.strerror}", "a build folder", _RENDER)]
        ) from error
    return _load(path, stamp)


@lru_cache(maxsize=4)
def _load(path: Path, _stamp: int) -> BuildFolder:
    manifest = path / "manifest.json"
    try:
        folder = BuildFolder(path, json.loads(manifest.read_text(encoding="utf-8")))
        _ = folder.digests, folder.manifest["devices"].items()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            [Problem(str(manifest), 0, f"is no manifest of this version: {error}", "", _RENDER)]
        ) from error
    return folder
