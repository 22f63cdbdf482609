"""What a healthy run of a small city with fences (tests/lab/data.yml) would have measured of these and of evidence."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citynet import build
from citynet.levels.fencing import Supervised, Supervision, Tried
from citynet.levels.probes.fences import COUNT, aims
from citynet.levels.reporting import Reported
from tree import ROOT

if TYPE_CHECKING:
    from citynet.plan.model import Plan

NOON = 4 * 60
"""Monday noon in Beijing, in minutes of the week."""


@cache
def plan() -> Plan:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(ROOT / "tests/lab/data.yml", Path(folder) / "design.yml")
        return build.plan(Path(folder))[0]


def fenced(domain: str = "government") -> list[Tried]:
    return [
        Tried(
            one.kind,
            one.sender or one.start.name,
            one.start.name,
            one.end.name,
            one.identifier,
            one.protocol,
            COUNT,
            COUNT if one.kind == "allowed" else 0,
            one.device,
            0 if one.kind == "allowed" else COUNT,
        )
        for one in aims(plan(), domain, NOON)
    ]


def party(name: str, port: int) -> dict[str, Any]:
    host = plan().hosts[name]
    found = {"participant": host.participant, "kind": "user", "host": name, "domain": host.domain, "zone": "office"}
    return found | {"service": host.service, "device": host.device, "address": host.address(6), "port": port}


def supervised() -> Supervision:
    source, destination = (plan().hosts[name] for name in ("exchange-1", "bureau-1"))
    number = plan().identifiers["products"].number
    record = {
        "seq": 3,
        "kind": "record",
        "border": "gov-gate",
        "crossing": "guard",
        "direction": "inward",
        "start": "2026-11-27T00:00:00.000000+00:00",
        "end": "2026-11-27T00:00:01.000000+00:00",
        "protocol": 6,
        "source": party("exchange-1", 42001),
        "destination": party("bureau-1", 8443),
        "labels": ["market", "sharing"],
        "data_class": "public",
        "identifier": number,
        "path": ["crs-gate", "gov-gate", "edge"],
        "path_basis": "ends",
        "load": {"bytes_sent": 2000, "packets_sent": 5, "bytes_returned": 2000, "packets_returned": 5},
        "policies": [{"policy": "interconnect", "rule": "allow-1", "result": "allow", "detail": ""}],
        "hash": "00",
    }
    ends = [source.participant, destination.participant]
    flow = Supervised("gov-gate", source.address(6), 42001, destination.address(6), ends, number, 1000, record)
    return Supervision([flow], "intact", "tampered", "2026-11-27.jsonl:2: edited: number 1 does not follow")


def reported() -> Reported:
    pair = {
        "border": "gov-gate",
        "crossing": "guard",
        "direction": "inward",
        "outcome": "crossed",
        "source": "exchange",
        "destination": "bureau",
        "flows": 1,
        "bytes_sent": 2000,
        "packets_sent": 5,
        "bytes_returned": 2000,
        "packets_returned": 5,
        "data_classes": ["public"],
        "results": {"allow": 2},
        "first": "2026-11-27T08:00:00.000000+08:00",
        "last": "2026-11-27T08:00:01.000000+08:00",
        "paths": [["crs-gate", "gov-gate", "edge"]],
    }
    told = {"identifier": 131074, "flows": 2, "between": [pair, {**pair, "border": "crs-gate"}], "alarms": 0}
    nothing = {"identifier": 131075, "flows": 0, "between": [], "alarms": 0}
    return Reported(131074, "gov-gate", ["exchange", "bureau"], 1, 1000, told, 131075, nothing)


def healthy() -> dict[str, Any]:
    return {"fenced": fenced(), "supervised": supervised(), "reported": [reported()]}
