"""The collection's molecule scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from ansible_tools import run, tool

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.collection


def test_the_default_scenario(tree: Path, installed: Path) -> None:
    run([tool("molecule"), "test"], tree / "extensions", ANSIBLE_COLLECTIONS_PATH=str(installed))
