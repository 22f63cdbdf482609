"""Pages show what the commands really print: a `text` block after a `sh` block is its output."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tree import ROOT

PAGES = {"import.md": 3, "fences.md": 2}
"""How many such pairs of blocks a page has."""
PAIR = re.compile(r"^```sh\n((?:(?!```).)*)^```\n\n```text\n((?:(?!```).)*)^```$", re.MULTILINE | re.DOTALL)


def output(script: str, folder: Path) -> str:
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return "".join(f"{line.rstrip()}\n" for line in done.stdout.splitlines())


@pytest.mark.parametrize("name", PAGES)
def test_outputs_are_real(name: str, tmp_path: Path, update: bool) -> None:
    path = ROOT / "docs" / name
    page = path.read_text(encoding="utf-8")
    shutil.copytree(ROOT / "labs", tmp_path / "labs", ignore=shutil.ignore_patterns("build", "secrets.yml"))
    got = PAIR.sub(lambda pair: f"```sh\n{pair[1]}```\n\n```text\n{output(pair[1], tmp_path)}```", page)
    if update:
        path.write_text(got, encoding="utf-8")
        page = got
    assert len(PAIR.findall(page)) == PAGES[name]
    assert got == page


def test_refusals_are_real() -> None:
    page = (ROOT / "docs/import.md").read_text(encoding="utf-8")
    pinned = (ROOT / "tests/data/imports/bad/graphml-everything/stderr.txt").read_text(encoding="utf-8").splitlines()
    shown = [line for line in page.splitlines() if line.startswith("net.graphml:")]
    assert len(shown) == 3
    assert set(shown) <= set(pinned)
