"""Every command in the documents runs: fences marked `sh` offline, those marked `sh lab` with a real lab, in order."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(sh|sh lab)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TREE = ("labs", "plugins", "roles", "playbooks", "meta", "galaxy.yml", "README.md", "LICENSE")


def blocks(path: Path, *kinds: str) -> list[str]:
    return [match[2] for match in FENCE.finditer(path.read_text(encoding="utf-8")) if match[1] in kinds]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(
                source, tmp_path / name, ignore=shutil.ignore_patterns("build", "secrets.yml", "__pycache__")
            )
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


def run(script: str, tree: Path) -> None:
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "XDG_STATE_HOME": str(tree / "state"),
    }
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"


def name_of(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", [path for path in DOCS if blocks(path, "sh")], ids=name_of)
def test_offline_commands(path: Path, tree: Path) -> None:
    for script in blocks(path, "sh"):
        run(script, tree)


@pytest.fixture
def no_lab_left(tree: Path) -> Iterator[None]:
    """Ends what a page that failed has left running."""
    yield
    for lab in (tree / "state/citynet/labs").glob("*"):
        run(f"citynet lab down {lab.name}", tree)


def lab_commands(path: Path) -> list[str]:
    return "".join(blocks(path, "sh lab")).splitlines()


def twin(path: Path) -> Path:
    """The page in Chinese, or where it would be."""
    return path.with_suffix(".zh.md")


def both_languages(path: Path) -> list[str]:
    """A page's commands, and before the last one, which ends the lab, those that its Chinese twin has otherwise."""
    own = lab_commands(path)
    other = lab_commands(twin(path)) if twin(path).exists() else []
    return [*own[:-1], *(line for line in other if line not in own), *own[-1:]]


PAGES_WITH_LABS = [path for path in DOCS if blocks(path, "sh lab")]


def in_the_clear(tree: Path) -> None:
    """Lines of labs/mini without MACsec: deployed in a third of the time, by the same commands."""
    designs = [file for file in (tree / "labs/mini").rglob("*.yml") if "encryption: L2" in file.read_text("utf-8")]
    assert designs
    for file in designs:
        file.write_text(re.sub(r"^ *encryption: L2.*\n", "", file.read_text("utf-8"), flags=re.MULTILINE), "utf-8")


@pytest.mark.lab
@pytest.mark.parametrize("path", [path for path in PAGES_WITH_LABS if not path.name.endswith(".zh.md")], ids=name_of)
def test_lab_commands(path: Path, tree: Path, no_lab_left: None) -> None:
    if path.name != "acceptance.md":  # that page judges the city as it is
        in_the_clear(tree)
    run("\n".join(both_languages(path)), tree)


@pytest.mark.parametrize("path", [path for path in PAGES_WITH_LABS if path.name.endswith(".zh.md")], ids=name_of)
def test_a_chinese_page_has_the_lab_commands_of_the_english_one(path: Path) -> None:
    """So that one lab tries both: no more than the language of an answer may differ."""
    english = lab_commands(path.with_name(path.name.replace(".zh.md", ".md")))
    assert [line.replace(" --lang zh", "") for line in lab_commands(path)] == english


@pytest.mark.parametrize("path", DOCS, ids=name_of)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_the_example_of_the_guide_is_a_design(tmp_path: Path) -> None:
    from citynet import build

    text = (ROOT / "docs/engineers.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (tmp_path / "design").mkdir()
    (tmp_path / "design/example.yml").write_text(example, encoding="utf-8")
    (tmp_path / "design/rest.yml").write_text(
        "city: example\n"
        "domains: {government: {asn: 65001, locators: 'fd01:1::/32', router_ids: 10.1.0.0/16}}\n"
        "zones: {wuhan: {kind: city}}\n"
        "sites: {hub: {}}\n"
        "devices: {core: {domain: government, role: core, site: hub}}\n",
        encoding="utf-8",
    )
    design = build.check(tmp_path)
    assert not design.warnings
    assert len(design.city.devices) == 81
    assert "pop39--pop40" in design.city.fibres
