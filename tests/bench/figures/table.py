"""One figure: its values over some runs, beside what it must not exceed and what another way of doing it gives."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass
class Figure:
    """Values of one kind, in one unit; `most`/`least` is the bound, `beside` names what it is to be compared with."""

    case: str
    name: str
    unit: str = "ms"
    most: float | None = None
    least: float | None = None
    beside: str = ""
    values: list[float] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    trouble: str = ""

    def add(self, value: float, pause: float | None = None) -> None:
        """One run's value, and how long the machine itself paused during it."""
        self.values.append(value)
        if pause is not None:
            self.pauses.append(pause)

    @property
    def met(self) -> bool | None:
        """Whether every run kept the bound; None where there is none."""
        if self.most is None and self.least is None:
            return None
        return bool(self.values) and all(
            (self.most is None or value <= self.most) and (self.least is None or value >= self.least)
            for value in self.values
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready values."""
        return {**asdict(self), "met": self.met}


def dump(figures: list[Figure]) -> str:
    """Figures as JSON."""
    return json.dumps([figure.as_dict() for figure in figures], indent=1, ensure_ascii=False)


def load(text: str) -> list[Figure]:
    """Figures from JSON."""
    known = {item.name for item in fields(Figure)}
    return [Figure(**{key: value for key, value in one.items() if key in known}) for one in json.loads(text)]


def number(value: float) -> str:
    """A number for people."""
    return f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def spread(values: list[float]) -> str:
    """Least, median and greatest of some values."""
    if not values:
        return "–"
    found = [min(values), statistics.median(values), max(values)]
    return number(found[0]) if found[0] == found[2] else " / ".join(number(value) for value in found)


def bound(figure: Figure) -> str:
    """The bound for people."""
    if figure.most is not None:
        return f"≤ {number(figure.most)}"
    return "" if figure.least is None else f"≥ {number(figure.least)}"


WORD = {True: "yes", False: "NO", None: ""}


def rows(figures: list[Figure]) -> list[list[str]]:
    """The table's lines."""
    return [
        [
            figure.case,
            ("beside: " if figure.beside else "") + figure.name,
            spread(figure.values),
            figure.unit,
            bound(figure),
            WORD[figure.met] if not figure.trouble else "blocked",
            str(len(figure.values)),
            number(max(figure.pauses)) if figure.pauses else "",
        ]
        for figure in figures
    ]


HEADS = ["case", "figure", "min / median / max", "unit", "bound", "met", "runs", "worst pause (ms)"]


def markdown(figures: list[Figure]) -> str:
    """The table for the docs."""
    lines = ["| " + " | ".join(HEADS) + " |", "|---|---|---:|---|---|---|---:|---:|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows(figures)]
    return "\n".join([*lines, *(f"\n{reason}" for reason in troubles(figures))])


def troubles(figures: list[Figure]) -> list[str]:
    """Why figures could not be taken."""
    return [f"{figure.case}, {figure.name}: {figure.trouble}" for figure in figures if figure.trouble]


def show(figures: list[Figure]) -> None:
    """The table on a terminal."""
    table = Table(*HEADS, box=None, header_style="bold")
    for row in rows(figures):
        table.add_row(*row)
    Console(width=None if Console().is_terminal else 160).print(table)
    for reason in troubles(figures):
        print(reason)
