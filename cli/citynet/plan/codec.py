"""The plan as JSON text, and back."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from citynet.errors import InputError, Problem
from citynet.plan.model import Plan

if TYPE_CHECKING:
    from pathlib import Path


@cache
def _adapter() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)


def dumps(plan: Plan) -> str:
    """The plan as indented JSON, keys in the plan's order; the same plan gives the same bytes."""
    return dump_bytes(plan).decode()


def dump_bytes(plan: Plan) -> bytes:
    """What `dumps` gives, in UTF-8."""
    return _adapter().dump_json(plan, indent=1) + b"\n"


def load(path: Path) -> Plan:
    """Read a `plan.json`.

    Raises:
        InputError: The file is missing or is no plan of this version.
    """
    try:
        return _adapter().validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(
            [Problem(str(path), 0, f"cannot be read: {error.strerror}", "a plan", "run `citynet render`")]
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(
            [Problem(str(path), 0, f"is no plan of this version: {where}: {first['msg']}", "", "run `citynet render`")]
        ) from error
