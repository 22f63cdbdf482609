"""The IP layer of a domain: devices and links; of a plane: what is left when the other plane is gone."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from citynet.levels.text import Text, t
from citynet.reports.documents.pictures.grouping import group_devices, merged
from citynet.reports.documents.pictures.labels import place_labels
from citynet.reports.documents.pictures.layout import lay_out
from citynet.reports.documents.pictures.model import (
    DOMAIN_FILL,
    DOMAIN_INK,
    DOMAIN_STROKE,
    GUARD,
    NEUTRAL,
    PAPER,
    Edge,
    Mark,
    Node,
    Picture,
    clipped,
)
from citynet.reports.documents.words import LABELS
from citynet.reports.documents.words_of_pictures import PICTURES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Device, Line
    from citynet.reports.documents.atlas import Atlas
    from citynet.reports.documents.pictures.grouping import Grouping

SIZES = {"core": 12.0, "aggregation": 10.0, "edge": 7.0, "border": 12.0, "optical": 8.0}
SHAPES = {"core": "square", "aggregation": "disc", "edge": "disc", "border": "diamond", "optical": "disc"}


def planes(atlas: Atlas, domain: str) -> list[str]:
    """The planes that a domain's devices name, in order."""
    return sorted({device.plane for device in atlas.of_domain[domain] if device.plane})


def ip_picture(atlas: Atlas, domain: str, plane: str = "") -> Picture:
    """The devices of a domain and its links; with a plane, without the devices of other planes."""
    devices = [d for d in atlas.of_domain[domain] if not plane or d.plane in {"", plane}]
    names = {device.name for device in devices}
    links = [line for line in atlas.links[domain] if line.a.node in names and line.b.node in names]
    grouping = group_devices(atlas, devices)
    if grouping.note is None:
        nodes = {device.name: device_node(device) for device in devices}
        for device in devices:
            nodes[device.name].latlon = grouping.groups[device.name].latlon
        edges = [Edge(line.a.node, line.b.node, t(told(line)), width=_width(line.rate_gbps)) for line in links]
        if not plane:
            _add_interconnects(atlas, domain, nodes, edges)
    else:
        nodes, edges = _together(grouping, domain, links)
    picture = Picture(_title(atlas, domain, plane), nodes, edges)
    placed = any(node.latlon is not None for node in nodes.values())
    picture.notes = [
        PICTURES["pic_by_place" if placed else "pic_by_links"],
        *([grouping.note] if grouping.note else []),
    ]
    picture.legend = list(_legend(devices, grouping, domain, guarded=any(edge.dash for edge in edges)))
    lay_out(picture)
    place_labels(picture)
    return picture


def device_node(device: Device) -> Node:
    """A device by role and domain; core devices and those of a plane carry its letter."""
    tip = f"{device.name} · {device.underlay.loopback} · {device.srv6.prefix}"
    return Node(
        device.name,
        device.name,
        t(tip),
        size=SIZES.get(device.role, 8.0),
        shape=SHAPES.get(device.role, "disc"),
        fills=(DOMAIN_FILL.get(device.domain, NEUTRAL),),
        stroke=DOMAIN_STROKE.get(device.domain, "#16202c"),
        inside=device.plane,
        inside_ink=DOMAIN_INK.get(device.domain, "#16202c"),
    )


def told(line: Line) -> str:
    """A line in one line."""
    rate = f" · {line.rate_gbps} Gbit/s" if line.rate_gbps else ""
    fibres = f" · {' '.join(line.fibres)}" if line.fibres else ""
    return f"{line.name} · {line.a.port} – {line.b.port}{rate} · {line.length_km:g} km · {line.delay_us:g} µs{fibres}"


def _width(rate: int) -> float:
    return 1.4 if rate < 100 else 1.9 if rate < 400 else 2.8


def _title(atlas: Atlas, domain: str, plane: str) -> Text:
    title = atlas.plan.domains[domain].title or domain
    word = LABELS["ip_layer"]
    if not plane:
        return t(f"{word.en}: {title}", f"{word.zh}：{title}")
    half = PICTURES["pic_plane"]
    return t(f"{word.en}: {title}, {half.en.format(plane=plane)}", f"{word.zh}：{title}，{half.zh.format(plane=plane)}")


def _add_interconnects(atlas: Atlas, domain: str, nodes: dict[str, Node], edges: list[Edge]) -> None:
    """The border devices of other domains that this one meets, drawn hollow."""
    for line in atlas.interconnects:
        ends = [line.a.node, line.b.node]
        here = [name for name in ends if atlas.plan.devices[name].domain == domain]
        if len(here) != 1:
            continue
        other = atlas.plan.devices[ends[1 - ends.index(here[0])]]
        if other.name not in nodes:
            node = device_node(other)
            place = atlas.plan.sites[other.site].place
            node.fills, node.dashed, node.latlon = (PAPER,), True, (place[0], place[1]) if place else None
            nodes[other.name] = node
        tip = f"{atlas.interconnect_name(line)}: {line.name}"
        edges.append(Edge(here[0], other.name, t(tip), colour=GUARD, width=2.4, dash="6 4"))


def _together(grouping: Grouping, domain: str, links: list[Line]) -> tuple[dict[str, Node], list[Edge]]:
    counts = Counter(grouping.of.values())
    nodes = {}
    for key, group in grouping.groups.items():
        word = PICTURES["pic_devices"]
        name = key if group.title == key else f"{key} {group.title}"
        nodes[key] = Node(
            key,
            clipped(group.title, 12),
            t(f"{name} · {word.en.format(count=counts[key])}", f"{name} · {word.zh.format(count=counts[key])}"),
            size=11,
            shape="box",
            fills=(DOMAIN_FILL.get(domain, NEUTRAL),),
            stroke=DOMAIN_STROKE.get(domain, "#16202c"),
            inside=str(counts[key]),
            inside_ink=DOMAIN_INK.get(domain, "#16202c"),
            latlon=group.latlon,
        )
    counted = merged([(grouping.of[line.a.node], grouping.of[line.b.node]) for line in links])
    word = PICTURES["pic_lines"]
    edges = [
        Edge(
            a,
            b,
            t(f"{a} – {b} · {word.en.format(count=count)}", f"{a} – {b} · {word.zh.format(count=count)}"),
            label=str(count) if len(counted) <= 90 else "",
            width=min(5.0, 1.2 + count * 0.3),
        )
        for (a, b), count in counted.items()
    ]
    return nodes, edges


def _legend(devices: list[Device], grouping: Grouping, domain: str, *, guarded: bool) -> Iterator[Mark]:
    look = {"fills": (DOMAIN_FILL.get(domain, NEUTRAL),), "stroke": DOMAIN_STROKE.get(domain, "#16202c")}
    ink = DOMAIN_INK.get(domain, "#16202c")
    nothing = t("")
    if grouping.note is not None:
        yield Mark(
            PICTURES["pic_group"],
            node=Node("", "", nothing, 10, "box", inside="12", inside_ink=ink, **look),  # type: ignore[arg-type]
        )
        yield Mark(PICTURES["pic_links"], edge=Edge("", "", nothing))
        return
    for role in dict.fromkeys(device.role for device in devices):
        size = SIZES.get(role, 8.0) * 0.85
        yield Mark(
            PICTURES.get(f"pic_role_{role}", t(role)),
            node=Node("", "", nothing, size, SHAPES.get(role, "disc"), **look),  # type: ignore[arg-type]
        )
    for plane in sorted({device.plane for device in devices if device.plane}):
        word = PICTURES["pic_plane"]
        yield Mark(
            t(word.en.format(plane=plane), word.zh.format(plane=plane)),
            node=Node("", "", nothing, 10, "square", inside=plane, inside_ink=ink, **look),  # type: ignore[arg-type]
        )
    yield Mark(PICTURES["pic_link"], edge=Edge("", "", nothing))
    if guarded:
        yield Mark(PICTURES["pic_interconnect"], edge=Edge("", "", nothing, colour=GUARD, width=2.4, dash="6 4"))
        yield Mark(PICTURES["pic_other"], node=Node("", "", nothing, 10, "diamond", fills=(PAPER,), dashed=True))
