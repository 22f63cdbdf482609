"""Checks that bound an outage, on a city whose lines break: what is quick enough passes, what is late is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from judged_city import City, broken, findings, judged, troubles

from citynet.errors import Exit
from citynet.lab import faults

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.alone

NAME = "outages"
QUICK = ("L2-REL-01", "L2-REL-02", "L2-RES-01", "L3-REL-01")
WITHOUT_BFD = (
    "for port in $(ls /sys/class/net | grep ^eth); do "
    "vtysh -c 'configure terminal' -c \"interface $port\" -c 'no isis bfd' || true; done"
)


@pytest.fixture(scope="module")
def city(state: Path, built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    with judged(tmp_path_factory.mktemp(NAME), NAME) as found:
        yield found


def test_broken_lines_are_left_quickly_and_two_in_a_row_are_survived(city: City, tmp_path: Path) -> None:
    only = [word for name in QUICK for word in ("--only", name)]
    card = city.verify(tmp_path, "--level", "L3", *only, check=Exit.CHECK_FAILED)  # some checks prove no level
    assert troubles(card) == []
    assert faults.in_force(city.lab) == []


def test_a_silent_line_that_nobody_watches_is_left_late(city: City, tmp_path: Path) -> None:
    members = [name for name, device in city.lab.plan.devices.items() if device.domain == "government"]
    with broken(city, "+".join(members), WITHOUT_BFD, "vtysh -b"):
        card = city.verify(tmp_path, "--level", "L2", "--only", "L2-REL-02", check=Exit.CHECK_FAILED)
    assert "outage too long when it broke" in findings(card, "L2-REL-02")
