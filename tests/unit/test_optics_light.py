"""What the lab's light does when fibres are cut, tapped, bent and mended."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from citynet.lab.optics.orders import RefusalError, circuit_of
from citynet.platforms.tapi import bodies
from optical_town import CITY, Town, order


def lit(town: Town, *orders) -> None:
    for one in orders:
        town.light.add(circuit_of(town.light, bodies.service(town.plan(one))))
    town.clock.advance(1)


def test_a_line_has_light_only_while_its_service_is_up() -> None:
    town = Town()
    one = order("one", "copper")
    lit(town, one)
    assert town.line("one") == "lit"
    town.light.remove(one.uuid)
    assert town.line("one") == "off"


def test_one_plus_one_switches_within_50_ms_and_its_ports_never_notice() -> None:
    town = Town()
    lit(town, order("one", "diamond", protection="ab bc"))
    start = town.clock.now()
    town.light.cut("ac")
    assert town.told_of("one", start) == [(0.0, "dark"), (20.0, "lit")]


def test_a_cut_drops_exactly_what_rides_there() -> None:
    town = Town()
    lit(town, order("over", "copper"), order("round", "copper", working="ab bc", number=1))
    town.light.cut("ac")
    assert (town.line("over"), town.line("round")) == ("off", "lit")


@pytest.mark.parametrize(("level", "seconds"), [("gold", 0.8), ("silver", 1.5)])
def test_restoration_brings_a_line_back_after_the_time_of_its_class(level: str, seconds: float) -> None:
    town = Town()
    lit(town, order("one", level))
    start = town.clock.now()
    town.light.cut("ac")
    town.clock.advance(5)
    assert town.told_of("one", start) == [(0.0, "off"), (seconds * 1000, "lit")]


def test_copper_stays_down_until_the_fibre_is_repaired() -> None:
    town = Town()
    lit(town, order("one", "copper"))
    town.light.cut("ac")
    town.clock.advance(60)
    assert town.line("one") == "off"
    town.light.repair("ac")
    assert town.line("one") == "lit"


def test_diamond_survives_a_second_cut_because_its_protection_was_made_anew() -> None:
    town = Town()
    one = order("one", "diamond", protection="ab bc")
    lit(town, one)
    town.light.cut("ac")
    town.clock.advance(1)
    second = town.clock.now()
    town.light.cut("ab")
    assert town.told_of("one", second) == [(0.0, "dark"), (20.0, "lit")]
    assert town.light.circuits[one.uuid].selected.fibres == ("da", "cd")


def test_gold_with_a_protection_is_restored_after_a_second_cut() -> None:
    town = Town()
    lit(town, order("one", "gold", protection="ab bc"))
    town.light.cut("ac")
    town.clock.advance(1)
    second = town.clock.now()
    town.light.cut("ab")
    town.clock.advance(1)
    assert town.told_of("one", second) == [(0.0, "off"), (800.0, "lit")]


def test_spare_slots_are_shared_and_go_to_the_better_class_first() -> None:
    town = Town(slots=8)  # room for one 50 GHz signal on each fibre
    lit(town, order("one", "silver", ends="ac", working="ac"), order("two", "gold", ends="ab", working="ab", number=1))
    town.light.cut("da")  # so that one way is left for both: ac, bc, ab
    town.light.cut("ac")
    town.light.cut("ab")
    town.clock.advance(5)
    # Neither has a way now: no fibre leads out of a.
    assert (town.line("one"), town.line("two")) == ("off", "off")
    town.light.repair("da")
    town.clock.advance(5)
    assert (town.line("two"), town.line("one")) == ("lit", "off")
    assert "waiting" in town.kinds("one")


def test_services_go_back_when_their_way_has_been_good_for_a_while() -> None:
    town = Town(wait_to_restore_s=10.0)
    one = order("one", "silver")
    lit(town, one)
    town.light.cut("ac")
    town.clock.advance(2)
    assert town.light.circuits[one.uuid].selected.role == "detour"
    town.light.repair("ac")
    town.clock.advance(9)
    assert town.light.circuits[one.uuid].selected.role == "detour"
    town.clock.advance(2)
    circuit = town.light.circuits[one.uuid]
    assert circuit.selected.role == "working"
    assert [leg.role for leg in circuit.legs] == ["working"]
    assert not town.light.spectrum.used("ab")


@pytest.mark.parametrize(("kind", "limit_s"), [("tap", 5.0), ("bend", 6.0)])
def test_services_leave_a_fibre_whose_power_changes_and_never_lose_their_ports(kind: str, limit_s: float) -> None:
    town = Town(roll_ms=1.0)
    one = order("one", "silver")
    lit(town, one)
    start = town.clock.now()
    town.sensing.disturb(kind, "ac")
    town.sense(limit_s)
    assert [alarm.kind for alarm in town.sensing.alarms.values()] == [kind]
    assert "ac" not in town.light.circuits[one.uuid].selected.fibres
    states = town.told_of("one", start)
    assert [state for _, state in states] == ["dark", "lit"]
    assert states[1][0] - states[0][0] == pytest.approx(1.0, abs=0.01)


def test_a_diamond_under_tap_is_on_its_other_way_at_once_and_gets_a_new_second_one() -> None:
    town = Town()
    one = order("one", "diamond", protection="ab bc")
    lit(town, one)
    town.sensing.disturb("tap", "ac")
    town.sense(2.0)
    circuit = town.light.circuits[one.uuid]
    assert circuit.selected.fibres == ("ab", "bc")
    assert ("da", "cd") in [leg.fibres for leg in circuit.legs]


def test_a_fibre_at_rest_raises_no_alarm() -> None:
    town = Town()
    lit(town, order("one", "silver"))
    town.sense(60)
    assert not town.sensing.alarms


def test_a_service_without_another_way_stays_and_says_so() -> None:
    town = Town()
    lit(town, order("one", "silver"))
    for fibre in ("ab", "da"):
        town.light.cut(fibre)
    town.sensing.disturb("tap", "ac")
    town.sense(3.0)
    assert town.line("one") == "lit"
    assert "stays" in town.kinds("one")


def test_power_tells_what_is_wrong_and_is_as_before_after_the_repair() -> None:
    town = Town()
    before = town.sensing.power_dbm("ac", 1)
    town.sensing.disturb("tap", "ac")
    assert town.sensing.power_dbm("ac", 1) == pytest.approx(before - 0.6)
    town.sensing.disturb("cut", "ac")
    assert town.sensing.power_dbm("ac", 1) == -60.0
    town.sensing.repair("ac")
    assert town.sensing.power_dbm("ac", 1) == before
    assert not town.sensing.alarms


def test_thirty_services_come_back_together() -> None:
    town = Town(lines=30, slots=768)
    orders = [order(f"s{number}", "silver", number=number) for number in range(30)]
    for number, one in enumerate(orders):
        town.plan(one)
        leg = town.base.planned[one.uuid][0]
        here = replace(leg.sections[0], first_slot=number * 8)
        town.base.planned[one.uuid] = [replace(leg, sections=(here,))]
        town.light.add(circuit_of(town.light, bodies.service(one)))
    town.clock.advance(1)
    start = town.clock.now()
    town.light.cut("ac")
    town.clock.advance(2)
    for one in orders:
        assert town.told_of(one.name, start) == [(0.0, "off"), (1500.0, "lit")]
    for fibre in ("ab", "bc", "cd", "da"):  # no slot was given twice
        firsts = [used.first_slot for used in town.light.spectrum.used(fibre)]
        assert all(after - before >= 8 for before, after in pairwise(firsts))


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"uuid": "seven"}, "'uuid' is missing, or none"),
        ({"end-point": []}, "two entries of 'end-point'"),
        ({"resilience-constraint": 5}, "'resilience-constraint' is no container"),
    ],
)
def test_a_wrong_request_is_refused_with_the_reason(wrong: dict, why: str) -> None:
    town = Town()
    with pytest.raises(RefusalError, match=why):
        circuit_of(town.light, bodies.service(order("one", "copper")) | wrong)


def test_a_second_way_that_shares_a_risk_is_refused() -> None:
    town = Town()
    one = order("one", "diamond", ends="ad", working="da")
    for fibre in ("cd",):
        town.light.cut(fibre)  # d hangs on one fibre now
    with pytest.raises(RefusalError, match="shares no risk"):
        circuit_of(town.light, bodies.service(one))


def test_a_change_of_class_touches_no_light() -> None:
    town = Town()
    lit(town, order("one", "copper"))
    start = town.clock.now()
    town.clock.advance(1)
    after = order("one", "silver")
    town.light.change(town.light.circuits[after.uuid], lambda: circuit_of(town.light, bodies.service(after)))
    assert town.told_of("one", start + 0.5) == []
    assert town.light.circuits[after.uuid].level == "silver"
    assert town.base.city == CITY
