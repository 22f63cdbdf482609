"""Platforms: plan → native text. The registry is explicit; a new platform is a new folder and one entry here."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from citynet.errors import InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from citynet.design.model import Design
    from citynet.platforms.base import Platform

_MODULES = {"whitebox": "citynet.platforms.whitebox"}


@cache
def platform(name: str) -> Platform:
    """The platform of that name; KeyError when there is none."""
    module = import_module(_MODULES[name])
    found: Platform = module.PLATFORM
    return found


@cache
def version(name: str) -> str:
    """Digest of everything that turns a device's plan into text on a platform; KeyError when there is no such one.

    That is the platform's folder, what all platforms share, the plan's types (they help templates), and Jinja.
    """
    from importlib.metadata import version as version_of  # noqa: PLC0415 - slow, and only rendering asks

    here = Path(__file__).parent
    own = here / _MODULES[name].rpartition(".")[2]
    shared = [here / "base.py", here.parent / "plan" / "model.py"]
    digest = hashlib.sha256(f"{name} {version_of('jinja2')}".encode())
    for file in sorted([*own.rglob("*.py"), *own.rglob("*.j2"), *shared]):
        digest.update(f"\0{file.relative_to(here.parent)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def names() -> list[str]:
    """The platforms there are."""
    return list(_MODULES)


def check_platforms(design: Design) -> None:
    """Refuse a design that asks for a platform we do not have.

    Raises:
        InputError: One problem per device of an unknown platform.
    """
    problems: list[Problem] = [
        design.source.problem(
            ("devices", name, "platform"),
            f"no platform '{device.platform}'",
            "one of " + ", ".join(_MODULES),
            did_you_mean(device.platform, _MODULES),
            "platform",
        )
        for name, device in design.city.devices.items()
        if device.platform not in _MODULES
    ]
    if problems:
        raise InputError(problems, design.warnings)
