"""Ranges in names: `gov-agg[01-13]` stands for gov-agg01 … gov-agg13, `acc[01-40]-[1-6]` for the 240 combinations.

Leading zeros of the first number set the width. Whoever repeats by ranges has a *shape*, the lengths of them in order,
and each repetition has a *step*, one number for each; texts inside count in step: their first range with the first.
"""

from __future__ import annotations

import itertools
import math
import re

Shape = tuple[int, ...]
Step = tuple[int, ...]

_RANGE = re.compile(r"\[(\d{1,5})-(\d{1,5})\]")
LIMIT = 10_000
"""Most names that one text may stand for: a city has some 10,000 devices, a slip of the finger has more."""
DEPTH = 3
"""Most ranges in one text."""


class RangeError(ValueError):
    """A range runs backwards, is too long, does not count in step, or there are too many of them."""


def shape(text: str) -> Shape:
    """The lengths of the ranges in `text`, in order; empty when it has none.

    Raises:
        RangeError: A range cannot be expanded.
    """
    if "[" not in text:
        return ()
    lengths = []
    for first, last in _RANGE.findall(text):
        if int(last) < int(first):
            raise RangeError(f"the range in '{text}' runs backwards")
        lengths.append(int(last) - int(first) + 1)
    if len(lengths) > DEPTH:
        raise RangeError(f"'{text}' has {len(lengths)} ranges, {DEPTH} at most")
    if math.prod(lengths) > LIMIT:
        raise RangeError(f"the range in '{text}' stands for more than {LIMIT} names")
    return tuple(lengths)


def steps(of: Shape, after: Step = ()) -> list[Step]:
    """Every step through a shape, in order; those only that begin with `after`."""
    return [(*after, *rest) for rest in itertools.product(*(range(length) for length in of[len(after) :]))]


def pick(text: str, step: Step) -> str:
    """`text` with its first ranges replaced by the numbers of this step; further ranges stay."""
    if not step or "[" not in text:
        return text
    numbers = iter(step)

    def number(match: re.Match[str]) -> str:
        return str(int(match[1]) + next(numbers)).zfill(len(match[1]))

    return _RANGE.sub(number, text, count=len(step))


def expand(text: str) -> list[str]:
    """All names that `text` stands for, in order."""
    return [pick(text, step) for step in steps(shape(text))]
