"""Profiles, defaults, devices of site profiles and fibre rings: what an entry becomes, and where it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from citynet import build
from citynet.design.model import Design
from citynet.errors import InputError

BASE = """
city: small
domains:
  government:
    asn: 65001
    locators: fd01:1::/32
    router_ids: 10.1.0.0/16
    defaults: {devices: {platform: whitebox}, links: {metric: 30, rate_gbps: 400}, services: {bandwidth_mbps: 7}}
profiles:
  sites:
    pop: {title: a POP, zone: town, devices: {pe: {profile: pe}, agg: {profile: agg, plane: B}}}
  devices:
    pe: {domain: government, role: edge}
    agg: {domain: government, role: aggregation, plane: A}
  participants:
    bureau: {kind: provider, title: a bureau}
zones: {town: {kind: city}}
sites:
  hub: {}
  pop[1-3]: {profile: pop}
  last: {profile: pop, title: mine}
fibre_rings:
  loop: {sites: [hub, "pop[1-3]", last], length_km: 4, risk_groups: [duct]}
devices:
  core: {domain: government, role: core, site: hub}
links:
  - {between: [core, pop1-agg], metric: 5}
stars:
  all: {hubs: [core], devices: [pop2-agg, pop3-agg, last-agg]}
rings:
  edge: {devices: ["pop[1-3]-agg", last-agg, last-pe, "pop[1-3]-pe"], rate_gbps: 100}
participants:
  tax: {profile: bureau}
  police: {profile: bureau, kind: user}
services:
  one:
    domain: government
    vrf: one
    ipv4: 10.11.0.0/20
    ipv6: fd11::/48
    ends: [{participant: tax, device: pop1-pe, host: tax-1}, {participant: police, device: last-pe, host: police-1}]
"""


@pytest.fixture
def design(tmp_path: Path) -> Design:
    (tmp_path / "design.yml").write_text(BASE, encoding="utf-8")
    return build.check(tmp_path)


def problems(folder: Path, old: str, new: str) -> list[str]:
    assert old in BASE
    (folder / "design.yml").write_text(BASE.replace(old, new), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        build.check(folder)
    return [str(problem).removeprefix(f"{folder}/") for problem in raised.value.problems]


def test_own_values_win_over_the_profile(design: Design) -> None:
    assert design.city.sites["pop2"].title == "a POP"
    assert design.city.sites["last"].title == "mine"
    assert design.city.sites["last"].zone == "town"
    assert design.city.participants["tax"].kind == "provider"
    assert design.city.participants["police"].kind == "user"


def test_a_kind_of_site_brings_its_devices(design: Design) -> None:
    devices = design.city.devices
    assert sorted(devices) == sorted(
        ["core", *(f"{site}-{kind}" for site in ("pop1", "pop2", "pop3", "last") for kind in ("pe", "agg"))]
    )
    assert devices["pop3-pe"].site == "pop3"
    assert devices["pop3-pe"].role == "edge"
    assert devices["last-agg"].plane == "B"  # what the site's profile says wins over the device's profile


def test_an_entry_refines_what_a_kind_of_site_brings(tmp_path: Path) -> None:
    text = BASE.replace("  core: {domain", "  pop1-pe: {role: border, management: 172.20.0.77}\n  core: {domain")
    (tmp_path / "design.yml").write_text(text, encoding="utf-8")
    device = build.check(tmp_path).city.devices["pop1-pe"]
    assert (device.site, str(device.role), str(device.management)) == ("pop1", "border", "172.20.0.77")


def test_a_number_may_hold_a_range(tmp_path: Path) -> None:
    text = BASE.replace("pop[1-3]: {profile: pop}", 'pop[1-3]: {profile: pop, place: {lat: "30.[1-3]", lon: 114}}')
    (tmp_path / "design.yml").write_text(text, encoding="utf-8")
    places = [build.check(tmp_path).city.sites[f"pop{number}"].place for number in (1, 2, 3)]
    assert [place.lat for place in places if place] == [30.1, 30.2, 30.3]


def test_a_default_of_nothing_is_none(tmp_path: Path) -> None:
    text = BASE.replace("links: {metric: 30,", "links: {metric: null,")
    (tmp_path / "design.yml").write_text(text, encoding="utf-8")
    assert build.check(tmp_path).city.stars["all"].metric == 10


def test_the_digest_tells_an_override_from_a_file_that_joins(tmp_path: Path) -> None:
    digests = set()
    for place in ("design", "design/override"):
        folder = tmp_path / place.replace("/", "-")
        (folder / "design/override").mkdir(parents=True)
        (folder / "design/a.yml").write_text(BASE, encoding="utf-8")
        (folder / place / "b.yml").write_text("title: other", encoding="utf-8")
        digests.add(build.check(folder).digest)
    assert len(digests) == 2


def test_defaults_of_the_domain_are_weakest(design: Design) -> None:
    city = design.city
    assert (city.links[0].metric, city.links[0].rate_gbps) == (5, 400)
    assert (city.stars["all"].metric, city.stars["all"].rate_gbps) == (30, 400)
    assert (city.rings["edge"].metric, city.rings["edge"].rate_gbps) == (30, 100)
    assert city.services["one"].bandwidth_mbps == 7


def test_a_fibre_ring_makes_fibres_called_by_their_sites(design: Design) -> None:
    assert list(design.city.fibres) == ["hub--pop1", "pop1--pop2", "pop2--pop3", "pop3--last", "last--hub"]
    assert design.city.fibres["pop3--last"].risk_groups == ["duct"]


def test_a_value_lent_stands_where_it_was_written(tmp_path: Path) -> None:
    found = problems(tmp_path, "zone: town,", "zone: twn,")
    assert found == [
        "design.yml:11:25: no zone 'twn', expected a zone of this design, did you mean 'town'? [reference]"
    ]


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{profile: bureau}", "{profile: bureu}", ["did you mean 'bureau'? [reference]"]),
        ("agg: {domain: government, role:", "agg: {domain: government, rol:", ["did you mean 'role'? [key]"]),
        ("role: aggregation, plane: A", "role: aggregator, plane: A", ["'aggregator' is unknown"]),
        ("links: {metric: 30,", "links: {metric: -30,", ["domains.government.defaults.links.metric: '-30'"]),
        ("devices: {pe: {profile: pe}", "devices: {pe: {profil: pe}", ["unknown key 'profil'"]),
        ("pe: {profile: pe}", "pe: {profile: pq}", ["no profile 'pq'"]),
        ("links: {metric: 30,", "links: {metric: yes,", ["'True' has the wrong type, expected a whole number"]),
        ("router_ids: 10.1.0.0/16", "router_ids: 10", ["'10' has the wrong type, expected an IPv4 prefix"]),
        ("length_km: 4,", "length_km: .inf,", ["'inf' is not accepted"]),
        ("length_km: 4,", "length_km: 4, closed: 1,", ["'1' has the wrong type, expected true or false"]),
        ("rate_gbps: 400}", "rate_gbps: 401}", ["'401' is unknown, expected 1, 10, 25"]),
        ("rate_gbps: 400}", "rate_gbps: yes}", ["'True' is unknown, expected 1, 10, 25"]),
        ("length_km: 4,", "length_km: 0,", ["fibre_rings.loop.length_km: '0' is not accepted"]),
        ("fibre_rings:", "fibres: {pop1--pop2: {between: [pop1, pop2], length_km: 1}}\nfibre_rings:", ["stands twice"]),
    ],
)
def test_what_is_wrong_is_told_where_it_was_written_and_without_echo(
    tmp_path: Path, old: str, new: str, says: list[str]
) -> None:
    found = problems(tmp_path, old, new)
    assert len(found) == len(says), found
    for text, problem in zip(says, found, strict=True):
        assert text in problem
