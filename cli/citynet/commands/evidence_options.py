"""What the commands of `citynet evidence` share: what is asked for, and a word of progress."""

from __future__ import annotations

import enum
import sys
import time
from typing import TYPE_CHECKING, Annotated, Literal, Self

import typer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.evidence.reading import Wanted

ParticipantOption = Annotated[
    str | None, typer.Option("--participant", help="at either end of a flow; who an event is about")
]
IdentifierOption = Annotated[int | None, typer.Option("--identifier", min=0, help="data identifier; 0: none was seen")]
ClassName = Literal["public", "commercial", "important", "core"]
"""The words of `design.types.words.DataClass`, which would load the whole language of designs."""
ClassOption = Annotated[ClassName | None, typer.Option("--class", help="class of data; events have none")]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="date or time; the store's own unless it says another")
]
UntilOption = Annotated[str | None, typer.Option("--until", help="date or time; what began before")]
BorderOption = Annotated[str | None, typer.Option("--border", help="the device that saw it")]
UnmatchedOption = Annotated[
    bool, typer.Option("--unmatched", help="only flows that crossed though a policy does not allow them")
]
RefusedOption = Annotated[bool, typer.Option("--refused", help="only flows that were refused")]


class Kind(enum.StrEnum):
    """Flows, and the words of `evidence.event.EventKind`, which would load what checks records."""

    FLOW = "flow"
    ACCESS = "access"
    INTRUSION = "intrusion"
    OFFPATH = "offpath"
    PATH = "path"
    REFUSED = "refused"


KindOption = Annotated[list[Kind] | None, typer.Option("--kind", help="flows, or events of a kind; may be repeated")]
AlarmsOption = Annotated[bool, typer.Option("--alarms", help="only events that are alarms")]

_PATIENCE_S = 2.0


class Format(enum.StrEnum):
    """What flows and events are given out as."""

    JSON = "json"
    CSV = "csv"
    IPFIX = "ipfix"


def wanted(  # noqa: PLR0917 - as many as there are options
    utc_offset: int,
    participant: str | None,
    identifier: int | None,
    data_class: ClassName | None,
    since: str | None,
    until: str | None,
    border: str | None,
    *,
    unmatched: bool,
    seq: int | None = None,
    kinds: Iterable[str] | None = None,
    alarms: bool = False,
    refused: bool = False,
) -> Wanted:
    """The options as what is looked up."""
    from citynet.design.types.words import DataClass
    from citynet.evidence.days import moment_of
    from citynet.evidence.reading import Wanted

    return Wanted(
        participant,
        identifier,
        DataClass(data_class) if data_class else None,
        moment_of(since, utc_offset, "--since") if since else None,
        moment_of(until, utc_offset, "--until") if until else None,
        border,
        unmatched,
        seq,
        frozenset(kinds or ()),
        alarms,
        refused,
    )


class Quiet:
    """Says nothing for two seconds, then what goes on: in place on a terminal, a line every ten seconds elsewhere."""

    def __init__(self, *, silent: bool) -> None:
        from rich.console import Console

        self._console = Console(stderr=True)
        self._silent = silent
        self._status = self._console.status("")
        self._next = time.monotonic() + _PATIENCE_S

    def __enter__(self) -> Self:
        """Begin to count."""
        return self

    def __exit__(self, *_: object) -> None:
        """Take the words away."""
        self._status.stop()

    def pause(self) -> None:
        """Make room for a line of output."""
        self._status.stop()

    def say(self, text: str) -> None:
        """What goes on now."""
        if self._silent or time.monotonic() < self._next:
            return
        if self._console.is_terminal:
            self._status.update(text)
            self._status.start()
        else:
            sys.stderr.write(f"{text}\n")
            self._next = time.monotonic() + 10
