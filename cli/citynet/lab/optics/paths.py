"""RESTCONF paths (RFC 8040, section 3.5.3) in a tree of JSON values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_KEYS = ("uuid", "local-id")


def segments(path: str) -> list[tuple[str, str]]:
    """`context/list=key` as names without their module and keys (empty when there is none)."""
    found = []
    for piece in path.strip("/").split("/"):
        name, _, key = piece.partition("=")
        found.append((unquote(name).rpartition(":")[2], unquote(key)))
    return found


def find(
    path: list[tuple[str, str]],
    root: Mapping[str, Callable[[], Any]],
    branch: Callable[[str], dict[str, Any] | None],
) -> dict[str, Any] | None:
    """What stands at a path, under its name qualified with its module; None when nothing does.

    `branch` makes one child of the context, so that not the whole has to be made.
    """
    if [name for name, _ in path[:1]] != ["context"]:
        return None
    if len(path) == 1:
        return {name: make() for name, make in root.items()}
    here = branch(path[1][0])
    module = "tapi-common"
    for number, (name, key) in enumerate(path[1:], start=2):
        entry = _child(here, name)
        if entry is None:
            return None
        full, value = entry
        module = full.rpartition(":")[0] or module
        if key:
            value = [one for one in value if _has_key(one, key)] if isinstance(value, list) else []
            if not value:
                return None
        if number == len(path):
            return {f"{module}:{name}": value}
        here = value[0] if isinstance(value, list) and value else value
    return None


def _child(parent: Any, name: str) -> tuple[str, Any] | None:
    if not isinstance(parent, dict):
        return None
    return next(((full, value) for full, value in parent.items() if full.rpartition(":")[2] == name), None)


def _has_key(entry: Any, key: str) -> bool:
    return isinstance(entry, dict) and key in {entry.get(name) for name in _KEYS}
