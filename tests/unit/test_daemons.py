"""Daemons of others, as processes: found by their file and name, started, and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from citynet.lab.waiting import until
from citynet.platforms.whitebox.device.keys import daemons

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "a-patient-daemon"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
WAITS = f"from pathlib import Path; Path('/proc/self/comm').write_text('{NAME}'); print(flush=True); input()"


@pytest.fixture(params=["polite", "deaf"])
def daemon(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    program = (DEAF if request.param == "deaf" else "") + WAITS
    process = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def test_one_is_ended_with_force_if_need_be(daemon: subprocess.Popen[bytes], tmp_path: Path) -> None:
    file = tmp_path / "pid"
    file.write_text(f"{daemon.pid}\n")
    assert daemons.process_of(str(file), NAME) == daemon.pid
    assert daemons.process_of(str(file), "another") == 0
    daemons.end(lambda: daemons.process_of(str(file), NAME), 0.3)
    assert daemons.process_of(str(file), NAME) == 0  # a zombie until its parent looks
    assert -daemon.wait(10) in {signal.SIGTERM, signal.SIGKILL}


@pytest.mark.parametrize("text", ["", "x", "0", "999999999"])
def test_a_file_that_names_no_process(text: str, tmp_path: Path) -> None:
    (tmp_path / "pid").write_text(text)
    assert daemons.process_of(str(tmp_path / "pid"), NAME) == 0
    assert daemons.process_of(str(tmp_path / "none"), NAME) == 0


def test_nothing_is_ended_where_nothing_runs() -> None:
    daemons.end(lambda: 0, 10.0)
    daemons.end(lambda: 999999999, 10.0)


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["true"], ""),
        (["sh", "-c", "exit 3"], "exit code 3"),
        (["/no/such/program"], "FileNotFoundError"),
        (["sleep", "5"], "TimeoutExpired"),
    ],
)
def test_why_one_does_not_start(argv: list[str], said: str) -> None:
    assert daemons.start(argv, 0.3) == said


def test_one_is_started_with_more_in_its_environment(tmp_path: Path) -> None:
    found = tmp_path / "found"
    assert not daemons.start(["sh", "-c", f'echo "$OWN" > {found}'], 5.0, {"OWN": "settings"})
    assert until(found.exists, 5)
    assert found.read_text() == "settings\n"
    assert "OWN" not in os.environ
