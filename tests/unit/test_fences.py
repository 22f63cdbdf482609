"""Data identifiers, windows, polygons, what fences say, and what a packet filter is told of it."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from citynet import build
from citynet.design.types import Window
from citynet.design.windows import ALWAYS, BEIJING, NEVER, common, holds, minute_of, schedule, text, without
from citynet.errors import InputError
from citynet.plan.fences.testing import Packet, follow
from citynet.platforms.whitebox import PLATFORM
from citynet.platforms.whitebox.device import fence as device_fence
from citynet.platforms.whitebox.device.nftables_update import objects, update
from citynet.proof import prove
from citynet.proof.model import Area, Verdict
from tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.plan.model import Plan

CASE = ROOT / "tests/golden/cases/fences/design.yml"
FILE = "/etc/nftables.d/citynet-fence.nft"


def laid_over(whole: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    for key, value in part.items():
        old = whole.get(key)
        whole[key] = laid_over(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return whole


def write(folder: Path, more: str = "{}") -> Path:
    whole = laid_over(yaml.safe_load(CASE.read_text(encoding="utf-8")), yaml.safe_load(more))
    (folder / "design.yml").write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")
    return folder / "design.yml"


def planned(folder: Path, more: str = "{}") -> Plan:
    return build.plan(write(folder, more))[0]


def verdicts(plan: Plan) -> dict[str, Verdict]:
    return {result.claim: result.verdict for result in prove(plan, [Area.FENCES]).results}


def at(plan: Plan, start: str, end: str, identifier: str, when: str = "2026-11-27T12:00") -> tuple[bool, str]:
    minute = minute_of(dt.datetime.fromisoformat(when))
    found = follow(plan, Packet(plan.hosts[start], plan.hosts[end], plan.identifiers.get(identifier), minute))
    return found.passes, found.rule


def window(**words: Any) -> Window:
    return Window(**words)


@pytest.mark.parametrize(
    ("given", "inside", "outside"),
    [
        (
            {"days": ["fri"], "start": "22:00", "end": "06:00"},
            ["2026-11-27T22:00", "2026-11-28T05:59"],
            ["2026-11-28T06:00"],
        ),
        (
            {"days": ["mon"], "start": "00:00", "end": "08:00"},
            ["2026-11-23T00:00"],
            ["2026-11-22T23:59", "2026-11-23T08:00"],
        ),
        (
            {"days": ["sun"], "start": "22:00", "end": "10:00"},
            ["2026-11-22T23:00", "2026-11-23T09:59"],
            ["2026-11-23T10:00"],
        ),
        ({"start": "09:00", "end": "17:00"}, ["2026-11-25T09:00"], ["2026-11-25T17:00"]),
    ],
)
def test_hours_of_the_week(given: dict[str, Any], inside: list[str], outside: list[str]) -> None:
    found = schedule([window(**given)])
    assert all(holds(found, minute_of(dt.datetime.fromisoformat(when))) for when in inside)
    assert not any(holds(found, minute_of(dt.datetime.fromisoformat(when))) for when in outside)


def test_schedules_as_sets_of_minutes() -> None:
    one, other = ((0, 100), (200, 300)), ((50, 250),)
    assert without(one, other) == ((0, 50), (250, 300))
    assert common(one, other) == ((50, 100), (200, 250))
    assert without(one, ALWAYS) == NEVER
    assert schedule([]) == ALWAYS
    assert schedule([window()]) == ALWAYS
    assert text(ALWAYS) == "always"
    assert text(schedule([window(start="22:00", end="06:00")])) == "22:00 to 06:00 every day"
    assert minute_of(dt.datetime(2026, 11, 23, 8, 0, tzinfo=BEIJING)) == 0


def test_identifiers_have_two_fields_and_keep_their_numbers(tmp_path: Path) -> None:
    design = write(tmp_path)
    plan, _ = build.plan_and_lock(design)
    assert {one.name: (one.application, one.user, one.number) for one in plan.identifiers.values()} == {
        "records": (1, 7, 1 << 16 | 7),
        "trades": (2, 1, 2 << 16 | 1),
    }
    write(tmp_path, "identifiers: {a-new-one: {group: health, data_class: public, use: aaa}}")
    again, _ = build.plan_and_lock(design)
    assert again.identifiers["records"].number == 1 << 16 | 7
    assert again.identifiers["a-new-one"].application == 3
    wide = planned(tmp_path, "data_identifiers: {bits: 64, application_bits: 20, user_bits: 12}")
    assert wide.identifiers["records"].number == 1 << 44 | 7 << 32


def test_a_path_may_name_the_data_that_takes_it(tmp_path: Path) -> None:
    more = "{paths: {wide: {intent: bandwidth}}, services: {care: {steering: [{data: records, path: wide}]}}}"
    plan = planned(tmp_path, more)
    assert {entry.identifier for entry in plan.devices["west"].steering} <= {1 << 16 | 7}


ANSWERS = [
    ("ward-1", "clinic-1", "records", "2026-11-27T12:00", True, "records-in-town"),
    ("ward-1", "clinic-1", "", "2026-11-27T12:00", False, "the port is fenced, and the packet has no identifier"),
    ("ward-1", "clinic-1", "trades", "2026-11-27T12:00", False, "ward-1 has no right to trades"),
    ("ward-1", "abroad-1", "records", "2026-11-27T12:00", False, "fence nothing-abroad forbids it in abroad"),
    ("ward-1", "clinic-2", "records", "2026-11-27T12:00", False, "no fence lets records go from there to china, hubei"),
    ("ward-1", "market-1", "records", "2026-11-27T23:00", True, "fence records-by-night: 22:00 to 06:00 every day"),
    ("ward-1", "market-1", "records", "2026-11-27T12:00", False, "fence records-by-night: "),
    ("market-1", "ward-1", "trades", "2026-11-27T12:00", True, "trades-in-town"),
    ("fund-1", "market-1", "trades", "2026-11-27T12:00", False, "fund-1 has no right to trades"),
]


@pytest.mark.parametrize(("start", "end", "identifier", "when", "passes", "rule"), ANSWERS)
def test_what_decides(
    tmp_path: Path, start: str, end: str, identifier: str, when: str, passes: bool, rule: str
) -> None:
    found = at(planned(tmp_path), start, end, identifier, when)
    assert found[0] is passes
    assert rule in found[1]


def test_the_command_says_which_rule_decides(tmp_path: Path) -> None:
    design = str(write(tmp_path))
    words = ["fence", "test", design, "ward-1", "abroad-1", "--apn", "65543", "--json"]
    done = subprocess.run([sys.executable, "-m", "citynet", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    answer = json.loads(done.stdout)
    assert (answer["passes"], answer["rule"]) == (False, "fence nothing-abroad forbids it in abroad")
    wrong = [sys.executable, "-m", "citynet", "fence", "test", design, "ward-1", "abroad-1", "--apn", "recrods"]
    done = subprocess.run(wrong, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "did you mean 'records'?" in done.stderr


def test_the_proof_holds_and_every_claim_can_fail(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    assert set(verdicts(plan).values()) == {Verdict.PROVEN}
    numbers = plan.identifiers["records"].number
    fence = plan.devices["west"].fence
    assert fence is not None
    entry = next(one for one in fence.entries if one.identifier == numbers and one.direction == "in")
    entry.schedule, before = [], entry.schedule
    assert verdicts(plan)["FENCE-05"] is Verdict.REFUTED
    entry.schedule = before

    # The device of the sender and that of the taker both let it pass: a counter-example names the way.
    for device, direction in (("west", "in"), ("east", "out")):
        entries = plan.devices[device].fence.entries  # type: ignore[union-attr]
        source = plan.devices["west"].fence.ports[0].sources  # type: ignore[union-attr]
        ports = [port for port in plan.devices["east"].fence.ports if port.fenced]  # type: ignore[union-attr]
        every = [prefix for port in ports for prefix in port.sources]
        entries.append(type(entry)("slip", numbers, direction, source, every, list(ALWAYS)))
    found = {one.claim: one for one in prove(plan, [Area.FENCES]).results}
    assert found["FENCE-01"].verdict is Verdict.REFUTED
    assert "west:eth" in found["FENCE-01"].refutations[0].what

    plan = planned(tmp_path)
    plan.devices["west"].fence.ports[0].identifiers.append(9)  # type: ignore[union-attr]
    assert verdicts(plan)["FENCE-03"] is Verdict.REFUTED
    plan = planned(tmp_path)
    plan.devices["west"].fence.ports.pop()  # type: ignore[union-attr]
    assert verdicts(plan)["FENCE-04"] is Verdict.REFUTED


def test_without_a_fence_on_the_service_other_shapes_are_counter_examples(tmp_path: Path) -> None:
    plan = planned(tmp_path, "services: {care: {fenced: false}}")
    found = {one.claim: one for one in prove(plan, [Area.FENCES]).results}
    assert found["FENCE-01"].verdict is Verdict.PROVEN
    said = " ".join(one.what for one in found["FENCE-02"].refutations)
    for shape in ("untagged", "ipv4", "ip6-tunnel", "gre", "fragment-later"):
        assert f"as {shape}" in said
    for shape in ("second-option", "both-headers", "tagged-tunnel", "routing-first"):
        assert f"as {shape}" not in said


def test_a_device_gets_one_look_up_for_each_packet(tmp_path: Path) -> None:
    text = PLATFORM.render(planned(tmp_path).devices["west"]).files[FILE]
    known = objects(text)
    assert {"map sent", "map flows", "set rights", "chain fence_in", "chain fence_out"} <= set(known)
    assert known["map flows"] == "typeof @nh,352,32 . @nh,64,64 . @nh,192,64 : verdict\n"
    (windows,) = [one for one in known if one.startswith("chain window_")]
    assert f": jump {windows.split()[1]}" in text
    assert "meta hour" in text


def test_a_table_is_updated_in_place_and_made_anew_when_types_change() -> None:
    one = "table inet t {\n    set a {\n        type ifname\n    }\n    chain c {\n        drop\n    }\n}\n"
    other = one.replace("set a", "set b")
    assert update("t", "", one) == one
    assert update("t", one, "") == "table inet t\ndelete table inet t\n"
    assert update("t", one, one) == f"flush table inet t\nflush set inet t a\n{one}"
    assert update("t", one, other).endswith("}\ndelete set inet t a\n")
    assert update("t", one, one.replace("ifname", "mark")).startswith("table inet t\ndelete table inet t\n")


def test_the_rest_of_the_filter_does_not_see_the_fence() -> None:
    rest = "table inet citynet {\n\tchain input {\n\t}\n}\n"
    fence = 'table inet citynet_fence {\n\tset ports {\n\t\telements = { "eth1" }\n\t}\n}\n'
    assert device_fence.without_fence(fence + rest) == rest
    assert device_fence.without_fence(rest + fence) == rest


POLYGONS = {
    "crosses itself": "[[[114, 30], [115, 31], [115, 30], [114, 31], [114, 30]]]",
    "swapped": "[[[30, 114], [30, 115], [31, 115], [30, 114]]]",
    "is not closed": "[[[114, 30], [115, 30], [115, 31], [114, 31]]]",
    "leaves that of": "[[[113, 29], [119, 29], [119, 32], [113, 29]]]",
}


@pytest.mark.parametrize("says", POLYGONS)
def test_polygons_that_cannot_be_meant(tmp_path: Path, says: str) -> None:
    more = f"zones: {{yard: {{polygon: {{type: Polygon, coordinates: {POLYGONS[says]}}}}}}}"
    with pytest.raises(InputError) as error:
        build.check(write(tmp_path, more))
    (problem,) = [one for one in error.value.problems if one.rule == "zone-polygon"]
    assert says in f"{problem.what} {problem.hint}"
    assert problem.line


def test_a_site_with_its_coordinates_swapped(tmp_path: Path) -> None:
    more = (
        "{zones: {yard: {polygon: {type: Polygon, coordinates: [[[40, 30], [41, 30], [41, 31], [40, 30]]]}}, "
        "wuhan: {polygon: null}}, sites: {west: {place: {lat: 40.8, lon: 30.2}}}}"
    )
    with pytest.raises(InputError) as error:
        build.check(write(tmp_path, more))
    assert any(one.hint == "latitude and longitude are swapped" for one in error.value.problems)


def test_a_polygon_from_a_file_is_a_part_of_the_design(tmp_path: Path) -> None:
    area = {"type": "Polygon", "coordinates": [[[114, 30], [115, 30], [115, 31], [114, 31], [114, 30]]]}
    (tmp_path / "town.geojson").write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": area}))
    more = "{zones: {wuhan: {polygon: null, polygon_file: town.geojson}}}"
    before = build.check(write(tmp_path, more)).digest
    assert "wuhan" in planned(tmp_path, more).sites["west"].zones
    area["coordinates"][0][2] = [115.5, 31]
    (tmp_path / "town.geojson").write_text(json.dumps(area))
    assert build.check(tmp_path / "design.yml").digest != before
    (tmp_path / "town.geojson").unlink()
    with pytest.raises(InputError, match="cannot be read"):
        build.check(tmp_path / "design.yml")


def test_forbidden_wins_and_the_warning_names_both(tmp_path: Path) -> None:
    more = "fences: {slip: {identifiers: [records], allowed: [abroad]}}"
    design = write(tmp_path, more)
    (said,) = [one for one in build.check(design).warnings if one.rule == "fence-contradiction"]
    assert "'slip'" in said.what
    assert "'nothing-abroad'" in said.what
    assert "forbidden goes before allowed" in said.hint
    assert not at(build.plan(design)[0], "ward-1", "abroad-1", "records")[0]
