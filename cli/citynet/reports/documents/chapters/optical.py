"""Chapter 9, of cities that plan their light: lit paths, ODUs, services, amplifiers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.plan.model.optical import SLOT_GHZ
from citynet.reports.documents.chapters.book import measure
from citynet.reports.documents.markdown import Ready, code, codes, escape, picture
from citynet.reports.documents.pages import Chapter, Section

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import OpticalPlan
    from citynet.reports.documents.chapters.book import Book

CHART = "topology/spectrum.svg"
PATH_COLUMNS = ("lit_path", "fibres", "length", "frequency", "width", "mode", "gsnr", "margin", "risk_groups")


def optical(book: Book, light: OpticalPlan) -> Chapter:
    """The chapter."""
    title = book.say("spectrum")
    chart = Section(title, [escape(book.say("light_text")), picture(title, CHART)])
    return book.chapter(
        "optical", [chart, _services(book, light), _paths(book, light), _odus(book, light), _amplifiers(book, light)]
    )


def _services(book: Book, light: OpticalPlan) -> Section:
    return Section(
        book.say("light_services"),
        headings=book.columns("service", "domain", "a", "b", "class", "odu", "working", "other_path", "delay"),
        rows=[
            [
                code(service.name),
                book.domain(service.domain),
                code(service.a.site),
                code(service.b.site),
                service.protection_class,
                code(service.odu),
                codes(service.working),
                codes([*service.protection, *service.restoration]) or "–",
                measure(service.delay_us),
            ]
            for service in light.services.values()
        ],
    )


def _paths(book: Book, light: OpticalPlan) -> Section:
    return Section(
        book.say("lit_paths"),
        headings=book.columns(*PATH_COLUMNS),
        rows=[
            [
                code(path.name),
                codes(path.fibres),
                measure(path.length_km),
                f"{path.frequency_thz:.5f}",
                measure(path.slots * SLOT_GHZ),
                f"{path.transceiver} {path.mode}",
                f"{path.gsnr_db:.2f}",
                f"{path.margin_db:.2f}",
                codes(path.risk_groups) or "–",
            ]
            for path in light.lit_paths.values()
        ],
    )


def _odus(book: Book, light: OpticalPlan) -> Section:
    return Section(
        book.say("odu_trunks"),
        headings=book.columns("lit_path", "odu", "service", "odu", "slots"),
        rows=list(_members(light)),
    )


def _members(light: OpticalPlan) -> Iterator[list[object]]:
    for trunk in light.trunks.values():
        outer = [code(trunk.name), f"{trunk.odu} ({trunk.slots} × {trunk.slot_gbps:g}G)"]
        for member in trunk.members:
            yield [*outer, code(member.service), member.odu, _run(member.first_slot, member.slots)]
        for fine in trunk.fine:
            yield [*outer, code(fine.name), fine.odu, _run(fine.first_slot, fine.slots)]
            inner = [code(fine.name), f"{fine.odu} ({fine.fine_slots} × {fine.fine_slot_mbps:g}M)"]
            for member in fine.members:
                yield [*inner, code(member.service), member.odu, _run(member.first_slot, member.slots)]


def _run(first: int, count: int) -> str:
    return str(first) if count == 1 else f"{first}–{first + count - 1}"


def _amplifiers(book: Book, light: OpticalPlan) -> Section:
    return Section(
        book.say("amplified"),
        headings=book.columns("amplifier", "kind", "at", "site", "gain"),
        rows=[
            [
                code(amplifier.name),
                amplifier.kind,
                measure(amplifier.at_km),
                code(amplifier.site) if amplifier.site else Ready("–"),
                f"{amplifier.gain_db:g}, {amplifier.back_gain_db:g}",
            ]
            for fibre in light.fibres.values()
            for amplifier in fibre.amplifiers
        ],
    )
