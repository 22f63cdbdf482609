"""Keys from QKD on real routers: a MACsec line and an IPsec tunnel with PPK, whose key servers can fail."""

from __future__ import annotations

import json
import re
import shutil
import time
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from lab_room import HERE, Room, citynet

from citynet.lab import Lab, keys
from citynet.lab.keyservers import access
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


NAME, ENDS = "quanta", ("left", "right")
LINE, TUNNELS = "line eth1", ("tunnel share--right", "tunnel share--left")
LEDGER = ("tunnel share.ledger--right", "tunnel share.ledger--left")
SERVER = {"left": "kme-west", "right": "kme-east"}
PROBES, FAR = 4000, "10.11.0.18"


@pytest.fixture(scope="module")
def town(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Room:
    design = tmp_path_factory.mktemp("qkd")
    shutil.copy(HERE / "qkd.yml", design / "design.yml")
    citynet("lab", "up", str(design), "--quiet")
    lab = Lab.load(NAME)
    try:
        citynet("deploy", str(design), "--lab", NAME, "--quiet", limit_s=300)
        assert until(lambda: agreed(lab), 60, step_s=0.5)
        yield Room(design, lab)
    finally:
        lab.down()


def users(lab: Lab) -> dict[str, dict[str, Any]]:
    return {device: state["users"] for device, state in keys.status(lab).items()}


def in_use(lab: Lab) -> list[tuple[str, str]]:
    """The keys of the line and of the tunnels, each at both ends."""
    found = users(lab)
    ends = [(LINE, LINE), TUNNELS, LEDGER]
    return [tuple(found[end][name]["key_id"] for end, name in zip(ENDS, pair, strict=True)) for pair in ends]


def agreed(lab: Lab, beside: list[tuple[str, str]] | None = None) -> bool:
    """Whether both ends are up under the same keys, and other ones than before."""
    now = in_use(lab)
    up = all(user["state"] == "up" for found in users(lab).values() for user in found.values())
    fresh = beside is None or all(new != old for new, old in zip(now, beside, strict=True))
    return up and fresh and all(len(set(pair)) == 1 and pair[0] for pair in now)


def alarms(lab: Lab, device: str) -> set[str]:
    return {alarm["alarm"] for alarm in keys.status(lab)[device]["alarms"]}


def test_line_and_tunnel_have_keys_of_the_key_servers(town: Room) -> None:
    status = json.loads(citynet("keys", "status", "--name", NAME, "--json").stdout)
    assert status["ok"]
    assert "PPK" in status["devices"]["left"]["users"][TUNNELS[0]]["exchange"]
    assert all(state["server"]["answers"] for state in status["devices"].values())
    assert access.state(town.lab)["kme-west"]["requests"] > 0


def test_important_data_at_level_3_are_strong(town: Room) -> None:
    """The grade between: 256 bits and a key of QKD, and no post-quantum exchange, which core data have."""
    exchanges = [users(town.lab)["left"][name]["exchange"] for name in (TUNNELS[0], LEDGER[0])]
    assert exchanges == ["ECP_384/KE1_ML_KEM_768/PPK", "ECP_384/PPK"]
    assert "ESP:AES_CBC-256/HMAC_SHA2_512_256/ESN" in associations(town, "share/ledger--right")
    before = [packets(town, name) for name in ("share--right", "share/ledger--right")]
    town.lab.node("taker-1", "timeout 20 socat -u TCP-LISTEN:5432,reuseaddr CREATE:/tmp/got >/dev/null 2>&1 & echo on")
    assert until(lambda: ":1538 " in town.lab.node("taker-1", "cat /proc/net/tcp /proc/net/tcp6"), 10, step_s=0.2)
    town.lab.node("giver-1", f"echo an important word | socat -u STDIN TCP:{FAR}:5432")
    assert until(lambda: "important word" in town.lab.node("taker-1", "cat /tmp/got"), 10, step_s=0.2)
    after = [packets(town, name) for name in ("share--right", "share/ledger--right")]
    assert after[0] == before[0]
    assert after[1] >= before[1] + 3


def associations(town: Room, connection: str) -> str:
    return town.lab.node("left", f"swanctl --list-sas --ike {connection}")


def packets(town: Room, connection: str) -> int:
    """How many a tunnel has sent."""
    return sum(int(count) for count in re.findall(r"out .*?(\d+) packets", associations(town, connection)))


def test_no_probe_is_lost_while_all_keys_are_replaced_on_demand(town: Room) -> None:
    before = in_use(town.lab)
    ping = f"ping -q -i 0.005 -c {PROBES} {FAR} > /tmp/probe 2>&1; tail -3 /tmp/probe"
    started = town.lab.node("giver-1", f"nohup sh -c '{ping}' >/dev/null 2>&1 & echo started")
    assert "started" in started
    citynet("keys", "rotate", "--name", NAME, "--quiet")
    assert until(lambda: agreed(town.lab, beside=before), 30, step_s=0.5)
    assert until(lambda: "packets transmitted" in town.lab.node("giver-1", "cat /tmp/probe"), 60, step_s=1)
    said = town.lab.node("giver-1", "cat /tmp/probe")
    print(said)
    assert f"{PROBES} packets transmitted, {PROBES} received" in said


def test_keys_are_in_no_log_state_process_or_difference(town: Room) -> None:
    secrets = [value for value in yaml.safe_load((town.design / "secrets.yml").read_text()).values() if len(value) > 40]
    argv = "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'"
    for device in ENDS:
        kernel = town.lab.node(device, "ip xfrm state | grep -oE '0x[0-9a-f]{32,}' | cut -c3- | sort -u").split()
        caks = town.lab.node(device, "cat /run/citynet/keys/*/* 2>/dev/null | grep -aoE '[0-9a-f]{64}' || true").split()
        assert kernel
        told = town.lab.node(device, f"cat /var/log/citynet/keys.log /run/citynet/keys.json; {argv}")
        for value in (*kernel, *caks, *secrets):
            assert value not in told
    difference = citynet("deploy", str(town.design), "--lab", NAME, "--check", "--diff", check=None).stdout
    plan = (town.lab.state_dir / "plan.json").read_text()
    assert not any(value in difference or value in plan for value in secrets)


@pytest.mark.parametrize(("kind", "alarm"), [("kme", "key server"), ("dry", "keys with left")])
def test_outage_is_an_alarm_within_five_seconds_and_ends_by_itself(town: Room, kind: str, alarm: str) -> None:
    struck = time.time()
    access.strike(
        town.lab, kind, "kme-east", 1
    )  # what `citynet lab fault` does, without the time that it takes to start
    try:
        assert until(lambda: alarm in alarms(town.lab, "right"), 15, step_s=0.2)
        (raised,) = [one for one in keys.status(town.lab)["right"]["alarms"] if one["alarm"] == alarm]
        print(f"{kind}: alarm {raised['since'] - struck:.1f} s after it was ordered")
        assert raised["since"] - struck < 5.0
        faults = json.loads(citynet("lab", "status", NAME, "--json").stdout)["faults"]
        assert [(fault["kind"], fault["target"]) for fault in faults] == [(kind, "kme-east")]
        assert agreed(town.lab)  # the last key is held
    finally:
        citynet("lab", "fault", "--undo", "--name", NAME, "--quiet")
    assert until(lambda: alarm not in alarms(town.lab, "right"), 15, step_s=0.2)


def test_lost_answer_costs_one_key(town: Room) -> None:
    assert until(lambda: agreed(town.lab), 60, step_s=0.5)
    before = in_use(town.lab)
    access.strike(town.lab, "lose", "kme-east", 1)
    citynet("keys", "rotate", "--name", NAME, "--quiet")
    assert until(lambda: agreed(town.lab, beside=before), 60, step_s=0.5)
    assert access.state(town.lab)["kme-east"]["lose"] == 0


def test_without_keys_for_too_long_it_closes_and_opens_again_by_itself(town: Room) -> None:
    assert until(lambda: agreed(town.lab), 60, step_s=0.5)
    for server in SERVER.values():
        access.strike(town.lab, "kme", server, 1)
    try:
        limit_s = 60 + 60 + 30  # rotate_s, hold_s of the design
        closed = dict.fromkeys(ENDS, "closed")
        assert until(
            lambda: {device: found[LINE]["state"] for device, found in users(town.lab).items()} == closed,
            limit_s,
            step_s=1,
        )
        silent = town.lab.node("giver-1", f"ping -q -i 0.2 -c 5 -W 1 {FAR} || true")
        assert "5 packets transmitted, 0 received" in silent
    finally:
        for server in SERVER.values():
            access.strike(town.lab, "kme", server, 0)
    assert until(lambda: agreed(town.lab), 90, step_s=1)
