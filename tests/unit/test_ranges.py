"""Ranges in names."""

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
    ],
)
def test_expand(text: str, names: list[str]) -> None:
    assert ranges.expand(text) == names


@pytest.mark.parametrize("text", ["a[3-1]", "a[1-2]b[1-2]", "a[0-99999]"])
def test_refused(text: str) -> None:
    with pytest.raises(ranges.RangeError):
        ranges.expand(text)


@given(first=st.integers(0, 999), count=st.integers(1, 50), width=st.integers(1, 5))
def test_as_many_names_as_numbers(first: int, count: int, width: int) -> None:
    names = ranges.expand(f"n[{str(first).zfill(width)}-{first + count - 1}]")
    assert len(set(names)) == len(names) == count
    assert [int(name[1:]) for name in names] == list(range(first, first + count))
