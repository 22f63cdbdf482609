"""The lock: stable numbers, exact refusals."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citynet.errors import InputError
from citynet.plan.lock import HEADER, Lock, PoolExhaustedError, read, write

KEYS = st.lists(st.text("abcdef", min_size=1, max_size=3), unique=True, max_size=12)


@given(rounds=st.lists(KEYS, min_size=1, max_size=6))
def test_a_number_once_given_stays(rounds: list[list[str]]) -> None:
    lock, given_numbers = Lock(), dict[str, int]()
    for keys in rounds:
        lock = Lock.parse(lock.text(), "lock")
        numbers = {key: lock.take("pool", key, 1, 1000) for key in keys}
        assert len(set(numbers.values())) == len(numbers)
        for key, number in numbers.items():
            assert given_numbers.setdefault(key, number) == number
        for other, number in given_numbers.items():
            assert other in numbers or number not in numbers.values(), "a released number was given away too early"


@given(keys=KEYS)
def test_text_is_read_back(keys: list[str]) -> None:
    lock = Lock()
    for key in keys:
        lock.take("a/b", key, 5, 5000)
    text = lock.text()
    again = Lock.parse(text, "lock")
    for key in keys:
        again.take("a/b", key, 5, 5000)
    assert again.text() == text
    assert text.splitlines()[1:] == sorted(text.splitlines()[1:])


def test_released_numbers_come_back_last() -> None:
    lock = Lock()
    for key in "abc":
        lock.take("p", key, 1, 4)
    lock = Lock.parse(lock.text(), "lock")
    assert [lock.take("p", "a", 1, 4), lock.take("p", "new", 1, 4)] == [1, 4]
    assert "p b 2 released" in lock.text()
    assert lock.take("p", "late", 1, 4) == 2
    assert lock.take("p", "later", 1, 4) == 3
    with pytest.raises(PoolExhaustedError):
        lock.take("p", "last", 1, 4)


def test_reserve_displaces() -> None:
    lock = Lock()
    assert lock.take("m", "a", 1, 9) == 1
    assert lock.reserve("m", "b", 1) == 1
    assert lock.take("m", "a", 1, 9) == 2


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (
            ["p a 1", "p a 2"],
            "citynet.lock:3: 'a' stands twice in pool p, expected each key and number once, first in line 2",
        ),
        (
            ["p a 1", "p b 1"],
            "citynet.lock:3: '1' stands twice in pool p, expected each key and number once, first in line 2",
        ),
        (
            ["p a 1", "<<<<<<< HEAD"],
            "citynet.lock:3: holds an unresolved merge conflict, expected both sides' lines, each key and number once",
        ),
        (
            ["p a one"],
            "citynet.lock:2: 'p a one' is damaged, expected 'pool key number', restore it from version control",
        ),
        (
            ["p a 1 gone"],
            "citynet.lock:2: 'p a 1 gone' is damaged, expected 'pool key number', restore it from version control",
        ),
    ],
)
def test_damage_is_refused_by_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], says: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path("citynet.lock")
    before = "\n".join([HEADER, *lines])
    path.write_text(before, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read(path)
    assert str(caught.value) == says
    assert path.read_text(encoding="utf-8") == before


def test_no_header() -> None:
    with pytest.raises(InputError, match="no lock of this version"):
        Lock.parse("p a 1\n", "lock")


def test_written_once(tmp_path: Path) -> None:
    lock = Lock()
    lock.take("p", "a", 1, 2)
    assert write(tmp_path / "citynet.lock", lock)
    assert not write(tmp_path / "citynet.lock", lock)
