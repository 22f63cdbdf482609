"""The gate: who may send and get at which port, as elements of sets in the packet filter's table of its own.

The table is there without the agent and lets nothing pass. The kernel ends a right by itself when its time is over,
so nothing stays open because a program died. What is open is kept in a file, too, with which the packet filter is
loaded anew: a change of other rules then closes nothing.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Iterable, List, NamedTuple, Optional, Sequence, Tuple

TABLE = "inet citynet_access"
FILE = "/run/citynet/access-open.nft"
SETS = ("open", "opened", "bounded", "granted", "inside", "inside_bounded", "inside_granted")
_LIMIT_S = 10.0


class Opening(NamedTuple):
    """One device behind a port: its MAC address, the identifiers that it may send (None: any), and for how long.

    One in a tunnel has no MAC address: all that comes out of there is its own.
    """

    interface: str
    mac: str
    identifiers: Optional[Sequence[int]]
    seconds: int


def rules(openings: Iterable[Opening]) -> str:
    """What nft reads to let these pass, and nobody else."""
    found = list(openings)
    lines = [f"flush set {TABLE} {name}" for name in SETS]
    last = {one.interface: max(two.seconds for two in found if two.interface == one.interface) for one in found}
    lines += _add("opened", [f'"{name}" timeout {seconds}s' for name, seconds in last.items()])
    lines += _of(("open", "bounded", "granted"), [(f'"{one.interface}" . {one.mac}', one) for one in found if one.mac])
    names = ("inside", "inside_bounded", "inside_granted")
    lines += _of(names, [(f'"{one.interface}"', one) for one in found if not one.mac])
    return "\n".join(lines) + "\n"


def _of(names: Tuple[str, str, str], found: List[Tuple[str, Opening]]) -> List[str]:
    """Elements of who may pass, whose identifiers are bounded, and which those are."""
    passing, bounded, granted = names
    lines = _add(passing, [f"{key} timeout {one.seconds}s" for key, one in found])
    bound = [(key, one) for key, one in found if one.identifiers is not None]
    lines += _add(bounded, [key for key, _ in bound])
    numbers = [(key, number) for key, one in bound for number in dict.fromkeys(one.identifiers or ())]
    return lines + _add(granted, [f"{key} . {number}" for key, number in numbers])


def _add(name: str, elements: List[str]) -> List[str]:
    return [f"add element {TABLE} {name} {{ {', '.join(elements)} }}"] if elements else []


def apply(openings: Iterable[Opening]) -> str:
    """Bring the kernel to it in one transaction; what went wrong in words, empty when nothing did."""
    text = rules(openings)
    try:
        done = subprocess.run(
            ["nft", "-f", "/dev/stdin"],
            input=text,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
            cwd="/",
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"nft: {type(error).__name__}"
    if done.returncode:
        return f"nft: {(done.stderr.strip().splitlines() or ['failed'])[0]}"
    os.makedirs(os.path.dirname(FILE), exist_ok=True)
    Path(f"{FILE}.new").write_text(text, encoding="utf-8")
    os.replace(f"{FILE}.new", FILE)
    return ""


def forget() -> None:
    """Nothing is open any more, and there may be no table."""
    Path(FILE).unlink(missing_ok=True)
