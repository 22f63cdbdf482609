"""What all tests share."""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

from tree import ROOT

# Whether a commit is good must not hang on chance or on how busy the machine is: the suite tries the same examples each
# time, without a clock. `make fuzz` tries new ones.
_CALM = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
settings.register_profile("same", deadline=None, derandomize=True, suppress_health_check=_CALM)
settings.register_profile("new", deadline=None, derandomize=False, suppress_health_check=_CALM)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


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
    return (ROOT / "tests" / "golden" / "cases" / "mini" / "design.yml").read_text(encoding="utf-8")
