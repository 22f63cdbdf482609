"""A filter for system calls that asks a supervisor when a program makes a socket (seccomp user notification).

The kernel holds the caller until the supervisor has answered. It answers with a descriptor, put into the caller by the
kernel; so it decides what the socket is, and no memory of the caller is read. Kernel: Documentation/userspace-api/
seccomp_filter.rst, linux/seccomp.h, linux/audit.h; numbers of system calls by architecture.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import platform
import socket
import struct
from dataclasses import dataclass

ALLOW, ERROR, NOTIFY = 0x7FFF_0000, 0x0005_0000, 0x7FC0_0000
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
"""Places in struct seccomp_data, which is what a filter sees."""
_LOAD, _JUMP_EQUAL, _RETURN = 0x20, 0x15, 0x06
_SET_MODE_FILTER = 1
_NEW_LISTENER, _WAIT_KILLABLE = 1 << 3, 1 << 5
_NO_NEW_PRIVILEGES = 38

AF_RDS, AF_SMC = 21, 43
"""Families whose sockets send IP packets, too."""
SYS_SOCKET = 1
"""The call that makes a socket, among those that `socketcall` bundles (linux/net.h)."""


@dataclass(frozen=True, slots=True)
class Calls:
    """A set of system calls by which a program can enter the kernel; -1 where it has not got one.

    Attributes:
        architecture: How the kernel names it (AUDIT_ARCH_…).
    """

    architecture: int
    socket: int
    setsockopt: int
    io_uring_setup: int
    pidfd_getfd: int
    socketcall: int = -1


# x86: 64 bits, x32 (the numbers have bit 30 set), 32 bits. ARM: 64 bits, 32 bits.
_X32 = 1 << 30
CALLS = {
    "x86_64": (
        Calls(0xC000_003E, 41, 54, 425, 438),
        Calls(0xC000_003E, _X32 | 41, _X32 | 541, _X32 | 425, _X32 | 438),
        Calls(0x4000_0003, 359, 366, 425, 438, socketcall=102),
    ),
    "aarch64": (Calls(0xC000_00B7, 198, 208, 425, 438), Calls(0x4000_0028, 281, 294, 425, 438, socketcall=102)),
}
_SECCOMP = {"x86_64": 317, "aarch64": 277}


def _argument(number: int) -> int:
    """Where the low half of an argument stands; the kernel takes no more of an `int`. Both machines store it first."""
    return _ARGUMENTS + 8 * number


def _when(conditions: list[tuple[int, int]], action: int) -> bytes:
    """Instructions that end with an action when every field has its value, and go on otherwise."""
    code, rest = b"", 2 * len(conditions) + 1
    for place, value in conditions:
        rest -= 2
        code += struct.pack("=HBBI", _LOAD, 0, 0, place) + struct.pack("=HBBI", _JUMP_EQUAL, 0, rest, value)
    return code + struct.pack("=HBBI", _RETURN, 0, 0, action)


def _rules(calls: Calls, *, ipv6_only: bool) -> bytes:
    refused = ERROR | errno.EAFNOSUPPORT
    families = {
        socket.AF_INET6: NOTIFY,
        socket.AF_INET: refused if ipv6_only else NOTIFY,
        AF_SMC: refused,
        AF_RDS: refused,
    }
    rules = [([(_NUMBER, calls.socket), (_argument(0), family)], action) for family, action in sorted(families.items())]
    # A ring makes sockets without a system call; programs that know rings know kernels without them.
    rules += [([(_NUMBER, calls.io_uring_setup)], ERROR | errno.ENOSYS)]
    rules += [([(_NUMBER, calls.pidfd_getfd)], ERROR | errno.EPERM)]
    if calls.socketcall >= 0:  # the arguments are in memory, where a filter does not see them
        rules += [([(_NUMBER, calls.socketcall), (_argument(0), SYS_SOCKET)], refused)]
    if ipv6_only:  # the supervisor has set it, and a program that sets it must not fail: error 0 is success
        only = [(_argument(1), socket.IPPROTO_IPV6), (_argument(2), socket.IPV6_V6ONLY)]
        rules += [([(_NUMBER, calls.setsockopt), *only], ERROR)]
    return b"".join(_when(conditions, action) for conditions, action in rules)


def program(machine: str, *, ipv6_only: bool) -> bytes:
    """The filter's instructions (classic BPF) for a machine as `uname -m` names it."""
    code = b""
    for calls in CALLS[machine]:
        rules = _rules(calls, ipv6_only=ipv6_only)
        code += struct.pack("=HBBI", _LOAD, 0, 0, _ARCHITECTURE)
        code += struct.pack("=HBBI", _JUMP_EQUAL, 0, len(rules) // 8, calls.architecture) + rules
    return code + struct.pack("=HBBI", _RETURN, 0, 0, ALLOW)


def supported() -> bool:
    """Whether the numbers of this machine's system calls are known."""
    return platform.machine() in CALLS


def install(*, ipv6_only: bool) -> int:
    """Put this process and all that come of it under the filter, for good.

    Returns:
        The descriptor on which the kernel asks.

    Raises:
        OSError: The kernel has no such filters (EINVAL, ENOSYS), or the process has a supervisor already (EBUSY).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    machine = platform.machine()
    code = program(machine, ipv6_only=ipv6_only)
    text = ctypes.create_string_buffer(code, len(code))
    what = struct.pack("@HP", len(code) // 8, ctypes.addressof(text))
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "prctl")
    # Signals must not take back a call that the supervisor is at work on (Linux 5.19); older kernels start it again.
    for flags in (_NEW_LISTENER | _WAIT_KILLABLE, _NEW_LISTENER):
        descriptor = int(libc.syscall(_SECCOMP[machine], _SET_MODE_FILTER, flags, ctypes.c_char_p(what)))
        if descriptor >= 0:
            return descriptor
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "seccomp")


_RECEIVE, _SEND, _VALID, _ADD = 0xC050_2100, 0xC018_2101, 0x4008_2102, 0x4018_2103
_CONTINUE, _ADD_AND_SEND = 1, 2
_SIGN = 1 << 31


@dataclass(frozen=True, slots=True)
class Call:
    """A call of `socket` that waits for an answer; `thread` is its thread, 0 when that is out of sight."""

    listener: int
    number: int
    thread: int
    family: int
    kind: int
    protocol: int

    def add(self, descriptor: int, flags: int) -> None:
        """Answer with a copy of a descriptor (Linux 5.14); `flags` is 0 or O_CLOEXEC.

        Raises:
            OSError: The caller is gone (ENOENT), or has no room for a descriptor (EMFILE).
        """
        fcntl.ioctl(self.listener, _ADD, struct.pack("=QIIII", self.number, _ADD_AND_SEND, descriptor, 0, flags))

    def go_on(self) -> None:
        """Let the kernel carry the call out as if nobody had been asked."""
        self._send(0, _CONTINUE)

    def refuse(self, error: int) -> None:
        """Answer with an error number."""
        self._send(-error, 0)

    def _send(self, error: int, flags: int) -> None:
        fcntl.ioctl(self.listener, _SEND, struct.pack("=QqiI", self.number, 0, error, flags))

    def waits(self) -> bool:
        """Whether it still waits: what /proc told of its thread was told of no other."""
        try:
            fcntl.ioctl(self.listener, _VALID, struct.pack("=Q", self.number))
        except OSError:
            return False
        return True


def receive(listener: int) -> Call:
    """The next call.

    Raises:
        OSError: The caller is gone again (ENOENT).
    """
    told = bytearray(80)
    fcntl.ioctl(listener, _RECEIVE, told)
    number, thread = struct.unpack_from("=QI", told)
    family, kind, protocol = (_signed(value) for value in struct.unpack_from("=3Q", told, 32))
    return Call(listener, number, thread, family, kind, protocol)


def _signed(value: int) -> int:
    """The `int` that the kernel makes of an argument."""
    return ((value & 0xFFFF_FFFF) ^ _SIGN) - _SIGN
