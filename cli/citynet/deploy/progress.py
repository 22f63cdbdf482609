"""What a run looks like while it goes on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from types import TracebackType

_COLOURS = {"changed": "yellow", "ok": "green", "failed": "red", "unreachable": "red"}


class Watcher:
    """Shows events on the standard error: a bar per wave on a terminal, a line per device elsewhere."""

    def __init__(self, *, silent: bool) -> None:
        self._console = Console(stderr=True, quiet=silent, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            disable=silent or not self._console.is_terminal,
        )
        self._started = time.monotonic()
        self._play: Any = None

    def __enter__(self) -> Self:
        """Begin to show."""
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop showing."""
        self._progress.stop()

    def __call__(self, event: dict[str, Any]) -> None:
        """Show one event."""
        if event["event"] == "play" and event["hosts"]:
            self._play = self._progress.add_task(event["name"], total=event["hosts"])
            if not self._console.is_terminal:
                self._console.print(f"{event['name']} ({event['hosts']})")
        elif event["event"] == "result" and event["status"] != "skipped" and event["action"].startswith("citynet."):
            self._result(event)

    def _result(self, event: dict[str, Any]) -> None:
        if self._play is not None:
            self._progress.advance(self._play)
        failed = event["status"] in {"failed", "unreachable"}
        if failed or not self._console.is_terminal:
            colour = _COLOURS.get(event["status"], "")
            text = f"{time.monotonic() - self._started:6.1f} s  {event['host']}: {event['status']}"
            self._console.print(
                f"{text}  {event['msg']}" if failed and event.get("msg") else text, style=colour, markup=False
            )
