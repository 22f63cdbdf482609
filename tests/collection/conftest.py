"""The collection as it ships: built from the files under version control, installed into a tree of its own."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from ansible_tools import ROOT, place_get_pip, run, tool

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files under version control, so that nothing that lies about in the work tree gets into the tarball."""
    folder = tmp_path_factory.mktemp("tree")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=True,
    )
    for name in listed.stdout.decode().rstrip("\0").split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def tarball(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tarball")
    run([tool("ansible-galaxy"), "collection", "build", "--output-path", str(out)], tree)
    (built,) = out.glob("citynet-twodomain-*.tar.gz")
    return built


@pytest.fixture(scope="session")
def installed(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for ANSIBLE_COLLECTIONS_PATH with the collection installed from its tarball."""
    place = tmp_path_factory.mktemp("collections")
    run(
        [tool("ansible-galaxy"), "collection", "install", "--offline", "-p", str(place), str(tarball)],
        place,
        ANSIBLE_COLLECTIONS_PATH=str(place),
    )
    return place


@pytest.fixture(scope="session")
def collection(installed: Path) -> Path:
    """The installed collection's own folder."""
    place_get_pip()
    return installed / "ansible_collections" / "citynet" / "twodomain"
