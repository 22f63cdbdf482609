"""Running the checks of a level against a lab: starts the judging process, follows it, makes the scorecard."""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from citynet import __version__
from citynet.errors import CitynetError, Lack, LackingError
from citynet.files import write_whole
from citynet.levels.catalogue import catalogue
from citynet.levels.exchange import Answer, Request
from citynet.levels.judging import uncovered
from citynet.levels.measurements import dump
from citynet.levels.model import Scorecard
from citynet.plan import codec

if TYPE_CHECKING:
    from collections.abc import Callable

    from citynet.design.types import Level
    from citynet.lab import Lab
    from citynet.levels.model import Check


@dataclass(slots=True)
class Settings:
    """What to judge, against what, and where the evidence goes."""

    design: Path
    lab: Lab
    level: Level
    output: Path
    files: dict[str, list[str]]
    only: list[str] = field(default_factory=list)
    settings: list[str] = field(default_factory=list)


def need_pyats() -> None:
    """Refuse early where pyATS is not installed.

    Raises:
        LackingError: With the command that installs it.
    """
    if not (importlib.util.find_spec("pyats") and importlib.util.find_spec("unicon")):
        raise LackingError([Lack("pyATS", "judging service levels", "pip install 'citynet[verify]'")])


def verify(settings: Settings, follow: Callable[[str], None]) -> Scorecard:
    """Judge a running lab.

    Args:
        settings: What to judge.
        follow: Told what goes on, in a few words.

    Raises:
        InputError: A check or threshold that does not exist.
        LackingError: pyATS is missing.
        CitynetError: The judging process died.
    """
    registry = catalogue()
    checks = registry.select(settings.level, settings.only)
    registry.bounds(settings.settings)
    need_pyats()
    plan = settings.lab.plan
    folder = settings.output
    folder.mkdir(parents=True, exist_ok=True)
    started, clock = _now(), time.monotonic()
    request = Request(
        plan=str(folder / "plan.json"),
        design=str(settings.design),
        lab=settings.lab.name,
        output=str(folder),
        domains=list(plan.domains),
        checks=[check.id for check in checks],
        settings=settings.settings,
        files=settings.files,
    )
    text = codec.dumps(plan)
    write_whole(folder / "plan.json", text)
    answer = _judge(settings, request, checks, follow)
    complete = not settings.only
    results = answer.results
    if complete:
        results += [result for domain in plan.domains for result in uncovered(settings.level, domain, checks)]
    return Scorecard(
        city=plan.city,
        title=plan.title,
        lab=settings.lab.name,
        level=settings.level,
        domains={name: domain.title for name, domain in plan.domains.items()},
        targets={name: domain.level for name, domain in plan.domains.items()},
        design_digest=plan.design_digest,
        plan_digest=hashlib.sha256(text.encode()).hexdigest(),
        citynet=__version__,
        software=answer.software,
        started=started,
        finished=_now(),
        seconds=round(time.monotonic() - clock, 1),
        complete=complete,
        results=results,
        timings=answer.timings,
    )


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="seconds")


def _judge(settings: Settings, request: Request, checks: list[Check], follow: Callable[[str], None]) -> Answer:
    """Run the judging process and read its answer; every check asked for must have one in every domain."""
    folder = settings.output
    answer_file, log_file = folder / "answer.json", folder / "session.log"
    answer_file.unlink(missing_ok=True)
    write_whole(folder / "request.json", json.dumps(dump(request), ensure_ascii=False) + "\n")
    argv = settings.lab.enter([sys.executable, "-m", "citynet.levels.session", str(folder / "request.json")])
    package = str(Path(__file__).parents[2])
    path = os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {**os.environ, "PYTHONPATH": path, "CITYNET_LAB_INSIDE": settings.lab.name}
    with log_file.open("w", encoding="utf-8") as log:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        try:
            _follow(process, follow)
        except KeyboardInterrupt:
            # The terminal has told the process too: let it mend what it broke, then go.
            process.send_signal(signal.SIGINT)
            process.wait()
            raise
    if process.returncode or not answer_file.exists():
        lines = log_file.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise CitynetError(f"judging ended early: {lines[-1] if lines else 'no reason given'}; see {log_file}")
    answer = TypeAdapter(Answer).validate_json(answer_file.read_bytes())
    answer_file.unlink()
    wanted = {(domain, check.id) for domain in request.domains for check in checks}
    missing = wanted - {(result.domain, result.id) for result in answer.results}
    if missing:
        raise CitynetError(f"no result for {', '.join(' '.join(pair) for pair in sorted(missing))}; see {log_file}")
    return answer


def _follow(process: subprocess.Popen[str], follow: Callable[[str], None]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if "now" in event:
            follow(event["now"])
    process.wait()


def files_of(build_dir: Path) -> dict[str, list[str]]:
    """The configuration files of every device, from the build's manifest."""
    manifest = json.loads((build_dir / "manifest.json").read_text(encoding="utf-8"))
    return {name: list(device["files"]) for name, device in manifest["devices"].items()}
