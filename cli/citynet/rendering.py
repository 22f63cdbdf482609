"""Rendering the devices of a city into a folder: only those that changed, by as many processes as there are cores.

A device is left alone when the manifest of the last build names the same input (its plan and the platform that renders
it) and its files still are what was rendered then; everything else is rendered and, where the text differs, written.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import signal
import threading
import traceback
from dataclasses import dataclass
from functools import cache
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, TypedDict, cast

from citynet.errors import Lack, LackingError
from citynet.platforms import platform, version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from multiprocessing import Process
    from multiprocessing.connection import Connection
    from pathlib import Path

    from pydantic import TypeAdapter

    from citynet.plan.model import Device

WORTH_PROCESSES = 2000
"""Devices from which on more processes gain more than they cost to start (measured; see docs/performance.md)."""
_TOGETHER = 100
"""Devices that a process reports at once."""


class Entry(TypedDict):
    """What the manifest says of a device; digests are SHA-256 in hexadecimal.

    Attributes:
        platform: The platform that rendered it.
        input: Digest of everything its text depends on.
        files: Digest of each file, by its path on the device.
        secrets: Names of the secrets that the text asks for.
    """

    platform: str
    input: str
    files: dict[str, str]
    secrets: list[str]


Part = dict[str, tuple[Entry, bool]]
"""Devices settled: what the manifest is to say of each, and whether its files had to be written."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Every device settled, in the order of the plan: entries of the manifest, and the devices that have new files."""

    entries: dict[str, Entry]
    written: list[str]


@dataclass(frozen=True, slots=True)
class Settler:
    """Settles devices one by one.

    Attributes:
        before: Entries of the last build.
        present: Folder that holds the last build's files, a folder per device.
        aside: Folder for new files, a folder per device.
        anew: Render every device, whatever the last build was given; files that would be the same still stay.
    """

    before: Mapping[str, Entry]
    present: Path
    aside: Path
    anew: bool = False

    def settle(self, device: Device) -> tuple[Entry, bool]:
        """What the manifest is to say of a device, and whether its files had to be written."""
        old, given = self.before.get(device.name), _input_digest(device)
        whole = old is not None and _is_intact(str(self.present / device.name), old)
        if old is not None and whole and old["input"] == given and not self.anew:
            return old, False
        rendered = platform(device.platform).render(device)
        new = Entry(platform=rendered.platform, input=given, files=rendered.digests(), secrets=rendered.secrets)
        if old is not None and whole and old["files"] == new["files"]:
            return new, False
        _write(str(self.aside / device.name), rendered.files)
        return new, True


@contextlib.contextmanager
def settling(devices: Sequence[Device], settler: Settler, jobs: int) -> Iterator[Iterator[Part]]:
    """Settle devices, by `jobs` processes at once; yields an iterator of parts of the result.

    The processes work from here on, so the caller may do something else before asking for the first part. What comes
    out, put in order, is the same whatever their number.

    Args:
        devices: The devices, in the order of the plan.
        settler: What to do with each.
        jobs: Processes; 0 chooses by the number of cores and devices.

    Raises:
        LackingError: A process was killed, most likely for want of memory.
    """
    jobs = min(jobs or default_jobs(len(devices)), max(1, len(devices)))
    if jobs == 1:
        yield _alone(devices, settler)
        return
    processes = _started(devices, settler, jobs)
    try:
        yield _received(processes)
    finally:
        for process in processes.values():
            process.kill()
            process.join()


def gathered(devices: Sequence[Device], parts: Iterable[Part], tell: Callable[[int], None]) -> Settled:
    """The parts put in the order of the plan; `tell` hears how many devices are settled so far."""
    found: Part = {}
    for part in parts:
        found.update(part)
        tell(len(found))
    return Settled(
        {device.name: found[device.name][0] for device in devices},
        [device.name for device in devices if found[device.name][1]],
    )


def default_jobs(count: int) -> int:
    """How many processes settle `count` devices when nobody says otherwise."""
    # A fork copies only the thread that calls it; the locks that other threads hold would stay locked in the copy.
    if count < WORTH_PROCESSES or threading.active_count() > 1:
        return 1
    return len(os.sched_getaffinity(0))


def _alone(devices: Sequence[Device], settler: Settler) -> Iterator[Part]:
    for start in range(0, len(devices), _TOGETHER):
        yield {device.name: settler.settle(device) for device in devices[start : start + _TOGETHER]}


def _started(devices: Sequence[Device], settler: Settler, jobs: int) -> dict[Connection[Any, Any], Process]:
    """Forked processes share the plan with this one, so that nothing is copied or sent but the results."""
    context = multiprocessing.get_context("fork")
    processes: dict[Connection[Any, Any], Process] = {}
    for number in range(jobs):  # every jobs-th device: neighbours in the design are often alike, so the parts are too
        receive, send = context.Pipe(duplex=False)
        process = context.Process(target=_work, args=(devices[number::jobs], settler, send), daemon=True)
        process.start()
        send.close()
        processes[receive] = cast("Process", process)
    return processes


def _received(processes: dict[Connection[Any, Any], Process]) -> Iterator[Part]:
    jobs = len(processes)
    while processes:
        for receive in cast("list[Connection[Any, Any]]", wait(list(processes))):
            try:
                part: Part | str | None = receive.recv()
            except EOFError as error:
                what = f"memory (one of {jobs} processes was killed)"
                raise LackingError([Lack(what, "rendering", "citynet render --jobs 1")]) from error
            if isinstance(part, str):
                raise RuntimeError(part)  # noqa: TRY004 - it is the trace of what went wrong there
            if part is None:
                processes.pop(receive).join()
            else:
                yield part


def _work(devices: Sequence[Device], settler: Settler, send: Connection[Any, Any]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the process that waits for this one is interrupted, and ends it
    try:
        for part in _alone(devices, settler):
            send.send(part)
        send.send(None)
    except BrokenPipeError:  # nobody waits any more
        return
    except Exception:  # noqa: BLE001 - raised again by the process that waits
        send.send(traceback.format_exc())


@cache
def _adapter() -> TypeAdapter[Device]:
    from pydantic import TypeAdapter  # noqa: PLC0415 - a new type adapter costs nothing until somebody renders

    from citynet.plan.model import Device  # noqa: PLC0415

    return TypeAdapter(Device)


def _input_digest(device: Device) -> str:
    digest = hashlib.sha256(version(device.platform).encode())
    digest.update(_adapter().dump_json(device))
    return digest.hexdigest()


def _is_intact(folder: str, entry: Entry) -> bool:
    """Whether every file is there, byte for byte; times and sizes would miss an edit followed by a copy."""
    try:
        for path, digest in entry["files"].items():
            with open(folder + path, "rb", buffering=0) as file:  # noqa: PTH123 - 50,000 of them: pathlib costs a second
                if hashlib.sha256(file.read()).hexdigest() != digest:
                    return False
    except OSError:
        return False
    return True


def _write(folder: str, files: Mapping[str, str]) -> None:
    made: set[str] = set()
    for path, text in files.items():
        _make(folder, path.rpartition("/")[0], made)
        with open(folder + path, "xb") as file:  # noqa: PTH123 - as above
            file.write(text.encode())


def _make(folder: str, path: str, made: set[str]) -> None:
    if path not in made:
        made.add(path)
        if path:
            _make(folder, path.rpartition("/")[0], made)
        os.mkdir(folder + path)  # noqa: PTH102 - as above
