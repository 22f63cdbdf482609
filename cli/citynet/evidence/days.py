"""Days of a store and times of records.

A store's days are those of its city: a fixed distance from UTC, chosen when the store is made and never changed
(+08:00 unless told: China has had one time and no daylight saving since 1992). Times inside are µs since 1970 UTC.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

from citynet.errors import InputError, Problem
from citynet.evidence.record import MICROSECONDS

CHINA = 8 * 3600
DAY_S = 86_400
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-5][0-9])")


def day_of(moment: int, utc_offset: int) -> str:
    """The date of a moment (µs) in the store's own days."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=moment, seconds=utc_offset)).date().isoformat()


def text_of(moment: int, utc_offset: int) -> str:
    """A moment as ISO 8601 with the store's distance from UTC."""
    place = timezone(timedelta(seconds=utc_offset))
    whole, rest = divmod(moment, MICROSECONDS)
    return datetime.fromtimestamp(whole, place).replace(microsecond=rest).isoformat(timespec="microseconds")


def moment_of(text: str, utc_offset: int, option: str) -> int:
    """A date or time as a person writes it, in µs; in the store's time unless it says another.

    Raises:
        InputError: It is neither.
    """
    try:
        when = datetime.fromisoformat(text)
        if when.tzinfo is None:
            when = when.replace(tzinfo=timezone(timedelta(seconds=utc_offset)))
        return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    except (ValueError, OverflowError) as error:
        expected = "a date or time such as 2026-11-26 or 2026-11-26T08:00"
        raise InputError([Problem(option, 0, f"'{text}' is no time", expected)]) from error


def offset_of(text: str, option: str) -> int:
    """`+08:00` in seconds.

    Raises:
        InputError: It is no distance from UTC.
    """
    match = _OFFSET.fullmatch(text)
    seconds = int(match[2]) * 3600 + int(match[3]) * 60 if match else DAY_S
    if match is None or seconds > 14 * 3600:
        raise InputError([Problem(option, 0, f"'{text}' is no distance from UTC", "one such as +08:00")])
    return -seconds if match[1] == "-" else seconds


def is_day(text: str) -> bool:
    """Whether a text is a date."""
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
