"""The chapter on encryption: levels, lines with ciphers, tunnels, key servers, and what is weaker than is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.proof import Area, prove
from citynet.reports import encryption as sealed
from citynet.reports.documents.markdown import Ready, code, codes, escape
from citynet.reports.documents.pages import Chapter, Section

if TYPE_CHECKING:
    from citynet.plan.model import Plan
    from citynet.reports.documents.chapters.book import Book

PAGE = "encryption.md"
_KEYS = {
    "QKD": "qkd",
    "vault": "vault",
    "certificates": "certificates",
    "certificates, PPK from QKD": "certificates_ppk",
}
"""The book's words for where keys come from."""


def encrypts(plan: Plan) -> bool:
    """Whether a plan encrypts anything."""
    return any(device.keys is not None for device in plan.devices.values())


def encryption(book: Book) -> Chapter:
    """The chapter."""
    return book.chapter("encryption", [_levels(book), _lines(book), _tunnels(book), _servers(book), *_gaps(book)])


def _levels(book: Book) -> Section:
    rows = []
    for name, domain in book.atlas.plan.domains.items():
        agents = [device.keys for device in book.atlas.plan.devices.values() if device.domain == name and device.keys]
        times = (agents[0].rotate_s, agents[0].hold_s) if agents else ("–", "–")
        rows.append([book.domain(name), book.level(domain), domain.encryption, domain.algorithms, *times])
    return Section(
        book.say("encryption_levels"),
        [escape(book.say("encryption_text"))],
        headings=book.columns("domain", "level", "encryption", "algorithms", "rotate", "hold"),
        rows=list(rows),
    )


def _lines(book: Book) -> Section:
    return Section(
        book.say("encryption_lines"),
        headings=book.columns("line", "a", "b", "cipher", "keys", "keyless"),
        rows=[
            [
                code(item.line),
                code(item.a),
                code(item.b),
                code(item.one.cipher),
                code(item.one.secret) if item.one.secret else book.say("qkd"),
                book.say("open" if item.one.open else "closed"),
            ]
            for item in sealed.lines(book.atlas.plan)
        ],
    )


def _tunnels(book: Book) -> Section:
    return Section(
        book.say("encryption_tunnels"),
        headings=book.columns("protection", "grade", "method", "cipher", "integrity", "keys", "ml_kem", "a", "b"),
        rows=[
            [
                code(item.one.name),
                item.one.grade,
                item.one.method,
                code(sealed.suite(item.one)),
                item.one.integrity_bits,
                book.say(_KEYS[sealed.keys(item.one)]),
                book.say("yes") if item.one.ml_kem else "–",
                _end(book, item.a, item.a_address),
                _end(book, item.b, item.b_address),
            ]
            for item in sealed.pairs(book.atlas.plan)
        ],
    )


def _end(book: Book, device: str, address: str) -> Ready:
    return Ready(f"{book.device(PAGE, device)} {code(address)}")


def _servers(book: Book) -> Section:
    return Section(
        book.say("encryption_servers"),
        headings=book.columns("site", "name", "url", "devices"),
        rows=[
            [code(site), code(one.name), code(one.url), codes(one.devices)]
            for site, one in book.atlas.plan.key_servers.items()
        ],
    )


def _gaps(book: Book) -> list[Section]:
    """What a proof finds, and what it notes; the words of both are English."""
    proof = prove(book.atlas.plan, [Area.ENCRYPTION])
    found = {(one.subject, one.what): result.claim for result in proof.results for one in result.refutations}
    notes = dict.fromkeys(note for result in proof.results for note in result.notes)
    return [
        Section(
            book.say("encryption_gaps"),
            headings=book.columns("claim", "what", "text"),
            rows=[[claim, subject, what] for (subject, what), claim in found.items()],
        ),
        Section(book.say("encryption_design"), headings=book.columns("what"), rows=[[note] for note in notes]),
    ]
