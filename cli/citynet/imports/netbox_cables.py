"""Cables of a NetBox → fibres between sites and lines between devices, through panels and optical devices."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from citynet.imports import measures
from citynet.imports.netbox_lines import Cable, End, Lines
from citynet.imports.topology import Span

if TYPE_CHECKING:
    from citynet.imports.csv_tables import Row, Table
    from citynet.imports.netbox import Inventory
    from citynet.imports.report import Report

NO_NETWORK = ("power", "console", "usb")
"""Kinds of termination that carry no traffic (NetBox: dcim.powerport, dcim.consoleport …)."""
MOST_ENDS = 8
"""Most devices at one end of a breakout cable."""


class Cables:
    """Reads cables and adds spans and wires to the topology of an inventory."""

    def __init__(self, inventory: Inventory, report: Report) -> None:
        self.inventory, self.topology, self.report = inventory, inventory.topology, report
        self.names = {name.lower(): name for name in [*inventory.site_of, *inventory.gone]}
        self.cables: list[Cable] = []

    def add(self, table: Table) -> None:
        """Take all rows over."""
        if not any(self.columns(side, "device") & set(table.columns) for side in "ab") and any(
            column.endswith("_id") for column in table.columns
        ):
            hint = "in NetBox 2.10 and older export through a template, in newer ones show the columns Device A and B"
            self.report.wrong(
                table.where, "the cables name no devices, only numbers", "columns Device A, Device B", hint
            )
            return
        for row in table.rows:
            self.row(row)
        Lines(self.inventory, self.report, self.cables).add()

    @staticmethod
    def columns(side: str, what: str) -> set[str]:
        """The columns that may say this of a side."""
        spellings = {
            "device": ("side_{}_device", "device_{}", "side_{}", "{}_device"),
            "port": ("side_{}_name", "termination_{}", "{}_terminations", "{}_termination", "termination_{}_name"),
            "type": ("side_{}_type", "termination_{}_type"),
        }
        return {spelling.format(side) for spelling in spellings[what]}

    def row(self, row: Row) -> None:
        """One cable."""
        what = f"cable '{row.get('label', 'id')}'" if row.get("label", "id") else "a cable"
        kinds = [row.get(*self.columns(side, "type")).lower() for side in "ab"]
        status = row.get("status").lower()
        if status in {"decommissioning", "decommissioned"}:
            self.report.leave(row.where, f"{what} is {status}")
            return
        if any(word in kind for word in NO_NETWORK for kind in kinds):
            self.report.leave(row.where, f"{what} carries no traffic ({' to '.join(kinds)})")
            return
        a, b = (self.ends(row, side, what) for side in "ab")
        if a is None or b is None:
            return
        if len(a) > 1 and len(b) > 1:
            self.report.faulty(row.where, f"{what} has several devices at both sides", "one device at one side")
            return
        for one in a:
            for other in b:
                self.cable(one, other, row, what)

    def ends(self, row: Row, side: str, what: str) -> list[End] | None:
        """The devices at one side; None when the cable cannot be taken over, which the report then tells."""
        said, ports = row.get(*sorted(self.columns(side, "device"))), row.get(*sorted(self.columns(side, "port")))
        if not said and not ports:
            self.report.leave(row.where, f"{what} ends nowhere at side {side.upper()}")
            return None
        names = self.devices(said or ports, only_port=not said)
        if names is None:
            shown = said or ports
            hint = "" if said else "show the columns Device A and Device B before exporting"
            self.report.faulty(row.where, f"{what} ends at '{shown}', which is no device", "the name of a device", hint)
            return None
        gone = next((name for name in names if name in self.inventory.gone), None)
        if gone is not None:
            self.report.leave(row.where, f"{what} ends at '{gone}', which is left out")
            return None
        if len(names) > MOST_ENDS:
            self.report.faulty(row.where, f"{what} ends at {len(names)} devices", f"{MOST_ENDS} at most")
            return None
        return [End(name, ports if len(names) == 1 else "") for name in names]

    def devices(self, text: str, *, only_port: bool) -> list[str] | None:
        """The devices that a cell names; None when one of them is unknown."""
        if text.lower() in self.names:
            return [self.names[text.lower()]]
        if only_port:
            before = re.split(r"\s*[:>]\s*", text, maxsplit=1)[0].lower()
            return [self.names[before]] if before in self.names else None
        parts = [part.strip().lower() for part in text.split(",")]
        if len(parts) == 1 or any(part not in self.names for part in parts):
            return None
        return list(dict.fromkeys(self.names[part] for part in parts))

    def cable(self, one: End, other: End, row: Row, what: str) -> None:
        """A cable between two ends; between two sites it is a fibre."""
        if one.device == other.device:
            self.report.faulty(row.where, f"{what} joins device '{one.device}' to itself", "two devices")
            return
        sites = [self.inventory.site_of[end.device] for end in (one, other)]
        unit = row.get("length_unit")
        length = measures.length_km(row.get("length") or None, unit, what, row.where, self.report)
        number = -1
        if sites[0] != sites[1]:
            number = len(self.topology.spans)
            self.topology.spans.append(Span(sites[0], sites[1], row.where, length or None))
        self.cables.append(Cable(one, other, number, row.where))
