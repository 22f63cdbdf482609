"""Whether a service is as ordered: what was asked for is looked at, what the controller adds of itself is not."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

_KEYS = ("local-id", "value-name", "risk-characteristic-name", "link-uuid", "uuid")


def same(wanted: object, found: object) -> bool:
    """Whether everything wanted stands in what was found, and lists hold nothing beside it."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(key in found and same(wanted[key], found[key]) for key in wanted)
    if isinstance(wanted, list):
        return isinstance(found, list) and _same_list(wanted, found)
    return _same_leaf(wanted, found)


def shown(wanted: object, found: object) -> Any:
    """What was found, reduced to what was wanted: the `before` of a difference."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return {key: shown(wanted[key], found[key]) for key in wanted if key in found}
    if isinstance(wanted, list) and isinstance(found, list):
        mates = [(_mate(one, wanted), one) for one in _sorted_like(wanted, found)]
        return [one if mate is None else shown(mate, one) for mate, one in mates]
    return wanted if _same_leaf(wanted, found) else found


def _same_list(wanted: list[Any], found: list[Any]) -> bool:
    if len(wanted) != len(found):
        return False
    # The order of a list's entries means nothing unless it is `ordered-by user` (RFC 7950, 7.7.7); none here is.
    return all(any(same(one, other) for other in found) for one in wanted)


def _same_leaf(wanted: object, found: object) -> bool:
    if wanted == found:
        return True
    if not isinstance(wanted, str) or not isinstance(found, str | int | float):
        return False
    text = str(found)
    # Identities may go without their module (RFC 7951, section 6.8), and 10 may be written 10.0.
    return wanted.rpartition(":")[2] == text.rpartition(":")[2] or (
        _number(wanted) is not None and _number(wanted) == _number(text)
    )


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _key(entry: object) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    return next((str(entry[key]) for key in _KEYS if key in entry), "")


def _mate(entry: object, among: list[Any]) -> object | None:
    return next((other for other in among if _key(other) == _key(entry)), None)


def _sorted_like(wanted: list[Any], found: list[Any]) -> list[Any]:
    order = {_key(entry): number for number, entry in enumerate(wanted)}
    return sorted(found, key=lambda entry: order.get(_key(entry), len(order)))
