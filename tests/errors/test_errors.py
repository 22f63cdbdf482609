"""Bad designs and the exact text that each brings: `cases/NAME.yml` beside `cases/NAME.txt`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

CASES = Path(__file__).parent / "cases"
LAUGHS = (
    "a: &a ["
    + "x," * 9
    + "]\n"
    + "".join(f"{name}: &{name} [{f'*{before},' * 9}]\n" for before, name in zip("abcdefg", "bcdefgh", strict=True))
).encode()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "citynet", *arguments], cwd=CASES, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("case", sorted(path.stem for path in CASES.glob("*.yml")))
def test_text_is_pinned(case: str, update: bool) -> None:
    before = sorted(CASES.iterdir())
    done = run("render", f"{case}.yml")
    pinned = CASES / f"{case}.txt"
    if update:
        pinned.write_text(done.stderr, encoding="utf-8")
    assert done.stderr == pinned.read_text(encoding="utf-8")
    assert done.stdout == ""
    assert done.returncode == 2
    assert sorted(CASES.iterdir()) == before, "bad input must leave nothing behind"


@pytest.mark.parametrize("case", sorted(path.stem for path in CASES.glob("*.yml")))
def test_every_problem_has_a_place(case: str) -> None:
    for line in run("check", f"{case}.yml").stderr.splitlines():
        file, number, _ = line.split(":", 2)
        assert file.endswith(".yml")
        assert number.isdigit(), line


def test_json_carries_the_same_problems() -> None:
    import json

    done = run("check", "everything.yml", "--json")
    answer = json.loads(done.stdout)
    assert done.returncode == 2
    assert "\n".join(f"{p['file']}:{p['line']}:{p['column']}" for p in answer["problems"]) == "\n".join(
        line.split(": ")[0] for line in (CASES / "everything.txt").read_text(encoding="utf-8").splitlines()
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"- a\n- b\n", "the file is no mapping"),
        (b"city: [\n", "is no YAML"),
        (b"city:\tx\n\tb: 1\n", "is no YAML"),
        (LAUGHS, "expands to too much"),
        (b"city: &x {y: *x}\n", "contains itself"),
        (b"? [a, b]\n: c\n", "a key is no plain text"),
        (b"sites:\n  s[9-1]: {}\n", "runs backwards"),
        (b"sites:\n  s[1-99999]: {}\n", "more than 10000"),
        (b"city: 2020-13-45\n", "has no"),
        (b"city: !!python/object:os.system x\n", "cannot be read"),
    ],
)
def test_malformed_files(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "design.yml"
    file.write_bytes(content)
    done = run("check", str(file))
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_file(tmp_path: Path) -> None:
    done = run("check", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert "holds no design" in done.stderr
