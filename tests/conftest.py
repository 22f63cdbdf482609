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
    """Set what every child inherits."""
    # Who starts tests in the background may leave it ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        # Each worker keeps to a processor with all that it starts: labs that run side by side do not share one then.
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[int(worker.removeprefix("gw")) % len(allowed)]})


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write golden files and pinned error texts anew")


@pytest.fixture
def update(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update"))


@pytest.fixture
def mini_text() -> str:
    return (ROOT / "tests" / "golden" / "cases" / "mini" / "design.yml").read_text(encoding="utf-8")
