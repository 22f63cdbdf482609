"""The little of an operating system that a transaction needs: processes, and files that are whole or not there."""

from __future__ import annotations

import grp
import json
import os
import pwd
import shutil
import stat
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Optional

# Long, because a device that is just learning its routes may be busy; nothing waits longer than a step takes.
STEP_LIMIT_S = 180.0
_POLL_S = 0.1
# The interactive vtysh would write every command, keys included, into a history file.
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C",
    "VTYSH_HISTFILE": "/dev/null",
    "HOME": "/root",
}


class StepError(Exception):
    """A step on the device failed; the message is for people."""


class Output:
    """What a command printed and how it ended."""

    def __init__(self, code: int, text: str) -> None:
        self.code = code
        self.text = text


def run(argv: list[str], stdin: str = "", limit_s: float = STEP_LIMIT_S) -> Output:
    """Run a command to its end.

    Input and output are files in memory: a daemon that the command starts would hold an output pipe open for ever,
    vtysh opens its input once per daemon, and a file on disk would keep the keys in it.
    """
    with os.fdopen(os.memfd_create("input"), "r+b") as source, os.fdopen(os.memfd_create("output"), "r+b") as sink:
        source.write(stdin.encode())
        source.seek(0)
        try:
            done = subprocess.run(
                argv,
                stdin=source,
                stdout=sink,
                stderr=subprocess.STDOUT,
                timeout=limit_s,
                env=_ENVIRONMENT,
                cwd="/",
                check=False,
            )
        except FileNotFoundError as error:
            raise StepError(f"{argv[0]} is not installed") from error
        except subprocess.TimeoutExpired as error:
            raise StepError(f"{os.path.basename(argv[0])} did not end within {limit_s:.0f} s") from error
        sink.seek(0)
        return Output(done.returncode, sink.read().decode(errors="replace"))


def must(argv: list[str], stdin: str = "", limit_s: float = STEP_LIMIT_S) -> str:
    """Like `run`, but a non-zero exit code is a StepError with the last lines of the output."""
    output = run(argv, stdin, limit_s)
    if output.code != 0:
        tail = " / ".join(line.strip() for line in output.text.strip().splitlines()[-5:])
        raise StepError(f"{' '.join(argv[:3])} failed ({output.code}): {tail}")
    return output.text


def lacking(commands: dict[str, str]) -> list[str]:
    """Of commands and the Debian packages that bring them: what this device lacks, in words."""
    path = _ENVIRONMENT["PATH"]
    return [
        f"{command} (package {package})"
        for command, package in commands.items()
        if shutil.which(command, path=path) is None
    ]


def booted_with_systemd() -> bool:
    """Whether services are systemd's to start."""
    return os.path.isdir("/run/systemd/system")


def wait_for(condition: Callable[[], bool], limit_s: float) -> bool:
    """Wait until the condition holds; False when it does not within the limit."""
    deadline = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def process_of(pidfile: str, name: str) -> Optional[int]:
    """The process that a pid file names, if it lives and has that name."""
    try:
        pid = int(Path(pidfile).read_text())
        comm = Path(f"/proc/{pid}/comm").read_text().strip()
    except (OSError, ValueError):
        return None
    return pid if comm == name[:15] else None


def process_named(name: str) -> Optional[int]:
    """A process of that name on this device, whoever started it."""
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (read(f"/proc/{entry}/comm") or "").strip() == name[:15]:
            return int(entry)
    return None


def read(path: str) -> Optional[str]:
    """The text of a file, None when there is no such file."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None


def write(path: str, text: str, mode: int, owner: str = "") -> None:
    """Write a file aside, flush it and move it into place; an existing file keeps its owner."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    aside = f"{path}.citynet-new"
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        _own(file.fileno(), path, owner)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)
    _sync_folder(os.path.dirname(path))


def remove(path: str) -> None:
    """Remove a file if it is there."""
    if os.path.lexists(path):
        os.unlink(path)
        _sync_folder(os.path.dirname(path))


def mode_of(path: str) -> Optional[int]:
    """Permission bits of a file, None when there is none."""
    try:
        return stat.S_IMODE(os.stat(path).st_mode)
    except FileNotFoundError:
        return None


def write_json(path: str, value: Any) -> None:
    """Write a value as JSON, readable by root only."""
    write(path, json.dumps(value), 0o600)


def read_json(path: str, default: Any) -> Any:
    """A value from JSON; the default when the file is missing or damaged."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return default


def _own(handle: int, path: str, owner: str) -> None:
    if owner:
        try:
            os.fchown(handle, pwd.getpwnam(owner).pw_uid, grp.getgrnam(owner).gr_gid)
        except KeyError:
            return
    elif os.path.exists(path):
        found = os.stat(path)
        os.fchown(handle, found.st_uid, found.st_gid)


def _sync_folder(folder: str) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
