"""From files of another tool to the text of a design."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.imports import draft as drafts
from citynet.imports import gnpy, graphml, netbox, routers, writing
from citynet.imports.names import title
from citynet.imports.netbox_roles import Roles
from citynet.imports.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from citynet.imports.draft import Draft, Options
    from citynet.imports.topology import Topology


@dataclass(slots=True)
class Imported:
    """The files of a starting design by their path, what stands in them, and what became of the source."""

    texts: dict[str, str]
    draft: Draft
    report: Report = field(default_factory=Report)


def read(kind: str, files: list[Path], options: Options, roles: list[str], *, lenient: bool = False) -> Imported:
    """Make a starting design; nothing is written.

    Args:
        kind: `graphml`, `gnpy` or `netbox-csv`.
        files: Files of that kind.
        options: What the user decides.
        roles: `WORD=ROLE` each, for NetBox's roles.
        lenient: Leave single things that are wrong out instead of refusing the source.

    Raises:
        InputError: Everything wrong with the files.
    """
    readers: dict[str, Callable[[list[Path], Report], Topology | None]] = {
        "graphml": graphml.read,
        "gnpy": gnpy.read,
        "netbox-csv": lambda found, report: netbox.read(found, report, Roles(roles)),
    }
    report = Report(lenient)
    topology = readers[kind](files, report)
    report.findings.raise_if_any()
    if topology is None:
        raise AssertionError("a source that gives no topology has problems")
    if not topology.names_devices:
        routers.one_each(topology, report)
        report.findings.raise_if_any()
    routers.largest_part(topology, report)
    draft = drafts.make(topology, options, report)
    report.left_out.sort()
    said = [f"{what} ({len(of)})" for what, of in report.guessed.items()]
    return Imported(writing.texts(draft, title(", ".join(file.name for file in files)), said), draft, report)
