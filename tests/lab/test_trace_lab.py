"""The hops of an identifier in a lab: where its packets went, where they were lost, an alarm where they must not be.

The tests stand in order: each begins with what the one before it left.
"""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from lab_room import HERE, Room, citynet
from open_ports import surplus

from citynet.lab import Lab, faults
from citynet.lab.waiting import until
from citynet.plan.model import PortKind
from citynet.platforms.whitebox.device import trace_probes
from citynet.tracing import flows
from citynet.tracing.states import together

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME, IDENTIFIER, PORT = "trace", 1001, 5201
PACKETS = 2000
ROUTERS = ("west", "north", "east")
PLAYBOOK = """
- hosts: citynet_routers
  gather_facts: false
  roles: [citynet.twodomain.trace]
"""
# Counts what comes until told to stop; what is sent at 500 packets a second.
TAKE = f"""
import socket
taken = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
taken.bind(("::", {PORT}))
count = 0
while True:
    taken.recv(2000)
    count += 1
    open("/tmp/taken", "w").write(str(count))
"""
SEND = """
import socket, sys, time
out = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
for number in range(int(sys.argv[1])):
    out.sendto(bytes(200), (sys.argv[2], 5201))
    time.sleep(0.002)
"""


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("trace")
    shutil.copy(HERE / "trace.yml", folder / "design.yml")
    citynet("lab", "up", str(folder), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    try:
        citynet("deploy", str(folder), "--lab", NAME, "--quiet")
        lab.node("taker-1", f"cat > /tmp/take.py <<'END'{TAKE}END")
        lab.node("giver-1", f"cat > /tmp/send.py <<'END'{SEND}END")
        lab.node("taker-1", "setsid -f python3 /tmp/take.py </dev/null >/dev/null 2>&1")
        assert until(lambda: "bytes from" in lab.node("giver-1", f"ping -n -c 1 -W 1 {taker(lab)} || true"), 60)
        yield Room(folder, lab)
    finally:
        lab.down()


def taker(lab: Lab) -> str:
    return lab.plan.hosts["taker-1"].address(6)


def taken(room: Room) -> int:
    return int(room.lab.node("taker-1", "cat /tmp/taken 2>/dev/null || echo 0") or 0)


def sent(room: Room) -> int:
    """Send, and how many of the packets arrived."""
    before = taken(room)
    room.lab.node("giver-1", f"python3 /tmp/send.py {PACKETS} {taker(room.lab)}", timeout_s=60)
    time.sleep(0.5)  # the last ones are under way
    return taken(room) - before


def traced(room: Room, *more: str, check: int | None = 0) -> dict[str, Any]:
    return json.loads(
        citynet("trace", str(IDENTIFIER), str(room.design), "--lab", NAME, "--json", *more, check=check).stdout
    )


def entered(told: dict[str, Any]) -> int:
    return sum(hop["packets"] for flow in told["flows"] for hop in flow["hops"] if hop["device"] == flow["entered"])


def settled(room: Room, packets: int) -> dict[str, Any]:
    """What is told once all packets were counted."""
    told: dict[str, Any] = {}

    def whole() -> bool:
        told.clear()
        told.update(traced(room, "--periods", "60"))
        return entered(told) >= packets

    assert until(whole, 30), told
    return told


def hops(told: dict[str, Any]) -> list[tuple[str, int, int, str, int | None]]:
    (flow,) = told["flows"]
    return [
        (hop["device"], hop["packets"], hop["lost"], leg["to"], leg["lost"])
        for hop in flow["hops"]
        for leg in hop["legs"]
    ]


def test_every_hop_counts_and_nothing_is_lost(room: Room) -> None:
    assert until(lambda: not traced(room)["silent"], 30)
    assert sent(room) == PACKETS
    told = settled(room, PACKETS)
    print(citynet("trace", str(IDENTIFIER), str(room.design), "--lab", NAME).stdout)
    assert hops(told) == [
        ("west", PACKETS, 0, "north", 0),
        ("north", PACKETS, 0, "east", 0),
        ("east", PACKETS, 0, "taker-1", None),
    ]
    used = [lost for hop in told["flows"][0]["hops"] for leg in hop["legs"] for sent_, lost in leg["periods"] if sent_]
    assert len(used) >= 6  # some periods at each of three hops
    assert not any(used)


def probed(room: Room) -> list[list[str]]:
    return [one["devices"] for one in traced(room, check=None)["probes"] if one["from"] == "west"]


def test_a_probe_comes_back_with_its_way(room: Room) -> None:
    """In the packet, written by the kernels that it passed (IOAM6)."""
    assert until(lambda: probed(room) == [["west", "north", "east"]], 20), probed(room)


def test_packets_tell_their_own_way(room: Room) -> None:
    """The same in data, one packet in ten of those that entered: inside of the outer header, which ends with it."""
    (told,) = traced(room, "--periods", "60")["carried"]
    print(f"{told['packets']} of {PACKETS} packets told their way")
    assert told["devices"] == ["west", "north", "east"]
    assert 0 < told["packets"] < PACKETS / 5


def test_loss_is_found_where_it_happens(room: Room) -> None:
    faults.apply(room.lab, "impair", "north--east", loss_percent=3)  # BFD bears that
    try:
        arrived = sent(room)
    finally:
        faults.undo(room.lab, "impair", "north--east")
    told = settled(room, 2 * PACKETS)
    lost = PACKETS - arrived
    print(f"{lost} of {PACKETS} packets lost on one line")
    print(citynet("trace", str(IDENTIFIER), str(room.design), "--lab", NAME).stdout)
    assert lost > 0
    assert [(name, inside, to, behind) for name, _, inside, to, behind in hops(told)] == [
        ("west", 0, "north", 0),
        ("north", 0, "east", lost),
        ("east", 0, "taker-1", None),
    ]


def alarms(room: Room, node: str) -> list[dict[str, Any]]:
    lines = room.lab.node(node, "cat /var/log/citynet/events.jsonl 2>/dev/null || true").splitlines()
    return [one for one in map(json.loads, lines) if one["kind"] == "offpath"]


def test_a_route_over_a_forbidden_node_raises_an_alarm_that_names_it(room: Room) -> None:
    """Somebody turns a metric: IS-IS takes south, which is on none of the ways of the plan."""
    room.lab.node("giver-1", f"setsid -f python3 /tmp/send.py 30000 {taker(room.lab)} </dev/null >/dev/null 2>&1")
    port = next(port.interface for port in room.lab.plan.devices["west"].ports if port.peer == "south")
    assert not alarms(room, "south")
    began = time.monotonic()
    room.lab.node("west", f"vtysh -c 'configure' -c 'interface {port}' -c 'isis metric 1'")
    alarmed = until(lambda: bool(alarms(room, "south")), 20)
    took = time.monotonic() - began
    until(lambda: bool(traced(room, check=None)["off_path"]), 10)
    told = traced(room, check=None)
    room.lab.node("giver-1", "kill $(pgrep -f '[s]end.py')")  # brackets, or it would be this very shell
    room.lab.node("west", f"vtysh -c 'configure' -c 'interface {port}' -c 'isis metric 1000'")
    assert alarmed
    alarm = alarms(room, "south")[0]
    print(f"alarm {took:.1f} s after the metric was turned, IS-IS included: {alarm['reason']}")
    assert took <= 5
    assert (alarm["alarm"], alarm["subject"], alarm["identifier"]) == (True, "south", IDENTIFIER)
    assert alarm["detail"]["neighbour"] in {"west", "east"}
    assert not alarms(room, "middle")
    assert {one["device"] for one in told["off_path"]} == {"south"}


def graded(room: Room, folder: Path) -> dict[str, Any]:
    """What the check of paths comes to."""
    words = ("--level", "L3", "--only", "L3-COM-01", "--output", str(folder), "--json")
    done = citynet("verify", str(room.design), "--lab", NAME, *words, check=None, limit_s=300)
    assert done.stdout, done.stderr
    (result,) = json.loads(done.stdout)["results"]
    return dict(result)


def said(result: dict[str, Any]) -> str:
    found = (f"{one['subject']} {one['problem']['en']}: {one['actual']['en']}" for one in result["findings"])
    return "\n".join(found) + str(result["reason"] or "")


def forget(room: Room) -> None:
    """As if the minute was over in which an alarm of before is not told again."""
    room.lab.node("south", "kill -9 $(pgrep -x citynet-trace); : > /var/log/citynet/events.jsonl")


def test_the_check_of_paths_passes(room: Room, tmp_path: Path) -> None:
    forget(room)
    result = graded(room, tmp_path)
    print([(one["name"]["en"], one["value"]) for one in result["figures"]])
    assert result["verdict"] == "passed", said(result)
    assert "metric 1 " not in room.lab.node("west", "ip -6 route show")


def test_a_device_that_counts_nothing_is_found(room: Room, tmp_path: Path) -> None:
    forget(room)
    room.lab.node("north", "tc filter del dev eth1 ingress pref 1000")
    try:
        result = graded(room, tmp_path)
    finally:
        citynet("deploy", str(room.design), "--lab", NAME, "--quiet")
    assert "what is missing at a hop is not what was lost" in said(result)


def test_only_needed_ports_are_open(room: Room) -> None:
    assert surplus(room.lab) == []


def test_an_agent_that_dies_is_there_again_and_drift_is_mended(room: Room) -> None:
    def deploy() -> dict[str, str]:
        done = citynet("deploy", str(room.design), "--lab", NAME, "--json")
        return {name: one["status"] for name, one in json.loads(done.stdout)["devices"].items()}

    assert set(deploy().values()) == {"unchanged"}
    room.lab.node("north", "kill -9 $(pgrep -x citynet-trace)")
    assert until(lambda: bool(room.lab.node("north", "pgrep -x citynet-trace || true").strip()), 10)
    room.lab.node("middle", "tc filter del dev eth1 ingress pref 1000")
    assert deploy()["middle"] == "changed"
    assert "trace" in room.lab.node("middle", "tc filter show dev eth1 ingress")


def left_on(room: Room, node: str) -> str:
    files = "find /etc/citynet /usr/local/lib/citynet -type f | grep trac || true"
    return room.lab.node(node, f"{files}; tc filter show dev eth1 ingress; pgrep citynet-trace || true").strip()


def test_taken_away(room: Room) -> None:
    design = room.design / "design.yml"
    text = design.read_text(encoding="utf-8")
    design.write_text(text.replace("tracing: {period_s: 2, record_s: 4, ioam_every: 10}\n", ""), encoding="utf-8")
    citynet("deploy", str(room.design), "--lab", NAME, "--quiet")
    assert not left_on(room, "north")


def variables(room: Room) -> str:
    """An inventory of one's own for the role `trace`: what a plan would say stands in variables."""
    planned = room.lab.plan.devices
    hosts: dict[str, Any] = {}
    for name in ROUTERS:
        device = planned[name]
        hosts[name] = {
            "trace_prefix": device.srv6.prefix,
            "trace_source_address": device.underlay.loopback,
            "trace_interfaces": [
                {
                    "name": port.interface,
                    "kind": "link" if port.kind is PortKind.LINK else "attachment",
                    "neighbor": port.peer,
                }
                for port in device.ports
            ],
            "trace_far": [{"name": "east", "prefix": planned["east"].srv6.prefix}] if name == "west" else [],
        }
    told = {"trace_identifiers": [{"number": IDENTIFIER, "name": "told"}], "trace_period_s": 2, "trace_record_s": 4}
    told["trace_ioam_every"] = 10
    return yaml.safe_dump({"citynet_routers": {"hosts": hosts, "vars": told}})


def play(room: Room, *words: str) -> dict[str, str]:
    """How the role ended, by router."""
    done = citynet(
        *(
            "lab",
            "playbook",
            "-n",
            NAME,
            "--",
            str(room.design / "role.yaml"),
            "-i",
            str(room.design / "role-vars.yaml"),
        ),
        *words,
        ANSIBLE_STDOUT_CALLBACK="citynet.twodomain.events",
    )
    events = [json.loads(line) for line in done.stdout.splitlines()]
    return {
        one["host"]: one["status"] for one in events if one["event"] == "result" and one["action"].endswith("hop_trace")
    }


def states(room: Room) -> dict[str, Any]:
    return {name: json.loads(room.lab.node(name, "cat /run/citynet/trace.json")) for name in ROUTERS}


def test_the_role_brings_it_to_routers_without_a_design(room: Room) -> None:
    """The same forwarding routers, which nobody told to trace: an inventory of one's own does, and takes it back."""
    (room.design / "role-vars.yaml").write_text(variables(room))
    (room.design / "role.yaml").write_text(PLAYBOOK)
    # The packet filter is somebody else's: that of the deployment lets no probes in any more.
    room.lab.node("west", f"nft insert rule inet citynet underlay udp dport {trace_probes.PORT} accept")
    assert play(room, "--check", "--diff") == dict.fromkeys(ROUTERS, "changed")
    assert not left_on(room, "north")
    assert play(room) == dict.fromkeys(ROUTERS, "changed")
    assert play(room) == dict.fromkeys(ROUTERS, "ok")
    assert sent(room) == PACKETS
    told: list[Any] = []

    def whole() -> bool:
        told[:] = flows(room.lab.plan, together(states(room), IDENTIFIER, 2, 60).counted)
        return bool(told) and sum(leg.packets for leg in told[0].hops[-1].legs) >= PACKETS

    assert until(whole, 30), told
    assert [(hop.device, hop.packets, hop.lost) for hop in told[0].hops] == [(name, PACKETS, 0) for name in ROUTERS]
    assert until(lambda: list(states(room)["west"]["ways"]) == ["east"], 20)
    assert len({tuple(nodes) for _, nodes, _, _ in states(room)["east"]["carried"]}) == 1
    assert play(room, "-e", "trace_state=absent") == dict.fromkeys(ROUTERS, "changed")
    assert not left_on(room, "north")
