"""Starting and ending a lab's namespaces, and finding them again."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from citynet.errors import DeviceError
from citynet.lab import guest, supervisor
from citynet.lab.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_NATIVE = Path(__file__).with_name("native.sh")
GUEST = Path(guest.__file__).parent
_INIT = "init=/sbin/citynet-init"


@dataclass(frozen=True, slots=True)
class Service:
    """A process beside the machine: its outside address with length, what runs it, and its log in the lab's folder."""

    address: str
    command: Sequence[str]
    log: str


@dataclass(frozen=True, slots=True)
class Launch:
    """What the supervisor is told: the outside address with length, memory in MiB, and the machine's command.

    `processor` is the one that the machine stays on; -1 for any. `services` are what a lab has beside its machine: an
    optical controller, key servers.
    """

    gateway: str
    memory_mib: int
    command: Sequence[str]
    processor: int = -1
    services: Sequence[Service] = ()

    def as_json(self) -> str:
        """The supervisor's one argument; it holds no secret."""
        return json.dumps(
            {
                "gateway": self.gateway,
                "memory": f"{self.memory_mib + 64}m",
                "command": list(self.command),
                "processor": self.processor,
                "services": [asdict(service) for service in self.services],
            }
        )


def user_mode_command(kernel: Path, image: Path, memory_mib: int) -> list[str]:
    """The user-mode kernel's command line, run in the lab's folder.

    Measured best: one processor, seccomp instead of ptrace. `con0=null,fd:1` sends the console to the log.
    """
    return [
        str(kernel),
        f"mem={memory_mib}M",
        f"ubd0r={image}",
        "root=/dev/ubda",
        "rootfstype=squashfs",
        "ro",
        _INIT,
        "seccomp=on",
        "hostfs=/proc/self/cwd/share",
        "uml_dir=memory/",
        "umid=machine",
        "con0=null,fd:1",
        "con=null",
        f"vec0:transport=raw,ifname={supervisor.CABLE}",
    ]


def processor() -> int:
    """The processor for a user-mode machine: the one on which the fewest others stay, of whatever user and folder.

    The kernel and the processes of its nodes hand over to each other at every system call. Across processors each
    hand-over waits for the other one to wake: with 67 routers the machine was busy without end, and a fifth so on one.
    """
    taken = Counter(one for stays in _machines() if len(stays) == 1 for one in stays)
    return min(sorted(os.sched_getaffinity(0), reverse=True), key=lambda one: taken[one])


def _machines() -> Iterator[set[int]]:
    """The processors on which each running user-mode machine may be; the processes of its nodes go where it goes."""
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if _INIT.encode() in command.read_bytes().split(b"\0"):
                yield os.sched_getaffinity(int(command.parent.name))
        except OSError:  # it has ended meanwhile, or nobody may look at it
            continue


def native_command(image: Path) -> list[str]:
    """The same machine in a namespace of this machine's own kernel."""
    return ["sh", str(_NATIVE), str(image), supervisor.CABLE]


def start(folder: Path, launch: Launch) -> None:
    """Start the namespaces and wait until the supervisor has made the management link.

    Raises:
        DeviceError: It ended at once; the message is what it said.
    """
    become = [] if os.geteuid() == 0 else ["--user", "--map-current-user", "--keep-caps"]
    with (folder / "supervisor.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "unshare",
                *become,
                "--net",
                "--pid",
                "--mount",
                "--ipc",
                "--fork",
                "--kill-child",
                "--",
                sys.executable,
                "-I",
                supervisor.__file__,
                launch.as_json(),
            ],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        until(lambda: process.poll() is not None or pid(folder) != 0, limit_s=20)
    except BaseException:
        process.kill()  # --kill-child: with it goes all that it started, recorded or not
        process.wait()
        raise
    if process.poll() is not None or not pid(folder):
        said = (folder / "supervisor.log").read_text(errors="replace").strip()
        raise DeviceError({folder.name: f"the lab's namespaces could not be made: {said or 'no reason given'}"})


def pid(folder: Path) -> int:
    """The supervisor of the lab in this folder; 0 when none runs. A number used again by another process is none."""
    try:
        told = json.loads((folder / "process.json").read_text())
        number = int(told["pid"])
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except (OSError, ValueError, KeyError):
        return 0
    return number if int(fields[19]) == told["started"] and fields[0] != "Z" else 0


def locked(folder: Path) -> bool:
    """Whether a process holds the lab's lock."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def end(folder: Path) -> bool:
    """Kill the supervisor, and with it everything in its namespaces; returns whether one was running."""
    number = pid(folder)
    if not number:
        return False
    handle = os.pidfd_open(number)
    try:
        if pid(folder) != number:  # it ended, and the number was used again, between the look and the open
            return False
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(handle, signal.SIGKILL)
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        if not poll.poll(20_000):
            raise DeviceError({folder.name: "the lab's supervisor does not die"})
    finally:
        os.close(handle)
    return True
