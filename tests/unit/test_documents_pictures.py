"""Pictures of the layers: nothing missing, nothing on top of anything else, big cities in few nodes."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import documents_facts as facts
import pytest

from citynet.plan.model import Plan, PlannedFibre, PlannedSite, PlannedZone
from citynet.reports.documents.atlas import make_atlas
from citynet.reports.documents.chapters.topology import pictures
from citynet.reports.documents.pictures.draw import draw
from citynet.reports.documents.pictures.fibre import fibre_picture
from citynet.reports.documents.pictures.ip import ip_picture
from citynet.reports.documents.pictures.labels import half_width
from citynet.reports.documents.pictures.layout import flat
from citynet.reports.documents.pictures.model import DOMAIN_FILL, Picture, clipped, text_width
from citynet.reports.documents.pictures.service import service_picture

if TYPE_CHECKING:
    from collections.abc import Callable


def many_sites(count: int, *, placed: bool, zones: int = 0) -> Plan:
    """The mini city with many more sites in a row of fibres."""
    plan = facts.mini()
    plan.zones = {f"z{n}": PlannedZone(f"z{n}", "", "campus", "") for n in range(zones)}
    for number in range(count):
        place = [30 + number % 50 / 100, 114 + number // 50 / 100] if placed else []
        plan.sites[f"n{number % 20}-{number}"] = PlannedSite(
            f"n{number % 20}-{number}", "", f"z{number % zones}" if zones else "", place
        )
    names = list(plan.sites)
    for one, other in pairwise(names):
        plan.fibres[f"{one}--{other}"] = PlannedFibre(f"{one}--{other}", one, other, 1.0, 100.0, [])
    return plan


def test_fibre_layer_shows_every_site_and_fibre() -> None:
    plan = facts.wuhan()
    picture = fibre_picture(make_atlas(plan))
    assert picture.nodes.keys() == plan.sites.keys()
    assert len(picture.edges) == len(plan.fibres)
    assert {"bridge-2"} == {mark.text.en.split(": ")[1] for mark in picture.legend if mark.edge and mark.edge.halo}


@pytest.mark.parametrize("domain", ["government", "cross"])
def test_ip_layer_shows_every_device_and_link(domain: str) -> None:
    plan = facts.wuhan()
    picture = ip_picture(make_atlas(plan), domain)
    devices = {device.name for device in plan.devices.values() if device.domain == domain}
    assert devices <= picture.nodes.keys()
    links = [line for line in plan.lines.values() if line.domain == domain and line.kind == "link"]
    guarded = [edge for edge in picture.edges if edge.dash]
    assert len(picture.edges) - len(guarded) == len(links)
    assert len(guarded) == 1


def test_a_plane_is_drawn_without_the_other() -> None:
    picture = ip_picture(make_atlas(facts.mini()), "government", "A")
    assert "gov-core-a" in picture.nodes
    assert "gov-core-b" not in picture.nodes
    assert len(picture.edges) == 3


def test_service_layer_shows_carriers_and_hosts() -> None:
    plan = facts.wuhan()
    picture = service_picture(make_atlas(plan), plan.services["circulation"])
    labels = " ".join(node.label for node in picture.nodes.values())
    for name in (*plan.services["circulation"].hosts, "cross-border", "gov-border"):
        assert name in labels


def all_pictures(plan: Plan) -> list[Picture]:
    return [picture for _, picture in pictures(make_atlas(plan))]


@pytest.mark.parametrize("city", [facts.mini, facts.wuhan])
def test_nodes_lie_apart_and_inside(city: Callable[[], Plan]) -> None:
    for picture in all_pictures(city()):
        nodes = list(picture.nodes.values())
        for number, one in enumerate(nodes):
            assert 0 < one.x < picture.width
            assert 50 < one.y < picture.height
            for other in nodes[number + 1 :]:
                assert math.hypot(one.x - other.x, one.y - other.y) > one.size + other.size


@pytest.mark.parametrize("city", [facts.mini, facts.wuhan])
def test_labels_do_not_cover_each_other(city: Callable[[], Plan]) -> None:
    for picture in all_pictures(city()):
        boxes = []
        for node in picture.nodes.values():
            wide = text_width(node.label, 12)
            left = node.label_at[0] - {"start": 0, "middle": wide / 2, "end": wide}[node.anchor]
            boxes.append((left, node.label_at[1] - 10, left + wide, node.label_at[1]))
            if node.label:
                assert boxes[-1][0] > 0
                assert boxes[-1][2] < picture.width
        shown = [box for box in boxes if box[0] != box[2]]
        meet = [
            (a, b)
            for i, a in enumerate(shown)
            for b in shown[i + 1 :]
            if a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
        ]
        assert len(meet) <= len(shown) // 20


@pytest.mark.parametrize("city", [facts.mini, facts.wuhan])
def test_no_straight_line_runs_through_a_third_node(city: Callable[[], Plan]) -> None:
    for picture in all_pictures(city()):
        for edge in picture.edges:
            if edge.bend:
                continue
            a, b = picture.nodes[edge.a], picture.nodes[edge.b]
            length = math.hypot(b.x - a.x, b.y - a.y)
            for node in picture.nodes.values():
                along = ((node.x - a.x) * (b.x - a.x) + (node.y - a.y) * (b.y - a.y)) / length
                beside = abs((b.x - a.x) * (node.y - a.y) - (b.y - a.y) * (node.x - a.x)) / length
                near = max(half_width(picture.nodes[edge.a]), half_width(picture.nodes[edge.b]))
                assert not (near < along < length - near and beside < node.size), (edge.a, edge.b, node.key)


@pytest.mark.parametrize(
    ("city", "groups"),
    [
        ({"placed": True, "zones": 12}, 13),
        ({"placed": False, "zones": 12}, 13),
        ({"placed": True}, range(50, 210)),
        ({"placed": False}, range(20, 27)),
    ],
    ids=["zones", "zones without places", "areas", "names"],
)
def test_big_cities_are_drawn_together(city: dict[str, Any], groups: int | range) -> None:
    picture = fibre_picture(make_atlas(many_sites(600, **city)))
    assert len(picture.nodes) in ([groups] if isinstance(groups, int) else groups)
    text = draw(picture, "zh", "")
    assert "合并" in text
    assert len(text) < 200_000


def test_sites_without_place_stand_apart_and_are_not_invented() -> None:
    plan = facts.mini()
    plan.sites["west"].place = []
    picture = fibre_picture(make_atlas(plan))
    assert picture.nodes["west"].latlon is None
    assert picture.caption_at is not None
    assert picture.nodes["west"].y > max(node.y for name, node in picture.nodes.items() if name != "west")
    assert "无坐标" in draw(picture, "zh", "")


def test_without_any_place_the_layout_is_by_connection_and_the_same_each_time() -> None:
    def drawn() -> str:
        plan = facts.wuhan()
        for site in plan.sites.values():
            site.place = []
        return draw(fibre_picture(make_atlas(plan)), "en", "")

    assert "arranged by connection" in drawn()
    assert drawn() == drawn()


def test_a_city_on_the_date_line_stays_in_one_piece() -> None:
    points = flat([(-17.0, 179.9), (-17.0, -179.9), (-17.1, 179.95)])
    assert max(abs(x) for x, _ in points) < 30
    assert points[0][0] < points[2][0] < points[1][0]


def test_domains_differ_in_grey_too() -> None:
    """Relative luminance as in WCAG 2.2, contrast between the two fills at least 2.5."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(DOMAIN_FILL[name]) for name in ("government", "cross")), reverse=True)
    assert (light + 0.05) / (dark + 0.05) > 2.5


def test_long_titles_are_cut() -> None:
    assert clipped("武汉", 12) == "武汉"
    assert clipped("很长很长很长很长很长很长的名字", 8) == "很长很长很长很…"
