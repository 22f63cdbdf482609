"""A program of a device that is kept alive where no systemd does it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from citynet.lab.waiting import until
from tree import ROOT

PROGRAM = """
import os, sys
from citynet.platforms.whitebox.device.keeping import keep
def work():
    with open("runs", "a") as file:
        file.write(f"{os.getpid()}\\n")
    with open("runs") as file:
        if len(file.readlines()) == 1:
            FIRST
    return 0
keep("kept-program", work)
print("back")
"""


@pytest.mark.parametrize("first", ["return 1", "raise ValueError", "os.kill(os.getpid(), 9)"])
def test_what_fails_begins_anew_and_what_ends_well_has_ended(tmp_path: Path, first: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("FIRST", first)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT / "cli")},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout == "back\n"  # once, by the caller, who does not wait
    runs = tmp_path / "runs"
    assert until(lambda: runs.exists() and len(runs.read_text().splitlines()) == 2, 20)
    assert until(lambda: not named("kept-program"), 20)
    assert len(set(runs.read_text().splitlines())) == 2


def named(name: str) -> list[Path]:
    """The processes of that name that live."""
    found = []
    for comm in Path("/proc").glob("[0-9]*/comm"):
        try:
            if comm.read_text().strip() == name and " Z " not in comm.with_name("stat").read_text():
                found.append(comm.parent)
        except OSError:
            continue  # it has ended meanwhile
    return found
