"""What all tests share."""

from __future__ import annotations

import signal

import pytest

from tree import ROOT


def pytest_configure() -> None:
    """Who starts tests in the background may leave SIGINT ignored, and every child would inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write golden files and pinned error texts anew")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update"))


@pytest.fixture
def mini_text() -> str:
    return (ROOT / "labs" / "mini" / "design.yml").read_text(encoding="utf-8")
