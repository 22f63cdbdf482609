"""What tests of access do in a lab: ask who is on, let somebody get on, send and look."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

from lab_room import citynet

from citynet.lab import secret_values
from citynet.lab.access import IKE_OFF
from citynet.lab.waiting import until
from citynet.plan.access import tunnel_port

if TYPE_CHECKING:
    from pathlib import Path

    from lab_room import Room

    from citynet.lab import Lab
    from citynet.lab.authority import Authority

NAME, SERVER = "access", "aaa"
WITHDRAWN_S = 3.0
EVENTS = "/var/log/citynet/events.jsonl"
WEEK_S = 7 * 24 * 3600
FIRST_END = 3 * 24 * 3600 + 3 * 3600
"""When the window of the role `guest` ended for the first time: 1970-01-04, a Sunday, at 11:00 in Beijing."""
CLI = "wpa_cli -p /run/wpa_supplicant -i eth1"


def address(room: Room, host: str) -> str:
    return room.lab.plan.hosts[host].address(6)


def edge(room: Room, host: str) -> str:
    return room.lab.plan.hosts[host].device


def logon(room: Room, host: str) -> None:
    """Ask to get on, anew."""
    room.lab.node(host, f"rm -f {IKE_OFF}" if tunnel_port(room.lab.plan, host) else f"{CLI} logoff; {CLI} logon")


def sessions(room: Room, host: str) -> list[dict[str, Any]]:
    told = json.loads(room.lab.node(edge(room, host), "cat /run/citynet/access.json"))
    return [one for one in told["sessions"] if one["user"] == host and one["open"]]


def on(room: Room, host: str) -> bool:
    return bool(sessions(room, host))


def get_on(room: Room, *hosts: str) -> None:
    for host in hosts:
        if not on(room, host):
            # one that was refused just now is not heard for some seconds
            assert until(lambda host=host: logon(room, host) or until(lambda: on(room, host), 6), 40), host


def passes(room: Room, start: str, end: str) -> bool:
    return " 0% packet loss" in room.lab.node(start, f"ping -c 1 -W 1 {address(room, end)} || true")


def events(room: Room, node: str) -> list[dict[str, Any]]:
    text = room.lab.node(node, f"cat {EVENTS} 2>/dev/null || true")
    return [json.loads(line) for line in text.splitlines()]


def last(room: Room, node: str, subject: str) -> dict[str, Any]:
    return next((one for one in reversed(events(room, node)) if one["subject"] == subject), {})


def denied(room: Room, subject: str, reason: str, since: int) -> bool:
    """Whether the server has refused somebody, for that reason, after so many of its events."""
    found = [one for one in events(room, SERVER)[since:] if one["subject"] == subject]
    return any(one["verdict"] == "deny" and reason in one["reason"] for one in found)


def refused(room: Room, subject: str, reason: str, since: int) -> bool:
    """Whether the edge has refused somebody in the IKE exchange, for that reason."""
    found = [one for one in events(room, "right")[since:] if one["subject"] == subject and one["verdict"] == "deny"]
    return any(reason in one["reason"] for one in found)


def counted(room: Room, router: str, name: str) -> int:
    text = room.lab.node(router, f"nft list counter inet citynet_access {name}")
    return int(re.findall(r"packets (\d+)", text)[0])


def streaming(room: Room, start: str, end: str, seconds: int) -> None:
    """Twenty pings a second, each answer with its time."""
    argv = f"ping -D -i 0.05 -c {20 * seconds} -W 2 {address(room, end)}"
    room.lab.node(start, f"{argv} </dev/null >/tmp/stream 2>&1 &")


def last_answer(room: Room, host: str) -> float:
    """When the last answer came, by the lab's clock."""
    times = re.findall(r"^\[(\d+\.\d+)\] \d+ bytes", room.lab.node(host, "cat /tmp/stream"), re.MULTILINE)
    return float(times[-1]) if times else 0.0


def last_order(room: Room, host: str) -> float:
    found = [one for one in events(room, SERVER) if one["subject"] == host and one["verdict"] == "withdrawn"]
    return found[-1]["time"] / 1e6


def authority_of(room: Room) -> Authority:
    secrets = room.design / "secrets.yml"
    return secret_values.authority_of(secrets, secret_values.known(secrets))


def graded(room: Room, folder: Path) -> dict[str, dict[str, Any]]:
    """What the checks of access come to."""
    words = ("--level", "L3", "--only", "L2-SEC-02", "--only", "L3-SEC-02", "--output", str(folder), "--json")
    done = citynet("verify", str(room.design), "--lab", NAME, *words, check=None, limit_s=300)
    assert done.stdout, done.stderr
    return {result["id"]: result for result in json.loads(done.stdout)["results"]}


def said(result: dict[str, Any]) -> str:
    found = (f"{one['subject']} {one['problem']['en']}: {one['actual']['en']}" for one in result["findings"])
    return "\n".join(found) + str(result["reason"] or "")


def next_end(now: float) -> int:
    """When the window ends that is the first to begin after now."""
    return FIRST_END + WEEK_S * (int(now + 3600 - FIRST_END) // WEEK_S + 1)


def leave_hours(lab: Lab) -> None:
    """Set the lab's clock on where a visitor might be on, now or during the tests."""
    if (time.time() - FIRST_END) % WEEK_S > WEEK_S - 2 * 3600:
        lab.machine(f"date -u -s @{int(time.time()) + 3 * 3600}")
