"""Following devices: each is read again and again by itself, so that one which does not answer holds up no alarm."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.errors import CitynetError
from citynet.evidence.sources import Stream, key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from citynet.evidence.collecting import Collector
    from citynet.evidence.sources import Pulled, Source


_UNHURRIED = 5
"""Refused flows are read that much seldomer than all else: nothing in them is an alarm, and each look is a login."""


@dataclass(slots=True)
class _Turns:
    """When which source is read next, and what is being read."""

    pool: ThreadPoolExecutor
    due: dict[int, float]
    reading: dict[Future[Pulled], int] = field(default_factory=dict)


def follow(
    collector: Collector, sources: Sequence[Source], every_s: float, tell: Callable[[str], None] = lambda _: None
) -> None:
    """Read each source anew so many seconds after it answered last, until interrupted.

    A source that had more than was asked for is read again at once; one of refused flows is read seldomer.

    Raises:
        KeyboardInterrupt: Always, unless the store fails.
    """
    pool = ThreadPoolExecutor(max(len(sources), 1))
    turns = _Turns(pool, dict.fromkeys(range(len(sources)), 0.0))
    try:
        while True:
            _begin(turns, collector, sources)
            soon = min(turns.due.values(), default=time.monotonic() + every_s) - time.monotonic()
            done, _ = wait(turns.reading, max(soon, 0.0), FIRST_COMPLETED) if turns.reading else (set(), set())
            if not turns.reading:
                time.sleep(max(soon, 0.0))
            for future in done:
                number = turns.reading.pop(future)
                again = _take(collector, sources[number], future)
                rest_s = every_s * _UNHURRIED if sources[number].stream is Stream.REFUSED else every_s
                turns.due[number] = time.monotonic() + (0.0 if again else rest_s)
                tell(f"{collector.result}; going on")
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _begin(turns: _Turns, collector: Collector, sources: Sequence[Source]) -> None:
    """Start to read what is due; a source is read by one at a time, so that nothing comes twice."""
    now = time.monotonic()
    for number in [number for number, moment in turns.due.items() if moment <= now]:
        del turns.due[number]
        source = sources[number]
        turns.reading[turns.pool.submit(source.pull, collector.position(source))] = number


def _take(collector: Collector, source: Source, future: Future[Pulled]) -> bool:
    """Keep what a source had; whether it has more already."""
    try:
        pulled = future.result()
    except CitynetError as error:
        collector.failed(source, error)
        return False
    collector.result.failed.pop(key(source), None)
    collector.keep(source, pulled)
    return pulled.more
