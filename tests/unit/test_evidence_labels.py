"""Identifiers of flows between the domains: how borders note them, what records say of them, lists and their proof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_fences import planned

import evidence_town
from citynet import build
from citynet.evidence import flows
from citynet.evidence.crossing import Crossings
from citynet.evidence.record import Record
from citynet.plan import recording
from citynet.plan.recording import ANSWERS, SEVERAL, UNKNOWN
from citynet.platforms.whitebox import PLATFORM
from citynet.proof import prove
from citynet.proof.model import Area, Verdict
from tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.plan.model import Plan

RECORDS, TRADES = 1 << 16 | 7, 2 << 16 | 1
MIDNIGHT = evidence_town.NOON // 1_000_000 + 12 * 3600
HALF = st.tuples(st.integers(0, UNKNOWN), st.booleans())


@pytest.fixture(scope="module")
def plan() -> Plan:
    return build.plan(ROOT / "tests/golden/cases/fences/design.yml")[0]


def record(plan: Plan, mark: int, **changes: Any) -> Record:
    """A flow of the ward to the market in the middle of the night, as the border of the ward's domain sees it."""
    night = {"flow.start.sec": MIDNIGHT, "flow.end.sec": MIDNIGHT}
    ends = {"src_ip": "fd11::2", "dest_ip": "fd12::2", "orig.l4.dport": 443, "ct.mark": mark}
    flow = flows.parse(evidence_town.flow_line(1, **{**night, **ends, **changes}))
    assert flow is not None
    found = Crossings(plan).record("gov-gate", flow)
    assert isinstance(found, Record)
    return found


def said(found: Record) -> list[tuple[str, str, str]]:
    return [(policy.policy, policy.rule, str(policy.result)) for policy in found.policies]


@given(HALF, HALF)
def test_a_mark_says_what_was_noted(there: tuple[int, bool], back: tuple[int, bool]) -> None:
    numbers = {note: note + (1 << 100) for note in range(1, UNKNOWN) if note % 2}
    halves = [note | SEVERAL * several for note, several in (there, back)]
    for noted, (note, several) in zip(
        recording.read(halves[0] | halves[1] << ANSWERS, numbers), (there, back), strict=True
    ):
        assert noted.number == numbers.get(note, 0)
        assert noted.several == several
        assert noted.unknown == (note != 0 and note not in numbers)


def test_notes_are_kept_by_the_lock_and_both_borders_have_the_same(tmp_path: Path, plan: Plan) -> None:
    assert [(one.number, one.note) for one in plan.devices["gov-gate"].recorded] == [(RECORDS, 1), (TRADES, 2)]
    assert plan.devices["crs-gate"].recorded == plan.devices["gov-gate"].recorded
    assert not plan.devices["west"].recorded
    design = tmp_path / "design.yml"
    planned(tmp_path)
    build.plan_and_lock(design)
    more = (
        "{identifiers: {a-new-one: {group: health, data_class: public, use: aaa}}, "
        "services: {market: {tags: [{identifier: 77}]}}}"
    )
    planned(tmp_path, more)
    again, _ = build.plan_and_lock(design)
    notes = {one.number: one.note for one in again.devices["gov-gate"].recorded}
    assert (notes[RECORDS], notes[TRADES]) == (1, 2)
    assert sorted(notes.values()) == [1, 2, 3, 4]
    assert 77 in notes


def test_a_design_without_identifiers_notes_nothing() -> None:
    plain, _ = build.plan(ROOT / "labs/mini")
    assert not plain.devices["gov-border"].recorded
    assert "ct mark" not in PLATFORM.render(plain.devices["gov-border"]).files["/etc/nftables.conf"]


def test_a_record_has_both_identifiers_and_what_the_fence_says_of_each_direction(plan: Plan) -> None:
    found = record(plan, 1 | 2 << ANSWERS)
    assert (found.identifier, found.answer_identifier) == (RECORDS, TRADES)
    assert said(found) == [
        ("interconnect", "guard/allow-1", "allow"),
        ("fence", "records-by-night", "allow"),
        ("fence", "trades-in-town", "allow"),
    ]
    assert [policy.detail for policy in found.policies] == ["", "", "answers"]


ODD = [
    # by day the fence is closed
    (1 | 2 << ANSWERS, {"flow.start.sec": MIDNIGHT - 12 * 3600}, "guard/allow-1 allow, records-by-night deny"),
    (1, {}, "guard/allow-1 allow, records-by-night allow,  unmatched"),  # answers without
    (1, {"reply.raw.pktcount": 0}, "guard/allow-1 allow, records-by-night allow"),  # no answers
    (0, {"reply.raw.pktcount": 0}, "guard unmatched,  unmatched"),  # nothing at a port that asks for one
    (2, {"reply.raw.pktcount": 0}, "guard unmatched, trades-in-town allow"),  # not on the list
    (1 | 1 << ANSWERS, {}, "guard unmatched, records-by-night allow, records-by-night records-in-town allow"),
    (UNKNOWN, {"reply.raw.pktcount": 0}, "guard unmatched,  unmatched"),
    (9, {"reply.raw.pktcount": 0}, "guard unmatched,  unmatched"),
    (1 | SEVERAL, {"reply.raw.pktcount": 0}, "guard unmatched, records-by-night unmatched"),
]


@pytest.mark.parametrize(("mark", "changes", "expected"), ODD)
def test_what_should_not_have_crossed_stands_out(plan: Plan, mark: int, changes: dict[str, Any], expected: str) -> None:
    found = ", ".join(f"{rule} {result}" for _, rule, result in said(record(plan, mark, **changes)))
    assert found.startswith(expected)


def test_the_class_of_an_identifier_counts(tmp_path: Path) -> None:
    plan = planned(tmp_path, "{identifiers: {records: {data_class: public}}}")
    plan.identifiers["records"].data_class = "important"
    assert record(plan, 1).data_class == "important"
    assert record(plan, 2).data_class == "public"


def fence_claims(plan: Plan) -> dict[str, Verdict]:
    return {result.claim: result.verdict for result in prove(plan, [Area.FENCES]).results}


def test_a_list_is_in_the_guard_and_in_the_fence_of_both_borders(plan: Plan) -> None:
    for name, direction in (("gov-gate", "out"), ("crs-gate", "in")):
        text = PLATFORM.render(plan.devices[name]).files["/etc/nftables.conf"]
        chain = text[text.index(f"chain guard_{direction} ") :].partition("}\n\n")[0]
        assert f"@nh,352,32 {{ {RECORDS} }} ct direction original" in chain
        assert "ip daddr" not in chain  # IPv4 has no place for an identifier
    assert all(verdict is Verdict.PROVEN for verdict in fence_claims(plan).values())


ALLOW = "{interconnects: {guard: {allow: [{source: hospital, destination: exchange, protocol: udp, ports: [53], %s}]}}}"


@pytest.mark.parametrize(
    ("words", "there", "back"),
    [
        ("identifiers: [records], answers: [trades]", True, True),
        ("identifiers: [records], answers: []", True, False),
        ("identifiers: [records]", True, False),
        ("title: ''", True, True),
    ],
)
def test_each_direction_is_decided_by_itself(tmp_path: Path, words: str, there: bool, back: bool) -> None:
    plan = planned(tmp_path, (ALLOW % words).replace(", title: ''", ""))
    ways = {
        (entry.identifier, entry.direction)
        for entry in plan.devices["gov-gate"].fence.entries  # type: ignore[union-attr]
    }
    assert ((RECORDS, "out") in ways, (TRADES, "in") in ways) == (there, back)
    assert all(verdict is Verdict.PROVEN for verdict in fence_claims(plan).values())


def _take_list(plan: Plan) -> None:
    plan.devices["gov-gate"].guards[0].rules[0].identifiers = [TRADES]


def _swap_answers(plan: Plan) -> None:
    for name in ("gov-gate", "crs-gate"):
        plan.devices[name].guards[0].rules[0].answers = [RECORDS]


def _open_port(plan: Plan) -> None:
    fence = plan.devices["crs-gate"].fence
    assert fence is not None
    for port in fence.ports:
        port.fenced = port.kind != "interconnect"


def _forget_note(plan: Plan) -> None:
    plan.devices["crs-gate"].recorded = plan.devices["crs-gate"].recorded[:1]


def _same_note(plan: Plan) -> None:
    plan.devices["crs-gate"].recorded[1].note = 1


@pytest.mark.parametrize(
    ("harm", "claim", "says"),
    [
        (_take_list, "FENCE-06", "its two ends have different lists"),
        (_swap_answers, "FENCE-06", "trades crosses from fd12::/64 to fd11::/64, and no list names it"),
        (_open_port, "FENCE-06", "crs-gate lets packets without an identifier past the lists of allow-1"),
        (_forget_note, "FENCE-07", "has no note for identifiers [131073] that cross guard"),
        (_same_note, "FENCE-07", "has two identifiers of one note"),
    ],
)
def test_a_plan_that_was_tampered_with_is_refuted(tmp_path: Path, harm: Any, claim: str, says: str) -> None:
    plan = planned(tmp_path)
    harm(plan)
    result = next(one for one in prove(plan, [Area.FENCES]).results if one.claim == claim)
    assert result.verdict is Verdict.REFUTED
    assert any(says in one.what for one in result.refutations)


def test_two_interconnects_between_two_devices_are_two_lines() -> None:
    plan, _ = build.plan(ROOT / "tests/lab/evidence.yml")
    names = [line.name for line in plan.lines.values() if line.kind == "interconnect"]
    assert names == ["gov-border--cross-border--guard", "gov-border--cross-border--labelled"]
