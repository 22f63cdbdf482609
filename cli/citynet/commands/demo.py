"""`citynet demo`: a design becomes a running, graded city, with the time of every step."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import typer

from citynet.commands.common import DesignArgument, table
from citynet.errors import CitynetError, Exit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from citynet.design.types import City


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo)


def demo(design: DesignArgument) -> None:
    """Build the lab, bring the city up, deploy it, grade it for L1, say what encrypts it, print what each step took."""
    from citynet import build

    checked = build.check(design).city
    city = checked.city
    times: list[list[str]] = []
    for title, arguments in (*_steps(design, city), *_sealed(design, checked)):
        sys.stdout.write(f"\n== {title}: citynet {' '.join(arguments)}\n")
        sys.stdout.flush()
        start = time.monotonic()
        code = subprocess.run([sys.executable, "-m", "citynet", *arguments], check=False).returncode
        times.append([title, f"{time.monotonic() - start:.1f} s", "" if code == Exit.OK else f"exit code {code}"])
        if code != Exit.OK:
            break
    sys.stdout.write("\n")
    table("", ["step", "time", ""], times)
    _memory(city)
    sys.stdout.write(f"The lab keeps running: `citynet lab ssh NODE` to look, `citynet lab down {city}` to end it.\n")
    raise typer.Exit(code)


def _memory(city: str) -> None:
    from citynet.lab import Lab

    with contextlib.suppress(CitynetError):  # a lab that did not come up uses none
        sys.stdout.write(f"memory in use by the lab: {Lab.load(city).memory_used_mib()} MiB\n")


def _steps(design: Path, city: str) -> Iterator[tuple[str, list[str]]]:
    yield "kernel and image", ["lab", "build"]
    yield "lab up", ["lab", "up", str(design)]
    yield "deploy", ["deploy", str(design), "--lab", city]
    yield "verify", ["verify", str(design), "--lab", city, "--level", "L1"]


def _sealed(design: Path, city: City) -> Iterator[tuple[str, list[str]]]:
    """Of a city whose lines are encrypted: by what, and what is not."""
    from citynet.design.grades import line_grade

    if any(line_grade(domain) is not None for domain in city.domains.values()):
        yield "encryption", ["show", str(design), "encryption"]
        yield "keys", ["keys", "status", "--name", city.city]
        yield "gaps", ["explain", "gaps", str(design)]
