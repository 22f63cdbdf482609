"""Getting packages out of Debian's archive with mmdebstrap, as root or as an ordinary user."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

from citynet.errors import Lack, LackingError
from citynet.lab.tools import ToolFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from citynet.lab.tools import Tools

SUITE = "forky"
MIRROR_VARIABLE = "CITYNET_MIRROR"


def mirrors(told: str | None) -> list[str | None]:
    """Mirrors to try in turn: the one that was told, or the tool's own default and then this machine's."""
    told = told or os.environ.get(MIRROR_VARIABLE)
    if told:
        return [told]
    return [None, *_of_this_machine()]


def bootstrap(
    tools: Tools, target: Path, mirror: str | None, options: Sequence[str], hear: Callable[[str], None]
) -> None:
    """Run mmdebstrap into a tar file, from the first mirror that works.

    Raises:
        LackingError: None worked; says what the tool said.
    """
    failures: list[str] = []
    for one in mirrors(mirror):
        argv = [
            "mmdebstrap",
            f"--mode={'root' if os.geteuid() == 0 else 'unshare'}",
            "--format=tar",
            # A testing suite is not signed anew every week.
            '--aptopt=Acquire::Check-Valid-Until "false"',
            *options,
            SUITE,
            str(target),
            *([one] if one else []),
        ]
        try:
            tools.run(argv, hear=hear)
        except ToolFailedError as error:
            failures.append(str(error))
            target.unlink(missing_ok=True)
            if str(error) == "stopped":
                raise
        else:
            return
    raise LackingError(
        [
            Lack(
                "a Debian archive that mmdebstrap can use",
                "building the lab's kernel and image",
                f"--mirror URL, or {MIRROR_VARIABLE}=URL\n" + "\n".join(failures),
            )
        ]
    )


def _of_this_machine() -> Iterable[str]:
    """Archives in this machine's own apt configuration, without repeats."""
    try:
        done = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages"],
            capture_output=True,
            text=True,
            check=False,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [site for site in dict.fromkeys(done.stdout.split()) if "security" not in site]
