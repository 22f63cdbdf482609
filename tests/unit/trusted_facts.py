"""What a healthy run would have measured of access, sentries and hops."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citynet import build
from citynet.levels.trusted import Admission, Admitted, Alarmed, Hopped, Passed, Stage, Strayed, Withdrawn
from tree import ROOT

if TYPE_CHECKING:
    from citynet.plan.model import Plan


@cache
def plan_of(name: str) -> Plan:
    """The plan of a lab of tests/lab."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / f"tests/lab/{name}.yml", Path(folder) / "design.yml")
        return build.plan(Path(folder))[0]


def plan() -> Plan:
    return plan_of("access")


def admission() -> Admission:
    stages = [
        Stage("on", "Authorized", True, 6, 6),
        Stage("off", "Unauthorized", False, 6, 0),
        Stage("wrong", "FAILURE", False, 6, 0),
        Stage("again", "Authorized", True, 6, 6),
    ]
    return Admission([Admitted("giver-1", "left", "eth2", stages)])


def healthy() -> dict[str, Any]:
    ways = [Passed(name, 200, 0, True, True) for name in ("west", "north", "east")]
    strayed = Strayed("south", "west", 0.6, "south", "identifier-1001 came to south")
    return {
        "admission": admission(),
        "withdrawn": Withdrawn("giver-1", "left", "healthy → compromised", 12, 0.05, True, 0, True),
        "alarmed": [
            Alarmed("gov-border", "guard", True, "exchange-1", "fd11::2", 8, 1.5, "guard: tries at closed ports")
        ],
        "hopped": [Hopped(1001, "giver-1", "taker-1", "west", "east", 200, 200, ways, [], strayed)],
    }
