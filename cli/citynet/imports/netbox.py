"""CSV exports of NetBox: sites, devices and cables, by whichever names its versions give the columns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.design.types import Role
from citynet.errors import did_you_mean
from citynet.imports import csv_tables, measures
from citynet.imports.netbox_cables import Cables
from citynet.imports.netbox_roles import Other, Roles
from citynet.imports.report import Report, Where
from citynet.imports.topology import Box, Spot, Topology

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.imports.csv_tables import Row, Table

GONE = {"decommissioning", "retired", "inventory", "decommissioned"}
"""States in which a site, device or cable is not, or no longer, in the network."""
ROLE = ("role", "device_role")
MOST_HINTS = 20
"""Unknown sites for which the nearest known one is looked up, which takes a while."""
SITES_SAY = {"latitude", "slug", "region", "facility", "physical_address", "time_zone", "asns", "group"}


@dataclass(slots=True)
class Inventory:
    """What is known of the devices while cables are read.

    Attributes:
        site_of: Every device, those that do not route too → key of its spot.
        passive: Devices that a line may run through.
        gone: Devices left out on purpose.
    """

    topology: Topology
    site_of: dict[str, str] = field(default_factory=dict)
    passive: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)


def read(files: list[Path], report: Report, roles: Roles) -> Topology | None:
    """Read the files in any order; None when that cannot be, which the report then tells."""
    tables: dict[str, Table] = {}
    for file in files:
        table = csv_tables.read(file, report)
        kind = _kind(table, report) if table else None
        if table and kind in tables:
            report.wrong(table.where, f"is a second file of {kind}", "one file each", f"first {tables[kind].where}")
        elif table and kind:
            tables[kind] = table
    if report.findings.problems and not {"devices", "cables"} <= tables.keys():
        return None
    for kind in ("devices", "cables"):
        if kind not in tables:
            report.wrong(Where(str(files[0])), f"there is no file of {kind}", "exports of sites, devices and cables")
    if not {"devices", "cables"} <= tables.keys():
        return None
    inventory = Inventory(Topology(files[0].resolve().parent.name, names_devices=True))
    names = _sites(tables.get("sites"), inventory, report)
    _Devices(inventory, names, report, roles, known="sites" in tables).add(tables["devices"])
    Cables(inventory, report).add(tables["cables"])
    routers = any(box.role is not Role.OPTICAL for box in inventory.topology.boxes.values())
    if not routers and not report.findings.problems:
        report.wrong(tables["devices"].where, "holds no device that routes", "--role WORD=ROLE for what routes")
    return inventory.topology


def _kind(table: Table, report: Report) -> str | None:
    columns = set(table.columns)
    if any("termination" in column or column.startswith(("side_a", "device_a")) for column in columns):
        return "cables"
    if "name" in columns and "site" in columns:
        if not columns & set(ROLE):
            report.wrong(table.where, "the devices have no column of their role", "Role")
            return None
        return "devices"
    if "name" in columns and columns & SITES_SAY:
        return "sites"
    hint = "devices have Name, Role and Site; sites Name, Latitude and Longitude; cables Device A and Device B"
    report.wrong(table.where, "is no export of sites, devices or cables", "columns that NetBox writes", hint)
    return None


def gone(row: Row, what: str, report: Report) -> bool:
    """Whether the state of a row says that it is not in the network; the report then tells."""
    status = row.get("status").lower()
    if status in GONE:
        report.leave(row.where, f"{what} is {status}")
    return status in GONE


def _sites(table: Table | None, inventory: Inventory, report: Report) -> dict[str, str]:
    """Take the sites over; returns every name of a site in small letters → its key."""
    names: dict[str, str] = {}
    for row in table.rows if table else []:
        name, what = row.get("name", "slug"), f"site '{row.get('name', 'slug')}'"
        if not name:
            report.faulty(row.where, "a site has no name", "a name for each site")
        elif name.lower() in names:
            report.faulty(row.where, f"{what} stands twice", "each name once")
        else:
            names |= dict.fromkeys({name.lower(), row.get("slug").lower() or name.lower()}, name)
            place = measures.place(row.cells.get("latitude"), row.cells.get("longitude"), what, row.where, report)
            if not gone(row, what, report):
                inventory.topology.spots[name] = Spot(name, name, row.where, place)
    return names


class _Devices:
    """Turns rows of devices into boxes."""

    def __init__(
        self, inventory: Inventory, names: dict[str, str], report: Report, roles: Roles, *, known: bool
    ) -> None:
        self.inventory, self.names, self.report, self.roles = inventory, names, report, roles
        self.sites_known = known
        self.seen: dict[str, Where] = {}
        self.hinted: set[str] = set()

    def add(self, table: Table) -> None:
        """Take all rows over."""
        for row in table.rows:
            name = row.get("name") or f"{row.get(*ROLE) or 'device'} in {row.get('site')}, line {row.where.line}"
            if name.lower() in self.seen:
                first = f"first in {self.seen[name.lower()]}"
                self.report.faulty(row.where, f"device '{name}' stands twice", "each name once", first)
                continue
            self.seen[name.lower()] = row.where
            if gone(row, f"device '{name}'", self.report):
                self.inventory.gone.add(name)
            else:
                self.device(name, row)

    def device(self, name: str, row: Row) -> None:
        """A row with a name of its own."""
        site = self.site(name, row)
        if site is None:
            self.inventory.gone.add(name)
            return
        self.inventory.site_of[name] = site
        said = row.get(*ROLE)
        meaning = self.roles.meaning(said)
        if isinstance(meaning, Role):
            guess = "a plain router or switch is taken for an edge device" if self.roles.is_plain(said) else ""
            self.inventory.topology.boxes[name] = Box(name, name, site, meaning, row.where, guess)
        elif meaning is None:
            hint = f"--role '{said}=edge' takes it over" if said else "it has no role"
            self.report.leave(row.where, f"device '{name}' has the unknown role '{said}'; {hint}")
        elif meaning is Other.SKIP:
            self.report.leave(row.where, f"device '{name}' does not route (role '{said}')")
        if meaning in {Other.PASSIVE, Role.OPTICAL}:
            self.inventory.passive.add(name)

    def site(self, name: str, row: Row) -> str | None:
        """The key of the device's spot; None when it has none, which the report then tells."""
        said = row.get("site")
        spots = self.inventory.topology.spots
        if not self.sites_known and said:
            spots.setdefault(said, Spot(said, said, row.where))
            return said
        key = self.names.get(said.lower(), "")
        if key in spots:
            return key
        if key:
            self.report.leave(row.where, f"device '{name}' is in site '{said}', which is left out")
        else:
            hint = ""
            if len(self.hinted) < MOST_HINTS and said not in self.hinted:
                self.hinted.add(said)
                hint = did_you_mean(said.lower(), list(self.names)[:1000])
            self.report.faulty(row.where, f"device '{name}' is in the unknown site '{said}'", "a site", hint)
        return None
