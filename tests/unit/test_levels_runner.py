"""The command `citynet verify` before it reaches a lab, and what it says about a judging process that dies."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import levels_facts as facts
import pytest
from typer.testing import CliRunner

from citynet.__main__ import make_app
from citynet.design.types import Level
from citynet.errors import CitynetError, InputError, LackingError
from citynet.levels import runner
from citynet.levels.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Sequence


class HereLab:
    """A lab whose inside is here, so that the judging process is whatever a test says."""

    name = "here"

    def __init__(self, script: str) -> None:
        self.plan = facts.plan()
        self._script = script

    def enter(self, _argv: Sequence[str]) -> list[str]:
        return [sys.executable, "-c", self._script]


def settings(tmp_path: Path, script: str = "", **more: Any) -> runner.Settings:
    return runner.Settings(tmp_path, HereLab(script), Level.L1, tmp_path / "out", {}, **more)  # type: ignore[arg-type]


def test_missing_pyats_is_said_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyats" else found(name))
    with pytest.raises(LackingError, match=r"pip install 'citynet\[verify\]'"):
        runner.need_pyats()


@pytest.mark.parametrize("more", [{"only": ["L1-REL-99"]}, {"settings": ["L1-REL-02.x=1"]}])
def test_wrong_input_is_refused_before_anything_is_written(tmp_path: Path, more: dict[str, list[str]]) -> None:
    with pytest.raises(InputError):
        runner.verify(settings(tmp_path, **more), lambda _: None)
    assert not (tmp_path / "out").exists()


def test_a_judging_process_that_dies_is_an_error_with_its_last_word(tmp_path: Path) -> None:
    script = "import sys; print('{\"now\": \"connect\"}'); sys.exit('no route to anywhere')"
    said: list[str] = []
    with pytest.raises(CitynetError, match=r"judging ended early: no route to anywhere; see .*session\.log"):
        runner.verify(settings(tmp_path, script), said.append)
    assert said == ["connect"]


def test_a_judging_process_that_forgets_a_check_is_an_error(tmp_path: Path) -> None:
    script = f"open({str(tmp_path / 'out' / 'answer.json')!r}, 'w').write('{{}}')"
    with pytest.raises(CitynetError, match=r"no result for cross L1-REL-01, government L1-REL-01"):
        runner.verify(settings(tmp_path, script, only=["L1-REL-01"]), lambda _: None)


def test_the_list_shows_every_check_and_bound() -> None:
    done = CliRunner().invoke(make_app(), ["verify", "--list", "--level", "L4", "--json", "--lang", "zh"])
    listed = {item["id"]: item for item in json.loads(done.stdout)}
    assert listed.keys() == {check.id for check in catalogue()}
    assert listed["L1-REL-04"]["thresholds"]["min_availability_percent"]["default"] == 99.9
    assert "可用度" in listed["L1-REL-04"]["holds"]
