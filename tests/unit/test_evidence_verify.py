"""Judging a store: each way to tamper with it, told apart, with the exact words; and seals."""

from __future__ import annotations

import hashlib
import json
import shutil
import stat
from typing import TYPE_CHECKING

import pytest

import evidence_town
from citynet.__main__ import main
from citynet.evidence import chain, seals
from citynet.evidence import head as heads
from citynet.evidence.findings import Sort, Verdict
from citynet.evidence.store import Store
from citynet.evidence.verifying import verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FIRST, SECOND, THIRD = "2026-11-26.jsonl", "2026-11-27.jsonl", "2026-11-28.jsonl"
# 3 days of 3 batches of 2 records: days of 10 lines (the first of 11), numbers 0 to 10, 11 to 20, 21 to 30.


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return evidence_town.filled(tmp_path / "store")


def changed(path: Path, change: Callable[[list[bytes]], object]) -> None:
    """Change a file's lines."""
    lines = path.read_bytes().splitlines(keepends=True)
    change(lines)
    path.write_bytes(b"".join(lines))


def edit(lines: list[bytes], at: int) -> None:
    lines[at] = lines[at].replace(b'"port":8443', b'"port":8444')


def rehash(lines: list[bytes], at: int) -> None:
    """Edit a line and give it the hash that it then should have."""
    before, line = chain.parse(lines[at - 1]), chain.parse(lines[at])
    assert before is not None
    assert line is not None
    covered = line.covered.replace(b'"port":8443', b'"port":8444')
    lines[at] = b'%b,"hash":"%b"}\n' % (covered, hashlib.sha256(before.digest + covered).hexdigest().encode())


def swap(lines: list[bytes], one: int, other: int) -> None:
    lines[one], lines[other] = lines[other], lines[one]


NOT_FOLLOWING = "does not follow from the line before: it was changed, or that one with its hash"
CUT = "the last of 31 acknowledged lines"

WAYS: dict[str, tuple[Callable[[Path], object], list[str]]] = {
    "edited": (
        lambda f: changed(f / SECOND, lambda ls: edit(ls, 4)),
        [f"{SECOND}:5: edited: number 15 {NOT_FOLLOWING}"],
    ),
    "edited with its hash": (
        lambda f: changed(f / SECOND, lambda ls: rehash(ls, 4)),
        [f"{SECOND}:6: edited: number 16 {NOT_FOLLOWING}"],
    ),
    "two edited": (
        lambda f: changed(f / SECOND, lambda ls: (edit(ls, 1), edit(ls, 4))),
        [f"{SECOND}:{line}: edited: number {number} {NOT_FOLLOWING}" for line, number in ((2, 12), (5, 15))],
    ),
    "made unreadable": (
        lambda f: changed(f / SECOND, lambda ls: ls.__setitem__(4, b"?" + ls[4][1:])),
        [f"{SECOND}:5: edited: the line is not what was written"],
    ),
    "removed": (
        lambda f: changed(f / SECOND, lambda ls: ls.pop(4)),
        [f"{SECOND}:5: removed: number 15 missing before this line"],
    ),
    "three removed": (
        lambda f: changed(f / SECOND, lambda ls: ls.__delitem__(slice(4, 7))),
        [f"{SECOND}:5: removed: numbers 15 to 17 missing before this line"],
    ),
    "end of a day removed": (
        lambda f: changed(f / SECOND, lambda ls: ls.__delitem__(slice(7, 10))),
        [f"{THIRD}:1: removed: numbers 18 to 20 missing before this line"],
    ),
    "neighbours swapped": (
        lambda f: changed(f / SECOND, lambda ls: swap(ls, 4, 5)),
        [f"{SECOND}:5: reordered: number 16 stands here, before number 15"],
    ),
    "moved up": (
        lambda f: changed(f / SECOND, lambda ls: ls.insert(2, ls.pop(7))),
        [f"{SECOND}:3: reordered: number 18 stands here, before number 17"],
    ),
    "moved down": (
        lambda f: changed(f / SECOND, lambda ls: ls.insert(7, ls.pop(2))),
        [f"{SECOND}:3: reordered: number 14 stands here, before number 13"],
    ),
    "copied": (
        lambda f: changed(f / SECOND, lambda ls: ls.insert(5, ls[4])),
        [f"{SECOND}:6: inserted: a line stands here that was not written here"],
    ),
    "inserted": (
        lambda f: changed(f / SECOND, lambda ls: ls.insert(5, ls[4].replace(b'"port":8443', b'"port":1'))),
        [f"{SECOND}:6: inserted: a line stands here that was not written here"],
    ),
    "a whole day missing": (
        lambda f: (f / SECOND).unlink(),
        [f"{THIRD}: missing day: a whole file is missing before this one: numbers 11 to 20"],
    ),
    "the first day missing": (
        lambda f: (f / FIRST).unlink(),
        [f"{SECOND}: missing day: a whole file is missing before this one: numbers 0 to 10"],
    ),
    "the last day missing": (
        lambda f: (f / THIRD).unlink(),
        [f"{THIRD}: truncated: this file is missing, and with it {CUT}: the chain ends at number 20"],
    ),
    "the end cut off": (
        lambda f: changed(f / THIRD, lambda ls: ls.__delitem__(slice(7, 10))),
        [f"{THIRD}: truncated: missing are {CUT}: the chain ends at number 27"],
    ),
    "the end cut off in a line": (
        lambda f: (f / THIRD).write_bytes((f / THIRD).read_bytes()[:-30]),
        [f"{THIRD}: truncated: missing are {CUT}: the chain ends at number 29"],
    ),
    "a day renamed": (
        lambda f: (f / THIRD).rename(f / "2026-11-29.jsonl"),
        [f"{THIRD}: truncated: this file is missing, and with it {CUT}: the chain ends at number 20"],
    ),
    "two days exchanged": (
        lambda f: ((f / FIRST).rename(f / "x"), (f / SECOND).rename(f / FIRST), (f / "x").rename(f / SECOND)),
        [f"{FIRST}:1: reordered: number 11 stands here, before number 10",
         f"{SECOND}:1: edited: 'day' is '2026-11-26', expected '2026-11-27'",
         f"{THIRD}:1: edited: 'segment' is 3, expected 2"],
    ),
    "a file of another store": (
        lambda f: shutil.copy(evidence_town.filled(f.parent / "other") / THIRD, f / "2026-12-01.jsonl"),
        ["2026-12-01.jsonl: inserted: the file does not follow the head"],
    ),
    "no head": (
        lambda f: (f / "head").unlink(),
        ["head: head: the head is missing: nothing says how many lines were acknowledged"],
    ),
    "head edited": (
        lambda f: (f / "head").write_bytes((f / "head").read_bytes().replace(b'"seq":31', b'"seq":30')),
        ["head: head: the head was changed: it is not what a store writes"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_tamper_is_found_and_named(folder: Path, way: str, capsys: pytest.CaptureFixture[str]) -> None:
    tamper, expected = WAYS[way]
    tamper(folder)
    report = verify(folder)
    assert [str(finding) for finding in report.findings] == expected
    cut = way in {"the last day missing", "the end cut off", "the end cut off in a line", "a day renamed"}
    assert report.verdict is (Verdict.TRUNCATED if cut else Verdict.TAMPERED)
    assert main(["evidence", "verify", str(folder), "--quiet"]) == 1
    assert capsys.readouterr() == ("", "".join(f"{line}\n" for line in expected))


def test_a_store_that_nobody_touched(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "verify", str(folder)]) == 0
    head = heads.read(folder)
    assert head is not None
    assert capsys.readouterr().out == (
        f"intact: 3 days, 31 lines, 18 records, held against no seal\nhead: number 30, {head.digest.hex()}\n"
    )
    assert main(["evidence", "verify", str(folder), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["ok"], said["verdict"], said["seq"], said["findings"]) == (True, "intact", 30, [])


@pytest.mark.parametrize(
    "head", [b"", b"\n", b"{}", b'{"seq":1e999}', b"[" * 100_000, b"\xff\xfe", b"null\n"], ids=range(7)
)
def test_any_head_is_judged(folder: Path, head: bytes) -> None:
    (folder / "head").write_bytes(head)
    assert [finding.sort for finding in verify(folder).findings] == [Sort.HEAD]
    digest = hashlib.sha256(head + b"\n").hexdigest().encode()
    (folder / "head").write_bytes(head + b"\n" + digest + b"\n")
    assert [finding.sort for finding in verify(folder).findings] == [Sort.HEAD]


def test_verifying_while_it_is_written(tmp_path: Path) -> None:
    with Store.create(tmp_path / "store") as store:
        store.append([evidence_town.record(0)])
        assert verify(tmp_path / "store").verdict is Verdict.INTACT


def rewritten(folder: Path, records: int) -> None:
    """The store written anew with fewer or other records: chain and head of their own, the same id."""
    head = heads.read(folder)
    assert head is not None
    clock = evidence_town.Clock()
    with Store.create(folder.parent / "forged", clock=clock) as store:
        store.head.identity = head.identity
    forged = folder.parent / "forged"
    shutil.rmtree(forged)
    forged.mkdir()
    store = Store(forged, clock)
    store._take()
    store.head = heads.Head(head.identity)
    store.append([])
    store.append([evidence_town.record(number + 500) for number in range(records)])
    store.close()
    shutil.rmtree(folder)
    forged.rename(folder)


@pytest.fixture
def sealed(folder: Path) -> tuple[Path, Path]:
    """A store, and a file with a signed seal of it that a regulator holds."""
    key, anchor = folder.parent / "key", folder.parent / "held/anchors"
    anchor.parent.mkdir()
    assert main(["evidence", "key", str(key), "--quiet"]) == 0
    assert main(["evidence", "seal", str(folder), "--key", str(key), "--anchor", str(anchor), "--quiet"]) == 0
    return folder, anchor


def test_a_rewritten_store_shows_only_against_a_seal(
    sealed: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, anchor = sealed
    rewritten(folder, 60)
    assert verify(folder).verdict is Verdict.INTACT  # what a chain alone cannot show
    key = str(folder.parent / "key.pub")
    assert main(["evidence", "verify", str(folder), "--anchor", str(anchor), "--public-key", key, "--quiet"]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"{anchor}:1: rewritten: number 30 is not the one that was sealed at 20")


def test_a_store_cut_short_together_with_its_head_shows_only_against_a_seal(sealed: tuple[Path, Path]) -> None:
    folder, anchor = sealed
    rewritten(folder, 3)
    assert verify(folder).verdict is Verdict.INTACT
    known = {f"{anchor}:{line}": seal for line, seal in seals.read(anchor).items()}
    (finding,) = verify(folder, known).findings
    assert finding.sort is Sort.TRUNCATED
    assert finding.what.endswith("but the store ends at number 5")


def test_an_older_copy_of_the_whole_store_shows_only_against_a_seal(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "older")
    with Store.open(folder) as store:
        store.append([evidence_town.record(18)])
    made = seals.seal(verify(folder), evidence_town.NOON)
    older = verify(tmp_path / "older")
    assert older.verdict is Verdict.INTACT
    assert [item.sort for item in verify(tmp_path / "older", {"held:1": made}).findings] == [Sort.TRUNCATED]


def test_a_store_goes_on_behind_its_seals(sealed: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder, anchor = sealed
    with Store.open(folder) as store:
        store.append([evidence_town.record(18)])
    key = str(folder.parent / "key")
    assert main(["evidence", "seal", str(folder), "--key", key, "--anchor", str(anchor), "--quiet"]) == 0
    assert main(["evidence", "verify", str(folder), "--anchor", str(anchor), "--public-key", f"{key}.pub"]) == 0
    head = heads.read(folder)
    assert head is not None
    assert f"sealed up to number {head.seq - 1}\n" in capsys.readouterr().out
    assert len(anchor.read_text().splitlines()) == 2


def test_a_store_that_does_not_hold_is_not_sealed(
    sealed: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, anchor = sealed
    before = anchor.read_bytes()
    changed(folder / SECOND, lambda ls: ls.pop(4))
    assert main(["evidence", "seal", str(folder), "--anchor", str(anchor)]) == 1
    assert capsys.readouterr() == (
        "",
        f"{SECOND}:5: removed: number 15 missing before this line\na store like this is not sealed\n",
    )
    assert anchor.read_bytes() == before


def test_a_seal_of_another_store(sealed: tuple[Path, Path], tmp_path: Path) -> None:
    _, anchor = sealed
    other = evidence_town.filled(tmp_path / "other")
    (finding,) = verify(other, {f"{anchor}:1": seals.read(anchor)[1]}).findings
    assert finding.sort is Sort.FOREIGN


def test_seals_that_are_wrong_are_all_named(sealed: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    folder, anchor = sealed
    good = anchor.read_bytes()
    other = folder.parent / "other"
    main(["evidence", "key", str(other), "--quiet"])
    main(["evidence", "seal", str(folder), "--key", str(other), "--anchor", str(anchor), "--quiet"])
    main(["evidence", "seal", str(folder), "--anchor", str(anchor), "--quiet"])
    anchor.write_bytes(anchor.read_bytes() + good.replace(b'"records":18', b'"records":17') + b"{}\n")
    trusted, foreign = (seals.public_key(folder.parent / name) for name in ("key.pub", "other.pub"))
    key = str(folder.parent / "key.pub")
    assert main(["evidence", "verify", str(folder), "--anchor", str(anchor), "--public-key", key]) == 2
    assert capsys.readouterr().err == (
        f"{anchor}:2: the seal is signed by {foreign}, expected a signature of {trusted}\n"
        f"{anchor}:3: the seal is not signed, expected a signature of {trusted}\n"
        f"{anchor}:4: the seal's signature is wrong, it was changed\n"
        f"{anchor}:5: is no seal, expected a line that `citynet evidence seal` printed\n"
    )


def test_the_private_key_is_for_its_owner_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder, key = evidence_town.filled(tmp_path / "store", days=1), tmp_path / "key"
    assert main(["evidence", "key", str(key)]) == 0
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert "PRIVATE" not in capsys.readouterr().out
    assert main(["evidence", "key", str(key)]) == 2
    assert capsys.readouterr().err == f"{key}: is there already, expected a new file, keys are never replaced\n"
    key.chmod(0o640)
    assert main(["evidence", "seal", str(folder), "--key", str(key)]) == 2
    assert capsys.readouterr().err == f"{key}: others may read this private key, expected mode 0600, chmod 600\n"
    key.write_text("no key")
    key.chmod(0o600)
    assert main(["evidence", "seal", str(folder), "--key", str(key)]) == 2
    assert capsys.readouterr().err == (
        f"{key}: is no Ed25519 private key, expected PEM, `citynet evidence key FILE` makes a pair\n"
    )
