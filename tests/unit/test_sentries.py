"""Security sentries: rules of a design, rules made from the plan, and events made of alerts."""

from __future__ import annotations

import base64
import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from citynet import build
from citynet.design import rule_files
from citynet.design.rule_files import FIRST_OWN, LAST_OWN
from citynet.errors import InputError
from citynet.platforms.whitebox import watching
from citynet.platforms.whitebox.device import sentry_alerts
from citynet.platforms.whitebox.device.sentry_alerts import Told
from tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.plan.model import DeviceSentry, Plan

CASE = ROOT / "tests/golden/cases/sentries"
GOOD = (
    'alert tcp $HOME_NET any -> [10.0.0.0/8, !10.1.0.0/16] [80,8000:8010] (msg:"a \\; b"; content:"|3b 3B|x"; sid:7;)'
)


@pytest.fixture
def town(tmp_path: Path) -> Path:
    for name in ("design.yml", "city.rules"):
        shutil.copy(CASE / name, tmp_path)
    return tmp_path


def planned(town: Path, *changes: tuple[str, str]) -> Plan:
    design = town / "design.yml"
    text = design.read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    design.write_text(text, encoding="utf-8")
    return build.plan(town)[0]


def sentry(plan: Plan, device: str = "cross-border") -> DeviceSentry:
    found = plan.devices[device].sentry
    assert found is not None
    return found


def texts(found: DeviceSentry, kind: str) -> list[str]:
    return [one.text for one in watching.rules(found) if one.kind == kind]


def test_good_rules_are_taken_as_they_are() -> None:
    found = rule_files.parse(f'# for people\n\n{GOOD}\nalert udp any any <> any any ( \\\n  msg:"two lines"; sid:8;)\n')
    assert found.faults == []
    assert found.rules[0] == GOOD
    assert found.rules[1].startswith('alert udp any any <> any any ( msg:"two lines"')
    assert found.numbers == {7: 3, 8: 4}


@pytest.mark.parametrize(
    ("change", "what", "hint"),
    [
        (("alert", "drop"), "action 'drop'", "a sentry tells and stops nothing"),
        (("alert", "alarm"), "action 'alarm'", ""),
        (("tcp", "tpc"), "protocol 'tpc'", "did you mean 'tcp'?"),
        (("->", "=<"), "direction '=<'", ""),
        (("$HOME_NET", "$HOMENET"), "'$HOMENET' is not known", "did you mean 'HOME_NET'?"),
        (("$HOME_NET", "10.0.0.0/33"), "'10.0.0.0/33' is no address", ""),
        (("!10.1.0.0/16]", "!10.1.0.0/16]]"), "a bracket too many or too few", ""),
        (("8000:8010", "8010:8000"), "'8010:8000' is no port", ""),
        (("8000:8010", "70000"), "'70000' is no port", ""),
        (("content", "contnet"), "keyword 'contnet' is unknown", "did you mean 'content'?"),
        (("|3b 3B|", "|3b 3|"), "is not hexadecimal", ""),
        (("|3b 3B|", "|3b 3B"), "has a '|' without a second one", ""),
        (('content:"', "content:"), "do not end", ""),
        (('msg:"a \\; b"; ', ""), "0 texts for people", ""),
        (("sid:7;", ""), "the rule has no number of its own", ""),
        (("sid:7", f"sid:{FIRST_OWN}"), "is one of citynet's own", ""),
        (("sid:7", "lua:x.lua; sid:7"), "'lua' needs what is not in the rule", ""),
        ((" (", " "), "is no rule", ""),
    ],
)
def test_a_rule_that_cannot_be_meant(change: tuple[str, str], what: str, hint: str) -> None:
    assert change[0] in GOOD
    (first, *_) = rule_files.parse(f"\n{GOOD.replace(*change)}").faults
    faults = rule_files.parse(f"\n{GOOD.replace(*change)}").faults
    assert any(what in one.what for one in faults), faults
    assert first.line == 2
    assert not hint or any(one.hint == hint for one in faults)


def test_faults_are_told_with_file_and_line_all_at_once(town: Path) -> None:
    (town / "city.rules").write_text(
        f'{GOOD}\n{GOOD}\ndrop ip any any -> any any (msg:"x"; sid:9;)\n', encoding="utf-8"
    )
    with pytest.raises(InputError) as error:
        build.check(town)
    said = str(error.value)
    assert "city.rules:2: sid 7 stands in line 1 as well, expected a number of its own [sentry-rules]" in said
    assert "city.rules:3: action 'drop', expected alert or pass, a sentry tells and stops nothing" in said


def test_a_file_of_rules_is_a_part_of_the_design(town: Path) -> None:
    before = build.check(town).digest
    (town / "city.rules").write_text(GOOD, encoding="utf-8")
    assert build.check(town).digest != before
    assert sentry(planned(town)).rules == [GOOD]


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"#" * (rule_files.MOST_BYTES + 1)])
def test_a_file_that_cannot_be_read(town: Path, content: bytes | None) -> None:
    (town / "city.rules").unlink()
    if content is not None:
        (town / "city.rules").write_bytes(content)
    with pytest.raises(InputError) as error:
        build.check(town)
    assert "design.yml:" in str(error.value)
    assert "[sentry-rules]" in str(error.value)


def test_a_name_with_a_quote_never_gets_into_a_rule(town: Path) -> None:
    with pytest.raises(InputError):
        planned(town, ("blocked_names: [evil.example]", "blocked_names: ['evil\"; sid:1;)']"))


def test_both_ends_of_an_interconnect_and_the_exit_have_one(town: Path) -> None:
    plan = planned(town)
    assert [name for name, one in plan.devices.items() if one.sentry] == ["gov-border", "cross-border"]
    near, far = (sentry(plan, name).watches[0] for name in ("gov-border", "cross-border"))
    assert (near.near, near.far) == (far.far, far.near)
    assert near.inside == "sharing"
    assert [one.kind for one in sentry(plan).watches] == ["interconnect", "exit"]
    assert sentry(plan).names["fd11::2"] == "bureau-1"


def test_no_two_rules_have_one_number_and_all_are_citynets(town: Path) -> None:
    numbers = [one.number for one in watching.rules(sentry(planned(town)))]
    assert len(set(numbers)) == len(numbers)
    assert all(FIRST_OWN <= one <= LAST_OWN for one in numbers)


def test_rules_that_are_made_have_the_form_of_rules(town: Path) -> None:
    made = "\n".join(one.text.replace("sid:19", "sid:29") for one in watching.rules(sentry(planned(town))))
    assert rule_files.parse(made).faults == []


def test_what_the_guard_lets_pass_is_no_scan(town: Path) -> None:
    scans = texts(sentry(planned(town), "gov-border"), "scan")
    out = "alert tcp [10.11.0.0/20,fd11::/48] any -> [10.12.0.0/20,fd12::/48] ![8443,9000] "
    back = "alert tcp [10.12.0.0/20,fd12::/48] any -> [10.11.0.0/20,fd11::/48] !9000 "
    assert [sum(one.startswith(start) for one in scans) for start in (out, back)] == [1, 1]
    pings = [one.split()[1:3] for one in scans if one.startswith("alert icmp")]
    assert pings == [[f"icmpv{version}", "[10.12.0.0/20,fd12::/48]"] for version in (4, 6)]  # out they may


def test_from_the_internet_everything_is_one(town: Path) -> None:
    (scan,) = [one for one in texts(sentry(planned(town)), "scan") if "from the internet" in one]
    assert "!10.11.0.0/20" in scan.split(" -> ")[0]
    assert "203.0.113.2" in scan.split(" -> ")[1]
    assert "!203.0.113.2" in scan.split(" -> ")[0]  # what goes out under the port's own address


def test_an_identifier_of_the_city_is_none_that_nobody_gave(town: Path) -> None:
    plan = planned(town)
    (rule,) = texts(sentry(plan), "identifier")
    number = plan.identifiers["records"].number.to_bytes(4, "big").hex(" ")
    assert f'content:!"|{number}|"; offset:44; depth:4;' in rule
    assert 'content:"|03 04|"; offset:42; depth:2' in rule


def test_more_memory_is_more_frames_that_wait(town: Path) -> None:
    small = watching.frames(sentry(planned(town)))
    assert watching.frames(
        sentry(planned(town, ("largest_mb: 2", "largest_mb: 2\n      buffer_mb: 80")))
    ) == pytest.approx(10 * small, rel=0.01)


SETTINGS: dict[str, Any] = {
    "watches": [{"name": "guard", "kind": "interconnect", "interfaces": ["sharing", "eth2"]}],
    "rules": {"1901000": ["guard", "scan"]},
    "names": {"fd11::2": "bureau-1"},
    "option": 3,
    "bits": 32,
}


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    path = tmp_path / "log" / "events.jsonl"
    monkeypatch.setattr(sentry_alerts, "EVENTS", str(path))
    return path


def alert(**more: Any) -> bytes:
    value = {
        "timestamp": "2026-11-27T00:00:01.250000+0000",
        "in_iface": "sharing",
        "src_ip": "fd11:0000:0000:0000:0000:0000:0000:0002",
        "src_port": 40000,
        "dest_ip": "fd12:0000:0000:0000:0000:0000:0000:0009",
        "dest_port": 22,
        "proto": "TCP",
        "alert": {"signature_id": 1901000, "signature": "guard: tries", "severity": 3, "category": ""},
        **more,
    }
    return json.dumps(value).encode()


def events(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_an_alert_becomes_an_event(told: Path) -> None:
    Told(SETTINGS).alert(alert())
    (event,) = events(told)
    assert event["time"] == 1795737601250000
    assert (event["kind"], event["alarm"], event["verdict"]) == ("intrusion", True, "seen")
    assert event["subject"] == "bureau-1"
    assert event["reason"] == "guard: tries: bureau-1 to fd12::9 port 22"
    assert (event["detail"]["watch"], event["detail"]["kind"]) == ("guard", "scan")
    assert told.stat().st_mode & 0o7777 == 0o640


def test_a_rule_of_the_design_is_told_by_the_interface(told: Path) -> None:
    Told(SETTINGS).alert(alert(alert={"signature_id": 5, "signature": "x" * 9000}, in_iface="eth2"))
    (event,) = events(told)
    assert event["detail"]["watch"] == "guard"
    assert event["detail"]["kind"] == "rule"
    assert len(told.read_bytes()) < 4000


def test_a_storm_is_counted_and_not_told_one_by_one(told: Path) -> None:
    sink = Told(SETTINGS)
    for _ in range(int(sentry_alerts.BURST) + 500):
        sink.alert(alert())
    assert sentry_alerts.BURST <= len(events(told)) < sentry_alerts.BURST + 50
    sink._room = 5.0
    sink.flush()
    assert "more alerts in a short time" in events(told)[-1]["reason"]


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'{"alert": 1}', b'{"alert": {}}', b"\xff"])
def test_what_is_no_alert_does_no_harm(told: Path, line: bytes) -> None:
    Told(SETTINGS).alert(line)
    assert not told.exists() or len(events(told)) == 1


@pytest.mark.parametrize(
    ("header", "option", "number"),
    [(60, "0304", 0x10009), (0, "0304", 0x10009), (17, "0304", 0), (60, "0504", 0), (60, "0302", 0)],
)
def test_the_identifier_is_read_where_a_border_looks_for_it(header: int, option: str, number: int) -> None:
    ip = bytes([0x60, 0, 0, 0, 0, 16, header, 64]) + bytes(32) + bytes.fromhex(f"1100{option}00010009") + bytes(8)
    frame = base64.b64encode(bytes(12) + b"\x86\xdd" + ip).decode()
    assert sentry_alerts.identifier(frame, 3, 32) == number
    assert sentry_alerts.identifier(frame[:40], 3, 32) == 0
    assert sentry_alerts.identifier("?", 3, 32) == 0
