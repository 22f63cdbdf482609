"""The process that makes a program's sockets, tagged, and hands them over.

It ends when nothing is left that it makes sockets for. Should it be ended before, `socket` fails with ENOSYS: what it
does not tag is not sent.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from citynet.tagging import seccomp

if TYPE_CHECKING:
    from citynet.tagging.option import Tag

_KIND = 0xF
"""The bits of a socket's type that are not flags."""
_PROTOCOLS: dict[int, tuple[int, ...]] = {
    socket.SOCK_STREAM: (0, socket.IPPROTO_TCP, socket.IPPROTO_SCTP),
    socket.SOCK_DGRAM: (0, socket.IPPROTO_UDP, socket.IPPROTO_UDPLITE),
    socket.SOCK_SEQPACKET: (socket.IPPROTO_SCTP,),
}
"""What sends the header from each type of socket; MPTCP does not, and its users go on with TCP."""


class RefusedError(Exception):
    """A socket that cannot be tagged."""

    def __init__(self, error: int, why: str) -> None:
        self.error, self.why = error, why
        super().__init__(why)


@dataclass(slots=True)
class Supervisor:
    """Answers the calls of one program and of all that it starts.

    Attributes:
        tag: What the sockets get.
        ipv6_only: Sockets take no IPv4 addresses mapped into IPv6.
        icmp: Raw sockets are made, too, if they are for ICMPv6.
        name: The program's, for notes.
        network: Device and inode of the network namespace that this process is in.
    """

    tag: Tag
    name: str
    ipv6_only: bool = False
    icmp: bool = False
    network: tuple[int, int] = (0, 0)
    said: set[str] = field(default_factory=set)

    def serve(self, listener: int, program: int) -> None:
        """Answer until none is left to ask.

        Args:
            listener: Where the kernel asks.
            program: Descriptor of the program's process (pidfd): when that ends, whoever reads its errors must not
                wait for the last of what it started.
        """
        poll = select.poll()
        poll.register(listener, select.POLLIN)
        poll.register(program, select.POLLIN)
        while True:
            for descriptor, events in poll.poll():
                if descriptor == program:
                    poll.unregister(program)
                    _silence(1, 2)
                elif not events & select.POLLIN:
                    return
                else:
                    with contextlib.suppress(OSError):  # the caller was ended meanwhile
                        self.answer(seccomp.receive(listener))

    def answer(self, call: seccomp.Call) -> None:
        """Answer one call."""
        if call.family == socket.AF_INET:
            self.note("opened an IPv4 socket, and IPv4 packets carry no identifier (--ipv6-only refuses them)")
            call.go_on()
            return
        try:
            with self._make(call) as made:
                call.add(made.fileno(), call.kind & socket.SOCK_CLOEXEC)
        except RefusedError as refused:
            self.note(refused.why)
            call.refuse(refused.error)
        except OSError as error:
            call.refuse(error.errno or errno.EPERM)

    def note(self, what: str) -> None:
        """Say something once."""
        if what not in self.said:
            self.said.add(what)
            with contextlib.suppress(OSError):
                sys.stderr.write(f"citynet tag: {self.name} {what}\n")
                sys.stderr.flush()

    def _make(self, call: seccomp.Call) -> socket.socket:
        self._judge(call)
        made = socket.socket(socket.AF_INET6, call.kind, call.protocol)
        try:
            if self.ipv6_only:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self.tag.set_on(made)
        except OSError as error:
            made.close()
            raise RefusedError(
                errno.EPROTONOSUPPORT, f"was refused a socket that takes no header: {error.strerror}"
            ) from error
        return made

    def _judge(self, call: seccomp.Call) -> None:
        kind = call.kind & _KIND
        icmp = kind == socket.SOCK_RAW and call.protocol == socket.IPPROTO_ICMPV6
        if icmp and not self.icmp:
            raise RefusedError(errno.EPERM, "was refused a raw socket for ICMPv6 (--icmp makes tagged ones, for ping)")
        if not icmp and call.protocol not in _PROTOCOLS.get(kind, ()):
            why = f"was refused an IPv6 socket of type {kind}, protocol {call.protocol}: it would send untagged"
            # What asks for ICMPv6 asks for a raw socket next, if this is the error.
            raise RefusedError(errno.EACCES if kind == socket.SOCK_DGRAM else errno.EPROTONOSUPPORT, why)
        if not self._same_network(call):
            raise RefusedError(errno.EACCES, "was refused a socket in another network namespace than it was started in")

    def _same_network(self, call: seccomp.Call) -> bool:
        """Whether the caller's sockets belong where this process makes them."""
        try:
            there = Path(f"/proc/{call.thread}/ns/net").stat()
        except OSError:
            return False
        return (there.st_dev, there.st_ino) == self.network and call.waits()


def here() -> tuple[int, int]:
    """The network namespace of this process."""
    there = Path("/proc/self/ns/net").stat()
    return there.st_dev, there.st_ino


def detach() -> None:
    """Leave the terminal, and everything that would end this process with the program."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    _silence(0)
    os.chdir("/")


def _silence(*descriptors: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(null, descriptor)
    os.close(null)
