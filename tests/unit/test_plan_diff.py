"""What an edit changes: found field by field, said per device and technology, before anything is written."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, make_dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from citynet import build
from citynet.__main__ import main
from citynet.design.loader import load
from citynet.plan import codec, diff_text
from citynet.plan.diff import Sign, compare
from citynet.plan.lock import Lock
from citynet.plan.model import Device, Plan, Port, PortKind
from citynet.plan.planner import make_plan
from tree import ROOT


@pytest.fixture(scope="module")
def mini() -> Plan:
    return make_plan(load(ROOT / "labs/mini"), Lock())


def said(old: Plan | None, new: Plan) -> list[str]:
    """The terminal's lines without headings."""
    return [line.text.strip() for line in diff_text.lines(compare(old, new)) if line.sign]


def test_the_same_plan_differs_in_nothing(mini: Plan) -> None:
    other = copy.deepcopy(mini)
    other.design_digest = "of another text with the same meaning"
    found = compare(mini, other)
    assert not found
    assert diff_text.summary(found) == "nothing differs"
    assert found.as_dict() == {"differs": False, "summary": {}, "sections": {}, "lock": []}


Edit = Callable[[Plan], None]


def metric(plan: Plan) -> None:
    plan.devices["gov-border"].underlay.interfaces[0].metric = 7


def vrf_table(plan: Plan) -> None:
    plan.devices["gov-border"].vrfs[0].table = 1999


def new_neighbor(plan: Plan) -> None:
    plan.devices["gov-border"].bgp.neighbors = plan.devices["gov-border"].bgp.neighbors[:1]


def guard_ports(plan: Plan) -> None:
    plan.devices["gov-border"].guards[0].rules[0].ports = [8443, 9000]


def other_order(plan: Plan) -> None:
    plan.devices["gov-border"].bgp.neighbors.reverse()


def platform(plan: Plan) -> None:
    plan.devices["gov-border"].platform = "vrp"


def management(plan: Plan) -> None:
    plan.devices["gov-border"].management = "172.20.0.99"


def locator(plan: Plan) -> None:
    plan.devices["gov-border"].srv6.prefix = "fd01:1:63::/48"


def new_port(plan: Plan) -> None:
    plan.devices["gov-border"].ports.append(Port("eth9", PortKind.LINK, "a--b", "b", "eth2"))


@pytest.mark.parametrize(
    ("edit", "technology", "text"),
    [
        (metric, "underlay", "~ interfaces eth1 metric 10 → 7"),
        (vrf_table, "l3vpn", "~ sharing table 1001 → 1999"),
        (new_neighbor, "bgp", "- neighbors gov-core-b: address fd01:1:2::1"),
        (guard_ports, "interconnect", "+ guard rules allow-1 ports 9000"),
        (other_order, "bgp", "~ neighbors order"),
        (platform, "device", "~ platform whitebox → vrp"),
        (management, "management", "~ 172.20.0.15 → 172.20.0.99"),
        (locator, "srv6", "~ prefix fd01:1:5::/48 → fd01:1:63::/48"),
        (new_port, "ports", "+ eth9: kind link, line a--b, peer b, peer_port eth2"),
    ],
)
def test_a_change_is_said_under_its_device_and_technology(mini: Plan, edit: Edit, technology: str, text: str) -> None:
    other = copy.deepcopy(mini)
    edit(other)
    found = compare(mini, other)
    assert diff_text.summary(found) == "1 device changes"
    assert [one.technology for one in found.sections["devices"][0].differences] == [technology]
    assert said(mini, other) == ["~ gov-border", f"{technology:<13}{text}"]


def test_every_field_of_a_plan_is_seen(mini: Plan) -> None:
    """Whatever leaf of the plan is another, some difference says so."""
    seen = 0
    for path in leaves(mini, ()):
        if path[0] == "design_digest" or path[-1] == "name":
            continue
        other = copy.deepcopy(mini)
        change(other, path)
        assert compare(mini, other), path
        assert said(mini, other), path
        seen += 1
    assert seen > 200


def leaves(value: Any, path: tuple[Any, ...]) -> Any:
    """One of each kind of leaf: of the entries of a list or mapping only the first and last count."""
    if isinstance(value, dict | list):
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        for key in dict.fromkeys([*keys[:1], *keys[-1:]]):
            yield from leaves(value[key], (*path, key))
    elif hasattr(value, "__dataclass_fields__"):
        for one in fields(value):
            yield from leaves(getattr(value, one.name), (*path, one.name))
    else:
        yield path


def change(plan: Plan, path: tuple[Any, ...]) -> None:
    *way, last = path
    holder: Any = plan
    for key in way:
        holder = holder[key] if isinstance(holder, dict | list) else getattr(holder, key)
    value = holder[last] if isinstance(holder, list) else getattr(holder, last)
    other = not value if isinstance(value, bool) else f"{value}x" if isinstance(value, str) else (value or 0) + 1
    if isinstance(holder, list):
        holder[last] = other
    else:
        setattr(holder, last, other)


def test_a_technology_that_nobody_told_it_of_shows_up() -> None:
    @dataclass(slots=True)
    class Association:
        port: str
        cipher: str

    device = make_dataclass("Device", [("name", str), ("macsec", list), ("plane", str)], slots=True)
    city = make_dataclass("Plan", [("city", str), ("devices", dict)], slots=True)
    old = city("c", {"r1": device("r1", [Association("eth1", "aes-128")], "A")})
    new = city("c", {"r1": device("r1", [Association("eth1", "aes-256"), Association("eth2", "aes-256")], "A")})
    assert said(old, new) == [
        "~ r1",
        "macsec       ~ eth1 cipher aes-128 → aes-256",
        "+ eth2: cipher aes-256",
    ]


def test_without_an_older_plan_everything_is_new(mini: Plan) -> None:
    found = compare(None, mini)
    assert found.count("devices", Sign.NEW) == len(mini.devices)
    assert found.count("lines", Sign.NEW) == len(mini.lines)
    assert "10 devices new" in diff_text.summary(found)


def test_devices_that_change_alike_stand_together(mini: Plan) -> None:
    other = copy.deepcopy(mini)
    for device in other.devices.values():
        device.underlay.mtu = 9100
    assert said(mini, other) == [
        "~ gov-core-a, gov-core-b, gov-pe-west, gov-pe-east, gov-border, cross-core-a and 4 more",
        "underlay     ~ mtu 9000 → 9100",
    ]


def test_two_entries_of_one_name_are_two(mini: Plan) -> None:
    old, new = copy.deepcopy(mini), copy.deepcopy(mini)
    for plan, tables in ((old, (2, 1)), (new, (3, 1))):
        vrf = plan.devices["gov-border"].vrfs[0]
        plan.devices["gov-border"].vrfs = [replace(vrf, table=table) for table in tables]
    assert said(old, new) == ["~ gov-border", "l3vpn        ~ sharing table 2 → 3"]


@pytest.fixture
def built(tmp_path: Path, mini_text: str) -> Path:
    """A design that was built, and edited since: an edge more, a host moved there, a metric."""
    folder = tmp_path / "mini"
    folder.mkdir()
    design = folder / "design.yml"
    design.write_text(mini_text, encoding="utf-8")
    build.build(design)
    edited = mini_text
    for old, new in (
        ("  gov-border: {", "  gov-pe-north: {domain: government, role: edge, site: west}\n  gov-border: {"),
        ("links:\n", "links:\n  - {between: [gov-pe-north, gov-core-a]}\n  - {between: [gov-pe-north, gov-core-b]}\n"),
        ("tax, device: gov-pe-east,", "tax, device: gov-pe-north,"),
        ("[gov-core-a, gov-core-b]}", "[gov-core-a, gov-core-b], metric: 5}"),
    ):
        assert old in edited
        edited = edited.replace(old, new, 1)
    design.write_text(edited, encoding="utf-8")
    return folder


def tree(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_command_shows_an_edit_and_writes_nothing(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tree(built)
    assert main(["plan", str(built), "--diff"]) == 0
    shown = capsys.readouterr().out
    assert tree(built) == before
    assert shown.splitlines()[0] == (
        "mini: 3 devices change, 1 new; 1 host changes; 1 line changes, 3 new, 1 gone; "
        f"7 numbers taken; 1 number released (against {built}/build/plan.json)"
    )
    for text in (
        "~ gov-core-a\n    ports        + eth5: kind link, line gov-pe-north--gov-core-a, peer gov-pe-north",
        " ~ interfaces eth1 metric 10 → 5\n",
        "+ gov-pe-north\n    device       + domain government, site west, role edge, platform whitebox\n",
        "\n- gov-pe-east--tax-1\n",
        "\n+ node/government gov-pe-north 6 taken\n",
        "\n- port/gov-pe-east host:tax-1 3 released\n",
    ):
        assert text in shown


def test_json_holds_all_of_it(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", str(built), "--diff", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["differs"] is True
    assert shown["summary"]["devices"] == {"new": 1, "gone": 0, "changed": 3}
    east = next(item for item in shown["sections"]["devices"] if item["name"] == "gov-pe-east")
    assert {"technology": "l3vpn", "path": ["sharing"], "sign": "-"}.items() <= east["differences"][-1].items()
    assert east["differences"][-1]["old"]["rd"] == "10.1.0.4:1"
    assert {
        "pool": "port/gov-pe-east",
        "key": "host:tax-1",
        "what": "released",
        "number": 3,
        "before": 3,
    } in shown["lock"]


@pytest.mark.parametrize(("flags", "code"), [([], 0), (["--exit-code"], 1)])
def test_exit_codes(built: Path, capsys: pytest.CaptureFixture[str], flags: list[str], code: int) -> None:
    assert main(["plan", str(built), "--diff", "--quiet", *flags]) == code
    build.build(built)
    assert main(["plan", str(built), "--diff", "--quiet", *flags]) == 0
    assert capsys.readouterr().out == ""


def test_against_a_plan_a_build_and_a_design(
    built: Path, tmp_path: Path, mini_text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "design.yml").write_text(mini_text, encoding="utf-8")
    (other / "citynet.lock").write_bytes((built / "citynet.lock").read_bytes())
    (tmp_path / "old.json").write_bytes((built / "build/plan.json").read_bytes())
    for against in (tmp_path / "old.json", built / "build", other, other / "design.yml"):
        assert main(["plan", str(built), "--diff", "--against", str(against)]) == 0
        assert "3 devices change, 1 new; 1 host changes" in capsys.readouterr().out.splitlines()[0]


def test_nothing_built_yet(tmp_path: Path, mini_text: str, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "design.yml").write_text(mini_text, encoding="utf-8")
    assert main(["plan", str(tmp_path), "--diff"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("mini: 10 devices new;")
    assert first.endswith("(there is no plan of an earlier build, so everything is new)")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--against", "x"], "--against and --exit-code go with --diff"),
        (["--exit-code"], "--against and --exit-code go with --diff"),
        (["--diff", "--against", "nowhere"], "nowhere: holds no design"),
        (["--diff", "--against", "nowhere.json"], "nowhere.json: cannot be read"),
    ],
)
def test_wrong_use(built: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str) -> None:
    assert main(["plan", str(built), *words]) == 2
    assert says in " ".join(capsys.readouterr().err.split())


def test_a_damaged_older_plan_is_bad_input(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (built / "build/plan.json").write_text('{"city": "mini"', encoding="utf-8")
    assert main(["plan", str(built), "--diff"]) == 2
    assert "is no plan of this version" in capsys.readouterr().err


def test_a_plan_read_back_is_the_plan(built: Path) -> None:
    plan = build.build(built).plan
    assert not compare(codec.load(built / "build/plan.json"), plan)


def test_thousands_of_devices_take_moments(mini: Plan) -> None:
    device = mini.devices["gov-border"]

    def city(mtu: int) -> Plan:
        plan = copy.deepcopy(mini)
        plan.devices = {f"r{n}": copy_of(device, f"r{n}") for n in range(2000)}
        for one in plan.devices.values():
            one.underlay.mtu = mtu
        return plan

    old, new = city(9000), city(9100)
    start = time.process_time()
    assert said(old, new)[1:] == ["underlay     ~ mtu 9000 → 9100"]
    assert time.process_time() - start < 2  # 0.1 s here


def copy_of(device: Device, name: str) -> Device:
    one = copy.deepcopy(device)
    one.name = name
    return one
