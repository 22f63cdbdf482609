"""The lab as a whole: coming up, staying apart from others, leaving nothing."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from lab_room import Room, answer, citynet

from citynet.errors import Exit
from citynet.lab import building, launching, paths
from citynet.lab.waiting import until


def machine_processes(name: str, home: str = "") -> list[int]:
    """Processes of this machine whose working folder is, or was, the lab's."""
    where = f"{home or paths.labs()}"
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                folder = str((entry / "cwd").readlink())
                if folder.startswith(where) and f"/labs/{name}" in folder:
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def test_every_node_answers_by_its_name(room: Room) -> None:
    for node in (*room.lab.plan.devices, *room.lab.plan.hosts):
        assert room.lab.node(node, "hostname").strip() == node


def test_routers_come_blank(room: Room) -> None:
    said = room.lab.node(
        "left", "pgrep -l zebra; ip -br addr show eth1; cat /proc/sys/net/ipv4/ip_forward; ls /etc/frr"
    )
    assert "zebra" not in said
    assert "192." not in said.replace("192.0.2.1", "")
    assert "\n0\n" in said


def test_management_is_in_a_vrf_of_its_own(room: Room) -> None:
    address = room.lab.address("left")
    assert address in room.lab.node("left", "ip -br addr show vrf mgmt")
    assert address not in room.lab.node("left", "ip route show table main")
    assert f"{address}%mgmt:22" in room.lab.node("left", "ss -Hltn")


def test_hosts_come_configured(room: Room) -> None:
    host = room.lab.plan.hosts["giver-1"]
    assert until(lambda: host.gateways[0] in room.lab.node("giver-1", "ip route show default"), 10)
    assert host.address(4) in room.lab.node("giver-1", "ip -br addr show eth1")


def test_up_twice_says_that_it_runs(room: Room) -> None:
    before = room.lab.pid
    assert answer("lab", "up", str(room.design))["started"] is False
    assert room.lab.pid == before


def test_status_and_list(room: Room) -> None:
    told = answer("lab", "status", "small")
    assert told["nodes"] == {"left": True, "right": True, "giver-1": True, "taker-1": True}
    assert 0 < told["memory_mib"] < 300
    assert [lab["name"] for lab in answer("lab", "list")["labs"] if lab["state"] == "running"] == ["small"]


@pytest.mark.parametrize(("command", "code"), [("true", 0), ("exit 7", 7)])
def test_exec_gives_the_exit_code_of_the_command(room: Room, command: str, code: int) -> None:
    citynet("lab", "exec", "left", "--", "sh", "-c", command, check=code)


def test_exec_names_the_nearest_node(room: Room) -> None:
    assert "did you mean 'left'?" in citynet("lab", "exec", "lefd", "--", "true", check=Exit.BAD_INPUT).stderr


def test_two_labs_side_by_side_and_apart(room: Room) -> None:
    citynet("lab", "up", str(room.design), "--name", "other", "--quiet")
    try:
        other = type(room.lab).load("other")
        other.node("left", "touch /only-there")
        assert "only-there" not in room.lab.node("left", "ls /")
        # The other lab's key opens nothing here.
        stranger = room.lab.ssh(room.lab.address("left"), "true")
        stranger[stranger.index("-i") + 1] = str(other.ssh_key)
        assert subprocess.run(stranger, capture_output=True, check=False).returncode != 0
    finally:
        citynet("lab", "down", "other")
    assert machine_processes("other") == []
    assert not (paths.labs() / "other").exists()


@pytest.mark.parametrize("victim", ["supervisor", "kernel", "launcher"])
def test_a_lab_that_dies_leaves_nothing(room: Room, victim: str) -> None:
    citynet("lab", "up", str(room.design), "--name", "doomed", "--quiet")
    folder = paths.labs() / "doomed"
    processes = machine_processes("doomed")
    supervisor = launching.pid(folder)
    launcher = int(Path(f"/proc/{supervisor}/stat").read_text().rpartition(")")[2].split()[1])
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    struck = {"supervisor": supervisor, "kernel": int(children[0]), "launcher": launcher}[victim]
    assert struck in processes
    os.kill(struck, signal.SIGKILL)
    assert until(lambda: not machine_processes("doomed"), 10), machine_processes("doomed")
    assert not launching.locked(folder)
    assert "doomed" not in Path("/proc/self/mounts").read_text()
    citynet("lab", "status", "doomed", check=Exit.LACKING)
    # The same command goes on from there.
    citynet("lab", "up", str(room.design), "--name", "doomed", "--quiet")
    citynet("lab", "down", "doomed")


def test_interrupting_up_leaves_nothing(room: Room) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "citynet", "lab", "up", str(room.design), "--name", "stopped"],
        env={**os.environ, "PYTHONPATH": str(Path(launching.__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    folder = paths.labs() / "stopped"
    assert until(lambda: bool(launching.pid(folder)), 60)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=60)[0]
    assert process.returncode == Exit.INTERRUPTED, said
    assert "Traceback" not in said
    assert until(lambda: not machine_processes("stopped"), 10)
    assert not folder.exists()


def test_a_killed_up_is_no_running_lab_and_can_be_run_again(room: Room) -> None:
    command = [sys.executable, "-m", "citynet", "lab", "up", str(room.design), "--name", "cut-short", "--quiet"]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(Path(launching.__file__).parents[2])})
    folder = paths.labs() / "cut-short"
    assert until(lambda: bool(launching.pid(folder)), 60)
    process.kill()
    process.wait()
    citynet("lab", "status", "cut-short", check=Exit.LACKING)
    assert answer("lab", "up", str(room.design), "--name", "cut-short")["started"] is True
    citynet("lab", "down", "cut-short")
    assert until(lambda: not machine_processes("cut-short"), 10)


def test_two_commands_at_once_bring_up_one_lab(room: Room) -> None:
    command = [sys.executable, "-m", "citynet", "lab", "up", str(room.design), "--name", "twins", "--json"]
    both = [
        subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": str(Path(launching.__file__).parents[2])},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], [errors for _, errors in said]
    told = [json.loads(out) for out, _ in said]
    assert sorted(one["started"] for one in told) == [False, True]
    citynet("lab", "down", "twins")
    assert [path.name for path in paths.labs().iterdir()] == ["small"]


def test_refuses_more_memory_than_there_is(room: Room) -> None:
    done = citynet("lab", "up", str(room.design), "--name", "huge", "--memory", "999999999", check=Exit.LACKING)
    assert "999999999 MiB" in done.stderr
    assert "available" in done.stderr
    assert not (paths.labs() / "huge").exists()


def test_dead_name_is_refused_with_what_is_known(room: Room) -> None:
    assert "small" in citynet("lab", "down", "smal", check=Exit.BAD_INPUT).stderr


def test_secrets_are_in_no_argument_and_no_file_of_the_lab(room: Room) -> None:
    import yaml

    values = [value.encode() for value in yaml.safe_load((room.design / "secrets.yml").read_text()).values()]
    assert (room.design / "secrets.yml").stat().st_mode & 0o077 == 0
    files = [path for path in room.lab.state_dir.rglob("*") if path.is_file()]
    assert values
    assert files
    for path in files:
        assert not any(value in path.read_bytes() for value in values), path
    key = room.lab.ssh_key.read_text().split("\n")[1].encode()
    for number in machine_processes("small"):
        assert key not in Path(f"/proc/{number}/cmdline").read_bytes()


def test_native_is_refused_with_the_list_of_what_lacks(room: Room) -> None:
    from citynet.lab import needs

    lacks = needs.lacking("native")
    if not lacks:
        pytest.skip("this machine's own kernel has everything: nothing to refuse")
    done = citynet("lab", "up", str(room.design), "--name", "own", "--host", "native", check=Exit.LACKING)
    for lack in lacks:
        assert lack.what in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="run by an ordinary user: every other test shows this already")
def test_an_ordinary_user_needs_no_root(room: Room, tmp_path: Path) -> None:
    user = pwd.getpwnam("daemon")  # any user but root that every Debian has
    become = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--", "env"]
    can = subprocess.run([*become, sys.executable, "-c", "import typer"], capture_output=True, check=False, cwd="/")
    if can.returncode:
        pytest.skip("this Python is not readable for other users")
    # pytest's folders are closed to others, and so may be the work tree.
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        shutil.copytree(Path(launching.__file__).parents[2], home / "cli")
        shutil.copytree(room.design, home / "small")
        for artefact in building.wanted(native=False):
            target = home / "cache/citynet" / artefact.kind / artefact.digest / artefact.file
            target.parent.mkdir(parents=True)
            shutil.copy(artefact.path, target)
        for path in (home, *home.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": place,
            "PYTHONPATH": f"{place}/cli",
            "XDG_CACHE_HOME": f"{place}/cache",
            "XDG_STATE_HOME": f"{place}/state",
        }

        def run(*words: str) -> str:
            done = subprocess.run(
                [*become, sys.executable, "-m", "citynet", *words],
                capture_output=True,
                text=True,
                env=env,
                cwd=place,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, done.stderr
            return done.stdout

        run("lab", "up", "small", "--quiet")
        try:
            assert run("lab", "exec", "left", "--", "id", "-un") == "root\n"
            run("lab", "fault", "cut", "left--right")
            assert json.loads(run("lab", "status", "--json"))["faults"][0]["kind"] == "cut"
        finally:
            run("lab", "down")
        assert until(lambda: not machine_processes("small", place), 10)
