"""Is there room? Refusing with numbers is kinder than dying half-way."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from citynet.errors import Lack, LackingError
from citynet.lab import image, kernel, paths

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.lab.cache import Artefact

_MIB = 1024 * 1024
_DISK_MIB = {"kernel": kernel.DISK_MIB, "image": image.DISK_MIB}
_CGROUP = Path("/sys/fs/cgroup")


def memory_available_mib() -> int:
    """Memory that this process may still take: what the machine has, or its control groups leave if that is less."""
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("MemAvailable:"):
            machine = int(line.split()[1]) // 1024
            break
    else:
        machine = 0
    return min([machine, *_control_groups()])


def _control_groups() -> Iterable[int]:
    """Room left in each control group above this process (version 2), in MiB."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        number, _, name = line.split(":", 2)
        if number != "0":
            continue
        group = _CGROUP / name.lstrip("/")
        while group.is_relative_to(_CGROUP):
            try:
                most, now = (group / "memory.max").read_text().strip(), (group / "memory.current").read_text()
            except OSError:
                most = "max"
            if most != "max":
                yield max(0, (int(most) - int(now)) // _MIB)
            group = group.parent


def require_memory(needed_mib: int, available_mib: int | None = None) -> None:
    """Refuse a lab that would not fit.

    Raises:
        LackingError: Less than `needed_mib` is free.
    """
    available_mib = memory_available_mib() if available_mib is None else available_mib
    if needed_mib > available_mib:
        raise LackingError(
            [
                Lack(
                    f"memory: the lab gets up to {needed_mib} MiB, {available_mib} MiB are available; enough of it",
                    "running the lab",
                    "end other programs, choose a smaller design, or set --memory MIB",
                )
            ]
        )


def require_disk(artefacts: Iterable[Artefact]) -> None:
    """Refuse to build what would not fit on the disk.

    Raises:
        LackingError: The cache's or the temporary folder's disk is too full.
    """
    missing = [artefact.kind for artefact in artefacts if not artefact.ready]
    needs = [(paths.cache(), sum(_DISK_MIB[kind] for kind in missing))]
    if missing:  # mmdebstrap works in the temporary folder
        needs.append((Path(tempfile.gettempdir()), 900))
    lacks = []
    for place, needed in needs:
        free = shutil.disk_usage(_existing(place)).free // _MIB
        if needed > free:
            lacks.append(
                Lack(
                    f"disk at {place}: building {' and '.join(missing)} takes {needed} MiB, {free} MiB are "
                    "free; enough of it",
                    "building the lab",
                    "free some, or point XDG_CACHE_HOME or TMPDIR elsewhere",
                )
            )
    if lacks:
        raise LackingError(lacks)


def _existing(place: Path) -> Path:
    return next(path for path in (place, *place.parents) if path.exists())
