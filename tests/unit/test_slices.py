"""Slices in the plan: reserved on every way, resized in place, refused when the way is full; drawn for people."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from citynet import build
from citynet.design.flexe import group_of
from citynet.errors import InputError
from citynet.plan import lock as locks
from citynet.plan.lock import Lock
from citynet.platforms.whitebox import PLATFORM, marks
from citynet.platforms.whitebox.device.slices import Slices
from citynet.reports.calendars import drawn
from tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.plan.model import FlexeGroup, Plan

GOLDEN = yaml.safe_load((ROOT / "tests/golden/cases/slices/design.yml").read_text(encoding="utf-8"))
MINI = yaml.safe_load((ROOT / "tests/golden/cases/mini/design.yml").read_text(encoding="utf-8"))


class Town:
    """A design that changes, with its lock."""

    def __init__(self, folder: Path, design: dict[str, Any]) -> None:
        self.folder, self.design = folder, copy.deepcopy(design)

    def plan(self) -> Plan:
        """Plan it as it is now, and keep the lock."""
        (self.folder / "design.yml").write_text(
            yaml.safe_dump(self.design, allow_unicode=True, sort_keys=False), encoding="utf-8"
        )
        return build.plan_and_lock(self.folder)[0]

    def group(self, line: str = "mid--right") -> FlexeGroup:
        """A group of the plan as it is now."""
        return self.plan().groups[line]


@pytest.fixture
def town(tmp_path: Path) -> Town:
    return Town(tmp_path, GOLDEN)


def slots(group: FlexeGroup) -> dict[str, list[str]]:
    return {client.slice: client.slots for client in group.clients}


@pytest.mark.parametrize(
    ("rate", "phys", "instances", "slots"),
    [(50, 1, 1, 10), (100, 1, 1, 20), (200, 1, 2, 40), (400, 1, 4, 80), (800, 2, 8, 160), (400, 4, 4, 80)],
)
def test_groups_are_those_of_oif(rate: int, phys: int, instances: int, slots: int) -> None:
    group = group_of(rate, None if rate == 800 else phys)
    assert group is not None
    assert (group.phys, group.instances, group.slots) == (phys, instances, slots)


@pytest.mark.parametrize(("rate", "phys"), [(25, None), (40, None), (100, 3), (50, 2), (800, 1)])
def test_other_groups_there_are_none(rate: int, phys: int | None) -> None:
    assert group_of(rate, phys) is None


def test_growing_adds_slots_and_switches_the_calendar_and_nobody_else_moves(town: Town) -> None:
    before = town.group()
    town.design["slices"]["silver"]["bandwidth_gbps"] = 10
    after = town.group()
    assert (before.calendar, after.calendar) == ("A", "B")
    assert slots(before)["silver"] == ["4"]
    assert slots(after) == {**slots(before), "silver": ["4", "6"]}
    assert town.group() == after


def test_shrinking_frees_the_last_slots(town: Town) -> None:
    before = town.group()
    town.design["slices"]["gold"]["bandwidth_gbps"] = 10
    after = town.group()
    assert slots(after) == {**slots(before), "gold": ["0", "1"]}
    assert after.calendar == "B"


def test_a_resize_changes_classes_and_nothing_else_on_the_devices(town: Town) -> None:
    before = {name: PLATFORM.render(device).files for name, device in town.plan().devices.items()}
    town.design["slices"]["silver"]["bandwidth_gbps"] = 10
    after = {name: PLATFORM.render(device).files for name, device in town.plan().devices.items()}
    differ = {(name, path) for name, files in after.items() for path in files if files[path] != before[name][path]}
    assert differ == {(name, "/etc/citynet/slices.batch") for name in ("left", "mid", "right")}


def test_small_clients_are_packed_anew_when_that_makes_room(town: Town) -> None:
    town.design["slices"] = {
        name: {"domain": "government", "bandwidth_gbps": size}
        for name, size in {"w": 30, "x": 4, "y": 4, "z": 4}.items()
    }
    for service, name in zip("bcd", "xyz", strict=True):
        town.design["services"][service]["slice"] = name
    town.design["services"]["a"]["slice"] = "w"
    assert drawn(town.group()) == "111111234▪"
    for name in "xyz":
        town.design["slices"][name]["bandwidth_gbps"] = 1
    assert drawn(town.group()) == "111111234▪"  # who is there stays, although one slot would do
    town.design["slices"]["w"]["bandwidth_gbps"] = 40
    assert drawn(town.group()) == "11111111+▪"  # until the room is needed


def test_a_removed_slice_leaves_the_others_where_they_are(town: Town) -> None:
    before = town.group()
    del town.design["slices"]["silver"], town.design["services"]["b"]["slice"]
    after = town.group()
    assert slots(after) == {name: mine for name, mine in slots(before).items() if name != "silver"}


def test_the_way_around_any_failure_is_reserved(tmp_path: Path) -> None:
    town = Town(tmp_path, MINI)
    town.design["interconnects"] = {}
    town.design["slices"] = {"gold": {"domain": "government", "bandwidth_gbps": 10}}
    town.design["services"] = {"gov-sharing": {**town.design["services"]["gov-sharing"], "slice": "gold"}}
    for link in town.design["links"]:
        if link["between"] in (["gov-pe-west", "gov-core-b"], ["gov-pe-east", "gov-core-b"]):
            link["metric"] = 100
    assert set(town.plan().groups) == {
        "gov-pe-west--gov-core-a",  # the way that is taken
        "gov-pe-east--gov-core-a",
        "gov-pe-west--gov-core-b",  # and those around a link or a device of it
        "gov-pe-east--gov-core-b",
        "gov-core-a--gov-core-b",
    }


def test_a_service_with_paths_of_its_own_is_reserved_wherever_they_may_lead(tmp_path: Path) -> None:
    town = Town(tmp_path, MINI)
    town.design["slices"] = {"gold": {"domain": "government", "bandwidth_gbps": 10}}
    for service in town.design["services"].values():
        service.pop("slice", None)
    town.design["services"]["gov-sharing"] |= {"slice": "gold", "path": "quick"}
    town.design["paths"] = {"quick": {"intent": "low-latency"}}
    government = [line.name for line in town.plan().lines.values() if line.domain == "government" and line.rate_gbps]
    assert set(town.plan().groups) == set(government)


def test_the_second_device_of_an_end_is_reserved_for(tmp_path: Path) -> None:
    town = Town(tmp_path, MINI)
    town.design |= {"interconnects": {}, "slices": {"gold": {"domain": "government", "bandwidth_gbps": 10}}}
    service = {**town.design["services"]["gov-sharing"], "slice": "gold"}
    town.design["services"] = {"gov-sharing": service}
    before = set(town.plan().groups)
    service["ends"] = [{**service["ends"][0], "backup_device": "gov-border"}, service["ends"][1]]
    assert set(town.plan().groups) == before | {"gov-border--gov-core-a", "gov-border--gov-core-b"}


def test_nothing_is_sold_twice(town: Town) -> None:
    town.design["slices"]["silver"]["bandwidth_gbps"] = 20
    assert drawn(town.group()) == "11112222+▪"
    town.design["slices"]["lead"]["bandwidth_gbps"] = 10
    with pytest.raises(InputError) as raised:
        town.plan()
    assert [(problem.rule, problem.expected) for problem in raised.value.problems] == [
        ("slice-room", "at most 3 Gbit/s")
    ]


def test_a_client_number_of_the_lock_gives_way_to_none(town: Town) -> None:
    numbers = {name: one.client for name, one in town.plan().slices.items()}
    assert numbers == {"gold": 5, "silver": 1, "tin": 2, "lead": 3}
    text = (town.folder / "citynet.lock").read_text(encoding="utf-8")
    assert Lock.parse(text, "x").held("flexe-client/government") == numbers
    town.design["slices"]["silver"]["client"] = 2
    with pytest.raises(InputError, match="'silver' asks for number 2"):
        town.plan()
    assert locks.read(town.folder / "citynet.lock").held("flexe-client/government") == numbers


def test_customers_cannot_forge_a_slice(town: Town) -> None:
    ruleset = PLATFORM.render(town.plan().devices["left"]).files["/etc/nftables.conf"]
    entries = [line.split() for line in ruleset.splitlines() if "meta mark set" in line]
    assert {line[1] for line in entries} == {'"eth2"', '"eth3"', '"eth4"', '"eth5"', '"eth6"'}
    for line in entries:
        kept, given = int(line[8], 16), int(line[10], 16)
        assert not kept & (marks.SLICE_MASK | marks.CUSTOMER)
        assert given & marks.CUSTOMER
    assert sum(int(line[10], 16) & marks.SLICE_MASK == 0 for line in entries) == 1  # the service without a slice


def test_the_device_knows_every_line_of_its_file(town: Town) -> None:
    text = PLATFORM.render(town.plan().devices["left"]).files["/etc/citynet/slices.batch"]
    Slices().validate({"/etc/citynet/slices.batch": text})
    with pytest.raises(Exception, match="no line that slices are made of"):
        Slices().validate({"/etc/citynet/slices.batch": text + "qdisc add dev eth1 root pfifo\n"})
