"""Whatever is fed to the reader: a design, or `InputError` with a place for every problem; never anything else."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from citynet import build
from citynet.errors import InputError, Problem
from tree import ROOT

MINI = (ROOT / "labs/mini/design.yml").read_text(encoding="utf-8")
WORDS = """
    city title management prefix profiles domains government cross defaults zones sites fibres fibre_rings devices links
    rings meshes stars participants services interconnects between site role domain profile place lat lon asn locators
    router_ids level ends host device participant vrf ipv4 ipv6 allow closed metric a b r[1-3] x[1-2]-[1-3] x[3-1] ~"""
KEYS = st.sampled_from(WORDS.split())
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["a", "r[1-3]", "x[1-2]-[1-3]", "edge", "core", "government", "10.0.0.0/8", "fd00::/32", "L1"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=30
)
SPLICE = st.tuples(
    st.integers(0, len(MINI)),
    st.integers(0, 40),
    st.text("abz019 :[]{},-&*!|>'\"#\n\t/%@`~?\\é城", max_size=12),
)


def problems(design: Path) -> list[Problem]:
    """What is wrong with a design; any other exception than that of bad input goes on."""
    try:
        build.check(design)
    except InputError as error:
        return error.problems
    return []


def read(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "design.yml"
        file.write_bytes(content)
        for problem in problems(file):
            assert problem.file == str(file)
            assert problem.rule


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_bytes(content: bytes) -> None:
    read(content)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(KEYS, VALUES, max_size=8))
def test_values_of_any_shape(values: dict[str, object]) -> None:
    read(json.dumps(values, ensure_ascii=False).encode("utf-8", errors="replace"))


@settings(max_examples=150, deadline=None)
@given(st.lists(SPLICE, min_size=1, max_size=4))
def test_a_design_with_slips(splices: list[tuple[int, int, str]]) -> None:
    text = MINI
    for start, cut, insert in splices:
        text = text[:start] + insert + text[start + cut :]
    read(text.encode())


@settings(max_examples=150, deadline=None)
@given(KEYS, VALUES, KEYS, VALUES)
def test_an_override_of_any_shape(section: str, value: object, other: str, second: object) -> None:
    with TemporaryDirectory() as folder:
        (Path(folder) / "design/override").mkdir(parents=True)
        (Path(folder) / "design/mini.yml").write_text(MINI, encoding="utf-8")
        (Path(folder) / "design/override/x.yml").write_text(
            json.dumps({section: value, other: second}), encoding="utf-8"
        )
        assert all(problem.rule for problem in problems(Path(folder)))
