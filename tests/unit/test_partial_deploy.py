"""One part of a device that is managed whole: what is looked at, what is remembered, and what is refused."""

from __future__ import annotations

import json
import marshal
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from citynet.deploy import bundle, transaction
from citynet.deploy.archive import Run
from citynet.platforms.whitebox.device import compare, fence, nftables_scope, settle
from citynet.platforms.whitebox.device.compare import Memory, PartialComparison
from citynet.platforms.whitebox.device.nftables_scope import ScopedNftables
from citynet.platforms.whitebox.device.system import Output, StepError
from citynet.platforms.whitebox.device.texts import digest

if TYPE_CHECKING:
    from pathlib import Path

FENCE, FRR = "/etc/nftables.d/citynet-fence.nft", "/etc/frr/frr.conf"


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Memory:
    monkeypatch.setattr(compare, "lacking", lambda commands: [])
    monkeypatch.setattr(fence.Fence, "drift", lambda self, texts, memory: "")
    monkeypatch.setattr(fence.Fence, "memory", lambda self, texts: "new rules")
    (tmp_path / "committed.json").write_text(
        json.dumps(
            {
                "files": {FENCE: digest("old\n"), FRR: digest("router\n")},
                "running": {"fence": "old rules", "frr": "what runs"},
                "secret_lines": ["password @@bgp@@"],
                "run": {"run": "first"},
            }
        )
    )
    return Memory(str(tmp_path / "committed.json"))


def request(**files: str) -> dict[str, Any]:
    return {"files": {FENCE: "new\n", FRR: "router\n", **files}, "secrets": {}, "run": {"run": "second"}}


def test_nothing_but_the_part_is_looked_at(memory: Memory) -> None:
    found = PartialComparison(request(), memory, ["fence"])
    assert [part.name for part in found.parts] == ["fence"]
    assert found.changed_paths == {FENCE}
    assert found.removed == []


def test_the_rest_is_remembered_as_it_was(memory: Memory) -> None:
    kept = PartialComparison(request(), memory, ["fence"]).memory(request())
    assert kept == {
        "files": {FENCE: digest("new\n"), FRR: digest("router\n")},
        "running": {"fence": "new rules", "frr": "what runs"},
        "secret_lines": ["password @@bgp@@"],
        "run": {"run": "second"},
    }


@pytest.mark.parametrize(
    ("files", "path"), [({FRR: "router bgp\n"}, FRR), ({"/etc/ulogd.conf": "x\n"}, "/etc/ulogd.conf")]
)
def test_more_than_the_part_is_refused(memory: Memory, files: dict[str, str], path: str) -> None:
    with pytest.raises(StepError, match=f"deploy all of it: {path}"):
        PartialComparison(request(**files), memory, ["fence"])


def test_a_file_that_is_to_go_is_more(memory: Memory) -> None:
    with pytest.raises(StepError, match=FRR):
        PartialComparison({"files": {FENCE: "new\n"}, "secrets": {}}, memory, ["fence"])


def test_a_device_that_was_never_deployed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="never deployed whole"):
        PartialComparison(request(), Memory(str(tmp_path / "none.json")), ["fence"])


def test_neighbours_are_asked_once(tmp_path: Path) -> None:
    """A run in which only fences changed is settled when its devices have said how their neighbours are."""
    healthy = transaction.Health([], [], [], 0.0)
    run = Run(tmp_path)
    run.record(transaction.Outcome("one", "unchanged", health=healthy))
    run.record(transaction.Outcome("two", "changed", parts=["fence"], health=healthy))
    assert run.settled(["one", "two"])
    run.record(transaction.Outcome("two", "changed", parts=["frr"]))
    assert not run.settled(["one", "two"])
    assert transaction.unnoticed(["fence"])
    assert not transaction.unnoticed(["fence", "frr"])


# --- compiled programs ---

PROGRAM = [["said", "def main(request):\n    print(request)\n    return 3\n"]]


def ask(folder: Path, request: dict[str, Any], modules: list[list[str]] = PROGRAM) -> str:
    code = bundle.BOOTSTRAP.replace(bundle.CACHE, str(folder))
    text = zlib.compress(json.dumps({"modules": modules, "main": "said", "request": request}).encode())
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], input=text, capture_output=True, check=False)
    assert done.returncode == 3, done.stderr
    return done.stdout.decode().strip()


def test_programs_are_compiled_once(tmp_path: Path) -> None:
    folder = tmp_path / "programs"
    assert ask(folder, {"action": "diff"}) == "{'action': 'diff'}"
    assert not folder.exists()  # a check leaves nothing behind
    ask(folder, {"action": "commit"})
    (kept,) = folder.iterdir()
    assert folder.stat().st_mode & 0o777 == 0o700
    before = kept.stat().st_mtime_ns
    assert ask(folder, {"action": "confirm"}) == "{'action': 'confirm'}"
    ask(folder, {"action": "commit"}, [["said", "def main(request):\n    print('new')\n    return 3\n"]])
    (other,) = folder.iterdir()  # the former programs are gone
    assert other.name != kept.name
    assert ask(folder, {"action": "commit"}) == "{'action': 'commit'}"
    assert kept.stat().st_mtime_ns > before


@pytest.mark.parametrize("harm", ["cut", "rubbish", "open"])
def test_what_cannot_be_trusted_is_compiled_anew(tmp_path: Path, harm: str) -> None:
    folder = tmp_path / "programs"
    ask(folder, {"action": "commit"})
    (kept,) = folder.iterdir()
    if harm == "cut":
        kept.write_bytes(kept.read_bytes()[:20])
    elif harm == "rubbish":
        kept.write_bytes(b"rubbish")
    else:
        folder.chmod(0o777)
        kept.write_bytes(marshal.dumps([("said", compile("def main(request):\n    return 7\n", "said.py", "exec"))]))
    assert ask(folder, {"action": "confirm"}) == "{'action': 'confirm'}"


@pytest.mark.parametrize("action", ["confirm", "rollback"])
def test_the_end_of_a_transaction_needs_little_of_what_it_was_made_with(action: str, tmp_path: Path) -> None:
    packed = bundle.pack("settle", {"action": action, "id": "one"})
    assert len(packed) < len(bundle.pack("transaction", {})) / 4
    code = bundle.BOOTSTRAP.replace(bundle.CACHE, str(tmp_path))
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], input=packed, capture_output=True, check=True)
    answer = json.loads(done.stdout.removeprefix(settle.MARK.encode()))
    assert (answer["status"], answer["reason"]) == (
        "failed", "no transaction waits for a confirmation: it went back already",
    )  # fmt: skip


OLD, NEW = (f"table inet citynet_x {{\n    chain {name} {{\n    }}\n}}\n" for name in ("old", "new"))


@pytest.mark.parametrize(("loaded", "asks"), [(OLD, 1), ("table inet citynet_x {\n}\n", 3)])
def test_a_table_is_replaced_from_its_text_and_from_a_listing_where_nft_has_something_else(
    loaded: str, asks: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[list[str], str]] = []

    def run(argv: list[str], told: str = "") -> Output:
        asked.append((argv, told))
        if "list" in argv:
            return Output(0, loaded)
        return Output(int("delete chain inet citynet_x old" in told and "chain old" not in loaded), "no such chain")

    def must(argv: list[str], told: str = "") -> str:
        output = run(argv, told)
        assert not output.code
        return output.text

    monkeypatch.setattr(nftables_scope, "run", run)
    monkeypatch.setattr(nftables_scope, "must", must)
    part = ScopedNftables("x")
    part.paths = (str(tmp_path / "table.nft"),)
    (tmp_path / "table.nft").write_text(OLD, encoding="utf-8")
    part.validate({part.paths[0]: NEW})
    assert len(asked) == asks
    assert all("-c" in argv for argv, _ in asked if "list" not in argv)
    assert NEW in asked[-1][1]
