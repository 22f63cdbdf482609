"""Deploying to real routing daemons: twice, by hand in between, broken, interrupted, in secret."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from lab_room import HERE, ROOT, Room, carrying, citynet

from citynet.deploy import folder, secrets
from citynet.errors import Exit
from citynet.lab import Lab, faults
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "deploying"
FRR = "/etc/frr/frr.conf"
SYSCTL = "/etc/sysctl.d/60-citynet.conf"
INTERFACES = "/etc/network/interfaces.d/citynet"


@pytest.fixture(scope="module")
def blank(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    """A lab of its own: what other tests do to theirs would be found as drift here."""
    design = tmp_path_factory.mktemp("deploying")
    shutil.copy(HERE / "small.yml", design / "design.yml")
    citynet("lab", "up", str(design), "--name", NAME, "--quiet")
    lab = Lab.load(NAME)
    yield Room(design, lab)
    lab.down()


@pytest.fixture(scope="module")
def first(blank: Room) -> dict[str, dict[str, Any]]:
    """A comparison with blank nodes, what was on their disks after it, and the first deployment."""
    compared = deploy(blank, "--check", "--diff")
    disk = blank.lab.node(
        "left", f"ls {INTERFACES} {SYSCTL} /var/lib/citynet /run/citynet-transaction 2>&1; pidof zebra || true"
    )
    return {"compared": compared, "disk": disk, "deployed": deploy(blank, "--diff")}


@pytest.fixture
def room(blank: Room, first: dict[str, Any]) -> Room:
    """The deployed lab."""
    return blank


def deploy(room: Room, *words: str, check: int = 0, **more: str) -> dict[str, Any]:
    done = citynet("deploy", str(room.design), "--lab", NAME, "--json", *words, check=check, **more)
    return json.loads(done.stdout)


def statuses(report: dict[str, Any]) -> dict[str, str]:
    return {name: device["status"] for name, device in report["devices"].items()}


def running(room: Room, node: str) -> str:
    """Everything about a node that a transaction may change, as it runs."""
    return room.lab.node(
        node,
        "vtysh -c 'show running-config no-header'; nft -s list ruleset;"
        " ip -br address | grep -v mgmt | sed 's/@if[0-9]*//; s/fe80[^ ]*//';"
        " sysctl net.ipv4.ip_forward net.ipv6.conf.all.seg6_enabled; cat /etc/frr/* /etc/network/interfaces.d/*",
    )


def order(room: Room, node: str, **more: Any) -> dict[str, Any]:
    """What `carry.py` needs to carry a node's configuration."""
    found = folder.load(room.design / "build").device(node)
    return {
        "name": node,
        "address": room.lab.address(node),
        "key": str(room.lab.ssh_key),
        "known_hosts": str(room.lab.known_hosts),
        "id": uuid.uuid4().hex,
        "files": found.files,
        "secrets": secrets.load(room.design / "secrets.yml"),
        "confirm_s": 60,
        "die": False,
        **more,
    }


def carry(room: Room, told: dict[str, Any]) -> dict[str, Any]:
    with carrying(room.lab, told) as process:
        assert process.stdout is not None
        return json.loads(process.stdout.readline())


def await_boot(room: Room, node: str) -> None:
    """Wait until a node has come back as its disk says."""
    assert until(lambda: "watchfrr.started" in room.lab.node(node, "ls /run/frr 2>/dev/null || true"), 60)


def committed(room: Room, node: str) -> bool:
    """Whether no transaction waits for its confirmation."""
    kept = set(room.lab.node(node, "ls /var/lib/citynet").split())
    return kept - {"programs"} == {"committed.json"}


class TestTwice:
    def test_a_comparison_touches_nothing(self, first: dict[str, Any]) -> None:
        assert first["disk"].count("No such file or directory") == 4
        assert statuses(first["compared"]) == {"left": "changed", "right": "changed"}

    def test_a_comparison_shows_what_the_deployment_does(self, first: dict[str, Any]) -> None:
        for node in ("left", "right"):
            assert first["compared"]["devices"][node]["diff"] == first["deployed"]["devices"][node]["diff"]
        assert f"+++ {FRR}" in first["deployed"]["devices"]["left"]["diff"]

    def test_traffic_passes_after_it(self, room: Room) -> None:
        host = room.lab.plan.hosts["taker-1"]
        assert until(lambda: "bytes from" in room.lab.node("giver-1", f"ping -c 1 -W 1 {host.address(4)} || true"), 30)

    def test_the_second_run_changes_nothing(self, room: Room) -> None:
        before = running(room, "left")
        report = deploy(room, "--diff")
        assert statuses(report) == {"left": "unchanged", "right": "unchanged"}
        assert not any(device["diff"] for device in report["devices"].values())
        assert running(room, "left") == before

    def test_runs_are_archived(self, room: Room) -> None:
        run = Path(deploy(room)["run"])
        facts = json.loads((run / "run.json").read_text())
        assert facts["result"] == {"changed": 0, "unchanged": 2, "failed": 0}
        assert facts["plan_digest"] == folder.load(room.design / "build").digests["plan_digest"]
        assert facts["who"]
        assert sorted(path.name for path in (run / "devices").iterdir()) == [
            "left.health.json",
            "left.json",
            "right.health.json",
            "right.json",
        ]


BY_HAND = {
    "frr line": ("vtysh -c 'conf t' -c 'router bgp 65001' -c 'neighbor CITY timers 7 21'", "frr", "timers 7 21"),
    "frr password": ("vtysh -c 'conf t' -c 'router bgp 65001' -c 'neighbor CITY password HANDMADE'", "frr", "<hidden>"),
    "address": ("ip address add 198.51.100.1/24 dev sr0", "interfaces", "198.51.100.1/24"),
    "port down": ("ip link set eth1 down", "interfaces", "eth1 down"),
    "kernel setting": ("sysctl -w net.ipv4.ip_forward=0", "sysctl", "ip_forward = 0"),
    "filter": ("nft add table inet handmade", "nftables", "-table inet handmade"),
    "filter gone": ("nft flush ruleset", "nftables", "+table inet citynet"),
    "file": (f"echo '! by hand' >> {FRR}", "frr", "-! by hand"),
    "file readable": (f"chmod 0644 {FRR}", "frr", "permissions"),
    "daemons stopped": ("/usr/lib/frr/frrinit.sh stop", "frr", "not running: watchfrr"),
}


@pytest.mark.parametrize("case", BY_HAND)
def test_what_was_done_by_hand_is_found_and_put_back(room: Room, case: str) -> None:
    command, part, shown = BY_HAND[case]
    before = running(room, "left")
    room.lab.node("left", command)
    told = order(room, "left")
    outcome = carry(room, told)
    assert (outcome["status"], outcome["reason"]) == ("changed", "")
    assert part in outcome["parts"]
    assert shown in outcome["diff"]
    assert "HANDMADE" not in outcome["diff"]
    assert running(room, "left") == before
    assert carry(room, {**told, "id": "again"})["status"] == "unchanged"


class TestGoingBack:
    @pytest.mark.parametrize(
        ("path", "line", "reason", "went_back"),
        [
            (FRR, "router bbp 65001\n", f"{FRR} is not valid: line", False),
            ("/etc/nftables.conf", "table inet x { chain y { frobnicate } }\n", "nft -c -f failed", False),
            (SYSCTL, "net.ipv4.no_such_thing = 1\n", "this kernel has no setting net.ipv4.no_such_thing", True),
            (SYSCTL, "net.ipv4.ip_forward = many\n", "ip_forward = many: Invalid argument", True),
            (INTERFACES, "auto eth9\niface eth9\n    address 198.51.100.1/24\n", "eth9", True),
            ("/etc/frr/daemons", "nosuchd=yes\n", "not running: nosuchd", True),
            (FRR, "interface lo\n ip address 10.0.0.1/99\nexit\n", FRR, False),
        ],
    )
    def test_a_configuration_that_does_not_work(
        self, room: Room, path: str, line: str, reason: str, went_back: bool
    ) -> None:
        before = running(room, "left")
        told = order(room, "left")
        told["files"][path] += line
        outcome = carry(room, told)
        assert outcome["status"] == "failed"
        assert reason in outcome["reason"]
        assert outcome["went_back"] is went_back
        assert running(room, "left") == before
        assert committed(room, "left")

    def test_a_lost_controller(self, room: Room) -> None:
        before = running(room, "left")
        told = order(room, "left", die=True, confirm_s=6)
        told["files"][FRR] = told["files"][FRR].replace("timers 3 9", "timers 4 12")
        with carrying(room.lab, told) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "committed\n"
            assert "timers 4 12" in running(room, "left")
        assert until(lambda: committed(room, "left"), 60)
        assert running(room, "left") == before

    def test_power_lost_before_the_confirmation(self, room: Room) -> None:
        before = running(room, "left")
        told = order(room, "left", die=True, confirm_s=600)
        told["files"][FRR] = told["files"][FRR].replace("timers 3 9", "timers 4 12")
        with carrying(room.lab, told) as process:
            assert process.stdout is not None
            process.stdout.readline()
        faults.apply(room.lab, "kill", "left")
        faults.undo(room.lab, "kill", "left")
        await_boot(room, "left")
        assert not committed(room, "left")
        report = deploy(room)
        assert statuses(report) == {"left": "unchanged", "right": "unchanged"}
        assert report["devices"]["left"]["notes"] == ["took back a transaction that was never confirmed"]
        assert running(room, "left") == before
        assert committed(room, "left")

    def test_the_same_owner_need_not_wait_for_the_timer(self, room: Room) -> None:
        told = order(room, "left", die=True, confirm_s=600)
        told["files"][FRR] = told["files"][FRR].replace("timers 3 9", "timers 4 12")
        with carrying(room.lab, told) as process:
            assert process.stdout is not None
            process.stdout.readline()
        assert carry(room, order(room, "left"))["status"] == "unchanged"


class TestTrouble:
    def test_a_device_that_cannot_be_reached_fails_alone(self, room: Room) -> None:
        faults.apply(room.lab, "kill", "right")
        try:
            report = deploy(room, check=Exit.DEVICE_FAILED)
        finally:
            faults.undo(room.lab, "kill", "right")
        assert statuses(report) == {"left": "unchanged", "right": "unreachable"}
        assert room.lab.address("right") in report["devices"]["right"]["reason"]

    def test_a_device_comes_back_from_its_disk_unchanged(self, room: Room) -> None:
        faults.apply(room.lab, "kill", "right")
        faults.undo(room.lab, "kill", "right")
        await_boot(room, "right")
        assert statuses(deploy(room)) == {"left": "unchanged", "right": "unchanged"}

    def test_a_neighbour_that_is_not_seen_is_named(self, room: Room) -> None:
        faults.apply(room.lab, "cut", "left--right")
        try:
            report = deploy(room, "--deadline", "3", check=Exit.DEVICE_FAILED)
        finally:
            faults.undo(room.lab, "cut", "left--right")
        assert "IS-IS adjacency on eth1" in report["devices"]["left"]["reason"]

    def test_an_interrupted_run_can_be_run_again(self, room: Room) -> None:
        room.lab.node("left", BY_HAND["frr line"][0])
        argv = [sys.executable, "-m", "citynet", "deploy", str(room.design), "--lab", NAME]
        process = subprocess.Popen(
            argv, stderr=subprocess.PIPE, text=True, cwd=ROOT / "cli", start_new_session=True, stdout=subprocess.DEVNULL
        )
        assert process.stderr is not None
        assert until(lambda: "Wave 3" in process.stderr.readline(), 60)  # type: ignore[union-attr]
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == Exit.INTERRUPTED
        assert set(statuses(deploy(room)).values()) <= {"changed", "unchanged"}
        assert set(statuses(deploy(room)).values()) == {"unchanged"}

    @pytest.mark.parametrize(
        ("words", "said"),
        [(["--limit", "nobody"], "nobody"), (["--lab", "elsewhere"], "elsewhere")],
    )
    def test_bad_words(self, room: Room, words: list[str], said: str) -> None:
        done = citynet("deploy", str(room.design), "--lab", NAME, *words, check=None)
        assert done.returncode in {Exit.BAD_INPUT, Exit.LACKING}
        assert said in done.stderr


class TestSecrets:
    @staticmethod
    def _values(room: Room) -> dict[str, str]:
        return yaml.safe_load((room.design / "secrets.yml").read_text())

    def test_a_new_value_is_a_change_that_shows_no_value(self, room: Room) -> None:
        file = room.design / "secrets.yml"
        old = self._values(room)
        new = {**old, "isis/government": "11112222333344445555"}
        file.write_text(yaml.safe_dump(new))
        report = deploy(room, "--diff")
        assert statuses(report) == {"left": "changed", "right": "changed"}
        diff = report["devices"]["left"]["diff"]
        assert "- isis password md5 @secret(isis/government) (former value)" in diff
        assert not any(value in diff for value in [*old.values(), *new.values()])

    def test_no_value_is_left_anywhere(self, room: Room) -> None:
        """Rotates once more, with Ansible as talkative as it gets, and looks at everything that remains or shows."""
        file = room.design / "secrets.yml"
        values = {name: uuid.uuid4().hex for name in self._values(room)}
        file.write_text(yaml.safe_dump(values))
        seen: list[str] = []
        done = threading.Event()

        def watch() -> None:
            while not done.is_set():
                for process in Path("/proc").glob("[0-9]*"):
                    for name in ("cmdline", "environ"):
                        try:
                            seen.append((process / name).read_text(errors="replace"))
                        except OSError:
                            continue
                seen.append(room.lab.machine("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null || true"))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            report = deploy(room, "--diff", ANSIBLE_VERBOSITY="4", ANSIBLE_LOG_PATH=str(room.design / "ansible.log"))
        finally:
            done.set()
            watcher.join()
        assert statuses(report) == {"left": "changed", "right": "changed"}
        places = [
            path.read_text(errors="replace") for path in room.design.rglob("*") if path.is_file() and path != file
        ]
        places += [json.dumps(report), *seen]
        for value in values.values():
            assert not any(value in place for place in places)
            found = room.lab.node("left", f"grep -rlsF {value} /etc /root /run /tmp /var || true").split()
            assert set(found) <= {FRR}

    def test_a_vault_is_opened_with_its_password_only(self, room: Room, tmp_path: Path) -> None:
        file = room.design / "secrets.yml"
        plain = file.read_text()
        password = tmp_path / "password"
        password.write_text("correct horse\n")
        vault = [str(Path(sys.executable).parent / "ansible-vault"), "encrypt", "--vault-password-file", str(password)]
        subprocess.run([*vault, str(file)], check=True, capture_output=True)
        try:
            refused = citynet("deploy", str(room.design), "--lab", NAME, check=Exit.BAD_INPUT)
            report = deploy(room, "--vault-password-file", str(password))
        finally:
            file.write_text(plain)
            file.chmod(0o600)
        assert "vault" in refused.stderr.lower()
        assert statuses(report) == {"left": "unchanged", "right": "unchanged"}

    def test_a_file_that_others_can_read_is_refused(self, room: Room) -> None:
        file = room.design / "secrets.yml"
        file.chmod(0o644)
        try:
            refused = citynet("deploy", str(room.design), "--lab", NAME, check=Exit.BAD_INPUT)
        finally:
            file.chmod(0o600)
        assert "has mode 0644, expected 0600" in refused.stderr
