"""Who may what: the program runs without the capability that tagging needs, its supervisor with little else."""

from __future__ import annotations

import ctypes
import os
import struct
from dataclasses import dataclass

NET_RAW, SYS_PTRACE = 13, 19
"""Capabilities (linux/capability.h)."""
_VERSION_3 = 0x2008_0522
_KEEP_CAPABILITIES, _AMBIENT, _AMBIENT_LOWER, _DUMPABLE, _NAME = 8, 47, 3, 4, 15
_ALL = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Account:
    """A user that a program shall run as."""

    name: str
    uid: int
    gid: int


def become(account: Account) -> None:
    """Change to a user, keeping the capabilities that are permitted.

    Raises:
        PermissionError: The process may not.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_KEEP_CAPABILITIES, 1, 0, 0, 0)
    os.initgroups(account.name, account.gid)
    os.setresgid(account.gid, account.gid, account.gid)
    os.setresuid(account.uid, account.uid, account.uid)
    libc.prctl(_KEEP_CAPABILITIES, 0, 0, 0, 0)


def without_raw(account: Account | None) -> None:
    """Give up CAP_NET_RAW for this process and, as it gains no privileges by `execve` any more, for all that come."""
    libc = ctypes.CDLL(None, use_errno=True)
    if account is None:
        libc.prctl(_AMBIENT, _AMBIENT_LOWER, NET_RAW, 0, 0)
        _limit(libc, _ALL & ~(1 << NET_RAW))
    else:
        become(account)
        _limit(libc, 0)


def only_tagging(account: Account | None) -> None:
    """Keep CAP_NET_RAW, and CAP_SYS_PTRACE where there is: it may be needed to see which network a caller is in.

    Who runs as the same user can then neither trace this process nor read its memory.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if account is not None:
        become(account)
    _limit(libc, 1 << NET_RAW | 1 << SYS_PTRACE)
    libc.prctl(_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_NAME, b"citynet-tag", 0, 0, 0)


def _limit(libc: ctypes.CDLL, allowed: int) -> None:
    """Permit no capabilities but these, and use all that are permitted."""
    header, data = struct.pack("=Ii", _VERSION_3, 0), bytearray(24)
    field = (ctypes.c_char * len(data)).from_buffer(data)
    if libc.capget(header, field):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "capget")
    _, low, low_inherited, _, high, high_inherited = struct.unpack("=6I", data)
    low, high = low & allowed & 0xFFFF_FFFF, high & allowed >> 32
    kept = struct.pack(
        "=6I", low, low, low_inherited & allowed & 0xFFFF_FFFF, high, high, high_inherited & allowed >> 32
    )
    if libc.capset(header, kept):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "capset")
