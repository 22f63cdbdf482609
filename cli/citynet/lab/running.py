"""A lab that runs: where it is, how to get into it, how to talk to its nodes."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citynet import ending
from citynet.errors import DeviceError, InputError, Lack, LackingError, Problem, did_you_mean
from citynet.lab import launching, paths
from citynet.lab.wiring import addresses, machine_address
from citynet.plan import codec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from citynet.plan.model import Plan

INSIDE = "CITYNET_LAB_INSIDE"
READY = "ready"  # file in the lab's folder, there from the moment every node answers


@dataclass(frozen=True, slots=True)
class Lab:
    """A lab by name.

    Attributes:
        name: The lab's name.
        state_dir: Its folder: plan, wiring, keys, console log.
        plan: The plan it was wired from.
        design_dir: Folder of the design; its secrets and build folder are there.
        ssh_key: Private key that every node and the machine accept for root.
        known_hosts: OpenSSH known_hosts with the key of every node.
    """

    name: str
    state_dir: Path
    plan: Plan
    design_dir: Path
    ssh_key: Path
    known_hosts: Path

    @classmethod
    def load(cls, name: str) -> Lab:
        """The running lab of that name.

        Raises:
            LackingError: No such lab runs.
        """
        folder = paths.labs() / name
        if not is_up(folder):
            raise LackingError([_no_lab(name)])
        return cls.at(folder)

    @classmethod
    def at(cls, folder: Path) -> Lab:
        """The lab whose folder this is, whether it runs or not."""
        told = json.loads((folder / "lab.json").read_text())
        return cls(
            folder.name,
            folder,
            codec.load(folder / "plan.json"),
            Path(told["design_dir"]),
            folder / "key",
            folder / "known_hosts",
        )

    @property
    def pid(self) -> int:
        """The supervisor's process; 0 when the lab has ended."""
        return launching.pid(self.state_dir)

    def enter(self, argv: Sequence[str]) -> list[str]:
        """The command, prefixed so that it runs where the lab's management network is.

        Unchanged when this process is inside already.
        """
        if os.environ.get(INSIDE) == self.name:
            return list(argv)
        number = self.pid
        if not number:
            raise LackingError([_no_lab(self.name)])
        user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
        return ["nsenter", f"--target={number}", *user, "--net", "--", "env", f"{INSIDE}={self.name}", *argv]

    def ssh(self, address: str, *command: str, options: Sequence[str] = ()) -> list[str]:
        """The ssh command line (already inside the lab) to a management address."""
        return self.enter(
            [
                "ssh",
                "-F",
                "none",
                "-i",
                str(self.ssh_key),
                "-l",
                "root",
                "-o",
                f"UserKnownHostsFile={self.known_hosts}",
                "-o",
                "GlobalKnownHostsFile=none",
                "-o",
                "StrictHostKeyChecking=yes",
                "-o",
                "BatchMode=yes",
                "-o",
                "IdentitiesOnly=yes",
                "-o",
                "LogLevel=ERROR",
                "-o",
                "ConnectTimeout=10",
                *options,
                address,
                *command,
            ]
        )

    def address(self, node: str) -> str:
        """Management address of a node.

        Raises:
            InputError: The lab has no such node.
        """
        known = addresses(self.plan)
        if node not in known:
            raise InputError([Problem(f"lab {self.name}", 0, f"no node '{node}'", "", did_you_mean(node, known))])
        return known[node]

    def controller(self) -> dict[str, str]:
        """How its optical controller is entered (`url`, `ca`, `certificate`, `key`); empty when it has none."""
        from citynet.lab.optics import controller  # noqa: PLC0415 - it knows labs itself

        return controller.where(self).as_dict() if controller.wanted(self.plan) else {}

    def machine(self, command: str, timeout_s: float = 30.0) -> str:
        """Run a shell command in the lab machine; its output.

        Raises:
            DeviceError: It failed, or took longer than `timeout_s`.
        """
        return self._run("machine", machine_address(self.plan), command, timeout_s)

    def node(self, name: str, command: str, timeout_s: float = 30.0) -> str:
        """Run a shell command in a node; its output.

        Raises:
            DeviceError: It failed, or took longer than `timeout_s`.
        """
        return self._run(name, self.address(name), command, timeout_s)

    def guest(self, *words: str, timeout_s: float = 90.0) -> list[dict[str, Any]]:
        """Run the machine's own program; the objects it answered with.

        Raises:
            DeviceError: It reported an error.
        """
        command = guest_command(*words)
        try:
            done = subprocess.run(
                self.ssh(machine_address(self.plan), command),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise DeviceError({"machine": f"no answer to '{words[0]}' within {timeout_s:.0f} s"}) from error
        answers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        for answer in answers:
            if "error" in answer:
                raise DeviceError({"machine": answer["error"]})
        if done.returncode:
            raise DeviceError({"machine": done.stderr.strip() or f"'{words[0]}' failed"})
        return answers

    def memory_used_mib(self) -> int:
        """Memory that the machine has taken so far; 0 when the lab has ended."""
        try:
            usage = os.statvfs(f"/proc/{self.pid}/root{self.state_dir}/memory")
        except OSError:
            return 0
        return (usage.f_blocks - usage.f_bfree) * usage.f_frsize // (1024 * 1024)

    def down(self) -> None:
        """End the lab and remove its folder."""
        remove(self.state_dir)

    def _run(self, name: str, address: str, command: str, timeout_s: float) -> str:
        try:
            done = ending.run(self.ssh(address, command), timeout_s)
        except subprocess.TimeoutExpired as error:
            raise DeviceError({name: f"'{command}' took longer than {timeout_s:.0f} s"}) from error
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise DeviceError({name: f"'{command}' ended with {done.returncode}" + (f": {said}" if said else "")})
        return done.stdout


def guest_command(*words: str) -> str:
    """Shell command that runs the machine's own program."""
    return "cd /mnt && exec python3 -m guest " + shlex.join(words)


def names() -> list[str]:
    """Every lab that has a folder, running or dead."""
    home = paths.labs()
    return sorted(path.parent.name for path in home.glob("*/lab.json")) if home.is_dir() else []


def running() -> list[str]:
    """Every lab that runs."""
    return [name for name in names() if is_up(paths.labs() / name)]


def is_up(folder: Path) -> bool:
    """Whether the lab of this folder runs and came up whole."""
    return (folder / READY).exists() and launching.pid(folder) != 0


def remove(folder: Path) -> None:
    """End the lab of this folder, if it runs, and remove the folder."""
    launching.end(folder)
    shutil.rmtree(folder, ignore_errors=True)
    folder.with_name(f"{folder.name}.failed.log").unlink(missing_ok=True)


def _no_lab(name: str) -> Lack:
    hint = did_you_mean(name, running())
    return Lack(f"running lab '{name}'", "this command", "citynet lab up DESIGN_DIR" + (f" ({hint})" if hint else ""))
