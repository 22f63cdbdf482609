"""CSV files → rows with the line of each, their columns under one spelling."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from citynet.imports import sources
from citynet.imports.names import folded
from citynet.imports.report import Report, Where

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SEPARATORS = ",;\t"
"""What NetBox can be set to write between columns."""


class Row(NamedTuple):
    """A row: its cells by column, and its first line."""

    cells: dict[str, str]
    where: Where

    def get(self, *columns: str) -> str:
        """The first of these columns that is not empty."""
        return next((self.cells[column] for column in columns if self.cells.get(column)), "")


@dataclass(slots=True)
class Table:
    """A file: its columns ('Side A device' is `side_a_device`), where its header stands, its rows."""

    columns: list[str]
    where: Where
    rows: list[Row]


def read(file: Path, report: Report) -> Table | None:
    """Read a CSV file with a header; None when that cannot be, which the report then tells."""
    text = sources.text(file, report)
    if text is None:
        return None
    first = text.lstrip().split("\n", 1)[0]
    separator = max(SEPARATORS, key=first.count)
    records = _records(text, separator, str(file), report)
    header, where = next(records, ([], Where(str(file))))
    columns = [folded(cell).replace("-", "_") for cell in header]
    if len(columns) < 2:
        report.wrong(where, "has no header", "the names of the columns in its first line")
        return None
    table = Table(columns, where, [])
    for cells, at in records:
        if len(cells) != len(columns):
            report.faulty(at, f"a row has {len(cells)} cells", f"{len(columns)} as in the header")
            continue
        row: dict[str, str] = {}
        for column, cell in zip(columns, cells, strict=True):
            row.setdefault(column, cell.strip())
        table.rows.append(Row(row, at))
    return table


def _records(text: str, separator: str, file: str, report: Report) -> Iterator[tuple[list[str], Where]]:
    """The records that are not blank, each with its first line."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            report.wrong(Where(file, line), f"is no CSV: {error}")
            return
        if any(cell.strip() for cell in cells):
            yield cells, Where(file, line)
