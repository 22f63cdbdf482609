"""The fibre layer: sites, the fibres between them, and which of them share a risk group."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from citynet.levels.text import Text, t
from citynet.reports.documents.pictures.grouping import group_sites, merged
from citynet.reports.documents.pictures.labels import place_labels
from citynet.reports.documents.pictures.layout import lay_out
from citynet.reports.documents.pictures.model import DOMAIN_FILL, HALOS, NEUTRAL, Edge, Mark, Node, Picture, clipped
from citynet.reports.documents.words import LABELS
from citynet.reports.documents.words_of_pictures import PICTURES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import PlannedFibre
    from citynet.reports.documents.atlas import Atlas
    from citynet.reports.documents.pictures.grouping import Grouping

_LABELLED = 90
"""Lengths are written on the fibres while there are no more of them."""


def fibre_picture(atlas: Atlas) -> Picture:
    """The picture of all sites and fibres."""
    grouping = group_sites(atlas, list(atlas.plan.sites))
    nodes = _nodes(atlas, grouping)
    shared = [group for group, fibres in atlas.groups.items() if len(fibres) > 1]
    colours = {group: HALOS[number] for number, group in enumerate(shared[: len(HALOS)])}
    edges = _fibres(atlas, colours) if grouping.note is None else _bundles(atlas, grouping)
    picture = Picture(LABELS["fibre_layer"], nodes, edges)
    placed = any(node.latlon is not None for node in nodes.values())
    picture.notes = [
        PICTURES["pic_by_place" if placed else "pic_by_links"],
        *([grouping.note] if grouping.note else []),
    ]
    picture.legend = list(_legend(atlas, grouping, colours if grouping.note is None else {}))
    lay_out(picture)
    place_labels(picture)
    return picture


def fills(domains: list[str]) -> tuple[str, ...]:
    """The colours of the domains that something is in; two at most."""
    return tuple(DOMAIN_FILL.get(name, NEUTRAL) for name in domains[:2]) or (NEUTRAL,)


def _nodes(atlas: Atlas, grouping: Grouping) -> dict[str, Node]:
    counts: dict[str, Counter[str]] = {key: Counter() for key in grouping.groups}
    sites: Counter[str] = Counter(grouping.of.values())
    for site, key in grouping.of.items():
        counts[key].update(device.domain for device in atlas.at[site])
    nodes = {}
    for key, group in grouping.groups.items():
        total = counts[key].total()
        domains = [name for name in atlas.plan.domains if counts[key][name]]
        name = key if group.title == key else f"{key} {group.title}"
        together = "" if grouping.note is None else f" · {sites[key]}"
        nodes[key] = Node(
            key,
            clipped(group.title, 12),
            _both(f"{name}{together} · ", "pic_devices", total),
            size=11 if total < 100 else 3 + 4.2 * len(str(total)),
            fills=fills(domains),
            inside=str(total) if total else "",
            inside_ink="#ffffff" if domains == ["government"] else "#16202c",
            latlon=group.latlon,
        )
    return nodes


def _both(start: str, word: str, count: int) -> Text:
    return t(start + PICTURES[word].en.format(count=count), start + PICTURES[word].zh.format(count=count))


def _fibres(atlas: Atlas, colours: dict[str, str]) -> list[Edge]:
    ends = Counter((min(f.a, f.b), max(f.a, f.b)) for f in atlas.plan.fibres.values())
    seen: Counter[tuple[str, str]] = Counter()
    labelled = len(atlas.plan.fibres) <= _LABELLED
    edges = []
    for fibre in atlas.plan.fibres.values():
        pair = (min(fibre.a, fibre.b), max(fibre.a, fibre.b))
        bend = (seen[pair] - (ends[pair] - 1) / 2) * 16
        seen[pair] += 1
        halo = next((colours[group] for group in fibre.risk_groups if group in colours), "")
        edges.append(
            Edge(
                *pair,
                tip=t(_told(fibre)),
                label=f"{fibre.length_km:g}" if labelled else "",
                width=1.8,
                halo=halo,
                bend=bend,
            )
        )
    return edges


def _told(fibre: PlannedFibre) -> str:
    loss = f" · {fibre.loss_db:g} dB" if fibre.loss_db is not None else ""
    groups = f" · {' '.join(fibre.risk_groups)}" if fibre.risk_groups else ""
    return f"{fibre.name}: {fibre.a} – {fibre.b} · {fibre.length_km:g} km{loss}{groups}"


def _bundles(atlas: Atlas, grouping: Grouping) -> list[Edge]:
    counted = merged([(grouping.of[fibre.a], grouping.of[fibre.b]) for fibre in atlas.plan.fibres.values()])
    return [
        Edge(a, b, _both(f"{a} – {b} · ", "pic_fibres", count), width=min(5.0, 1.2 + count * 0.3))
        for (a, b), count in counted.items()
    ]


def _legend(atlas: Atlas, grouping: Grouping, colours: dict[str, str]) -> Iterator[Mark]:
    alone = grouping.note is None
    meaning = PICTURES["pic_site" if alone else "pic_group"]
    yield Mark(meaning, node=Node("", "", meaning, size=9, fills=(NEUTRAL,), inside="3"))
    for name, domain in atlas.plan.domains.items():
        yield Mark(t(domain.title or name), node=Node("", "", meaning, size=9, fills=fills([name])))
    yield Mark(PICTURES["pic_fibre" if alone else "pic_bundle"], edge=Edge("", "", meaning, width=1.8))
    for group, colour in colours.items():
        text = PICTURES["pic_shared"]
        yield Mark(t(f"{text.en}: {group}", f"{text.zh}：{group}"), edge=Edge("", "", meaning, halo=colour))
