"""Hours of the week: when a fence is in force, in minutes since Monday 00:00 of UTC.

A schedule is a list of spans `(first, last + 1)`, in order and apart from each other. What a person writes is Beijing
time, as all of China has; devices compare with UTC, so that nothing depends on how their clock is shown.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class Hours(Protocol):
    """A window of a design, or of a task."""

    @property
    def days(self) -> Sequence[str]:
        """Days on which it begins; every day when empty."""

    @property
    def start(self) -> str:
        """`HH:MM`."""

    @property
    def end(self) -> str:
        """`HH:MM`."""


Schedule = tuple[tuple[int, int], ...]
DAY, WEEK = 24 * 60, 7 * 24 * 60
BEIJING = dt.timezone(dt.timedelta(hours=8))
ALWAYS: Schedule = ((0, WEEK),)
NEVER: Schedule = ()
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def schedule(windows: Sequence[Hours]) -> Schedule:
    """When any of the windows is open; always when there are none."""
    if not windows:
        return ALWAYS
    return joined(span for window in windows for span in _spans(window))


def _spans(window: Hours) -> Iterable[tuple[int, int]]:
    start, end = _minutes(window.start), _minutes(window.end)
    length = end - start if end > start else end + DAY - start
    for day in window.days or DAYS:
        yield from _wrapped(DAYS.index(day) * DAY + start - 8 * 60, length)


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _wrapped(first: int, length: int) -> Iterable[tuple[int, int]]:
    first %= WEEK
    yield first, min(first + length, WEEK)
    if first + length > WEEK:
        yield 0, first + length - WEEK


def joined(spans: Iterable[tuple[int, int]]) -> Schedule:
    """Spans in any order as a schedule."""
    found: list[tuple[int, int]] = []
    for first, end in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = found[-1][0], max(end, found[-1][1])
        else:
            found.append((first, end))
    return tuple(found)


def without(one: Schedule, other: Schedule) -> Schedule:
    """What of a schedule is not in another one."""
    if other in (one, ALWAYS):
        return NEVER
    left = list(one)
    for first, end in other:
        left = [
            part
            for begin, last in left
            for part in ((begin, min(last, first)), (max(begin, end), last))
            if part[0] < part[1]
        ]
    return tuple(left)


def common(one: Schedule, other: Schedule) -> Schedule:
    """What is in both."""
    if other in (one, ALWAYS):
        return one
    return without(one, without(one, other))


def holds(schedule: Schedule, minute: int) -> bool:
    """Whether a minute of the week is in it."""
    return any(first <= minute < end for first, end in schedule)


def minute_of(when: dt.datetime) -> int:
    """The minute of the week of a time; one without a zone is Beijing's."""
    if when.tzinfo is None:
        when = when.replace(tzinfo=BEIJING)
    when = when.astimezone(dt.UTC)
    return when.weekday() * DAY + when.hour * 60 + when.minute


def text(schedule: Schedule) -> str:
    """A schedule for people, in Beijing time."""
    if schedule == ALWAYS:
        return "always"
    if daily := _daily(schedule):
        return (
            ", ".join(f"{_day_and_hour(first)[4:]} to {_day_and_hour(end)[4:]}" for first, end in daily) + " every day"
        )
    return ", ".join(f"{_day_and_hour(first)} to {_day_and_hour(end)}" for first, end in schedule) or "never"


def _daily(schedule: Schedule) -> Schedule:
    """The spans of one day, if every day of the week has the same."""
    count, rest = divmod(len(schedule), 7)
    pairs = zip(schedule, schedule[count:], strict=False)
    same = not rest and all((first + DAY, end + DAY) == other for (first, end), other in pairs)
    return schedule[:count] if same else NEVER


def _day_and_hour(minute: int) -> str:
    minute = (minute + 8 * 60) % WEEK
    return f"{DAYS[minute // DAY]} {minute % DAY // 60:02}:{minute % 60:02}"
