"""The few system calls and commands that nodes are made of."""

from __future__ import annotations

import ctypes
import os
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC = 1, 2, 4, 8
MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE = 0x1000, 0x2000, 0x4000, 0x40000
MNT_DETACH = 2
_CLONE_NEWNS, _CLONE_NEWUTS, _CLONE_NEWIPC, _CLONE_NEWPID, _CLONE_NEWNET = (
    0x00020000,
    0x04000000,
    0x08000000,
    0x20000000,
    0x40000000,
)


class GuestError(Exception):
    """Something in the machine did not go as it must; the message is for people."""


def unshare() -> None:
    """Take new mount, name, IPC and network namespaces for this process; a new PID one for its children."""
    if _LIBC.unshare(_CLONE_NEWNS | _CLONE_NEWUTS | _CLONE_NEWIPC | _CLONE_NEWPID | _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), "unshare")


def mount(source: str, target: str | Path, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount something; the flags are those of the system call."""
    done = _LIBC.mount(
        source.encode(), os.fspath(target).encode(), kind.encode() or None, flags, options.encode() or None
    )
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), f"mount {kind} on {target}")


def unmount(target: str | Path) -> None:
    """Detach whatever is mounted there; nothing is fine, too."""
    _LIBC.umount2(os.fspath(target).encode(), MNT_DETACH)


def batch(tool: str, lines: Iterable[str]) -> None:
    """Give `ip` or `tc` many commands in one process.

    Raises:
        GuestError: One of them failed.
    """
    text = "\n".join(lines)
    if not text:
        return
    done = subprocess.run([tool, "-batch", "-"], input=text, text=True, capture_output=True, check=False)
    if done.returncode:
        raise GuestError(f"{tool}: {done.stderr.strip()}")
