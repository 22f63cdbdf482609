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


@pytest.mark.lab
@pytest.mark.alone
@pytest.mark.parametrize("path", [path for path in DOCS if blocks(path, "sh lab")], ids=name_of)
def test_lab_commands(path: Path, tree: Path, no_lab_left: None) -> None:
    run("\n".join(blocks(path, "sh lab")), tree)


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
