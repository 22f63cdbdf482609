"""IPsec on a whitebox: what its file says, and the part of the transaction that brings it into force."""

from __future__ import annotations

import pytest

from citynet.design.loader import load
from citynet.plan.lock import Lock
from citynet.plan.model import Plan
from citynet.plan.planner import make_plan
from citynet.platforms.whitebox import PLATFORM, ike
from citynet.platforms.whitebox.device import ipsec
from citynet.platforms.whitebox.device.keys import charon
from citynet.platforms.whitebox.device.system import Output, StepError
from tree import ROOT

LISTED = """core/web--b: IKEv2, no reauthentication, rekeying every 14400s, dpd delay 4s
  local:  fd01:1:1::1:1
  remote: fd01:1:2::1:1
  core/web--b: TUNNEL, rekeying every 3600s or 68719476736 bytes, dpd action is clear
    local:  fd01:1:1::/48
core--b: IKEv2, no reauthentication, rekeying every 14400s, dpd delay 4s
"""
FILE = """connections {
    core/web--b {
        local {
            auth = pubkey
        }
    }
    core--b {
    }
}
secrets {
    ppk-1 {
    }
}
"""


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(load(ROOT / "tests/golden/cases/encryption"), Lock())


def text(plan: Plan, device: str) -> str:
    return PLATFORM.render(plan.devices[device]).files[ipsec.CONNECTIONS]


def test_every_tunnel_has_a_connection_and_every_connection_one_proposal(plan) -> None:
    seen = 0
    for name, device in plan.devices.items():
        if not ike.has_tunnels(device):
            assert ipsec.CONNECTIONS not in PLATFORM.render(device).files
            continue
        found = charon.parsed(text(plan, name))["connections"]
        tunnels = {tunnel.name: one for one in device.protections if one.method == "ipsec" for tunnel in one.tunnels}
        assert set(found) == {ipsec.connection(tunnel) for tunnel in tunnels}
        for tunnel, one in tunnels.items():
            told = found[ipsec.connection(tunnel)]
            child = told["children"][ipsec.connection(tunnel)]
            seen += 1
            assert (told["proposals"], child["esp_proposals"]) == (one.ike, one.esp)
            assert "," not in told["proposals"] + child["esp_proposals"]
            assert (told.get("ppk_required") == "yes") == one.ppk
            assert ("mlkem768" in told["proposals"]) == one.ml_kem
            assert int(child["replay_window"]) == one.replay_window > 0
            assert told["local"]["id"] == name
            assert child["set_mark_in"].endswith("/0xffe00000")
            assert "start_action" not in child
    assert seen > 4


def test_both_ends_agree(plan) -> None:
    for name, device in plan.devices.items():
        for one in device.protections:
            for tunnel in one.tunnels if one.method == "ipsec" else ():
                here = charon.parsed(text(plan, name))["connections"][ipsec.connection(tunnel.name)]
                back = ipsec.connection(f"{one.name}--{name}")
                there = charon.parsed(text(plan, tunnel.peer))["connections"][back]
                assert here["proposals"] == there["proposals"]
                assert (here["local_addrs"], here["remote_addrs"]) == (there["remote_addrs"], there["local_addrs"])
                mine, theirs = here["children"][ipsec.connection(tunnel.name)], there["children"][back]
                assert (mine["local_ts"], mine["remote_ts"]) == (theirs["remote_ts"], theirs["local_ts"])
                assert (here["local"]["id"], here["remote"]["id"]) == (there["remote"]["id"], there["local"]["id"])


@pytest.fixture
def running(monkeypatch) -> list[list[str]]:
    done: list[list[str]] = []
    monkeypatch.setattr(ipsec, "process_named", lambda _: 4711)
    monkeypatch.setattr(ipsec, "run", lambda _argv: Output(0, LISTED))
    monkeypatch.setattr(ipsec, "must", lambda argv: done.append(argv) or "")
    monkeypatch.setattr(ipsec, "_LIMIT_S", 0.0)
    return done


@pytest.mark.usefixtures("running")
def test_what_runs_is_what_the_file_says() -> None:
    part = ipsec.Ipsec()
    assert part.drift({ipsec.CONNECTIONS: FILE}, None) == ""
    assert part.check({ipsec.CONNECTIONS: FILE}) == []


@pytest.mark.usefixtures("running")
def test_a_connection_that_is_missing_or_superfluous_is_drift_and_no_success() -> None:
    part, other = ipsec.Ipsec(), FILE.replace("core--b", "more--b")
    assert part.drift({ipsec.CONNECTIONS: other}, None) == "-connection more--b\n+connection core--b"
    with pytest.raises(StepError, match="has not taken its connections: more--b"):
        part.check({ipsec.CONNECTIONS: other})


def test_a_daemon_that_does_not_run_is_drift(monkeypatch) -> None:
    monkeypatch.setattr(ipsec, "process_named", lambda _: None)
    assert ipsec.Ipsec().drift({ipsec.CONNECTIONS: FILE}, None) == "charon-systemd does not run"


@pytest.mark.parametrize(
    ("changed", "commands"),
    [
        ({ipsec.CONNECTIONS}, ["--load-creds", "--load-conns"]),
        ({ipsec.CREDENTIALS[1]}, ["--load-creds", "--load-conns"]),
        (set(), ["--load-conns"]),
    ],
)
def test_a_change_is_told_to_the_daemon_and_does_not_restart_it(running, changed, commands) -> None:
    ipsec.Ipsec().apply({ipsec.CONNECTIONS: FILE}, changed)
    assert [argv[1] for argv in running] == commands


def test_the_key_is_for_its_owner_only(plan) -> None:
    template = PLATFORM.render(plan.devices["pe-west"]).files["/etc/swanctl/private/citynet.pem"]
    assert template == "-----BEGIN PRIVATE KEY-----\n@secret(pki/pe-west/key)\n-----END PRIVATE KEY-----\n"
