"""Building a design's files: what two commands at once leave."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import citynet
from tree import ROOT

_CODE = """
import sys
from pathlib import Path
from citynet import build
from citynet.lab import secret_values
design = Path(sys.argv[1])
sys.stdin.read()
for _ in range(6):
    made = build.build(design)
    secret_values.complete(design / "secrets.yml", made.plan.secrets)
"""


def test_two_commands_at_once_leave_one_whole_build(tmp_path: Path) -> None:
    design = tmp_path / "mini"
    shutil.copytree(ROOT / "labs/mini", design, ignore=shutil.ignore_patterns("build", "secrets.yml"))
    commands = [
        subprocess.Popen(
            [sys.executable, "-c", _CODE, str(design)],
            env={"PYTHONPATH": str(Path(citynet.__file__).parents[1])},
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for command in commands:  # all of them have started by now: none waits for another's imports
        assert command.stdin is not None
        command.stdin.close()
        command.stdin = None
    said = [command.communicate(timeout=60)[1] for command in commands]
    assert said == ["", "", "", ""]
    assert not list((design / "build").glob(".*"))
    assert (design / "build/manifest.json").is_file()
