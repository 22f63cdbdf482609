"""Platforms: plan → native text. The registry is explicit; a new platform is a new folder and one entry here."""

from __future__ import annotations

from functools import cache
from importlib import import_module
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
