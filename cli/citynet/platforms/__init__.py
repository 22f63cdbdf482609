"""Platforms: plan → native text. The registry is explicit; a new platform is a new folder and one entry here."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from citynet.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.errors import Problem
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
    shared = [here / "base.py", *(here.parent / "plan" / "model").glob("*.py")]
    digest = hashlib.sha256(f"{name} {version_of('jinja2')}".encode())
    for file in sorted([*own.rglob("*.py"), *own.rglob("*.j2"), *shared]):
        digest.update(f"\0{file.relative_to(here.parent)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def lacking(design: Design, technology: str) -> list[str]:
    """The devices of a design whose platform does not have a technology."""
    able = {name: _can(name, technology) for name in _MODULES}
    return [name for name, device in design.city.devices.items() if not able.get(device.platform, True)]


def having(technology: str) -> list[str]:
    """The platforms that have a technology."""
    return [name for name in _MODULES if _can(name, technology)]


@cache
def _can(name: str, technology: str) -> bool:
    found = [one.supported for one in platform(name).capabilities if one.technology == technology]
    return bool(found and found[0])


def names() -> list[str]:
    """The platforms there are."""
    return list(_MODULES)


def unknown_platforms(design: Design) -> Iterator[Problem]:
    """What is wrong with a design that asks for platforms we do not have: a problem for each device."""
    for name, device in design.city.devices.items():
        if device.platform not in _MODULES:
            yield design.source.problem(
                ("devices", name, "platform"),
                f"no platform '{device.platform}'",
                "one of " + ", ".join(_MODULES),
                did_you_mean(device.platform, _MODULES),
                "platform",
            )
