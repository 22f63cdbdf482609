"""A city of routers and hosts, its lines in the clear, that checks of levels are tried on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lab_room import ROOT, citynet

from citynet.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LIMIT_S = 600


def patient(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of citynet that may take minutes on a busy machine."""
    return subprocess.run(
        [sys.executable, "-m", "citynet", *words],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT / "cli")},
    )


@dataclass
class City:
    """The running mini city and the folder of its design."""

    design: Path
    lab: Lab

    def settle(self) -> None:
        """Deploy again: puts back what still differs and waits until all neighbours are up."""
        done = patient("deploy", str(self.design), "--lab", self.lab.name, "--quiet", "--deadline", "180")
        assert done.returncode == 0, done.stderr

    def verify(self, output: Path, *words: str, check: int) -> dict[str, Any]:
        done = patient("verify", str(self.design), "--lab", self.lab.name, "--output", str(output), "--json", *words)
        assert done.stdout, done.stderr
        card: dict[str, Any] = json.loads(done.stdout)
        assert done.returncode == check, "\n".join(troubles(card)) or done.stdout
        return card


def troubles(card: dict[str, Any]) -> list[str]:
    """Everything that did not pass, a line each."""
    return [
        f"{item['domain']} {item['id']} {item['verdict']}: {item['reason'] or item['findings'][:3]}"
        for item in card.get("results", [])
        if item["verdict"] != "passed"
    ]


@contextmanager
def judged(design: Path, name: str) -> Iterator[City]:
    """The mini city, in a lab of that name, deployed."""
    # With lines in the clear: what is broken here is broken on the ports themselves.
    shutil.copy(ROOT / "tests" / "golden" / "cases" / "mini" / "design.yml", design / "design.yml")
    citynet("lab", "up", str(design), "--name", name, "--quiet")
    lab = Lab.load(name)
    try:
        deployed = City(design, lab)
        deployed.settle()
        yield deployed
    finally:
        lab.down()


@contextmanager
def broken(city: City, node: str, breaks: str, mends: str) -> Iterator[None]:
    """Something is wrong on a node, or on several (`a+b`); afterwards the whole city is waited for."""
    for one in node.split("+"):
        city.lab.node(one, breaks)
    try:
        yield
    finally:
        for one in node.split("+"):
            city.lab.node(one, mends)
        city.settle()


def findings(card: dict[str, Any], check_id: str, domain: str = "government") -> str:
    result = next(item for item in card["results"] if (item["id"], item["domain"]) == (check_id, domain))
    assert result["verdict"] == "failed", result
    return "\n".join(
        " – ".join([item["subject"], item["problem"]["en"], item["actual"]["en"]]) for item in result["findings"]
    )
