"""A lab to measure in: up, deployed, and a bench from inside its namespaces."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from citynet.lab import Lab
from citynet.levels.access import Access
from citynet.levels.bench import Bench, Deployment
from citynet.levels.session import LabFaults
from citynet.levels.targets import nodes

ROOT = Path(__file__).parents[3]
NAME = "figures"
DESIGN = "CITYNET_FIGURES_DESIGN"
"""Environment variable with the folder of the design that the lab was made from."""


def citynet(*words: str) -> None:
    """Run a command of citynet; what it says goes to standard error."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "cli")}
    subprocess.run([sys.executable, "-m", "citynet", *words], check=True, stdout=2, env=environment)


@contextmanager
def city(design: Path, name: str = NAME) -> Iterator[Lab]:
    """A lab of a copy of a design, deployed."""
    with tempfile.TemporaryDirectory(prefix="citynet-figures-") as folder:
        own = Path(folder) / design.stem
        if design.is_dir():
            shutil.copytree(design, own, ignore=shutil.ignore_patterns("build", "secrets.yml"))
        else:
            own.mkdir()
            shutil.copy(design, own / "design.yml")
        os.environ[DESIGN] = str(own)
        citynet("lab", "up", str(own), "--name", name, "--quiet")
        lab = Lab.load(name)
        try:
            citynet("deploy", str(own), "--lab", name, "--quiet")
            yield lab
        finally:
            lab.down()


@contextmanager
def bench(name: str) -> Iterator[Bench]:
    """What the measurements work with, from inside the lab."""
    lab = Lab.load(name)
    with Access(lab.plan, lab.ssh_key, lab.known_hosts) as access, tempfile.TemporaryDirectory() as output:
        access.upload(nodes(lab.plan))
        yield Bench(
            plan=lab.plan,
            domains=list(lab.plan.domains),
            access=access,
            faults=LabFaults(lab),
            deploy=lambda _nodes: Deployment(done=False, seconds=0.0, why="no deployment while figures are taken"),
            files={},
            output=Path(output),
            wanted=frozenset(),
            notify=lambda text: print(text, file=sys.stderr, flush=True),
        )
