"""What programs on devices write down as events: whole lines, whatever happens to the programs."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from citynet.commands.evidence_options import Kind
from citynet.evidence import event
from citynet.evidence.event import EventKind
from citynet.evidence.reading import FLOW
from citynet.evidence.sources import FILES, LocalSource, Stream
from citynet.platforms.whitebox.device import events as writer


def written(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_the_writer_knows_the_store() -> None:
    assert tuple(EventKind) == writer.KINDS
    assert set(Kind) == {FLOW, *EventKind}
    assert FILES[Stream.EVENTS] == writer.FILE


def test_an_event_is_a_line_for_its_owner_and_group(tmp_path: Path) -> None:
    file = tmp_path / "log/events.jsonl"
    before = time.time_ns() // 1000
    writer.record("access", "clinic-1", "deny", path=str(file), reason="certificate has expired", detail={"port": "e1"})
    writer.record("path", "care", "seen", path=str(file), identifier=7, time=5, detail={"loss": 0.5, "hops": 3})
    one, other = written(file)
    assert before <= one.pop("time") <= time.time_ns() // 1000
    assert one == {
        "kind": "access",
        "alarm": False,
        "subject": "clinic-1",
        "verdict": "deny",
        "identifier": 0,
        "reason": "certificate has expired",
        "detail": {"port": "e1"},
    }
    assert (other["time"], other["identifier"], other["detail"]) == (5, 7, {"loss": 0.5, "hops": 3})
    assert stat.S_IMODE(file.stat().st_mode) & 0o137 == 0
    assert stat.S_IMODE(file.parent.stat().st_mode) & 0o027 == 0


@pytest.mark.parametrize(
    ("values", "error", "says"),
    [
        ({"kind": "flow"}, ValueError, "'flow' is no kind of event: access, intrusion, offpath, path"),
        ({"identifier": -1}, ValueError, "identifier -1 or time 5 is out of its range"),
        ({"identifier": True}, ValueError, "out of its range"),
        ({"identifier": 1 << 128}, ValueError, "out of its range"),
        ({"time": 1 << 53}, ValueError, "out of its range"),
        ({"when": 1}, TypeError, "not when"),
        ({"detail": "x"}, TypeError, "detail is no object"),
    ],
)
def test_what_is_no_event_is_not_written(values: dict[str, Any], error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        writer.line_of({"kind": "access", "subject": "a", "verdict": "allow", "time": 5, **values})


TEXT = st.text(st.characters(), max_size=5000)
WILD = st.one_of(TEXT, st.integers(), st.floats(), st.booleans(), st.none(), st.lists(st.integers(), max_size=3))


@given(
    st.fixed_dictionaries(
        {
            "kind": st.sampled_from(writer.KINDS),
            "subject": TEXT,
            "verdict": TEXT,
            "reason": TEXT,
            "alarm": st.booleans(),
            "identifier": st.integers(0, (1 << 128) - 1),
            "detail": st.dictionaries(TEXT, WILD, max_size=80),
        }
    )
)
def test_whatever_a_program_says_fits_and_is_taken(values: dict[str, Any]) -> None:
    line = writer.line_of(values)
    assert len(line) <= writer.MOST_OCTETS
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    found = event.parse("one", line.rstrip(b"\n"))
    assert found is not None
    assert (found.event, found.alarm, found.identifier) == (values["kind"], values["alarm"], values["identifier"])


def test_a_long_event_says_that_it_was_cut() -> None:
    detail = {"packet": "长" * 4000, "signature": 2_100_498}
    found = event.parse("one", writer.line_of({"kind": "intrusion", "subject": "a", "verdict": "b", "detail": detail}))
    assert found is not None
    assert str(found.detail["packet"]).endswith("长…")
    assert found.detail["signature"] == 2_100_498


def test_many_programs_write_at_once_and_nothing_is_lost_over_rotations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read meanwhile, as the collector does: a writer must never go on with a file that was put aside."""
    monkeypatch.setattr(writer, "MOST_FILE", 3000)
    monkeypatch.setattr(writer, "KEPT_FILES", 1000)
    file, processes, each = tmp_path / "events.jsonl", 4, 150
    children = []
    for process in range(processes):
        if (child := os.fork()) == 0:
            try:
                for number in range(each):
                    writer.record("access", f"{process}", "allow", path=str(file), identifier=number)
            finally:
                os._exit(0)
        children.append(child)
    source, position, seen = LocalSource("one", file, Stream.EVENTS), None, []
    more = True
    while more:
        more = any(os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None for child in children)
        pulled = source.pull(position)
        more = more or bool(pulled.lines)
        assert not pulled.lost
        position = pulled.position
        seen += pulled.lines
    for child in children:
        os.waitpid(child, 0)
    found = sorted((int(item["subject"]), item["identifier"]) for item in map(json.loads, seen))
    assert found == [(process, number) for process in range(processes) for number in range(each)]
    assert len(list(tmp_path.iterdir())) > 5


def test_files_that_were_put_aside_do_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MOST_FILE", 500)
    for number in range(100):
        writer.record("access", "a", "allow", path=str(tmp_path / "events.jsonl"), identifier=number)
    assert len(list(tmp_path.iterdir())) == writer.KEPT_FILES + 1
    assert all(path.stat().st_size <= 500 for path in tmp_path.iterdir())


def test_half_a_line_that_a_crash_left_spoils_no_other(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_bytes(b'{"time": 5, "kin')
    writer.record("access", "a", "allow", path=str(file))
    half, whole = file.read_bytes().splitlines()
    assert half == b'{"time": 5, "kin'
    assert event.parse("one", whole) is not None


def test_a_full_disk_leaves_no_half_of_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "events.jsonl"
    writer.record("access", "a", "allow", path=str(file))
    size, whole = file.stat().st_size, os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: whole(descriptor, data[:20]))
    with pytest.raises(OSError, match="No space left"):
        writer.record("access", "b", "allow", path=str(file))
    assert file.stat().st_size == size


def test_a_writer_that_was_stopped_with_the_lock_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_LOCK_S", 0.05)
    file = tmp_path / "events.jsonl"
    file.touch()
    with file.open("rb") as held:
        import fcntl

        fcntl.flock(held, fcntl.LOCK_EX)
        writer.record("access", "a", "allow", path=str(file))
    assert len(written(file)) == 1


def test_the_file_is_no_way_to_another(tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").symlink_to(tmp_path / "shadow")
    with pytest.raises(OSError, match="symbolic links"):
        writer.record("access", "a", "allow", path=str(tmp_path / "events.jsonl"))
    assert not (tmp_path / "shadow").exists()


def test_other_programs_hand_events_in(tmp_path: Path) -> None:
    program = Path(writer.__file__)
    changed = tmp_path / "events.py"
    changed.write_text(program.read_text(encoding="utf-8").replace(writer.FILE, str(tmp_path / "events.jsonl")))
    said = '{"kind": "access", "subject": "a", "verdict": "deny"}\n{"kind": "other"}\n[]\n{"kind": "path", "x": 1}\n'
    done = subprocess.run([sys.executable, changed], input=said, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert [line.partition(": ")[0] for line in done.stderr.splitlines()] == [f"standard input:{n}" for n in (2, 3, 4)]
    assert [item["verdict"] for item in written(tmp_path / "events.jsonl")] == ["deny"]


def test_the_writer_needs_nothing_and_runs_on_an_old_python() -> None:
    text = Path(writer.__file__).read_text(encoding="utf-8")
    tree = ast.parse(text, feature_version=(3, 9))
    names = [node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert all(name.partition(".")[0] in sys.stdlib_module_names for name in names)
    spec = importlib.util.spec_from_file_location("alone", writer.__file__)
    assert spec is not None
