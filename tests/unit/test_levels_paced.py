"""The probe of one datagram a millisecond: what its receiver makes of gaps, and a real flow over the loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from test_levels_remote import REMOTE, load

MS = 1_000_000


def came(*numbers: int, late: dict[int, int] | None = None) -> list[tuple[int, int, int]]:
    """Datagrams by number, sent on time (but for some, by milliseconds) and 0.05 ms on their way."""
    late = late or {}
    sent = [(number + late.get(number, 0)) * MS for number in numbers]
    return [(number, at, at + 50_000) for number, at in zip(numbers, sent, strict=True)]


@pytest.mark.parametrize(
    ("numbers", "first", "gaps"),
    [
        ([0, 1, 2, 3], 0, []),
        ([0, 1, 5, 6], 0, [4.0]),
        ([0, 2, 1, 3], 0, []),
        ([7, 8], 4, [3]),
        ([0, 1, 3, 4, 9], 0, [2.0, 5.0]),
        ([], 0, []),
    ],
    ids=["whole", "gap", "reordered", "lost-first", "two-gaps", "nothing"],
)
def test_gaps_by_the_senders_clock(
    monkeypatch: pytest.MonkeyPatch, numbers: list[int], first: int, gaps: list[float]
) -> None:
    paced = load("paced", monkeypatch)
    assert paced.outages(sorted(came(*numbers)), first, 1.0) == gaps


def test_a_pause_of_the_sender_is_told_apart_from_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    paced = load("paced", monkeypatch)
    phase = paced.Phase(0)
    for one in came(0, 1, 2, 3, late={2: 40, 3: 40}):
        phase.add(*one)
    told = phase.report(1.0)
    assert (told["sent"], told["received"], told["longest_outage_ms"], told["pause_ms"]) == (4, 4, 0.0, 40.0)
    assert told["delay_ms"] == [0.05, 0.05, 0.05, 0.05]


def test_a_loss_ends_the_run_that_makes_a_flow_steady(monkeypatch: pytest.MonkeyPatch) -> None:
    paced = load("paced", monkeypatch)
    phase = paced.Phase(0)
    for one in came(0, 1, 2, 5):
        phase.add(*one)
    assert phase.run == 0
    phase.add(6, 6 * MS, 7 * MS)
    assert phase.run == 1
    phase.add(6, 6 * MS, 8 * MS)
    assert [phase.report(1.0)[key] for key in ("sent", "received", "duplicates")] == [7, 5, 1]


def test_what_arrived_before_a_phase_was_asked_for_makes_no_flow_steady(monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver that is late reads it only then: of a line that broke in between it would know nothing."""
    paced = load("paced", monkeypatch)
    phase = paced.Phase(0)
    phase.begin(3 * MS)
    for one in came(0, 1, 2):
        phase.add(*one)
    assert phase.run == 0
    for one in came(3, 4):
        phase.add(*one)
    assert (phase.run, phase.report(1.0)["received"]) == (2, 5)


def program(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(REMOTE / "paced.py"), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(REMOTE),
    )


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", 0))
        return int(sock.getsockname()[1])


def test_a_real_flow_arrives_whole_and_in_phases() -> None:
    port = free_port()
    receiver = program(json.dumps({"port": port, "interval_ms": 1.0, "flows": 2}))
    targets = [{"address": address, "port": port} for address in ("127.0.0.1", "::1")]
    sender = None
    try:
        assert json.loads(receiver.stdout.readline()) == {"listening": True}
        sender = program(json.dumps({"targets": targets, "interval_ms": 1.0, "limit_s": 30}))
        for _ in range(2):
            receiver.stdin.write(json.dumps({"until_s": 20, "run": 100}) + "\n")
            receiver.stdin.flush()
            told = json.loads(receiver.stdout.readline())
            assert told["steady"]
            assert [flow["received"] == flow["sent"] >= 100 for flow in told["flows"]] == [True, True]
        out, _ = sender.communicate(timeout=20)
        assert json.loads(out)["sent"] >= 200
        receiver.stdin.write(json.dumps({"until_s": 0.3, "run": 100}) + "\n")
        receiver.stdin.flush()
        assert json.loads(receiver.stdout.readline())["steady"] is False
    finally:
        for process in (receiver, sender):
            if process is not None and process.poll() is None:
                process.kill()
                process.communicate()
