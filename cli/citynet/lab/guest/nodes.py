"""Nodes: each a network device of its own, in its own namespaces, on its own layer over the image.

A node's layer (`disk`) outlives the node, as a router's disk outlives a power cut.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

from . import state, system
from .state import NETNS, RUN, SHARE
from .system import GuestError, batch, mount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .state import Node, Wiring

_SSH_PORT = 22


def folder(name: str) -> Path:
    """Where the machine keeps a node."""
    return RUN / "nodes" / name


def pid(name: str) -> int:
    """The node's first process, as the machine numbers it; 0 when the node is not running."""
    try:
        number = int((folder(name) / "pid").read_text())
    except FileNotFoundError:
        return 0
    return number if Path(f"/proc/{number}").exists() else 0


def start(
    wiring: Wiring, names: Iterable[str], tell: Callable[[str], None], wire: Callable[[Wiring, list[str]], None]
) -> None:
    """Start nodes that don't run, plug in their cables (`wire`); `tell` hears each one that answers.

    Raises:
        GuestError: A node died while starting, or did not answer in time.
    """
    nodes = [wiring.nodes[name] for name in names if not pid(name)]
    gates = {node.name: _spawn(node, wiring) for node in nodes}
    batch(
        "ip",
        [f"link add {node.outer} type veth peer name mgmt0 address {node.mac} netns {node.name}" for node in nodes],
    )
    batch("ip", [f"link set {node.outer} master mgmt up" for node in nodes])
    wire(wiring, list(gates))
    for gate in gates.values():
        os.close(gate)  # the node waits for this before it becomes what it is
    _await_answers(nodes, tell)


def kill(wiring: Wiring, name: str) -> None:
    """Take the power from a node: every process dies at once, its cables go dark."""
    number = pid(name)
    if number:
        _end(number)
    cables = [wiring.nodes[name].outer]
    cables += [end.outer for line in wiring.lines_of(name) for end in line.ends if end.node == name]
    for outer in cables:
        if Path(f"/sys/class/net/{outer}").exists():
            batch("ip", [f"link delete {outer}"])
    system.unmount(NETNS / name)
    (NETNS / name).unlink(missing_ok=True)
    (folder(name) / "pid").unlink(missing_ok=True)


def _end(number: int) -> None:
    handle = os.pidfd_open(number)
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        if not poll.poll(10_000):
            raise GuestError("a node did not die within 10 s")
    finally:
        os.close(handle)


def _spawn(node: Node, wiring: Wiring) -> int:
    """Make the node's namespaces and leave it waiting; returns the end of the pipe whose closing lets it go on."""
    gate_out, gate_in = os.pipe()
    told_out, told_in = os.pipe()
    first = os.fork()
    if first == 0:
        os.close(gate_in)
        os.close(told_out)
        _as_child(lambda: _branch(node, wiring, gate_out, told_in))
    os.close(gate_out)
    os.close(told_in)
    with os.fdopen(told_out) as told:
        text = told.read().strip()
    os.waitpid(first, 0)
    if not text.isdigit():
        raise GuestError(f"node '{node.name}' could not be started: {text or 'no namespaces'}")
    state.write(folder(node.name) / "pid", text)
    mark = NETNS / node.name
    mark.touch()
    mount(f"/proc/{text}/ns/net", mark, flags=system.MS_BIND)
    return gate_in


def _as_child(work: Callable[[], None]) -> None:
    """Run in a forked process: whatever happens, it ends here and never in the caller's code."""
    try:
        work()
    except BaseException as error:  # noqa: BLE001
        os.write(2, f"{error}\n".encode())
    os._exit(1)


def _branch(node: Node, wiring: Wiring, gate: int, told: int) -> None:
    folder(node.name).mkdir(parents=True, exist_ok=True)
    system.unshare()
    number = os.fork()
    if number:
        os.write(told, str(number).encode())
        os._exit(0)
    os.close(told)
    _as_child(lambda: _become(node, wiring, gate))


def _become(node: Node, wiring: Wiring, gate: int) -> None:
    """Process 1 of the node: its root, its name, then `node.sh`."""
    os.setsid()
    root = _root(node)
    _personal(node, wiring, root)
    while os.read(gate, 1):
        pass
    os.close(gate)
    os.chdir(root)
    mount(".", "/", flags=system.MS_MOVE)
    os.chroot(".")
    os.chdir("/")
    socket.sethostname(node.name)
    null = os.open("/dev/null", os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.closerange(3, 1024)
    os.execv("/bin/sh", ["/bin/sh", "/run/citynet/node.sh"])  # noqa: S606


def _root(node: Node) -> Path:
    mount("none", "/", flags=system.MS_REC | system.MS_PRIVATE)
    here = folder(node.name)
    for part in ("disk", "work", "root"):
        (here / part).mkdir(exist_ok=True)
    root = here / "root"
    mount("overlay", root, "overlay", options=f"lowerdir=/,upperdir={here}/disk,workdir={here}/work")
    mount("proc", root / "proc", "proc")
    mount("sysfs", root / "sys", "sysfs")
    mount("/dev", root / "dev", flags=system.MS_BIND)
    mount("devpts", root / "dev/pts", "devpts", options="newinstance,mode=620,ptmxmode=666,gid=5")
    mount("tmpfs", root / "dev/shm", "tmpfs")
    mount("tmpfs", root / "run", "tmpfs", options="mode=755")
    mount("tmpfs", root / "tmp", "tmpfs", options="mode=1777")
    return root


def _personal(node: Node, wiring: Wiring, root: Path) -> None:
    """What makes the node itself: fresh in /run on every start; the host's own files on its disk."""
    own = root / "run/citynet"
    for part in ("run/citynet", "run/sshd", "run/lock", "run/network"):
        (root / part).mkdir()
    shutil.copy(SHARE / "guest/node.sh", own)
    (own / "node.env").write_text(f"NODE_ADDRESS={node.management}/{wiring.prefix_length}\n")
    for name in ("host_key", "authorized_keys"):
        shutil.copy(RUN / name, own)
    listen = f"ListenAddress {node.management} rdomain mgmt\n"
    (own / "sshd_config").write_text(listen + (SHARE / "guest/sshd_config").read_text())
    (root / "etc/hostname").write_text(node.name + "\n")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost\n::1 localhost\n{node.management} {node.name}\n")
    if node.commands:
        (root / "etc/citynet").mkdir(exist_ok=True)
        (root / "etc/citynet/host.batch").write_text("\n".join(node.commands) + "\n")
    for path, text in node.files.items():
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        place.chmod(0o640)
        shutil.chown(place, group="frr")


def _await_answers(nodes: list[Node], tell: Callable[[str], None], limit_s: float = 60.0) -> None:
    """Wait until the SSH server of every node takes connections."""
    waiting = {node.name: node for node in nodes}
    until = time.monotonic() + limit_s
    while waiting:
        for name, node in list(waiting.items()):
            if not pid(name):
                raise GuestError(f"node '{name}' died while starting")
            if _answers(node.management):
                del waiting[name]
                tell(name)
        if waiting and time.monotonic() > until:
            raise GuestError(f"no SSH server after {limit_s:.0f} s on: {', '.join(waiting)}")
        time.sleep(0.02 if waiting else 0)  # a refused connection gives nothing to wait on


def _answers(address: str) -> bool:
    try:
        with socket.create_connection((address, _SSH_PORT), timeout=1):
            return True
    except OSError:
        return False
