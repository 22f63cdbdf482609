"""What a second build writes, with how many processes, and what one that is killed leaves."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from citynet import build, publishing, rendering
from citynet.errors import LackingError
from citynet.platforms import platform
from tree import ROOT

MINI = (ROOT / "tests/golden/cases/mini/design.yml").read_text(encoding="utf-8")
NEW_SERVICE = """
  extra:
    domain: cross
    vrf: extra
    ipv4: 10.250.0.0/24
    ipv6: fd00:250::/48
    ends:
      - {participant: hospital, device: cross-pe-east, host: extra-1}

interconnects:"""
CHANGED = MINI.replace("\ninterconnects:", NEW_SERVICE)
"""A service more, with one end: it changes the device of that end."""
SMALLER = "\n".join(line for line in CHANGED.splitlines() if "gov-pe-east" not in line)
"""That, and a device less."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "design.yml").write_text(MINI, encoding="utf-8")
    build.build(tmp_path)
    return tmp_path


def tree(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def inodes(folder: Path) -> dict[str, int]:
    return {str(file.relative_to(folder)): file.stat().st_ino for file in folder.rglob("*") if file.is_file()}


def edit(home: Path, text: str) -> None:
    (home / "design.yml").write_text(text, encoding="utf-8")


def fresh(home: Path, text: str) -> dict[str, bytes]:
    """What a build of the same design and lock makes where there was none before."""
    other = home.with_name(home.name + "-fresh")
    shutil.rmtree(other, ignore_errors=True)
    other.mkdir()
    edit(other, text)
    shutil.copy(home / "citynet.lock", other / "citynet.lock")
    build.build(other)
    return tree(other / "build")


class TestChanges:
    def test_only_what_changed_is_written(self, home: Path) -> None:
        before = inodes(home / "build/configs")
        edit(home, CHANGED)
        written = build.build(home).written
        after = inodes(home / "build/configs")
        assert written == ["cross-pe-east"]
        assert {name.split("/")[0] for name in after if after[name] != before.get(name)} == {"cross-pe-east"}
        assert tree(home / "build") == fresh(home, CHANGED)

    def test_nothing_changed(self, home: Path) -> None:
        before = tree(home / "build"), inodes(home / "build/configs")
        assert build.build(home).written == []
        assert (tree(home / "build"), inodes(home / "build/configs")) == before

    def test_a_device_that_went_takes_its_files_along(self, home: Path) -> None:
        (home / "build/configs/nobody").mkdir()
        (home / "build/configs/stray").write_text("x")
        edit(home, SMALLER)
        result = build.build(home)
        assert {path.name for path in (home / "build/configs").iterdir()} == set(result.plan.devices)
        assert "gov-pe-east" not in result.plan.devices
        assert tree(home / "build") == fresh(home, SMALLER)

    @pytest.mark.parametrize("how", ["edit", "same size", "remove", "remove all", "unreadable"])
    def test_a_file_that_is_not_what_was_rendered_is_restored(self, home: Path, how: str) -> None:
        before = tree(home / "build")
        file = home / "build/configs/gov-pe-west/etc/frr/frr.conf"
        stamp = file.stat()
        if how == "edit":
            file.write_bytes(file.read_bytes() + b"! by hand\n")
        elif how == "same size":
            file.write_bytes(file.read_bytes().replace(b"hostname gov", b"hostname vog"))
            os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
        elif how == "remove":
            file.unlink()
        elif how == "remove all":
            shutil.rmtree(home / "build/configs")
        else:
            file.unlink()
            file.mkdir()
        written = build.build(home).written
        assert "gov-pe-west" in written
        assert (len(written) == 1) == (how != "remove all")
        assert tree(home / "build") == before

    @pytest.mark.parametrize(
        "content", [None, "", "{", "[]", '{"devices": []}', '{"devices": {"gov-pe-west": {"input": 1}}}', "\0"]
    )
    def test_without_a_good_manifest_everything_is_rendered(self, home: Path, content: str | None) -> None:
        before, manifest = tree(home / "build"), home / "build/manifest.json"
        if content is None:
            manifest.unlink()
        else:
            manifest.write_text(content)
        result = build.build(home)
        assert result.written == list(result.plan.devices)
        assert tree(home / "build") == before

    def test_other_templates_render_everything_and_write_what_differs(
        self, home: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []
        monkeypatch.setattr(rendering, "version", lambda name: "another")
        monkeypatch.setattr(rendering, "platform", lambda name: asked.append(name) or platform(name))
        result = build.build(home)
        assert len(asked) == len(result.plan.devices)
        assert result.written == []
        assert build.build(home).written == []
        assert len(asked) == len(result.plan.devices)

    def test_anew_asks_no_cache(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        asked: list[str] = []
        monkeypatch.setattr(rendering, "platform", lambda name: asked.append(name) or platform(name))
        result = build.build(home, anew=True)
        assert len(asked) == len(result.plan.devices)


class TestJobs:
    @pytest.mark.parametrize("jobs", [2, 3, 200])
    def test_the_result_is_the_same_whatever_their_number(self, home: Path, jobs: int) -> None:
        before = tree(home / "build")
        shutil.rmtree(home / "build")
        result = build.build(home, jobs=jobs)
        assert result.written == list(result.plan.devices)
        assert tree(home / "build") == before
        edit(home, CHANGED)
        assert build.build(home, jobs=jobs).written == ["cross-pe-east"]
        assert tree(home / "build") == fresh(home, CHANGED)

    def test_a_killed_one_is_said_and_leaves_the_old_build(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._break(monkeypatch, lambda: os.kill(os.getpid(), signal.SIGKILL))
        self._refuses(home, LackingError, r"memory \(one of 2 processes was killed\) is missing")

    def test_an_error_is_raised_and_leaves_the_old_build(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._break(monkeypatch, lambda: 1 / 0)
        self._refuses(home, RuntimeError, "ZeroDivisionError")

    @staticmethod
    def _break(monkeypatch: pytest.MonkeyPatch, what: Any) -> None:
        class Broken:
            @staticmethod
            def render(_: object) -> None:
                what()

        monkeypatch.setattr(rendering, "platform", lambda name: Broken())

    @staticmethod
    def _refuses(home: Path, error: type[Exception], message: str) -> None:
        edit(home, CHANGED)
        before, lock = tree(home / "build"), (home / "citynet.lock").read_bytes()
        with pytest.raises(error, match=message):
            build.build(home, jobs=2)
        assert (tree(home / "build"), (home / "citynet.lock").read_bytes()) == (before, lock)
        assert not multiprocessing.active_children()

    @pytest.mark.parametrize(("count", "expected"), [(1, 1), (rendering.WORTH_PROCESSES, 7)])
    def test_small_cities_need_only_one(self, monkeypatch: pytest.MonkeyPatch, count: int, expected: int) -> None:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(7)))
        monkeypatch.setattr(rendering.threading, "active_count", lambda: 1)
        assert rendering.default_jobs(count) == expected

    def test_beside_threads_nothing_is_forked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rendering.threading, "active_count", lambda: 2)
        assert rendering.default_jobs(10_000) == 1


def _changes_files(event: str, arguments: tuple[Any, ...]) -> bool:
    return event in {"os.rename", "os.remove", "os.mkdir", "os.rmdir"} or (
        event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & (os.O_WRONLY | os.O_RDWR))
    )


def build_and_die(home: Path, step: int, jobs: int) -> bool:
    """Build in a process that kills itself before its `step`-th change of a file or folder; False if it came through.

    A process that it forked counts from there on and dies by itself.
    """
    child = os.fork()
    if child == 0:
        left = step

        def count(event: str, arguments: tuple[Any, ...]) -> None:
            nonlocal left
            if _changes_files(event, arguments):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            build.build(home, jobs=jobs)
            os._exit(0)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] != 0


def assert_honest(folder: Path) -> None:
    """Whatever the manifest says is there."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return
    assert hashlib.sha256((folder / "plan.json").read_bytes()).hexdigest() == manifest["plan_digest"]
    assert {path.name for path in (folder / "configs").iterdir()} == set(manifest["devices"])
    for name, entry in manifest["devices"].items():
        for path, digest in entry["files"].items():
            assert hashlib.sha256((folder / f"configs/{name}{path}").read_bytes()).hexdigest() == digest, (name, path)


@pytest.mark.parametrize("jobs", [1, 2])
def test_killed_at_any_step(home: Path, jobs: int) -> None:
    """From one design to the other and back: a device comes or goes, some change, others stay."""
    wanted = {text: fresh(home, text) for text in (SMALLER, MINI)}
    step, alive = 0, set[str]()
    while len(alive) < 2:
        step += 1 if jobs == 1 else 5
        for text, tree_of_it in wanted.items():
            edit(home, text)
            if not build_and_die(home, step, jobs):
                alive.add(text)
            assert_honest(home / "build")
            build.build(home)
            assert tree(home / "build") == tree_of_it, f"killed before step {step}"
    assert step > 40


def test_the_decision_is_carried_out_by_the_next_command(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(home, CHANGED)
    with monkeypatch.context() as patched:
        patched.setattr(publishing, "_move_out", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            build.build(home)
    assert not (home / "build/manifest.json").exists()
    assert build.build(home).written == []
    assert tree(home / "build") == fresh(home, CHANGED)
    assert not list((home / "build").glob(".*"))
