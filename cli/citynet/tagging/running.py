"""Run an unmodified program whose sockets are tagged.

This process becomes the program, so its number, its signals, its terminal and its exit code are the program's own. The
supervisor is a process beside it, a child of neither.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from citynet.errors import Lack, LackingError
from citynet.tagging import privileges, seccomp
from citynet.tagging.option import carries_any
from citynet.tagging.supervisor import Supervisor, detach, here

if TYPE_CHECKING:
    from citynet.tagging.option import Tag

NOT_FOUND, NOT_EXECUTABLE = 127, 126
"""Exit codes of what starts other programs (POSIX, `env`)."""
_NEEDED_FOR = "tagging a program's sockets"
_ONE_ONLY = "a process without a supervisor (this one has one already: tag run within tag run?)"
_SO_DOMAIN = 39


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run a program.

    Attributes:
        tag: What its sockets get.
        command: The program and its arguments.
        ipv6_only: Refuse IPv4 sockets, and IPv4 addresses mapped into IPv6.
        icmp: Make tagged raw sockets for ICMPv6.
        account: The user to run it as; nobody else when none.
    """

    tag: Tag
    command: list[str]
    ipv6_only: bool = False
    icmp: bool = False
    account: privileges.Account | None = None


def run(settings: Settings) -> int:
    """Become the program; returns, with an exit code, only when it cannot be started.

    Raises:
        LackingError: The kernel or the rights of this process do not suffice.
    """
    _probe(settings.tag)
    supervisor = Supervisor(settings.tag, Path(settings.command[0]).name, settings.ipv6_only, settings.icmp, here())
    _inherited(settings.tag, supervisor)
    sys.stdout.flush()
    sys.stderr.flush()
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = os.getpid()
    child = os.fork()
    if not child:
        near.close()
        _supervise(far, supervisor, program, settings.account)
    far.close()
    os.waitpid(child, 0)
    _go_under(near, settings)
    return _become(settings.command)


def _probe(tag: Tag) -> None:
    """Refuse before anything is started what cannot work here."""
    if not seccomp.supported():
        raise LackingError([Lack("a machine of type x86_64 or aarch64", _NEEDED_FOR)])
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            if carries_any(probe):
                raise LackingError([Lack(_ONE_ONLY, _NEEDED_FOR)])
            tag.set_on(probe)
    except PermissionError as error:
        how = "sudo citynet tag run --user $USER …, or AmbientCapabilities=CAP_NET_RAW in its systemd unit"
        raise LackingError([Lack("the capability CAP_NET_RAW", _NEEDED_FOR, how)]) from error
    except OSError as error:
        raise LackingError([Lack(f"IPv6 in this kernel ({error.strerror})", _NEEDED_FOR)]) from error


def _inherited(tag: Tag, supervisor: Supervisor) -> None:
    """Tag the sockets that the program is given (standard input of inetd, sockets of systemd)."""
    for entry in list(Path("/proc/self/fd").iterdir()):
        with contextlib.suppress(OSError):
            descriptor = int(entry.name)
            if not os.get_inheritable(descriptor):
                continue
            with socket.socket(fileno=os.dup(descriptor)) as given:
                family = given.getsockopt(socket.SOL_SOCKET, _SO_DOMAIN)
                if family == socket.AF_INET6:
                    tag.set_on(given)
                elif family == socket.AF_INET:
                    supervisor.note(f"was given an IPv4 socket (descriptor {descriptor}): no identifier")


def _supervise(
    far: socket.socket, supervisor: Supervisor, program: int, account: privileges.Account | None
) -> NoReturn:
    """In the child: leave a supervisor behind, and end."""
    code = 1
    try:
        process = os.pidfd_open(program)
        if not os.fork():
            _keep_only(far.fileno(), process)
            detach()
            privileges.only_tagging(account)
            _, descriptors, _, _ = socket.recv_fds(far, 16, 1)
            if descriptors:
                far.send(b"ready")
                far.close()
                supervisor.serve(descriptors[0], process)
        code = 0
    finally:
        os._exit(code)  # not through the cleaning up of the process that this is a copy of


def _keep_only(*kept: int) -> None:
    """Close what the program was given: a pipe is at its end when the program has closed it."""
    first = 3
    for descriptor in sorted(kept):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, os.sysconf("SC_OPEN_MAX"))


def _go_under(near: socket.socket, settings: Settings) -> None:
    """Put this process under the supervisor."""
    privileges.without_raw(settings.account)
    try:
        listener = seccomp.install(ipv6_only=settings.ipv6_only)
    except OSError as error:
        if error.errno == errno.EBUSY:
            raise LackingError([Lack(_ONE_ONLY, _NEEDED_FOR)]) from error
        what = f"seccomp user notification in this kernel, Linux 5.14 with SECCOMP_FILTER ({error.strerror})"
        raise LackingError([Lack(what, _NEEDED_FOR)]) from error
    with near:
        socket.send_fds(near, [b"listener"], [listener])
        os.close(listener)
        if near.recv(16) != b"ready":
            raise LackingError([Lack("the supervisor, which ended at its start,", _NEEDED_FOR)])


def _become(command: list[str]) -> int:
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and programs inherit that
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)  # noqa: S606 - that is the purpose
    except OSError as error:
        sys.stderr.write(f"citynet tag: {command[0]}: {error.strerror}\n")
        return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE
