"""Reaching the nodes: SSH with one shared connection per node, and the small programs that run there."""

from __future__ import annotations

import json
import secrets
import shlex
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citynet.errors import DeviceError
from citynet.levels.targets import nodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType

    from citynet.plan.model import Plan

REMOTE_DIR = "/run/citynet-verify"
"""Where the programs of a run lie on a node, with a word of its own behind it; a memory file system."""

_PROGRAMS = Path(__file__).parent / "remote"
CONNECT_S = 60.0
_WORKERS = 16


class Running:
    """A program that runs on a node until `finish`."""

    def __init__(self, node: str, process: subprocess.Popen[str]) -> None:
        self.node = node
        self.process = process

    def say(self, message: Any) -> None:
        """Put a JSON line on its standard input."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def line(self) -> Any:
        """The next JSON line that it prints."""
        assert self.process.stdout is not None
        text = self.process.stdout.readline()
        if not text:
            raise DeviceError({self.node: _reason(self.process.communicate(timeout=10)[1])})
        return json.loads(text)

    def finish(self, timeout_s: float = 30.0) -> Any:
        """End its standard input, and give what it prints last (None if nothing)."""
        try:
            out, err = self.process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired as error:
            self.process.kill()
            self.process.communicate()
            raise DeviceError({self.node: f"no answer within {timeout_s:g} s"}) from error
        if self.process.returncode:
            raise DeviceError({self.node: _reason(err)})
        return json.loads(out) if out.strip() else None


def _reason(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "the connection ended"


class Access:
    """SSH to every node of a plan; use it as a context manager, so that no connection stays open."""

    def __init__(self, plan: Plan, key: Path, known_hosts: Path) -> None:
        self.addresses = {name: node.management for name, node in nodes(plan).items()}
        self._key = key
        self._known_hosts = known_hosts
        self.programs = f"{REMOTE_DIR}-{secrets.token_hex(4)}"  # another run may judge the same nodes
        # Short, because a control socket's path may have 104 bytes at most.
        self._folder = Path(tempfile.mkdtemp(prefix="citynet-"))
        self.config = self._folder / "ssh_config"

    def __enter__(self) -> Access:
        """Write ssh's configuration."""
        lines = [
            "Host *",
            "  User root",
            "  BatchMode yes",
            "  StrictHostKeyChecking yes",
            "  IdentitiesOnly yes",
            f"  IdentityFile {self._key}",
            f"  UserKnownHostsFile {self._known_hosts}",
            "  LogLevel ERROR",
            "  ConnectTimeout 30",
            "  ServerAliveInterval 5",
            "  ServerAliveCountMax 6",
            "  ControlMaster auto",
            "  ControlPersist 120",
            f"  ControlPath {self._folder}/%n",
        ]
        for name, address in self.addresses.items():
            lines += [f"Host {name}", f"  HostName {address}"]
        self.config.write_text("\n".join(lines) + "\n")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every shared connection."""
        for name in self.addresses:
            self.forget(name)
        shutil.rmtree(self._folder, ignore_errors=True)

    def forget(self, node: str) -> None:
        """Close the shared connection of a node, e.g. because the node is about to die."""
        if (self._folder / node).exists():
            subprocess.run(["ssh", "-F", str(self.config), "-O", "exit", node], check=False, capture_output=True)
            (self._folder / node).unlink(missing_ok=True)

    def argv(self, node: str, command: str) -> list[str]:
        """The ssh command line."""
        return ["ssh", "-F", str(self.config), node, command]

    def run(self, node: str, command: str, timeout_s: float = 30.0, data: bytes = b"") -> str:
        """Run a shell command on a node.

        Raises:
            DeviceError: It failed, or did not end in time.
        """
        try:
            done = subprocess.run(
                self.argv(node, command), input=data, capture_output=True, check=False, timeout=timeout_s
            )
        except subprocess.TimeoutExpired as error:
            raise DeviceError({node: f"no answer within {timeout_s:g} s"}) from error
        if done.returncode:
            raise DeviceError({node: _reason(done.stderr.decode(errors="replace"))})
        return done.stdout.decode(errors="replace")

    def upload(self, nodes: Iterable[str]) -> dict[str, str]:
        """Put the programs on the nodes; returns the nodes that cannot be reached, with the reason."""
        files = [path.name for path in sorted(_PROGRAMS.glob("*.py")) if path.name != "__init__.py"]
        packed = subprocess.run(["tar", "-C", str(_PROGRAMS), "-c", *files], capture_output=True, check=True).stdout
        command = f"mkdir -p {self.programs} && tar -xC {self.programs}"
        failed: dict[str, str] = {}

        def one(node: str) -> None:
            try:
                self.run(node, command, CONNECT_S, packed)
            except DeviceError:  # a busy machine may be slow to answer when everybody calls at once
                try:
                    self.run(node, command, CONNECT_S, packed)
                except DeviceError as error:
                    failed.update(error.failures)

        self.each(nodes, one)
        return failed

    def clean(self, nodes: Iterable[str]) -> None:
        """Take the programs away again; a node that is gone has none."""

        def one(node: str) -> None:
            try:
                self.run(node, f"rm -rf {self.programs}", timeout_s=10)
            except DeviceError:
                return

        self.each(nodes, one)

    @staticmethod
    def each(nodes: Iterable[str], work: Callable[[str], None]) -> None:
        """Do something for every node, several at once; the first exception is raised after all have ended."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            for future in [pool.submit(work, node) for node in nodes]:
                future.result()

    def command(self, program: str, arguments: dict[str, Any]) -> str:
        """The shell command that runs one of the programs."""
        return f"python3 {self.programs}/{program}.py {shlex.quote(json.dumps(arguments))}"

    def ask(self, node: str, program: str, arguments: dict[str, Any], timeout_s: float = 60.0) -> Any:
        """Run one of the programs and give its JSON answer."""
        return json.loads(self.run(node, self.command(program, arguments), timeout_s))

    def start(self, node: str, program: str, arguments: dict[str, Any]) -> Running:
        """Start one of the programs; it runs until `Running.finish`."""
        process = subprocess.Popen(
            self.argv(node, self.command(program, arguments)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        return Running(node, process)
