"""The differences between two plans in words: a summary, then device by device, technology by technology."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields, is_dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from citynet.plan.diff import CITY, Sign
from citynet.plan.lock import Happening

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.diff import Difference, Item, PlanDiff
    from citynet.plan.lock import Change

MOST_NAMES = 6
_COLUMN = 13
_LOCK_SIGNS = {
    Happening.TAKEN: Sign.NEW,
    Happening.RETURNED: Sign.NEW,
    Happening.MOVED: Sign.CHANGED,
    Happening.RELEASED: Sign.GONE,
    Happening.DROPPED: Sign.GONE,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of text and its sign, which colours it; None on headings."""

    text: str
    sign: Sign | None = None


def lines(diff: PlanDiff) -> Iterator[Line]:
    """Everything that differs, headed by section; items that differ in the same way stand together."""
    for section, items in diff.sections.items():
        yield Line("")
        yield Line(section)
        for names, item in _alike(items):
            yield from _item(names, item)
    if diff.lock:
        yield Line("")
        yield Line("citynet.lock")
        for change in diff.lock:
            yield _allocation(change)


def summary(diff: PlanDiff) -> str:
    """`12 devices change, 2 new, 1 gone; 3 services change; 4 numbers taken`; how much differs, in one line."""
    parts = [_count(section, diff) for section in diff.sections if section != CITY]
    if diff.count(CITY, Sign.CHANGED):
        parts.append("the city itself changes")
    happened = Counter(change.what for change in diff.lock)
    parts += [
        f"{happened[what]} number{'s' if happened[what] > 1 else ''} {what}" for what in Happening if happened[what]
    ]
    return "; ".join(parts) or "nothing differs"


def _count(section: str, diff: PlanDiff) -> str:
    words: list[str] = []
    for sign, verb in ((Sign.CHANGED, "change"), (Sign.NEW, "new"), (Sign.GONE, "gone")):
        if number := diff.count(section, sign):
            one = number == 1
            subject = f"{number} {section.removesuffix('s') if one else section}" if not words else str(number)
            words.append(f"{subject} {'changes' if one and sign is Sign.CHANGED else verb}")
    return ", ".join(words)


def _alike(items: list[Item]) -> Iterator[tuple[list[str], Item]]:
    """Items that change in the same way, together, where the first of them stands; new and gone ones one by one."""
    groups: dict[object, tuple[list[str], Item]] = {}
    for item in items:
        changed = item.sign is Sign.CHANGED
        key = tuple((one.technology, _difference(one)) for one in item.differences) if changed else item.name
        groups.setdefault((item.sign, key), ([], item))[0].append(item.name)
    yield from groups.values()


def _item(names: list[str], item: Item) -> Iterator[Line]:
    more = len(names) - MOST_NAMES
    title = ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")
    yield Line(f"{item.sign} {title}", item.sign)
    if item.sign is Sign.GONE:
        return
    for technology, differences in groupby(item.differences, key=lambda one: one.technology):
        for number, (text, sign) in enumerate(_texts(list(differences), whole=item.sign is Sign.NEW)):
            column = f"{technology if number == 0 else '':<{_COLUMN}}" if technology else ""
            yield Line(f"    {column}{text}", sign)


def _texts(differences: list[Difference], *, whole: bool) -> Iterator[tuple[str, Sign]]:
    """A line for each difference; of a new item, one line for all its plain values."""
    values = [one for one in differences if whole and (not one.technology or not is_dataclass(one.new))]
    if values:
        yield f"{Sign.NEW} " + ", ".join(_difference(one)[2:] for one in values), Sign.NEW
    yield from ((_difference(one), one.sign) for one in differences if one not in values)


def _difference(one: Difference) -> str:
    """`~ metric 10 → 20`."""
    start = " ".join([one.sign, *one.path])
    if one.path and one.path[-1] == "order" and isinstance(one.new, list):
        return start
    if one.sign is Sign.CHANGED:
        return f"{start} {_shown(one.old)} → {_shown(one.new)}"
    value = one.old if one.new is None else one.new
    if not is_dataclass(value):
        return f"{start} {_shown(value)}"
    named = one.path[-1:] == (_name(value),)  # an entry of a list
    said = _held(value, skip=named)
    return f"{start}: {said}" if named and said else f"{start} {_shown(value) if one.path else said}"


def _allocation(change: Change) -> Line:
    sign = _LOCK_SIGNS[change.what]
    number = f"{change.before} → {change.number}" if sign is Sign.CHANGED else str(change.number)
    return Line(f"{sign} {change.pool} {change.key} {number} {change.what}", sign)


def _held(record: Any, *, skip: bool = False) -> str:
    """What a record holds, in a few words; without its first field when that is said already."""
    shown = ((one.name, getattr(record, one.name)) for one in fields(record)[1 if skip else 0 :])
    return ", ".join(name if value is True else f"{name} {_shown(value)}" for name, value in shown if value)


def _shown(value: Any) -> str:
    """A value in a few words; of the records of a list only the names."""
    if isinstance(value, list):
        return " ".join(_name(one) if is_dataclass(one) else _shown(one) for one in value) or "none"
    if is_dataclass(value):
        rest = _held(value, skip=True)
        return f"{_name(value)} ({rest})" if rest else _name(value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _name(record: Any) -> str:
    return str(getattr(record, fields(record)[0].name))
