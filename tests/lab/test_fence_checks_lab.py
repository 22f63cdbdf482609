"""Checks of compliance above L1 on running devices: passed as deployed, failed when something is taken off on purpose.

The interconnect asks for identifiers, which the edge gives to what crosses: the checks of borders at L1 are here too.
"""

from __future__ import annotations

import base64
import io
import json
import shlex
import shutil
import tarfile
from typing import TYPE_CHECKING, Any

import pytest
from lab_room import HERE, ROOT, Room, citynet

from citynet.lab import Lab
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "data"
CHECKS = ("L1-SEC-01", "L1-COM-01", "L2-INT-01", "L2-COM-01", "L2-COM-02")
LIMIT_S = 300
Results = dict[tuple[str, str], dict[str, Any]]
CLIENT_PORT = 41777
# It serves one: the checks have a listener of their own at this port.
SERVER = """
import os, socket
listener = socket.create_server(("::", 8443), family=socket.AF_INET6)
if os.fork():
    os._exit(0)
os.setsid()
for descriptor in range(3):
    os.close(descriptor)
one, _ = listener.accept()
listener.close()
got = 0
while got < 1000:
    got += len(one.recv(1000))
one.sendall(b"a" * 500)
try:
    one.recv(1)
except ConnectionResetError:
    pass
"""
# It resets, so that connection tracking forgets the flow after ten seconds instead of two minutes.
CLIENT = f"""
import socket, struct
one = socket.socket(socket.AF_INET6)
one.bind(("", {CLIENT_PORT}))
one.settimeout(10)
one.connect(("fd11::2", 8443))
one.sendall(b"s" * 1000)
got = 0
while got < 500:
    got += len(one.recv(500))
one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
one.close()
print("answered")
"""


@pytest.fixture(scope="module")
def room(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    folder = tmp_path_factory.mktemp("data")
    shutil.copy(HERE / "data.yml", folder / "design.yml")
    citynet("lab", "up", str(folder), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    try:
        citynet("deploy", str(folder), "--lab", NAME, "--quiet", limit_s=LIMIT_S)
        far = lab.plan.hosts["exchange-1"].address(6)
        assert until(lambda: " 0% packet loss" in lab.node("bureau-1", f"ping -n -c 2 -i 0.2 -W 1 {far} || true"), 60)
        yield Room(folder, lab)
    finally:
        lab.down()


def python(room: Room, node: str, program: str) -> None:
    room.lab.node(node, f"python3 - <<'PROGRAM'\n{program}\nPROGRAM")


def bring_tagging(room: Room, host: str) -> None:
    """Put `citynet.tagging` on a host, which needs nothing but Python."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name in ("__init__.py", "errors.py", "tagging"):
            archive.add(ROOT / "cli" / "citynet" / name, f"citynet/{name}", filter=_no_caches)
    room.lab.node(host, f"echo {base64.b64encode(packed.getvalue()).decode()} | base64 -d | tar -xz -C /tmp")


def _no_caches(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in member.name else member


def graded(room: Room, output: Path, *checks: str) -> Results:
    """The results of some checks by domain and id."""
    only = [word for check in checks for word in ("--only", check)]
    words = ("verify", str(room.design), "--lab", NAME, "--level", "L2", *only, "--output", str(output), "--json")
    done = citynet(*words, check=None, limit_s=LIMIT_S)
    assert done.stdout, done.stderr
    return {(result["domain"], result["id"]): result for result in json.loads(done.stdout)["results"]}


def findings(result: dict[str, Any]) -> str:
    said = (f"{one['subject']} {one['problem']['en']}: {one['actual']['en']}" for one in result["findings"])
    return "\n".join(said) + str(result["reason"] or "")


@pytest.fixture(scope="module")
def whole(room: Room, tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Path]:
    output = tmp_path_factory.mktemp("verify")
    return graded(room, output, *CHECKS), output


@pytest.mark.parametrize("domain", ["government", "cross"])
@pytest.mark.parametrize("check", CHECKS)
def test_a_fenced_city_passes(whole: tuple[Results, Path], domain: str, check: str) -> None:
    result = whole[0][domain, check]
    assert result["verdict"] == "passed", findings(result)


def test_every_way_to_cross_was_tried(whole: tuple[Results, Path], room: Room) -> None:
    tried = json.loads((whole[1] / "evidence/government/fenced.json").read_text(encoding="utf-8"))
    found = {(one["kind"], one["sender"]) for one in tried if one["sender"] in {"exchange-1", "crs-gate", "bureau-1"}}
    assert found >= {
        ("allowed", "exchange-1"),
        ("allowed", "crs-gate"),
        ("denied", "crs-gate"),
        ("untagged", "crs-gate"),
        ("spoofed", "exchange-1"),
        ("denied", "bureau-1"),
    }


def test_the_record_holds_the_identifier(whole: tuple[Results, Path], room: Room) -> None:
    found = json.loads((whole[1] / "evidence/government/supervised.json").read_text(encoding="utf-8"))
    (flow,) = found["flows"]
    assert flow["record"]["identifier"] == flow["identifier"] == room.lab.plan.identifiers["products"].number


def test_one_flow_from_end_to_end(room: Room, tmp_path: Path) -> None:
    """The walk of docs/evidence.md: tagged by its sender, let pass by fences, recorded at both borders, looked up."""
    bring_tagging(room, "exchange-1")
    python(room, "bureau-1", SERVER)
    number = room.lab.plan.identifiers["products"].number
    run = (
        "from citynet.tagging import Tag; from citynet.tagging.running import Settings, run; import sys; "
        f"sys.exit(run(Settings(Tag({number}), sys.argv[1:])))"
    )
    room.lab.node("exchange-1", f"cat > /tmp/client.py <<'END'\n{CLIENT}\nEND")
    assert "answered" in room.lab.node("exchange-1", f"cd /tmp; python3 -B -c {shlex.quote(run)} python3 client.py")
    store = tmp_path / "store"
    asked = ("evidence", "show", str(store), "--identifier", str(number), "--last", "1000", "--json")

    def crossings() -> list[dict[str, Any]]:
        citynet("evidence", "collect", str(store), str(room.design), "--lab", NAME, "--quiet")
        return [one for one in json.loads(citynet(*asked).stdout) if one["source"]["port"] == CLIENT_PORT]

    assert until(lambda: len(crossings()) == 2, 60, 2.0)
    found = {one["border"]: one for one in crossings()}
    assert set(found) == {"gov-gate", "crs-gate"}
    shown = citynet("evidence", "show", str(store), "--seq", str(found["gov-gate"]["seq"])).stdout
    print(shown, citynet("evidence", "verify", str(store)).stdout, sep="\n")
    one = json.loads(shown)
    assert (one["identifier"], one["direction"], one["crossing"]) == (number, "inward", "guard")
    assert [one[end]["participant"] for end in ("source", "destination")] == ["exchange", "bureau"]
    assert {item["result"] for item in one["policies"]} == {"allow"}
    assert one["path"] == ["floor", "crs-gate", "gov-gate", "edge"]


@pytest.mark.parametrize(
    ("start", "end", "data", "passes"),
    [
        ("exchange-1", "bureau-1", "products", True),  # opens what the guards let in
        ("bureau-1", "exchange-1", "products", True),  # the same, by ICMP
        ("exchange-1", "bureau-1", "trades", False),
        ("bureau-1", "exchange-1", "shared", False),
        ("bureau-1", "tax-1", "shared", True),
    ],
)
def test_fence_test_sends_what_may_cross(room: Room, start: str, end: str, data: str, passes: bool) -> None:
    words = ("fence", "test", str(room.design), start, end, "--apn", data, "--lab", NAME, "--json")
    told = json.loads(citynet(*words, check=0 if passes else 1).stdout)
    assert (told["passes"], told["arrived"]) == (passes, passes)


def test_a_border_that_judges_nothing_is_found(room: Room, tmp_path: Path) -> None:
    """The other domain's border sends by itself what no fence lets in, and this one no longer looks at its port."""
    device = room.lab.plan.devices["gov-gate"]
    port = device.guards[0].port
    room.lab.node("gov-gate", f"nft delete element inet citynet_fence ports '{{ \"{port}\" }}'")
    try:
        results = graded(room, tmp_path, "L2-COM-02")
    finally:
        room.lab.node("gov-gate", f"nft add element inet citynet_fence ports '{{ \"{port}\" }}'")
    said = findings(results["government", "L2-COM-02"])
    assert results["government", "L2-COM-02"]["verdict"] == "failed"
    assert (
        "crs-gate: exchange-1 → bureau-1 tcp (–) arrives although it has no identifier where one is asked for" in said
    )
    assert "gov-gate does not count it as denied" in said


def test_borders_that_keep_no_records_are_found(room: Room, tmp_path: Path) -> None:
    """One border's would do for a report; of what neither wrote down nobody can tell."""
    for gate in ("gov-gate", "crs-gate"):
        room.lab.node(gate, "kill $(pidof ulogd)")
    try:
        results = graded(room, tmp_path, "L2-INT-01")
    finally:
        for gate in ("gov-gate", "crs-gate"):
            room.lab.node(gate, "ulogd -d")
    for domain in ("government", "cross"):
        assert "does not tell of the flow that was sent" in findings(results[domain, "L2-INT-01"])


def test_a_fence_that_lost_its_list_is_found(room: Room, tmp_path: Path) -> None:
    room.lab.node("edge", "nft flush map inet citynet_fence sent")
    try:
        results = graded(room, tmp_path, "L2-COM-02")
    finally:
        room.lab.node("edge", "nft -f /etc/nftables.conf")
    assert "data that a fence lets pass do not arrive" in findings(results["government", "L2-COM-02"])
