"""Progress for whatever takes long: bars on a terminal, one line a stage elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Iterator


_LONG = 50  # steps


class TellWhat(Protocol):
    """Hears how something named goes on."""

    def __call__(self, what: str, stage: str, done: int = 0, total: int = 0) -> None:
        """`total` 0 means that nobody knows how much there is to do."""


@contextmanager
def progress(*, hidden: bool = False) -> Iterator[TellWhat]:
    """Somewhere to tell progress to, on standard error; safe to call from threads."""
    if hidden:
        yield lambda what, stage, done=0, total=0: None  # noqa: ARG005
    elif not sys.stderr.isatty():
        yield _Lines()
    else:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            yield _Bars(bars)


class _Lines:
    """A line for each stage, and for each tenth of a stage whose size is known and that is long."""

    def __init__(self) -> None:
        self._last: dict[str, str] = {}

    def __call__(self, what: str, stage: str, done: int = 0, total: int = 0) -> None:
        tenths = f" {done * 10 // total * 10} %" if total >= _LONG else ""
        if self._last.get(what) != stage + tenths:
            self._last[what] = stage + tenths
            sys.stderr.write(f"{what}: {stage}{tenths}\n")
            sys.stderr.flush()


class _Bars:
    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, what: str, stage: str, done: int = 0, total: int = 0) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=None)
        self._bars.update(self._tasks[what], description=f"{what}: {stage}", completed=done, total=total or None)
