"""The judging process: runs inside the lab's namespaces, drives pyATS, writes what it found as JSON.

Started as `python -m citynet.levels.session REQUEST.json`; its standard output carries one JSON line per event.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyats import aetest
from pyats.topology import loader
from pydantic import TypeAdapter

from citynet.errors import CitynetError
from citynet.files import write_whole
from citynet.lab import Lab, faults
from citynet.lab import access as lab_access
from citynet.levels import script, unicon_import
from citynet.levels.access import Access
from citynet.levels.bench import Bench, Deployment
from citynet.levels.catalogue import catalogue
from citynet.levels.exchange import Answer, Request
from citynet.levels.measurements import dump
from citynet.levels.resizing import resized
from citynet.levels.testbed import testbed as make_testbed
from citynet.plan import codec

if TYPE_CHECKING:
    from collections.abc import Callable

    from citynet.levels.model import Bound, Check, Result

DEPLOY_TIMEOUT_S, REPORT_TIMEOUT_S = 600, 120


@dataclass(slots=True)
class Run:
    """The checks of this run, with their bounds, and their results."""

    checks: list[Check]
    bounds: dict[str, dict[str, Bound]]
    results: list[Result] = field(default_factory=list)


class LabFaults:
    """Faults of a running lab; one at a time, since the lab keeps a list of those in force."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._lock = threading.Lock()

    def apply(self, kind: str, target: str) -> None:
        """Put a fault in force."""
        with self._lock:
            faults.apply(self._lab, kind, target)

    def undo(self, kind: str, target: str) -> None:
        """Take it back."""
        with self._lock:
            faults.undo(self._lab, kind, target)


def deployer(request: Request) -> Callable[[list[str]], Deployment]:
    """Deploys devices with the command that people use."""
    return lambda nodes: _deploy(request.design, request.lab, "--limit", ",".join(nodes))


def resizer(request: Request) -> Callable[[str, float], Deployment]:
    """Deploys a copy of the design in which a slice has another bandwidth; the design itself stays as it is."""

    def resize(name: str, gbps: float) -> Deployment:
        with tempfile.TemporaryDirectory(prefix="citynet-verify-") as folder:
            copy = resized(Path(request.design), Path(folder) / "design", name, gbps)
            return _deploy(str(copy), request.lab)

    return resize


def collector(request: Request) -> Callable[[Path], Deployment]:
    """Collects evidence with the command that people use."""
    return lambda store: _citynet("evidence", "collect", str(store), request.design, "--lab", request.lab)


def reporter(store: Path, identifier: int, since: str) -> dict[str, Any]:
    """Asks for a report about an identifier with the command that people use."""
    words = ("evidence", "report", str(store), "--identifier", str(identifier), "--since", since, "--json")
    argv = [sys.executable, "-m", "citynet", *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=REPORT_TIMEOUT_S)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines()
        raise CitynetError(lines[-1] if lines else f"exit code {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _deploy(design: str, lab: str, *words: str) -> Deployment:
    return _citynet("deploy", design, "--lab", lab, *words)


def _citynet(*words: str) -> Deployment:
    argv = [sys.executable, "-m", "citynet", *words, "--quiet"]
    start = time.monotonic()
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=DEPLOY_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return Deployment(done=False, seconds=DEPLOY_TIMEOUT_S, why="timed out")
    lines = (done.stderr or done.stdout).strip().splitlines()
    return Deployment(
        done.returncode == 0, round(time.monotonic() - start, 1), lines[-1] if lines and done.returncode else ""
    )


def events() -> Callable[[dict[str, Any]], None]:
    """Keep standard output for events alone: whatever else prints goes to standard error."""
    kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def tell(event: dict[str, Any]) -> None:
        kept.write(json.dumps(event, ensure_ascii=False) + "\n")
        kept.flush()

    return tell


def judge(request: Request, tell: Callable[[dict[str, Any]], None]) -> Answer:
    """Run the checks asked for against a running lab."""
    unicon_import.prepare()
    registry = catalogue()
    run = Run([registry.get(name) for name in request.checks], registry.bounds(request.settings))
    lab = Lab.load(request.lab)
    output = Path(request.output)
    (output / "pyats").mkdir(parents=True, exist_ok=True)
    wanted = frozenset(need for check in run.checks for need in check.needs)
    plan = codec.load(Path(request.plan))
    with Access(plan, lab.ssh_key, lab.known_hosts) as access:
        bench = Bench(
            plan=plan,
            domains=request.domains,
            access=access,
            faults=LabFaults(lab),
            deploy=deployer(request),
            resize=resizer(request),
            collect=collector(request),
            report=reporter,
            order=partial(lab_access.ask, lab),
            files=request.files,
            output=output,
            wanted=wanted,
            notify=lambda text: tell({"now": text}),
        )
        bed = loader.load(make_testbed(plan, access, request.domains))
        aetest.main(testable=script, testbed=bed, bench=bench, run=run)
    _nobody_else_writes(output)
    return Answer(run.results, bench.timings, _software(bench))


def _nobody_else_writes(folder: Path) -> None:
    """Take write permission from group and others: pyATS works without a umask."""
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode & ~0o022)


def _software(bench: Bench) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for facts in bench.facts.values():
        for snapshot in facts.get("snapshots", {}).values():
            for name, version in snapshot.software.items():
                found.setdefault(name, set()).add(version)
    return {name: ", ".join(sorted(versions)) for name, versions in sorted(found.items())}


def main() -> None:
    """Read the request, judge, write the answer beside it."""
    path = Path(sys.argv[1])
    tell = events()
    request = TypeAdapter(Request).validate_json(path.read_bytes())
    answer = judge(request, tell)
    write_whole(path.with_name("answer.json"), json.dumps(dump(answer), ensure_ascii=False) + "\n")
    tell({"done": len(answer.results)})


if __name__ == "__main__":
    main()
