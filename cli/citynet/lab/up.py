"""Bringing a lab up: folder, keys, wiring, machine, nodes."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet.errors import DeviceError, InputError, Problem
from citynet.lab import access as access_server
from citynet.lab import launching, paths, secret_values, supervisor
from citynet.lab.keyservers import access
from citynet.lab.optics import controller
from citynet.lab.running import READY, Lab, guest_command, remove
from citynet.lab.waiting import until
from citynet.lab.wiring import addresses, machine_address, prefix_length, wiring
from citynet.plan import codec
from citynet.plan.access import lab_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from citynet.plan.model import DeviceSentry, Plan

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_BOOT_LIMIT_S = 60.0
_SERVICE_LIMIT_S = 30.0

_BASE_MIB, _ROUTER_MIB, _HOST_MIB, _SITE_MIB = 224, 48, 8, 32
_SENTRY_MIB = 40
"""Suricata and the program that keeps it, without the buffers for packets."""
_ACCESS_MIB, _SERVER_MIB = 32, 96
_REFUSALS_MIB = 16
"""The program that writes down refused flows, and its supervisor."""
_IKE_MIB = 24
"""A host's IKE daemon, and its part of that of its device."""
_KEYS_MIB = 64
"""Key agent, its supervisor, wpa_supplicant on three lines, and the IKE daemon."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a lab is made from: the built files, how it is hosted, and its size."""

    kernel: Path | None
    image: Path
    memory_mib: int

    def command(self) -> list[str]:
        """The machine's command line."""
        if self.kernel is None:
            return launching.native_command(self.image)
        return launching.user_mode_command(self.kernel, self.image, self.memory_mib)


def memory_mib(plan: Plan) -> int:
    """Memory that the machine of this plan gets: what was measured, and a quarter more."""
    return (
        _BASE_MIB
        + _ROUTER_MIB * len(plan.devices)
        + _HOST_MIB * len(plan.hosts)
        + _KEYS_MIB * sum(device.keys is not None for device in plan.devices.values())
        + sum(_sentry_mib(device.sentry) for device in plan.devices.values() if device.sentry)
        + _REFUSALS_MIB * sum(device.refusals is not None for device in plan.devices.values())
        + _ACCESS_MIB * sum(device.access is not None for device in plan.devices.values())
        + _IKE_MIB * sum(port.ike for device in plan.devices.values() for port in device.ports)
        + (_SERVER_MIB if lab_server(plan) else 0)
        + _SITE_MIB * sum(host.homing is not None for host in plan.hosts.values())
    )


def _sentry_mib(sentry: DeviceSentry) -> int:
    return _SENTRY_MIB + sentry.buffer_mb * len({watch.inside for watch in sentry.watches})


def folder_of(name: str) -> Path:
    """The folder of a lab; refuses names that are no plain names."""
    if not _NAME.fullmatch(name):
        raise InputError(
            [Problem("--name", 0, f"'{name}' is no name for a lab", "lower-case letters, digits and '-', 40 at most")]
        )
    return paths.labs() / name


@contextmanager
def alone(name: str) -> Iterator[None]:
    """Be the only command that brings this lab up; another one is waited for."""
    path = folder_of(name).with_name(f".{name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if path.exists() and path.stat().st_ino == os.fstat(descriptor).st_ino:
            break
        os.close(descriptor)  # whoever held it has removed it: what we hold is no lock any more
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def bring_up(name: str, plan: Plan, design_dir: Path, parts: Parts, tell: Callable[[str], None]) -> Lab:
    """Start a lab that does not run; `tell` hears the name of each node that answers.

    Whatever goes wrong on the way, Ctrl-C included, nothing stays behind.
    """
    folder = folder_of(name)
    remove(folder)
    try:
        _prepare(folder, plan, design_dir)
        launching.start(folder, _launch(folder, plan, parts, design_dir))
        lab = Lab.at(folder)
        _await_machine(lab)
        _start_nodes(lab, tell)
        if controller.wanted(plan):
            _await("optical-controller", lambda: controller.state(lab), folder / "optics.log")
        if access.servers(plan):
            _await("key-servers", lambda: access.state(lab), folder / "keyservers.log")
        (folder / READY).touch()
    except BaseException as error:
        launching.end(folder)
        if isinstance(error, DeviceError):
            _keep_log(folder)
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return lab


def _launch(folder: Path, plan: Plan, parts: Parts, design_dir: Path) -> launching.Launch:
    length = prefix_length(plan)
    services = []
    if controller.wanted(plan):
        command = controller.prepare(folder, plan)
        services.append(launching.Service(f"{controller.address(plan)}/{length}", command, "optics.log"))
    if access.servers(plan):
        command = access.prepare(folder, plan, design_dir / "secrets.yml")
        services.append(launching.Service(f"{access.address(plan)}/{length}", command, "keyservers.log"))
    gateway = f"{plan.management_gateway}/{length}"
    return launching.Launch(gateway, parts.memory_mib, parts.command(), _processor(parts), services)


def _processor(parts: Parts) -> int:
    """The processor that the machine stays on; this machine's own kernel uses them all."""
    return -1 if parts.kernel is None else launching.processor()


def _keep_log(folder: Path) -> None:
    """Keep the console of a lab that failed beside its folder, for whoever wants to know why."""
    if (folder / "console.log").exists():
        (folder / "console.log").replace(folder.with_name(f"{folder.name}.failed.log"))


def _prepare(folder: Path, plan: Plan, design_dir: Path) -> None:
    share = folder / "share"
    share.mkdir(parents=True, mode=0o700)
    folder.chmod(0o700)
    for key in ("key", "host_key"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"citynet-{folder.name}", "-f", str(folder / key)],
            check=True,
            stdin=subprocess.DEVNULL,
        )
    (folder / "host_key").rename(share / "host_key")
    (folder / "key.pub").rename(share / "authorized_keys")
    kind, value = (folder / "host_key.pub").read_text().split()[:2]
    known = [machine_address(plan), *addresses(plan).values()]
    (folder / "known_hosts").write_text("".join(f"{address} {kind} {value}\n" for address in known))
    (share / "machine.env").write_text(
        f"LAB_NAME={folder.name}\nLAB_ADDRESS={machine_address(plan)}/{prefix_length(plan)}\n"
        f"LAB_OUTSIDE_MAC={supervisor.OUTSIDE_MAC}\n"
    )
    wired = wiring(plan, secret_values.known(design_dir / "secrets.yml"))
    for name, files in access_server.files(plan, design_dir / "secrets.yml").items():
        wired["nodes"][name].setdefault("files", {}).update(files)
    (share / "wiring.json").write_text(json.dumps(wired))
    shutil.copytree(launching.GUEST, share / "guest", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "plan.json").write_text(codec.dumps(plan))
    (folder / "lab.json").write_text(json.dumps({"design_dir": str(design_dir.resolve())}))


def _await_machine(lab: Lab) -> None:
    """Wait until the machine's SSH server takes a login."""
    command = lab.ssh(machine_address(lab.plan), "true")

    def answered() -> bool:
        if not lab.pid:
            return True
        return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0

    if not until(answered, _BOOT_LIMIT_S, step_s=0.1) or not lab.pid:
        tail = (lab.state_dir / "console.log").read_text(errors="replace").splitlines()[-5:]
        raise DeviceError({"machine": "did not come up: " + " / ".join(tail)})


def _await(what: str, ask: Callable[[], object], log: Path) -> None:
    """Wait until a service beside the machine answers; the optical controller commands the lines by then."""

    def answered() -> bool:
        try:
            ask()
        except DeviceError:
            return False
        return True

    if not until(answered, _SERVICE_LIMIT_S, step_s=0.2):
        said = log.read_text(errors="replace").splitlines()[-5:]
        raise DeviceError({what: "did not come up: " + " / ".join(said)})


def _start_nodes(lab: Lab, tell: Callable[[str], None]) -> None:
    process = subprocess.Popen(
        lab.ssh(machine_address(lab.plan), guest_command("up")),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said: list[str] = []
    try:
        for line in process.stdout:
            if not line.startswith("{"):
                said.append(line.strip())
                continue
            event = json.loads(line)
            if "node" in event:
                tell(event["node"])
            elif "error" in event:
                said.append(event["error"])
    finally:
        if process.poll() is None:
            os.kill(process.pid, 15)
    if process.wait():
        raise DeviceError({"machine": "nodes could not be started: " + "; ".join(said)})
