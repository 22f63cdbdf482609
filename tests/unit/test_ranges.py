"""Ranges in names."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citynet.design import ranges


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("agg[01-03]", ["agg01", "agg02", "agg03"]),
        ("a[9-11]b", ["a9b", "a10b", "a11b"]),
        ("plain", ["plain"]),
        ("odd[x]", ["odd[x]"]),
        ("one[5-5]", ["one5"]),
        ("a[1-2]-[08-10]", ["a1-08", "a1-09", "a1-10", "a2-08", "a2-09", "a2-10"]),
    ],
)
def test_expand(text: str, names: list[str]) -> None:
    assert ranges.expand(text) == names


@pytest.mark.parametrize("text", ["a[3-1]", "a[0-99999]", "a[1-200]-[1-200]", "a[1-2][1-2][1-2][1-2]"])
def test_refused(text: str) -> None:
    with pytest.raises(ranges.RangeError):
        ranges.expand(text)


@pytest.mark.parametrize(("step", "name"), [((), "a[1-2]-[01-12]"), ((1,), "a2-[01-12]"), ((1, 10), "a2-11")])
def test_a_step_fills_the_first_ranges(step: ranges.Step, name: str) -> None:
    assert ranges.pick("a[1-2]-[01-12]", step) == name


@given(first=st.integers(0, 999), count=st.integers(1, 50), width=st.integers(1, 5))
def test_as_many_names_as_numbers(first: int, count: int, width: int) -> None:
    names = ranges.expand(f"n[{str(first).zfill(width)}-{first + count - 1}]")
    assert len(set(names)) == len(names) == count
    assert [int(name[1:]) for name in names] == list(range(first, first + count))


@given(st.lists(st.integers(1, 8), max_size=3))
def test_the_steps_of_a_shape_are_its_product(lengths: list[int]) -> None:
    shape = tuple(lengths)
    steps = ranges.steps(shape)
    assert len(set(steps)) == len(steps) == math.prod(shape)
    assert steps == sorted(steps)
    for step in steps:
        assert step in ranges.steps(shape, step[:1])
