"""Where flows and events of a device come from: its files, read on from a position, over SSH or on this machine."""

from __future__ import annotations

import base64
import enum
import json
import shlex
import subprocess
import sys
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import ValidationError

from citynet.deploy.collection import require_tools
from citynet.deploy.ssh import Connection, Target
from citynet.errors import DeviceError, InputError, Problem, did_you_mean
from citynet.evidence.head import Position
from citynet.evidence.remote import pull as program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from citynet.lab import Lab

FLOWS_FILE = "/var/log/citynet/flows.json"
"""Where ulogd writes on a border device (`platforms/whitebox/templates/ulogd/interconnect.j2`)."""

EVENTS_FILE = "/var/log/citynet/events.jsonl"
"""Where programs on a device write events (`platforms/whitebox/device/events.py`)."""

REFUSED_FILE = "/var/log/citynet/refused.jsonl"
"""Where a device writes which flows it refused (`platforms/whitebox/device/refusal_agent.py`)."""


class Stream(enum.StrEnum):
    """What lines of a device are.

    Attributes:
        FLOWS: flows that a border saw end
        REFUSED: flows that its fence or a guard dropped
        EVENTS: what the device decided or saw otherwise
    """

    FLOWS = "flows"
    REFUSED = "refused"
    EVENTS = "events"


FILES = {Stream.FLOWS: FLOWS_FILE, Stream.REFUSED: REFUSED_FILE, Stream.EVENTS: EVENTS_FILE}

LIMIT = 4 << 20
"""Octets that are asked for at once: some 8,000 flows."""
_ANSWER_S = 60.0
_MARK, _SAME = "CITYNET_PROGRAM", "same"


@dataclass(slots=True)
class Pulled:
    """What a device had: where to go on, whole lines, whether there is more, why lines may be missing (or empty)."""

    position: Position | None
    lines: list[bytes]
    more: bool
    lost: str


class Source(Protocol):
    """A file of a device that can be read on."""

    name: str
    stream: Stream

    def pull(self, position: Position | None) -> Pulled:
        """What came after a position; from the beginning without one.

        Raises:
            DeviceError: It cannot be read.
        """


def key(source: Source) -> str:
    """The name of a source's position in a store; flows were there first, and have the device's own."""
    return source.name if source.stream is Stream.FLOWS else f"{source.name}:{source.stream}"


class LocalSource:
    """A file on this machine, for records that were brought here by other means."""

    def __init__(self, name: str, path: Path, stream: Stream = Stream.FLOWS) -> None:
        self.name = name
        self.stream = stream
        self._path = path

    def pull(self, position: Position | None) -> Pulled:
        """See `Source`."""
        try:
            there, data, more, lost = program.pull(self._path, asdict(position) if position else None, LIMIT)
        except OSError as error:
            raise DeviceError({self.name: f"{error.filename}: {error.strerror}"}) from error
        return Pulled(Position(**there) if there else None, _lines(data), more, lost)


class RemoteSource:
    """A device that runs a shell command and gives its output.

    A shell looks first whether anything is new: to start Python costs a small device more than all the rest.
    """

    def __init__(self, name: str, run: Callable[[str], str], path: str = "", stream: Stream = Stream.FLOWS) -> None:
        self.name = name
        self.stream = stream
        self._run = run
        self._path = path or FILES[stream]

    def pull(self, position: Position | None) -> Pulled:
        """See `Source`."""
        asked = {"file": self._path, "position": asdict(position) if position else None, "limit": LIMIT}
        text = Path(program.__file__).read_text(encoding="utf-8")
        asks = f"python3 - {shlex.quote(json.dumps(asked))} <<'{_MARK}'\n{text}{_MARK}"
        said = self._run(f"if {self._unchanged(position)}; then echo {_SAME}; else {asks}\nfi\n")
        if said.strip() == _SAME:
            return Pulled(position, [], more=False, lost="")
        try:
            answer: dict[str, Any] = json.loads(said)
            there = Position(**answer["position"]) if answer["position"] else None
            data = zlib.decompress(base64.b64decode(answer["data"], validate=True))
            return Pulled(there, _lines(data), bool(answer["more"]), str(answer["lost"]))
        except (ValueError, KeyError, TypeError, ValidationError, zlib.error) as error:
            raise DeviceError({self.name: "its answer cannot be read"}) from error

    def _unchanged(self, position: Position | None) -> str:
        """A shell command that succeeds where there is nothing to read."""
        file = shlex.quote(self._path)
        if position is None:
            return f'[ "$(echo {file}*)" = {file}"*" ]'
        return f'[ "$(stat -c %i:%s {file} 2>/dev/null)" = {position.inode}:{position.offset} ]'


def _lines(data: bytes) -> list[bytes]:
    return data.split(b"\n")[:-1] if data.endswith(b"\n") else data.split(b"\n") if data else []


def of_lab(lab: Lab, devices: Mapping[Stream, Sequence[str]]) -> list[Source]:
    """Devices of a running lab; servers that are outside it are passed over."""
    from citynet.lab.wiring import addresses  # noqa: PLC0415 - the lab is not needed elsewhere

    here = addresses(lab.plan)

    def runner(device: str) -> Callable[[str], str]:
        return lambda command: lab.node(device, command, timeout_s=_ANSWER_S)

    return [
        RemoteSource(name, runner(name), stream=stream)
        for stream, names in devices.items()
        for name in names
        if name in here
    ]


def of_inventory(inventory: Path, devices: Mapping[Stream, Sequence[str]]) -> list[Source]:
    """Devices of an Ansible inventory, reached by the variables that `citynet deploy` reaches them by.

    Of devices that it lacks neither events nor refused flows are read; borders it must have all.

    Raises:
        InputError: The inventory cannot be read or lacks a border device.
        LackingError: Ansible is not installed.
    """
    known = _host_variables(inventory)
    problems = [
        Problem(str(inventory), 0, f"lacks the border device '{name}'", "all border devices", did_you_mean(name, known))
        for name in devices[Stream.FLOWS]
        if name not in known
    ]
    if problems:
        raise InputError(problems)
    return [
        RemoteSource(name, _ssh(_target(name, known[name])), stream=stream)
        for stream, names in devices.items()
        for name in names
        if name in known
    ]


def _host_variables(inventory: Path) -> dict[str, dict[str, Any]]:
    require_tools()
    command = [sys.executable, "-m", "ansible", "inventory", "-i", str(inventory), "--list"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_ANSWER_S)
    if not inventory.exists() or done.returncode:
        said = (done.stderr.strip().splitlines() or ["no such file"])[-1]
        raise InputError([Problem(str(inventory), 0, f"cannot be read: {said}", "an Ansible inventory")])
    variables: dict[str, dict[str, Any]] = json.loads(done.stdout).get("_meta", {}).get("hostvars", {})
    return variables


def _target(name: str, variables: dict[str, Any]) -> Target:
    key = variables.get("ansible_ssh_private_key_file") or variables.get("ansible_private_key_file")
    known_hosts = variables.get("citynet_known_hosts")
    return Target(
        name,
        str(variables.get("ansible_host", name)),
        int(variables.get("ansible_port", 22)),
        str(variables.get("ansible_user", "root")),
        Path(str(key)).expanduser() if key else None,
        str(variables["ansible_password"]) if "ansible_password" in variables else None,
        Path(str(known_hosts)).expanduser() if known_hosts else None,
        sudo=bool(variables.get("ansible_become", False)),
    )


def _ssh(target: Target) -> Callable[[str], str]:
    def run(command: str) -> str:
        with Connection(target) as connection:
            ended = connection.run(command, b"", _ANSWER_S)
        if ended.code:
            said = ended.errors.decode(errors="replace").strip().splitlines() or [f"ended with {ended.code}"]
            raise DeviceError({target.name: said[-1]})
        return ended.output.decode(errors="replace")

    return run
