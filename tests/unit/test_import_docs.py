"""docs/import.md shows what the commands really print: a `text` block after a `sh` block is its output."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tree import ROOT

PAGE = ROOT / "docs" / "import.md"
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
    return done.stdout


def test_outputs_are_real(tmp_path: Path, update: bool) -> None:
    page = PAGE.read_text(encoding="utf-8")
    got = PAIR.sub(lambda pair: f"```sh\n{pair[1]}```\n\n```text\n{output(pair[1], tmp_path)}```", page)
    if update:
        PAGE.write_text(got, encoding="utf-8")
        page = got
    assert len(PAIR.findall(page)) == 3
    assert got == page


def test_refusals_are_real() -> None:
    pinned = (ROOT / "tests/data/imports/bad/graphml-everything/stderr.txt").read_text(encoding="utf-8").splitlines()
    shown = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("net.graphml:")]
    assert len(shown) == 3
    assert set(shown) <= set(pinned)
