"""The service layer: one VPN, the devices that carry it and the hosts on it."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import rustworkx

from citynet.levels.text import t
from citynet.plan.model import PortKind
from citynet.reports.documents.carrying import carrying
from citynet.reports.documents.pictures.grouping import group_devices
from citynet.reports.documents.pictures.ip import device_node
from citynet.reports.documents.pictures.labels import place_labels
from citynet.reports.documents.pictures.layout import TOP, flat
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
    from citynet.levels.text import Text
    from citynet.plan.model import PlannedService
    from citynet.reports.documents.atlas import Atlas
    from citynet.reports.documents.pictures.grouping import Grouping

AROUND = 48
"""More devices than these do not fit around the VPN."""
HUB = "\x00vpn"
"""The node in the middle; no design can name anything so."""


def service_picture(atlas: Atlas, service: PlannedService) -> Picture:
    """A service: its VPN in the middle, devices around it, hosts and the other side of interconnects outside."""
    devices = atlas.carriers[service.name]
    grouping = group_devices(atlas, devices, AROUND)
    middle = f"{service.vrf or service.kind} · RT {service.rt}" if service.kind != "vpws" else "End.DX2"
    hub = Node(
        HUB,
        "",
        t(middle),
        size=24,
        shape="box",
        fills=(PAPER,),
        stroke=DOMAIN_STROKE.get(service.domain, "#16202c"),
        inside=middle,
    )
    nodes: dict[str, Node] = {HUB: hub}
    edges: list[Edge] = []
    outer: dict[str, list[str]] = {}
    if grouping.note is None:
        outer = _devices(atlas, service, nodes, edges)
    else:
        _groups(atlas, service, grouping, nodes, edges)
    ring = [key for key in nodes if key == HUB or any(edge.a == HUB and edge.b == key for edge in edges)][1:]
    word = LABELS["service_layer"]
    title = service.title or service.name
    picture = Picture(t(f"{word.en}: {title}", f"{word.zh}：{title}"), nodes, edges)
    picture.notes = [t(f"{service.name} · {service.domain}"), *([grouping.note] if grouping.note else [])]
    picture.legend = _legend(service, grouping, guarded=any(edge.colour == GUARD for edge in edges))
    _lay_out(picture, grouping, ring, outer)
    place_labels(picture)
    return picture


def _spoke(service: PlannedService, key: str, tip: Text) -> Edge:
    return Edge(HUB, key, tip, colour=DOMAIN_STROKE.get(service.domain, "#16202c"), width=2.0, dash="2 4")


def _devices(atlas: Atlas, service: PlannedService, nodes: dict[str, Node], edges: list[Edge]) -> dict[str, list[str]]:
    """Add the devices and what hangs on each; returns the latter."""
    outer: dict[str, list[str]] = {}
    for device in atlas.carriers[service.name]:
        one = carrying(device, service.name)
        node = nodes[device.name] = device_node(device)
        route = f"RD {one.rd} · " if one.rd else ""
        node.tip = t(f"{device.name} · {route}{' '.join(one.prefixes)}")
        node.size = max(node.size, 10)
        edges.append(_spoke(service, device.name, PICTURES["pic_tunnel"]))
        outside = outer.setdefault(device.name, [])
        for port in one.ports:
            key = f"\x00{device.name} {port.peer}"
            if port.kind is PortKind.ATTACHMENT:
                nodes[key] = _host(atlas, port.peer, key)
                edges.append(Edge(device.name, key, t(f"{port.interface} · {' '.join(port.addresses)}".strip(" ·"))))
            else:
                nodes[key] = far = device_node(atlas.plan.devices[port.peer])
                far.key, far.fills, far.dashed = key, (PAPER,), True
                tip = t(f"{port.line} · {' '.join(port.addresses)}")
                edges.append(Edge(device.name, key, tip, colour=GUARD, width=2.4, dash="6 4"))
            outside.append(key)
    return outer


def _host(atlas: Atlas, name: str, key: str) -> Node:
    host = atlas.plan.hosts[name]
    participant = atlas.plan.participants.get(host.participant)
    title = participant.title if participant else ""
    tip = f"{name} · {title or host.participant} · {' '.join(host.addresses)}"
    return Node(key, clipped(f"{name} {title}".strip(), 20), t(tip), size=6, shape="square", fills=(NEUTRAL,))


def _groups(
    atlas: Atlas, service: PlannedService, grouping: Grouping, nodes: dict[str, Node], edges: list[Edge]
) -> None:
    counts, hosts = Counter(grouping.of.values()), Counter[str]()
    for name, key in grouping.of.items():
        hosts[key] += sum(host.service == service.name for host in atlas.hosts_on.get(name, ()))
    for key, group in grouping.groups.items():
        many = PICTURES["pic_devices"]
        far = PICTURES["pic_hosts"]
        tip = t(
            f"{group.title} · {many.en.format(count=counts[key])} · {far.en.format(count=hosts[key])}",
            f"{group.title} · {many.zh.format(count=counts[key])} · {far.zh.format(count=hosts[key])}",
        )
        node = Node(key, clipped(group.title, 14), tip, size=11, shape="box", fills=(_fill(service),))
        node.inside, node.inside_ink = str(counts[key]), DOMAIN_INK.get(service.domain, "#16202c")
        nodes[key] = node
        edges.append(_spoke(service, key, tip))


def _fill(service: PlannedService) -> str:
    return DOMAIN_FILL.get(service.domain, NEUTRAL)


def _lay_out(picture: Picture, grouping: Grouping, ring: list[str], outer: dict[str, list[str]]) -> None:
    """Around the middle: rustworkx's circle, drawn wide; by bearing when all have coordinates."""
    across = 150 + 13 * len(ring)
    width, height = max(940.0, 2 * across + 640.0), max(440.0, 1.3 * across + 260.0)
    middle = (width / 2, TOP + (height - TOP) / 2)
    picture.width, picture.height = width, height
    picture.nodes[HUB].x, picture.nodes[HUB].y = middle
    graph = rustworkx.PyGraph()
    graph.add_nodes_from(order := _order(grouping, ring))
    for index, (x, y) in rustworkx.circular_layout(graph).items():
        key = order[index]
        node, angle = picture.nodes[key], math.atan2(y, x)
        node.x = round(middle[0] + math.cos(angle) * (across + 60), 3)
        node.y = round(middle[1] + math.sin(angle) * (across * 0.55 + 40), 3)
        _fan(picture, node, angle, outer.get(key, []), crowded=len(order) > 16)


def _fan(picture: Picture, node: Node, angle: float, keys: list[str], *, crowded: bool) -> None:
    """What hangs on a device, fanned out behind it."""
    step = 0.34 if crowded else 0.5
    for number, key in enumerate(keys):
        at = angle + (number - (len(keys) - 1) / 2) * step
        far = picture.nodes[key]
        far.x = round(node.x + math.cos(at) * 74, 3)
        far.y = round(node.y + math.sin(at) * 58, 3)


def _order(grouping: Grouping, ring: list[str]) -> list[str]:
    """By bearing from their middle, east first and clockwise as y grows downward; as they come without coordinates."""
    latlon = [place for key in ring if (place := grouping.groups[key].latlon) is not None]
    if len(latlon) < len(ring) or len(set(latlon)) < 3:
        return ring
    points = flat(latlon)
    middle = (sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points))
    turn = {
        key: math.atan2(y - middle[1], x - middle[0]) % (2 * math.pi) for key, (x, y) in zip(ring, points, strict=True)
    }
    return sorted(ring, key=lambda key: (round(turn[key], 6), key))


def _legend(service: PlannedService, grouping: Grouping, *, guarded: bool) -> list[Mark]:
    nothing = t("")
    look = (DOMAIN_FILL.get(service.domain, NEUTRAL),)
    marks = [
        Mark(PICTURES["pic_tunnel"], edge=_spoke(service, "", nothing)),
        Mark(
            PICTURES["pic_carrier" if grouping.note is None else "pic_group"],
            node=Node(
                "",
                "",
                nothing,
                10,
                "disc" if grouping.note is None else "box",
                fills=look,
                stroke=DOMAIN_STROKE.get(service.domain, "#16202c"),
            ),
        ),
    ]
    if grouping.note is None:
        marks.append(Mark(PICTURES["pic_host"], node=Node("", "", nothing, 6, "square", fills=(NEUTRAL,))))
    if guarded:
        marks.append(
            Mark(PICTURES["pic_interconnect"], edge=Edge("", "", nothing, colour=GUARD, width=2.4, dash="6 4"))
        )
        marks.append(
            Mark(PICTURES["pic_other"], node=Node("", "", nothing, 10, "diamond", fills=(PAPER,), dashed=True))
        )
    return marks
