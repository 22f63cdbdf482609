"""A draft → the text of its files, with what was guessed said beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml

from citynet.design.types import Role
from citynet.imports.draft import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from citynet.imports.draft import Device, Draft, Fibre, Link, Site

SMALL = 20
"""A design of so many devices, or fewer, is one file."""
DOMAINS = {
    "government": ("政务域", 65001, "fd01:1::/32", "10.1.0.0/16", "10.11.0.0/20", "fd11::/48"),
    "cross": ("跨域流通网", 65002, "fd02:2::/32", "10.2.0.0/16", "10.12.0.0/20", "fd12::/48"),
}
"""Title, AS number (private use: RFC 6996), locators (unique local: RFC 4193), router identifiers, service blocks."""


def texts(draft: Draft, source: str, guessed: Iterable[str]) -> dict[str, str]:
    """The files of a design by their path in its folder.

    Args:
        draft: What to write.
        source: Where it came from, for the first line.
        guessed: What was chosen because the source does not say it.
    """
    parts = {
        "1-domains": "\n".join([*_head(draft, source, guessed), *_domains(draft)]),
        "2-sites": "\n".join(_section("sites", map(_site, draft.sites))),
        "3-fibres": "\n".join(_section("fibres", map(_fibre, draft.fibres))),
        "4-devices": "\n".join(_section("devices", map(_device, draft.devices))),
        "5-links": "\n".join(_links(draft)),
        "6-services": "\n".join(_services(draft)),
    }
    if len(draft.devices) <= SMALL:
        return {"design.yml": "\n\n".join(parts.values()) + "\n"}
    return {f"design/{name}.yml": text + "\n" for name, text in parts.items()}


def plain(name: str) -> str:
    """A name as YAML reads it back: 'no' and 'on' are no names to YAML."""
    return name if yaml.SafeLoader.yaml_implicit_resolvers.get(name[0]) is None or _is_text(name) else f'"{name}"'


def _is_text(name: str) -> bool:
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers.get(name[0], [])
    return not any(pattern.match(name) for _, pattern in resolvers)


def quoted(text: str) -> str:
    """A text as a double-quoted YAML scalar, which JSON's strings are too."""
    return json.dumps(text, ensure_ascii=False)


def _names(names: Iterable[str]) -> str:
    return "[" + ", ".join(map(plain, names)) + "]"


def _flow(pairs: Iterable[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in pairs if value) + "}"


def _degrees(angle: float) -> str:
    """To the sixth decimal: a tenth of a metre."""
    return f"{angle:.6f}".rstrip("0").rstrip(".")


def _section(key: str, rows: Iterable[tuple[str, str]], empty: str = "{}") -> Iterator[str]:
    """A section: rows of text and comment."""
    lines = [text + (f"  # {comment}" if comment else "") for text, comment in rows]
    yield f"{key}:" if lines else f"{key}: {empty}"
    yield from (f"  {line}" for line in lines)


def _head(draft: Draft, source: str, guessed: Iterable[str]) -> Iterator[str]:
    yield f"# A starting design, imported from {source}. What the source does not say, and what was chosen:"
    yield from (f"# - {line}" for line in guessed)
    yield "# - AS numbers, locators, router identifiers and the level L1 stand for your own."
    yield "# - Risk groups of fibres (ducts, bridges) are not in the source: protection counts on them, so add them."
    yield f"city: {plain(draft.city)}"
    yield f"title: {quoted(draft.title)}"
    yield ""


def _domains(draft: Draft) -> Iterator[str]:
    yield "domains:"
    for domain in draft.domains:
        name, asn, locators, router_ids, *_ = DOMAINS[domain]
        yield f"  {domain}:"
        yield f"    title: {name}"
        yield "    level: L1"
        yield f"    asn: {asn}"
        yield f"    locators: {locators}"
        yield f"    router_ids: {router_ids}"


def _site(site: Site) -> tuple[str, str]:
    place = "" if site.place is None else _flow(zip(("lat", "lon"), map(_degrees, site.place), strict=True))
    return f"{plain(site.name)}: {_flow([('title', quoted(site.title)), ('place', place)])}", site.comment


def _fibre(fibre: Fibre) -> tuple[str, str]:
    return (
        f"{plain(fibre.name)}: "
        + _flow(
            [
                ("between", _names([fibre.a, fibre.b])),
                ("length_km", f"{fibre.length_km:.6g}"),
                ("loss_db", "" if fibre.loss_db is None else f"{fibre.loss_db:.6g}"),
                ("risk_groups", _names(fibre.risk_groups) if fibre.risk_groups else ""),
            ]
        ),
        fibre.comment,
    )


def _device(device: Device) -> tuple[str, str]:
    values = [
        ("domain", device.domain),
        ("role", str(device.role)),
        ("site", plain(device.site)),
        ("plane", device.plane),
    ]
    return f"{plain(device.name)}: {_flow(values)}", device.comment


def _link(link: Link) -> tuple[str, str]:
    values = [
        ("between", _names([link.a, link.b])),
        ("fibres", _names(link.fibres) if link.fibres else ""),
        ("rate_gbps", "" if link.rate_gbps is None else str(link.rate_gbps)),
    ]
    return f"- {_flow(values)}", link.comment


def _links(draft: Draft) -> Iterator[str]:
    if not any(draft.links.values()):
        yield "links: []"
        return
    yield "links:"
    for domain, links in draft.links.items():
        yield f"  # {domain} domain"
        yield from list(_section("", map(_link, links)))[1:]


def _services(draft: Draft) -> Iterator[str]:
    """A sketch of what comes next, in comments: participants, a service for each domain, the interconnect."""
    yield "# Who takes part, and what for, is not in the source. A sketch: take the '#' away and these two lines out."
    yield "participants: {}"
    yield "services: {}"
    sketch: list[str] = ["participants:"]
    services, borders = ["services:"], []
    for domain in draft.domains:
        short, ends = PREFIX[domain], draft.of(domain, Role.EDGE) or draft.of(domain, Role.BORDER)
        if not ends:
            continue
        people = [(f"{short}-provider", "provider", ends[0]), (f"{short}-user", "user", ends[-1])]
        sketch += [f"  {who}: {{kind: {kind}, title: {kind} in the {domain} domain}}" for who, kind, _ in people]
        *_, ipv4, ipv6 = DOMAINS[domain]
        values = [("domain", domain), ("vrf", f"{short}-data"), ("ipv4", ipv4), ("ipv6", ipv6)]
        services += [f"  {short}-data:", *(f"    {key}: {value}" for key, value in values), "    ends:"]
        services += [
            f"      - {_flow([('participant', who), ('device', plain(device.name)), ('host', f'{who}-1')])}"
            for who, _, device in people
        ]
        borders += draft.of(domain, Role.BORDER)[:1]
    if len(services) > 1:
        yield from (f"#{line}" for line in [*sketch, *services, *_interconnect(borders)])


def _interconnect(borders: list[Device]) -> list[str]:
    if len(borders) < 2:
        return []
    flow = _flow([("source", "cross-user"), ("destination", "gov-provider"), ("protocol", "tcp"), ("ports", "[8443]")])
    return [
        "interconnects:",
        "  guard:",
        f"    between: {_names(border.name for border in borders)}",
        f"    services: {_names(f'{PREFIX[border.domain]}-data' for border in borders)}",
        f"    allow: [{flow}]",
    ]
