"""Names, places, lengths, rates and roles as importers read them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citynet.design.distance import air_line_km
from citynet.design.types import NAME_PATTERN, Role
from citynet.errors import InputError
from citynet.imports import measures
from citynet.imports.names import LONGEST, Namer, folded, title
from citynet.imports.netbox_roles import Other, Roles
from citynet.imports.report import Report, Where

HERE = Where("source", 7)
LABELS = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.text(alphabet="abz019- _./;`$é中", max_size=60),
        st.sampled_from(["a", "a-2", "a-3", "site", "site-1", "北京", "", "x" * 40, "x" * 39 + "-", "x" * 80]),
    ),
    max_size=60,
)


@given(LABELS, st.integers(min_value=12, max_value=LONGEST))
def test_names_are_valid_unique_and_the_same_again(labels: list[str], limit: int) -> None:
    names = [namer.name(label) for namer in [Namer("site", limit)] for label in labels]
    assert all(re.fullmatch(NAME_PATTERN, name) and len(name) <= limit for name in names)
    assert not any(name.endswith("-") for name in names)
    assert len(set(names)) == len(names)
    assert names == [namer.name(label) for namer in [Namer("site", limit)] for label in labels]


@given(LABELS)
def test_names_that_are_taken_are_not_given(labels: list[str]) -> None:
    taken = {"a", "site-1", "x" * 40}
    namer = Namer("site", taken=taken)
    assert not taken & {namer.name(label) for label in labels}


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (["Zürich", "ZÜRICH", "zurich-2", "Zürich"], ["zurich", "zurich-2", "zurich-2-2", "zurich-3"]),
        (["中文", "数据局", "2nd", "site-1"], ["site-1", "site-2", "site-2nd", "site-1-2"]),
        (["Łódź", "Straße", "Ærø", "İstanbul", "ﬁeld"], ["lodz", "strasse", "aero", "istanbul", "field"]),
        (["武汉 North", "../../etc/passwd", "$(reboot)", "-"], ["north", "etc-passwd", "reboot", "site-1"]),
        (["x" * 50, "x" * 50], ["x" * 40, "x" * 38 + "-2"]),
    ],
)
def test_names_of_labels(labels: list[str], names: list[str]) -> None:
    namer = Namer("site")
    assert [namer.name(label) for label in labels] == names


def test_ten_thousand_of_one_label_are_quick() -> None:
    """Each looks where the last one stopped; trying from 2 again would take 50 million looks."""

    class Counting(set[str]):
        looks = 0

        def __contains__(self, name: object) -> bool:
            Counting.looks += 1
            return super().__contains__(name)

    namer = Namer("site")
    namer._taken = Counting()
    assert [namer.name("same") for _ in range(10_000)][-1] == "same-10000"
    assert Counting.looks < 30_000


@given(st.text())
def test_titles_hold_nothing_that_a_terminal_obeys(text: str) -> None:
    found = title(text)
    assert found.isprintable()
    assert len(found) <= 120


@given(st.text())
def test_folded_text_is_plain(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9]*(-[a-z0-9]+)*", folded(text))


def test_air_line() -> None:
    # A degree of the equator of a sphere of 6371.0088 km is 111.195 km; a quarter of it is 10,007.6 km.
    assert air_line_km((0, 0), (0, 1)) == pytest.approx(111.195, abs=0.001)
    assert air_line_km((0, 0), (90, 45)) == pytest.approx(10_007.557, abs=0.01)
    assert air_line_km((10, 179.5), (10, -179.5)) == pytest.approx(109.505, abs=0.01)
    assert air_line_km((45, 90), (-45, -90)) == pytest.approx(20_015.115, abs=0.01)
    assert air_line_km((30, 114), (30, 114)) == 0


@pytest.mark.parametrize(
    ("value", "unit", "km"),
    [
        (12.5, "km", 12.5),
        ("12.5 km", "", 12.5),
        ("100", "M", 0.1),
        ("3 mi", "km", 4.828032),
        ("10ft", "", 0.003048),
        ("36", "Inches", 0.0009144),
        (250, "cm", 0.0025),
        ("1e3", "m", 1.0),
        (None, "km", None),
        ("", "km", None),
    ],
)
def test_lengths(value: object, unit: str, km: float | None) -> None:
    report = Report()
    found = measures.length_km(value, unit, "it", HERE, report)
    assert found == (None if km is None else pytest.approx(km))
    assert not report.findings.problems


@pytest.mark.parametrize(
    ("value", "unit"),
    [
        (-1, "km"),
        ("nan", "km"),
        ("inf", "m"),
        ("five", "km"),
        (5, ""),
        (5, "parsec"),
        ("1" * 50, "km"),
        (" " * 10**6 + "x", "m"),
    ],
)
def test_wrong_lengths(value: object, unit: str) -> None:
    report = Report()
    assert measures.length_km(value, unit, "it", HERE, report) is None
    assert [problem.line for problem in report.findings.problems] == [7]


@pytest.mark.parametrize(
    ("raw", "text", "gbps"),
    [
        ("10000000000.0", "", 10),
        (None, "10 Gbps", 10),
        (None, "2.5Gbit/s", 2.5),
        (None, "Lit Fibre (622 Mbps)", 0.622),
        (None, "1 Tb/s", 1000),
        (None, "STM-64", 64 * 0.15552),
        (None, "OC192/STM64", 192 * 0.05184),
        ("0", "40 G", 40),
        (None, "10-20Gbps", None),
        (None, "45 Mbps DS-3", 0.045),
        (None, "Gigabit-ish", None),
        (None, "version 10 Golf", None),
        ("nan", "", None),
        (None, "9" * 400 + " Gbps", None),
    ],
)
def test_speeds(raw: object, text: str, gbps: float | None) -> None:
    found = measures.speed_gbps(raw, text)
    assert found == (None if gbps is None else pytest.approx(gbps))


@pytest.mark.parametrize(("speed", "rate"), [(0.1, 1), (2.5, 1), (9.953, 10), (10, 10), (39, 25), (1e9, 800)])
def test_rates(speed: float, rate: int) -> None:
    assert measures.rate_gbps(speed) == rate


@pytest.mark.parametrize(
    ("role", "meaning"),
    [
        ("Core Router", Role.CORE),
        ("P", Role.CORE),
        ("PE", Role.EDGE),
        ("Access Switch", Role.EDGE),
        ("distribution", Role.AGGREGATION),
        ("Edge Firewall", Role.BORDER),
        ("汇聚交换机", Role.AGGREGATION),
        ("核心路由器", Role.CORE),
        ("防火墙", Role.BORDER),
        ("DWDM terminal", Role.OPTICAL),
        ("Core patch panel", Other.PASSIVE),
        ("Patch Panel", Other.PASSIVE),
        ("Console Server", Other.SKIP),
        ("switch", Role.EDGE),
        ("Coffee machine", None),
        ("", None),
        ("corexpress", None),
    ],
)
def test_roles(role: str, meaning: Role | Other | None) -> None:
    assert Roles([]).meaning(role) is meaning


def test_roles_of_the_user_win() -> None:
    roles = Roles(["switch=aggregation", "Coffee Machine = skip", "咖啡=core", "firewall=edge"])
    assert roles.meaning("Core Switch") is Role.AGGREGATION
    assert roles.meaning("coffee machine") is Other.SKIP
    assert roles.meaning("大咖啡机") is Role.CORE
    assert roles.meaning("Edge Firewall") is Role.EDGE
    assert not roles.is_plain("switch")
    assert Roles([]).is_plain("Layer 3 Switch")
    assert not Roles([]).is_plain("Core Switch")


def test_malformed_roles_of_the_user_are_told_together() -> None:
    with pytest.raises(InputError) as caught:
        Roles(["pe", "pe=", "=core", "x=y", "ok=core"])
    assert len(caught.value.problems) == 4
