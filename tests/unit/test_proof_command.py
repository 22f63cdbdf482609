"""`citynet prove`: exit codes, the four parts, JSON."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from citynet.__main__ import main
from citynet.proof import CLAIMS
from tree import ROOT

MINI = ROOT / "labs/mini"


@pytest.fixture
def level_3(tmp_path: Path) -> Path:
    """Mini with a level that two fibres a site do not reach."""
    shutil.copy(MINI / "design.yml", tmp_path)
    file = tmp_path / "design.yml"
    text = re.sub(r"level: L1\n +encryption: .*", "level: L3", file.read_text(encoding="utf-8"))
    file.write_text(text, encoding="utf-8")
    return file


def test_what_holds_exits_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", str(MINI)]) == 0
    shown = capsys.readouterr().out
    assert all(claim in shown for claim in CLAIMS)
    assert "refuted" not in shown


def test_what_is_refuted_exits_1_and_says_by_what(level_3: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", str(level_3)]) == 1
    shown = capsys.readouterr().out
    assert "no way from gov-pe-west to gov-pe-east without fibre west-a and fibre west-b" in shown
    assert "would help: another line between gov-pe-west and the rest that avoids west-a and west-b" in shown


def test_some_parts_only(level_3: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", str(level_3), "--only", "isolation,capacity", "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert {result["claim"].split("-")[0] for result in results} == {"ISO", "CAP"}


def test_an_unknown_part_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", str(MINI), "--only", "risks,isolation"]) == 2
    assert "nothing is called 'risks'" in capsys.readouterr().err


def test_json_says_everything(level_3: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", str(level_3), "--json"]) == 1
    proof = json.loads(capsys.readouterr().out)
    refuted = [result for result in proof["results"] if result["verdict"] == "refuted"]
    assert proof["holds"] is False
    assert {result["claim"] for result in refuted} == {"REACH-05"}
    assert refuted[0]["refutations"][0]["failing"] == ["fibre east-a", "fibre east-b"]
    assert refuted[0]["level"] == "L3"


def test_quiet_prints_nothing(level_3: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["prove", str(level_3), "--quiet"]) == 1
    assert capsys.readouterr() == ("", "")


def test_a_bad_design_exits_2(tmp_path: Path) -> None:
    assert main(["prove", str(tmp_path / "none.yml"), "--quiet"]) == 2


def test_the_lock_is_left_alone(level_3: Path) -> None:
    main(["prove", str(level_3), "--quiet"])
    assert not (level_3.parent / "citynet.lock").exists()


def test_the_page_shows_what_is_printed(level_3: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs/proof.md").read_text(encoding="utf-8")
    first, second = (block.split("\n```")[0].strip() for block in page.split("```text\n")[1:])
    main(["prove", str(MINI)])
    assert first == _stripped(capsys.readouterr().out)
    main(["prove", str(level_3), "--only", "reachability"])
    assert second in _stripped(capsys.readouterr().out)


def _stripped(shown: str) -> str:
    return "\n".join(line.rstrip() for line in shown.splitlines()).strip()
