"""The lock: stable numbers, exact refusals."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citynet import build
from citynet.errors import InputError
from citynet.plan.lock import (
    HEADER,
    MOST_BYTES,
    MOST_PROBLEMS,
    Change,
    Happening,
    Lock,
    NumberTakenError,
    PoolExhaustedError,
    read,
    write,
)

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


def taken(keys: str, lock: Lock, first: int = 1, last: int = 4) -> list[int]:
    return [lock.take("p", key, first, last) for key in keys]


def again(lock: Lock) -> Lock:
    return Lock.parse(lock.text(), "citynet.lock")


def test_what_this_plan_releases_is_not_given_away() -> None:
    lock = Lock()
    taken("abcd", lock)
    lock = again(lock)
    with pytest.raises(PoolExhaustedError, match="pool p has no number left; it holds 4") as caught:
        taken("xacd", lock)  # b is gone, but its device may still be there
    assert "plan the removal of old users first" in caught.value.hint


def test_the_order_of_the_design_takes_nothing_from_a_survivor() -> None:
    lock = Lock()
    taken("abcd", lock)
    lock = again(lock)
    taken("acd", lock)
    assert "p b 2 released" in lock.text()
    lock = again(lock)
    assert taken("xacd", lock) == [2, 1, 3, 4]
    assert "p b" not in lock.text()


def test_released_numbers_come_back_last_and_lowest_first() -> None:
    lock = Lock()
    taken("abc", lock)
    lock = again(lock)
    taken("c", lock)
    lock = again(lock)
    assert taken("cxyz", lock) == [3, 4, 1, 2]
    with pytest.raises(PoolExhaustedError) as caught:
        taken("cxyzu", lock)
    assert caught.value.hint == ""


def test_a_released_key_gets_its_number_back() -> None:
    lock = Lock()
    taken("abc", lock)
    for keys in ("ac", "acx"):
        lock = again(lock)
        taken(keys, lock)
    lock = again(lock)
    assert taken("axbc", lock) == [1, 4, 2, 3]


def test_a_range_that_shrinks_moves_only_what_falls_out() -> None:
    lock = Lock()
    taken("abcdef", lock, 1, 9)
    lock = again(lock)
    taken("acdef", lock, 1, 9)
    lock = again(lock)
    assert taken("acdef", lock, 1, 5) == [1, 3, 4, 5, 2], "f moves to the number that b left long ago"
    assert {(c.key, c.what, c.number, c.before) for c in lock.changes()} == {
        ("f", Happening.MOVED, 2, 6),
        ("b", Happening.DROPPED, 2, 2),
    }


def test_reserve_takes_from_whoever_is_gone() -> None:
    lock = Lock()
    taken("ab", lock)
    lock = again(lock)
    assert lock.reserve("p", "c", 1) == 1
    assert taken("b", lock) == [2]
    assert "p a" not in lock.text()


def test_reserve_swaps_when_both_are_asked_for() -> None:
    lock = Lock()
    taken("ab", lock)
    lock = again(lock)
    assert [lock.reserve("p", "a", 2), lock.reserve("p", "b", 1)] == [2, 1]
    assert taken("c", lock) == [3]


def test_reserve_renumbers_nobody() -> None:
    lock = Lock()
    taken("ab", lock)
    lock = again(lock)
    lock.reserve("p", "c", 2)
    assert taken("a", lock) == [1]
    with pytest.raises(NumberTakenError, match="'c' asks for number 2 of pool p, which 'b' has") as caught:
        taken("b", lock)
    assert caught.value.hint == "give 'c' another, or delete citynet.lock:3 so that 'b' gets another"


def test_an_address_of_the_design_that_another_has_is_bad_input(tmp_path: Path, mini_text: str) -> None:
    design = tmp_path / "design.yml"
    design.write_text(mini_text, encoding="utf-8")
    build.plan_and_lock(design)
    before = (tmp_path / "citynet.lock").read_bytes()
    wanted = "gov-pe-west: {management: 172.20.0.15, "
    design.write_text(mini_text.replace("gov-pe-west: {", wanted), encoding="utf-8")
    with pytest.raises(InputError, match="'gov-pe-west' asks for number 15 of pool management, which 'gov-border' has"):
        build.plan_and_lock(design)
    assert (tmp_path / "citynet.lock").read_bytes() == before


def test_two_cannot_reserve_one_number() -> None:
    lock = Lock()
    lock.reserve("p", "a", 2)
    with pytest.raises(NumberTakenError, match="'b' asks for number 2 of pool p, which 'a' has"):
        lock.reserve("p", "b", 2)


def test_a_number_given_up_by_reserve_rests_until_the_next_plan() -> None:
    lock = Lock()
    taken("ab", lock)
    lock = again(lock)
    assert lock.reserve("p", "a", 4) == 4
    assert taken("bc", lock) == [2, 3]
    assert taken("abcd", again(lock)) == [4, 2, 3, 1]


def test_a_key_that_could_not_be_read_back_is_not_written() -> None:
    with pytest.raises(ValueError, match="cannot stand in a lock"):
        Lock().take("p", "a b", 1, 2)


def test_changes_name_what_happens() -> None:
    lock = Lock()
    taken("abc", lock)
    assert [(c.key, c.what) for c in lock.changes()] == [(key, Happening.TAKEN) for key in "abc"]
    lock = again(lock)
    taken("abc", lock)
    assert lock.changes() == []
    lock = again(lock)
    taken("ab", lock)
    assert lock.changes() == [Change("p", "c", Happening.RELEASED, 3, 3)]
    lock = again(lock)
    taken("ab", lock)
    assert lock.changes() == []
    lock = again(lock)
    taken("abc", lock)
    assert lock.changes() == [Change("p", "c", Happening.RETURNED, 3, 3)]


ONCE = "each key and number once"
RESTORE = "expected 'pool key number', restore it from version control"


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (
            ["p a 1", "p a 2"],
            (
                "3: 'a' has number 2 of pool p, and 1 in line 2, expected one number a key, "
                "delete the one of these two lines whose number is not on the devices: a keeps the other"
            ),
        ),
        (
            ["p a 1", "p b 1"],
            (
                "3: number 1 of pool p is held by 'b', and by 'a' in line 2, expected one holder a number, "
                "delete the line of a or b, whichever is not deployed yet: it gets another number"
            ),
        ),
        (
            ["p a 1 released", "p b 1"],
            (
                "3: number 1 of pool p is held by 'b', and by 'a' in line 2, expected one holder a number, "
                "delete the line of a, which is released: b keeps the number"
            ),
        ),
        (
            ["p a 1", "p b 1 released"],
            (
                "3: number 1 of pool p is held by 'b', and by 'a' in line 2, expected one holder a number, "
                "delete the line of b, which is released: a keeps the number"
            ),
        ),
        (
            ["p a 1", "<<<<<<< HEAD"],
            (
                f"3: holds an unresolved merge conflict, expected both sides' lines, {ONCE}, "
                "delete this mark and keep the lines of both sides"
            ),
        ),
        (["p a one"], f"2: 'p a one' is damaged, {RESTORE}"),
        (["p a 1 gone"], f"2: 'p a 1 gone' is damaged, {RESTORE}"),
        (["p a 1 "], "2: 'p a 1 ' is damaged, expected 'pool key number', delete the spaces around it"),
        ([" p a 1"], "2: ' p a 1' is damaged, expected 'pool key number', delete the spaces around it"),
        (["p  a 1"], f"2: 'p  a 1' is damaged, {RESTORE}"),
        (["p a 01"], f"2: 'p a 01' is damaged, {RESTORE}"),
        (["p a -1"], f"2: 'p a -1' is damaged, {RESTORE}"),
        (["p a ١"], f"2: 'p a ١' is damaged, {RESTORE}"),
        (["p a 12345678901"], f"2: 'p a 12345678901' is damaged, {RESTORE}"),
        (["p A 1"], f"2: 'p A 1' is damaged, {RESTORE}"),
        (["p link:: 1"], f"2: 'p link:: 1' is damaged, {RESTORE}"),
        (["p/ a 1"], f"2: 'p/ a 1' is damaged, {RESTORE}"),
        (["p a\0b 1"], f"2: 'p a\\x00b 1' is damaged, {RESTORE}"),
        (["p a 1\x0bp b 2"], f"2: 'p a 1\\x0bp b 2' is damaged, {RESTORE}"),
        (["p a 1\u2028p b 2"], f"2: 'p a 1\\u2028p b 2' is damaged, {RESTORE}"),
        ([f"p {'a' * 90} x"], f"2: 'p {'a' * 58}' is damaged, {RESTORE}"),
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
    assert str(caught.value) == f"citynet.lock:{says}"
    assert path.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", f"lock:1: is no lock of this version, expected '{HEADER}', restore it from version control"),
        (b"p a 1\n", f"lock:1: is no lock of this version, expected '{HEADER}', restore it from version control"),
        (
            b"# citynet.lock 2\nwhatever follows\n",
            f"lock:1: is a lock of version '2', expected '{HEADER}', use the citynet that wrote it",
        ),
        (
            HEADER.encode() + b"\np a 1\np \xe9 2\n",
            "lock:3: byte 0xe9 is no UTF-8, expected 'pool key number', restore it from version control",
        ),
    ],
    ids=["empty", "headless", "newer", "latin-1"],
)
def test_what_is_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, says: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("lock").write_bytes(data)
    with pytest.raises(InputError) as caught:
        read(Path("lock"))
    assert str(caught.value) == says
    assert Path("lock").read_bytes() == data


def test_everything_wrong_at_once_but_not_without_end() -> None:
    with pytest.raises(InputError) as caught:
        Lock.parse("\n".join([HEADER, "p a 1", "?", "p b 1", "p a 2"]), "lock")
    assert [problem.line for problem in caught.value.problems] == [3, 4, 5]
    with pytest.raises(InputError) as caught:
        Lock.parse(HEADER + "\n?" * 100_000, "lock")
    assert len(caught.value.problems) == MOST_PROBLEMS + 1


def test_a_folder_and_a_giant_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read(tmp_path)
    with (tmp_path / "lock").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(InputError, match="is larger than 64 MiB"):
        read(tmp_path / "lock")


@pytest.mark.parametrize(
    "same",
    [
        f"{HEADER}\r\np a 1\r\np b 2\r\n",
        f"{HEADER}\np b 2\np a 1\n",
        f"{HEADER}\np a 1\np b 2",
        f"{HEADER}\n\np a 1\np b 2\n\n",
        f"{HEADER}\np a 1\np b 2\np a 1\n",
    ],
    ids=["crlf", "unsorted", "no-final-newline", "empty-lines", "line-twice"],
)
def test_form_is_no_change(tmp_path: Path, same: str) -> None:
    path = tmp_path / "citynet.lock"
    path.write_bytes(same.encode())
    lock = read(path)
    assert taken("ab", lock) == [1, 2]
    assert not write(path, lock)
    assert path.read_bytes() == same.encode()
    taken("c", lock)
    assert write(path, lock)
    assert path.read_text(encoding="utf-8") == f"{HEADER}\np a 1\np b 2\np c 3\n"


def test_one_side_released_what_the_other_kept() -> None:
    for lines in ("p a 1\np a 1 released", "p a 1 released\np a 1"):
        lock = Lock.parse(f"{HEADER}\n{lines}\n", "lock")
        with pytest.raises(PoolExhaustedError):
            lock.take("p", "x", 1, 1)  # in use on one side: no quarantine to come out of


def test_a_hundred_thousand_lines_in_a_second() -> None:
    text = "\n".join([HEADER, *(f"port/pe-{n} link:core-{m} {m + 1}" for n in range(12_500) for m in range(8))])
    start = time.process_time()
    lock = Lock.parse(text, "lock")
    lock.text()
    lock.changes()
    assert time.process_time() - start < 2  # 0.3 s here; a slower machine has room


def test_a_full_pool_in_quarantine_costs_no_more_than_a_fresh_one() -> None:
    count = 20_000
    lock = Lock.parse("\n".join([HEADER, *(f"p old-{n} {n} released" for n in range(count))]), "lock")
    start = time.process_time()
    assert [lock.take("p", f"new-{n}", 0, count - 1) for n in range(count)] == list(range(count))
    assert time.process_time() - start < 2


def test_written_once(tmp_path: Path) -> None:
    lock = Lock()
    lock.take("p", "a", 1, 2)
    assert write(tmp_path / "citynet.lock", lock)
    assert not write(tmp_path / "citynet.lock", lock)
