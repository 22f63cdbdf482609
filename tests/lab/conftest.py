"""A small real lab, once for all lab tests; its state is in a folder of the run, kernel and image in the cache."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lab_room import HERE, Room, citynet

from citynet.lab import Lab, paths, request
from citynet.lab.show import progress

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.lab)


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this run's labs keep their state; set for this process and all it starts."""
    home = tmp_path_factory.mktemp("state")
    before = os.environ.get("XDG_STATE_HOME")
    os.environ["XDG_STATE_HOME"] = str(home)
    yield home
    os.environ.pop("XDG_STATE_HOME")
    if before is not None:
        os.environ["XDG_STATE_HOME"] = before


@pytest.fixture(scope="module", autouse=True)
def no_lab_left(state: Path) -> Iterator[None]:
    """Ends the labs that a fixture has left because what came after `lab up` failed."""
    before = running()
    yield
    for name in running() - before - {"small"}:
        Lab.load(name).down()


def running() -> set[str]:
    return {folder.name for folder in paths.labs().glob("*") if folder.is_dir()}


@pytest.fixture(scope="session")
def built() -> None:
    with progress() as tell:
        request.build(tell)


@pytest.fixture(scope="session")
def design(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    shutil.copy(HERE / "small.yml", folder / "design.yml")
    return folder


@pytest.fixture(scope="session")
def room(state: Path, built: None, design: Path) -> Room:
    citynet("lab", "up", str(design), "--quiet")
    lab = Lab.load("small")
    yield Room(design, lab)
    lab.down()


@pytest.fixture
def joined(room: Room) -> Room:
    """The lab with addresses on the line between the routers, as a deployment would give them."""
    for node, address in (("left", "192.0.2.1/30"), ("right", "192.0.2.2/30")):
        room.lab.node(node, f"ip link set eth1 up; ip addr replace {address} dev eth1")
    return room
