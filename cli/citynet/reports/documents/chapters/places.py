"""Chapter 2: sites, zones, fibres and risk groups."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from citynet.reports.documents.chapters.book import measure
from citynet.reports.documents.markdown import Ready, code, codes, escape, picture
from citynet.reports.documents.pages import Chapter, Section
from citynet.reports.documents.words import ZONE_KINDS

if TYPE_CHECKING:
    from citynet.reports.documents.chapters.book import Book

HOUSED = 12
"""So many devices of a site are named in the table of sites."""


def places(book: Book) -> Chapter:
    """The chapter."""
    return book.chapter("sites", [_map(book), _zones(book), _sites(book), _fibres(book), _groups(book)])


def _map(book: Book) -> Section:
    return Section(book.say("fibre_layer"), [picture(book.say("fibre_layer"), "topology/fibre.svg")])


def _zones(book: Book) -> Section:
    plan = book.atlas.plan
    housed = Counter(site.zone for site in plan.sites.values())
    return Section(
        book.say("zones"),
        headings=book.columns("zone", "kind", "within", "sites"),
        rows=[
            [
                book.named(zone.name, zone.title),
                book.kind(ZONE_KINDS, zone.kind),
                code(zone.within) or "–",
                housed[zone.name],
            ]
            for zone in plan.zones.values()
        ],
    )


def _sites(book: Book) -> Section:
    atlas = book.atlas
    return Section(
        book.say("sites"),
        [escape(book.say("sites_text"))],
        book.columns("site", "zone", "latitude", "longitude", "devices"),
        [
            [
                book.named(site.name, site.title),
                code(site.zone) or "–",
                *([f"{degrees:g}" for degrees in site.place] or ["–", "–"]),
                _housed(book, site.name),
            ]
            for site in atlas.plan.sites.values()
        ],
    )


def _housed(book: Book, site: str) -> Ready:
    """The devices of a site, the first of them where they are many."""
    devices = book.atlas.at[site]
    shown = [book.device("sites.md", device.name) for device in devices[:HOUSED]]
    if len(devices) > HOUSED:
        shown.append(escape(book.say("more", count=len(devices) - HOUSED)))
    return Ready(" ".join(shown))


def _fibres(book: Book) -> Section:
    atlas = book.atlas
    return Section(
        book.say("fibres"),
        [escape(book.say("fibres_text"))],
        book.columns("fibre", "ends", "length", "loss", "capacity", "risk_groups", "lines"),
        [
            [
                code(fibre.name),
                codes([fibre.a, fibre.b]),
                measure(fibre.length_km),
                measure(fibre.loss_db),
                measure(fibre.capacity_gbps),
                codes(fibre.risk_groups) or "–",
                len(atlas.lines_on[fibre.name]),
            ]
            for fibre in atlas.plan.fibres.values()
        ],
    )


def _groups(book: Book) -> Section:
    atlas = book.atlas
    return Section(
        book.say("risk_groups"),
        [escape(book.say("risk_groups_text"))],
        book.columns("risk_group", "fibres", "lines"),
        [
            [
                code(group),
                book.some(fibres),
                len({line.name for fibre in fibres for line in atlas.lines_on[fibre]}),
            ]
            for group, fibres in atlas.groups.items()
        ],
    )
