"""What differs between two plans, value by value, per device and technology.

Nothing here knows a technology: the dataclasses of the plan are walked field by field, so a field that is new in
the model shows up by itself. Entries of a list are told apart by their first field, which names them.
"""

from __future__ import annotations

import enum
from collections import Counter
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from citynet.plan.lock import Change
    from citynet.plan.model import Plan

TECHNOLOGIES = {
    "domain": "device",
    "site": "device",
    "role": "device",
    "plane": "device",
    "platform": "device",
    "vrfs": "l3vpn",
    "guards": "interconnect",
    "recorded": "interconnect",
}
"""Technology of a device's field; a field that is missing here is one of its own, by its own name."""
CITY = "city"
NO_CHANGE = {"design_digest"}
"""Fields of the plan that say where it comes from, not what it decides."""


class Sign(enum.StrEnum):
    """New, gone, or another value."""

    NEW = "+"
    GONE = "-"
    CHANGED = "~"


@dataclass(frozen=True, slots=True)
class Difference:
    """One value of an item that differs.

    Attributes:
        technology: What of a device it belongs to; empty on other items.
        path: Where it stands, from the item inwards: names of fields and of the entries of lists.
        sign: Whether it is new, gone or another.
        old: The old value; None when it is new.
        new: The new value; None when it is gone.
    """

    technology: str
    path: tuple[str, ...]
    sign: Sign
    old: Any = None
    new: Any = None

    def as_dict(self) -> dict[str, Any]:
        """The difference as JSON-ready values."""
        return {
            "technology": self.technology,
            "path": list(self.path),
            "sign": str(self.sign),
            "old": _plain(self.old),
            "new": _plain(self.new),
        }


@dataclass(slots=True)
class Item:
    """A device, line, host, service … that differs."""

    name: str
    sign: Sign
    differences: list[Difference] = field(default_factory=list)


@dataclass(slots=True)
class PlanDiff:
    """What differs: the items of each section of the plan that has any, devices first, and the lock's allocations."""

    sections: dict[str, list[Item]] = field(default_factory=dict)
    lock: list[Change] = field(default_factory=list)

    def __bool__(self) -> bool:
        """Whether anything differs."""
        return bool(self.sections or self.lock)

    def count(self, section: str, sign: Sign) -> int:
        """How many items of a section are new, gone or changed."""
        return sum(item.sign is sign for item in self.sections.get(section, ()))

    def as_dict(self) -> dict[str, Any]:
        """The differences as JSON-ready values."""
        words = {"new": Sign.NEW, "gone": Sign.GONE, "changed": Sign.CHANGED}
        return {
            "differs": bool(self),
            "summary": {name: {word: self.count(name, sign) for word, sign in words.items()} for name in self.sections},
            "sections": {
                name: [
                    {
                        "name": item.name,
                        "sign": str(item.sign),
                        "differences": [one.as_dict() for one in item.differences],
                    }
                    for item in items
                ]
                for name, items in self.sections.items()
            },
            "lock": [asdict(change) for change in self.lock],
        }


def compare(old: Plan | None, new: Plan, lock: Sequence[Change] = ()) -> PlanDiff:
    """Everything that differs between two plans of a city.

    Args:
        old: The plan as it was; None when there is none, and then everything is new.
        new: The plan as it will be.
        lock: The allocations that making `new` changed.
    """
    diff = PlanDiff(lock=list(lock))
    city: list[Difference] = []
    for one in fields(new):
        after = getattr(new, one.name)
        if isinstance(after, dict):
            before = getattr(old, one.name) if old else {}
            if items := list(_items(before, after)):
                diff.sections[one.name] = items
        elif one.name not in NO_CHANGE:
            city += _differences(one.name, getattr(old, one.name) if old else None, after, technology="")
    if city:
        diff.sections[CITY] = [Item(new.city, Sign.CHANGED if old else Sign.NEW, city)]
    if "devices" in diff.sections:
        diff.sections = {"devices": diff.sections["devices"]} | diff.sections
    return diff


def _items(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Item]:
    for name, one in after.items():
        was = before.get(name)
        if was is None:
            yield Item(name, Sign.NEW, list(_of_item(None, one)))
        elif was != one:
            yield Item(name, Sign.CHANGED, list(_of_item(was, one)))
    for name, was in before.items():
        if name not in after:
            yield Item(name, Sign.GONE, list(_of_item(was, None)))


def _of_item(before: Any, after: Any) -> Iterator[Difference]:
    """The fields of one item, each with its technology when the item is a device."""
    one = after if after is not None else before
    device = type(one).__name__ == "Device"
    for each in fields(one)[1:]:  # the first is its name
        technology = TECHNOLOGIES.get(each.name, each.name) if device else ""
        was = None if before is None else getattr(before, each.name)
        now = None if after is None else getattr(after, each.name)
        if (before is None or after is None) and not (was or now):
            continue  # of a new thing, what it does not have says nothing
        yield from _differences(each.name, was, now, technology=technology)


def _differences(name: str, before: Any, after: Any, *, technology: str) -> Iterator[Difference]:
    """What differs in one field; its name is left out where the technology says as much."""
    start = () if technology and (technology == name or not _is_value(before if after is None else after)) else (name,)
    for path, sign, old, new in _walk(start, before, after):
        yield Difference(technology, path, sign, old, new)


_Found = tuple[tuple[str, ...], Sign, Any, Any]


def _walk(path: tuple[str, ...], before: Any, after: Any) -> Iterator[_Found]:
    if before == after:
        return
    if isinstance(before, list) or isinstance(after, list):
        yield from _walk_lists(path, before or [], after or [])
    elif before is None or before == "":
        if after not in ("", None):
            yield path, Sign.NEW, None, after
    elif after is None or after == "":
        yield path, Sign.GONE, before, None
    elif isinstance(before, dict) and isinstance(after, dict):
        for key in before | after:
            yield from _walk((*path, str(key)), before.get(key), after.get(key))
    elif is_dataclass(before) and type(before) is type(after):
        for one in fields(before):
            yield from _walk((*path, one.name), getattr(before, one.name), getattr(after, one.name))
    else:
        yield path, Sign.CHANGED, before, after


def _walk_lists(path: tuple[str, ...], before: list[Any], after: list[Any]) -> Iterator[_Found]:
    if all(map(is_dataclass, [*before, *after])):
        yield from _walk_entries(path, before, after)
    elif all(map(_is_value, [*before, *after])):
        lost, won = Counter(before) - Counter(after), Counter(after) - Counter(before)
        yield from ((path, Sign.GONE, value, None) for value in lost.elements())
        yield from ((path, Sign.NEW, None, value) for value in won.elements())
        if not lost and not won:
            yield path, Sign.CHANGED, before, after  # the same values in another order
    else:
        yield path, Sign.CHANGED, before, after


def _walk_entries(path: tuple[str, ...], before: list[Any], after: list[Any]) -> Iterator[_Found]:
    olds, news = _by_name(before), _by_name(after)
    for key, old in olds.items():
        if key not in news:
            yield (*path, key[0]), Sign.GONE, old, None
    for key, new in news.items():
        if key in olds:
            yield from _walk((*path, key[0]), olds[key], new)
        else:
            yield (*path, key[0]), Sign.NEW, None, new
    kept = [[key[0] for key in one if key in other] for one, other in ((olds, news), (news, olds))]
    if kept[0] != kept[1]:
        yield (*path, "order"), Sign.CHANGED, kept[0], kept[1]


def _by_name(entries: list[Any]) -> dict[tuple[str, int], Any]:
    """The entries of a list by name, and by a number where several have one name."""
    found: dict[tuple[str, int], Any] = {}
    times: Counter[str] = Counter()
    for entry in entries:
        name = str(getattr(entry, fields(entry)[0].name))
        found[name, times[name]] = entry
        times[name] += 1
    return found


def _is_value(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def _plain(value: Any) -> Any:
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value
