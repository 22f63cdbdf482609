"""Bad designs and the exact text that each brings: `cases/NAME.yml` beside `cases/NAME.txt`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from citynet import build
from citynet.errors import InputError
from tree import ROOT

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


MALFORMED = {
    "empty": (b"", "is empty"),
    "not UTF-8": (b"\xff\xfe", "is not UTF-8"),
    "UTF-16": ("city: x".encode("utf-16"), "is not UTF-8"),
    "zeros": (b"\0" * 100, "is no YAML"),
    "list": (b"- a\n- b\n", "the file is no mapping"),
    "open bracket": (b"city: [\n", "is no YAML"),
    "tab": (b"city:\tx\n\tb: 1\n", "is no YAML"),
    "two documents": (b"city: a\n---\ncity: b\n", "is no YAML"),
    "billion laughs": (LAUGHS, "expands to too much"),
    "contains itself": (b"city: &x {y: *x}\n", "contains itself"),
    "list as key": (b"? [a, b]\n: c\n", "a key is no plain text"),
    "backwards": (b"sites:\n  s[9-1]: {}\n", "runs backwards"),
    "long range": (b"sites:\n  s[1-99999]: {}\n", "more than 10000"),
    "ranges in ranges": (b"sites:\n  's[1-999]-[1-999]': {}\n", "more than 10000"),
    "a list of ranges": (b"rings: {r: {devices: [" + b"'x[1-10000]'," * 200 + b"]}}", "expands to too much"),
    "date": (b"city: 2020-13-45\n", "has no"),
    "code": (b"city: !!python/object:os.system x\n", "cannot be read"),
    "base 60": (b"city: 1" + b":1" * 50_000, "too long"),
    "digits": (b"domains: {government: {asn: " + b"9" * 100_000 + b"}}", "too long"),
    "deep lists": (b"a: " + b"[" * 100_000, "nesting depth"),
    "deep mappings": (b"a: " + b"{a: " * 60 + b"}" * 60, "nested too deep"),
    "wide": (b"a: [" + b"1," * 1_100_000 + b"]", "holds too much"),
    "large": (b"a: " + b"x" * 17 * 2**20, "is too large"),
    "100 MB": (b"# nothing\n" * 10_000_000, "holds too much"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_files(tmp_path: Path, case: str) -> None:
    content, says = MALFORMED[case]
    file = tmp_path / "design.yml"
    file.write_bytes(content)
    done = run("check", str(file))
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 201


@pytest.mark.parametrize(
    "name", ["a;reboot", "$(id)", "../x", "a/b", "a b", "-x", "Ä", "a\\nb", "", "x" * 41, "`id`", "a'b"]
)
@pytest.mark.parametrize(
    "text",
    ["city: {}", "sites: {{{}: {{}}}}", "devices: {{d: {{site: {}, role: edge}}}}", "links: [{{between: [{}, a]}}]"],
)
def test_names_with_characters_of_shells_and_paths(tmp_path: Path, name: str, text: str) -> None:
    import json

    (tmp_path / "design.yml").write_text(text.format(json.dumps(name, ensure_ascii=False)), encoding="utf-8")
    with pytest.raises(InputError) as raised:
        build.check(tmp_path)
    assert any("is no valid name" in problem.what for problem in raised.value.problems)


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "design.yml").mkdir()
    assert "holds no design" in run("check", str(tmp_path)).stderr


def test_a_link_to_itself_is_no_design(tmp_path: Path) -> None:
    (tmp_path / "design.yml").symlink_to(tmp_path / "design.yml")
    done = run("check", str(tmp_path))
    assert done.returncode == 2
    assert "holds no design" in done.stderr


def test_strict_makes_warnings_count() -> None:
    assert run("check", "../../../labs/mini").returncode == 0
    assert run("check", "warnings/design.yml").returncode == 0
    assert run("check", "warnings/design.yml", "--strict").returncode == 1


def test_warnings_are_told_apart() -> None:
    import json

    done = run("check", "warnings/design.yml", "--json")
    warnings = json.loads(done.stdout)["warnings"]
    assert {warning["severity"] for warning in warnings} == {"warning"}
    assert {warning["rule"] for warning in warnings} == {"unused-site"}
    assert ": warning: site 'empty'" in run("check", "warnings/design.yml").stderr


@pytest.mark.parametrize("case", ["everything.yml", "warnings/design.yml"])
def test_sarif_tells_what_was_printed(case: str, tmp_path: Path) -> None:
    import json

    file = tmp_path / "found.sarif"
    said = run("check", case, "--sarif", str(file)).stderr.splitlines()
    log = json.loads(file.read_text(encoding="utf-8"))
    (only,) = log["runs"]
    rules = only["tool"]["driver"]["rules"]
    assert len(only["results"]) == len(said)
    for line, result in zip(said, only["results"], strict=True):
        place = result["locations"][0]["physicalLocation"]
        where = place["artifactLocation"]["uri"], place["region"]["startLine"], place["region"]["startColumn"]
        assert line.startswith(":".join(map(str, where)))
        assert line.endswith(f"[{result['ruleId']}]")
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


@pytest.mark.parametrize(("rule", "code", "says"), [("data-class", 0, "GB/T 43697"), ("data-clas", 2, "did you mean")])
def test_explain(rule: str, code: int, says: str) -> None:
    done = run("check", "--explain", rule)
    assert done.returncode == code
    assert says in done.stdout + done.stderr


@pytest.mark.parametrize(
    "words", [["render", "CITY", "-o", "FILE"], ["check", "CITY", "--sarif", "FILE/x"], ["docs", "CITY", "-o", "FILE"]]
)
def test_a_place_that_cannot_be_written(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "city").mkdir()
    shutil.copy(ROOT / "labs/mini/design.yml", tmp_path / "city/design.yml")
    file = tmp_path / "file"
    file.write_text("mine", encoding="utf-8")
    done = run(*(word.replace("CITY", str(tmp_path / "city")).replace("FILE", str(file)) for word in words))
    assert done.returncode in {2, 3}
    assert "Traceback" not in done.stderr
    assert str(file) in done.stderr
    assert file.read_text(encoding="utf-8") == "mine"
