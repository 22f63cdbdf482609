"""SSH by libssh, in the calling process: connect, run one command with something on its standard input."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from citynet import ending
from citynet.errors import CitynetError, Exit

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_POLL_MS = 500
_CHUNK = 32_000
# Key exchange and login: long, because a device may be busy with its routing just then.
_HANDSHAKE_LIMIT_S = 60
# libssh would write about missing configuration files; this is its ANSIBLE_PYLIBSSH_NOLOG.
_SILENT = 100


class UnreachableError(CitynetError):
    """A device cannot be reached or does not let us in; the message is the reason."""

    exit_code = Exit.DEVICE_FAILED


@dataclass(slots=True)
class Target:
    """Where a device is and how to log in.

    Attributes:
        name: The device.
        address: Host name or address.
        port: TCP port of its SSH server.
        user: Login name.
        key: Private key file; None to try the agent and the usual files.
        password: Login password, when there is no key.
        known_hosts: File with its host key; None for the user's own.
        connect_limit_s: How long the TCP connection may take.
        sudo: Whether commands need `sudo -n`.
    """

    name: str
    address: str
    port: int = 22
    user: str = "root"
    key: Path | None = None
    password: str | None = None
    known_hosts: Path | None = None
    connect_limit_s: int = 10
    sudo: bool = False


@dataclass(slots=True)
class Ended:
    """How a command on a device ended, and what it wrote."""

    code: int
    output: bytes
    errors: bytes


class Connection:
    """One SSH connection, as a context manager."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._session: Any = None

    def __enter__(self) -> Self:
        """Connect and log in.

        Raises:
            UnreachableError: It did not work; the message says why.
        """
        from pylibsshext.errors import LibsshSessionException  # type: ignore[import-untyped]  # noqa: PLC0415 - loads a shared library
        from pylibsshext.session import Session  # type: ignore[import-untyped]  # noqa: PLC0415

        target = self._target
        options: dict[str, Any] = {
            "host": target.address,
            "port": target.port,
            "user": target.user,
            "timeout": _HANDSHAKE_LIMIT_S,
            "look_for_keys": target.key is None,
            "password": target.password,
        }
        try:
            if target.key is not None:
                options["private_key"] = target.key.read_bytes()
            if target.known_hosts is not None:
                options["knownhosts"] = str(target.known_hosts)
            options["fd"] = self._dial()
            self._session = Session()
            self._session.set_log_level(_SILENT)
            self._session.connect(**options)
        except LibsshSessionException as error:
            raise UnreachableError(_reason(error, target)) from error
        except OSError as error:
            where = error.filename or f"{target.address}:{target.port}"
            raise UnreachableError(f"{where}: {error.strerror or error}") from error
        return self

    def _dial(self) -> int:
        """The TCP connection, on its own so that a device that is gone is known long before a slow one is given up."""
        target = self._target
        dialled = socket.create_connection((target.address, target.port), target.connect_limit_s)
        dialled.settimeout(None)
        # libssh closes it.
        return dialled.detach()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Disconnect."""
        if self._session is not None:
            self._session.close()

    def run(self, command: str, stdin: bytes, limit_s: float) -> Ended:
        """Run one command to its end.

        Args:
            command: For the login shell; must hold nothing secret.
            stdin: What it reads.
            limit_s: How long it may take.

        Raises:
            UnreachableError: The connection was lost, or the time ran out.
        """
        from pylibsshext.errors import LibsshChannelException  # noqa: PLC0415

        try:
            channel = self._session.new_channel()
            channel.request_exec(f"sudo -n -- {command}" if self._target.sudo else command)
            for start in range(0, len(stdin), _CHUNK):
                channel.write(stdin[start : start + _CHUNK])
            channel.send_eof()
            return self._collect(channel, limit_s)
        except LibsshChannelException as error:
            raise UnreachableError(f"connection to {self._target.address} lost: {error}") from error

    def _collect(self, channel: Any, limit_s: float) -> Ended:
        deadline = time.monotonic() + limit_s
        output, errors = bytearray(), bytearray()
        while not channel.is_eof:
            if ending.asked():
                raise UnreachableError("nobody waits for an answer any more")
            if time.monotonic() > deadline:
                raise UnreachableError(f"no answer from {self._target.address} within {limit_s:.0f} s")
            channel.poll(timeout=_POLL_MS)
            _drain(channel, output, stderr=0)
            _drain(channel, errors, stderr=1)
        _drain(channel, output, stderr=0)
        _drain(channel, errors, stderr=1)
        code = channel.get_channel_exit_status()
        channel.close()
        return Ended(code, bytes(output), bytes(errors))


def _drain(channel: Any, into: bytearray, stderr: int) -> None:
    while data := channel.read_nonblocking(size=1024, stderr=stderr):
        into += data


def _reason(error: Exception, target: Target) -> str:
    text = " ".join(str(error).replace("ssh connect failed: ", "").split())
    if "unknown" in text.lower() or "host file not found" in text.lower():
        known = target.known_hosts or "~/.ssh/known_hosts"
        return f"host key of {target.address} is not in {known}: {text}"
    return f"{target.user}@{target.address}:{target.port}: {text}"
