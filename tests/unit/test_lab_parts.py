"""The parts of the lab room that need no lab."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml

from citynet.__main__ import main
from citynet.errors import Exit, InputError, LackingError
from citynet.lab import cache, capacity, debian, image, kernel, launching, needs, paths, request, running, secret_values
from citynet.lab.tools import ToolFailedError, Tools
from citynet.lab.waiting import until


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv("CITYNET_MIRROR", raising=False)
    return tmp_path


class TestPaths:
    def test_follow_the_environment(self, home: Path) -> None:
        assert paths.cache() == home / "cache/citynet"
        assert paths.labs() == home / "state/citynet/labs"

    @pytest.mark.parametrize("value", ["", "relative/path"])
    def test_ignore_what_is_not_absolute(self, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", value)
        assert paths.cache() == Path.home() / ".cache/citynet"


class TestCache:
    """Built once, by digest, never half."""

    def make(self, text: str = "made"):
        self.calls = 0

        def work(folder: Path, tell: cache.Tell) -> Path:
            self.calls += 1
            (folder / "out").write_text(text)
            return folder / "out"

        return work

    @pytest.fixture
    def thing(self) -> cache.Artefact:
        return cache.Artefact("thing", cache.digest("a"), "file")

    def test_builds_once(self, thing: cache.Artefact) -> None:
        work = self.make()
        assert not thing.ready
        for _ in range(2):
            assert cache.ensure(thing, work, lambda *_: None).read_text() == "made"
        assert self.calls == 1

    def test_failure_leaves_nothing(self, thing: cache.Artefact) -> None:
        def fail(folder: Path, tell: cache.Tell) -> Path:
            (folder / "half").write_text("x")
            raise ToolFailedError("no")

        with pytest.raises(ToolFailedError):
            cache.ensure(thing, fail, lambda *_: None)
        assert not thing.ready
        assert [path.name for path in (paths.cache() / "thing").iterdir()] == [".lock"]

    def test_what_a_killed_build_left_is_cleared(self, thing: cache.Artefact) -> None:
        left = paths.cache() / "thing/.building-old"
        left.mkdir(parents=True)
        (left / "big").write_text("x")
        cache.ensure(thing, self.make(), lambda *_: None)
        assert not left.exists()

    def test_two_at_once_build_once(self, thing: cache.Artefact) -> None:
        begun, go_on = threading.Event(), threading.Event()
        heard: list[str] = []
        work = self.make()

        def slow(folder: Path, tell: cache.Tell) -> Path:
            begun.set()
            assert go_on.wait(10)
            return work(folder, tell)

        def tell(stage: str, *_: int) -> None:
            heard.append(stage)
            go_on.set()

        first = threading.Thread(target=cache.ensure, args=(thing, slow, tell))
        first.start()
        assert begun.wait(10)
        second = threading.Thread(target=cache.ensure, args=(thing, slow, tell))
        second.start()
        first.join(10)
        second.join(10)
        assert heard == ["waiting for another build"]
        assert self.calls == 1

    def test_digest_keeps_inputs_apart(self) -> None:
        assert cache.digest("ab", "c") != cache.digest("a", "bc")
        assert len({kernel.artefact().digest, image.artefact().digest}) == 2

    @pytest.mark.parametrize(
        ("module", "name", "value"),
        [
            (kernel, "BUILDER", "x"),
            (kernel, "SOURCE", "linux-source-1"),
            (kernel, "PATCHES", ()),
            (image, "BUILDER", "x"),
            (image, "_BLANK", ()),
        ],
    )
    def test_digest_follows_every_input(self, monkeypatch, module, name: str, value: object) -> None:
        before = module.artefact().digest
        monkeypatch.setattr(module, name, value)
        assert module.artefact().digest != before


class TestTools:
    def test_hears_lines(self) -> None:
        heard: list[str] = []
        Tools().run(["printf", "a\\nb\\n"], hear=heard.append)
        assert heard == ["a", "b"]

    def test_failure_says_what_the_tool_said(self) -> None:
        with pytest.raises(ToolFailedError, match=r"sh ended with 3:\nwhy"):
            Tools().run(["sh", "-c", "echo why; exit 3"])

    def test_missing_tool_is_lacking(self) -> None:
        with pytest.raises(LackingError, match="no-such-tool"):
            Tools().run(["no-such-tool"])

    def test_stop_ends_the_whole_session(self) -> None:
        tools, children = Tools(), []
        failed: list[str] = []

        def run() -> None:
            try:
                tools.run(["sh", "-c", "sleep 600 & echo $!; wait"], hear=lambda line: children.append(int(line)))
            except ToolFailedError as error:
                failed.append(str(error))

        thread = threading.Thread(target=run)
        thread.start()
        assert until(lambda: bool(children), 10)
        tools.stop()
        thread.join(20)
        assert failed
        assert until(lambda: not alive(children[0]), 10)
        with pytest.raises(ToolFailedError, match="stopped"):
            tools.run(["true"])


def alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class TestMirrors:
    def test_told_one_is_the_only_one(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("CITYNET_MIRROR", "http://env.invalid/debian")
        assert debian.mirrors("http://told.invalid/debian") == ["http://told.invalid/debian"]
        assert debian.mirrors(None) == ["http://env.invalid/debian"]

    def test_the_tools_default_comes_first(self) -> None:
        assert debian.mirrors(None)[0] is None

    def test_no_host_name_stands_in_the_code(self) -> None:
        for file in Path(debian.__file__).parent.rglob("*"):
            if file.is_file() and file.suffix != ".pyc":
                assert not re.search(r"https?://\w", file.read_text()), file


class TestCapacity:
    def test_refuses_memory_with_numbers(self) -> None:
        capacity.require_memory(100, available_mib=100)
        with pytest.raises(LackingError, match=r"up to 101 MiB, 100 MiB are available"):
            capacity.require_memory(101, available_mib=100)

    def test_sees_this_machines_memory(self) -> None:
        assert capacity.memory_available_mib() > 0

    def test_refuses_disk_with_numbers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(capacity, "_DISK_MIB", {"kernel": 10**12, "image": 1})
        with pytest.raises(LackingError, match=r"building kernel and image takes 1000000000001 MiB"):
            capacity.require_disk([kernel.artefact(), image.artefact()])

    def test_needs_no_disk_when_everything_is_built(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(capacity, "_DISK_MIB", {"kernel": 10**12})
        kernel.artefact().path.parent.mkdir(parents=True)
        kernel.artefact().path.touch()
        capacity.require_disk([kernel.artefact()])


class TestSecrets:
    def test_made_once_and_private(self, tmp_path: Path) -> None:
        path = tmp_path / "secrets.yml"
        assert secret_values.complete(path, ["a", "b"]) == ["a", "b"]
        first = yaml.safe_load(path.read_text())
        assert path.stat().st_mode & 0o777 == 0o600
        assert first["a"] != first["b"]
        assert secret_values.complete(path, ["a", "b", "c"]) == ["c"]
        assert yaml.safe_load(path.read_text()) | first == yaml.safe_load(path.read_text())

    def test_vault_is_left_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "secrets.yml"
        path.write_text("$ANSIBLE_VAULT;1.1;AES256\n00\n")
        assert secret_values.complete(path, ["a"]) == []
        assert path.read_text().startswith("$ANSIBLE_VAULT")

    @pytest.mark.parametrize("text", ["- hush\n", "hush: [\n", "hush\n"])
    def test_bad_file_is_refused_without_quoting_it(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "secrets.yml"
        path.write_text(text)
        with pytest.raises(InputError) as caught:
            secret_values.complete(path, ["a"])
        assert "hush" not in str(caught.value)
        assert path.read_text() == text


class TestProcesses:
    """Finding a lab's supervisor again, and never another process in its stead."""

    @pytest.fixture
    def sleeper(self):
        process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        yield process
        process.kill()
        process.wait()

    def write(self, folder: Path, pid: int, started: int) -> None:
        (folder / "process.json").write_text(json.dumps({"pid": pid, "started": started}))

    def started(self, pid: int) -> int:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])

    def test_finds_and_ends_it(self, tmp_path: Path, sleeper) -> None:
        self.write(tmp_path, sleeper.pid, self.started(sleeper.pid))
        assert launching.pid(tmp_path) == sleeper.pid
        assert launching.end(tmp_path)
        assert sleeper.wait(10) == -9
        assert launching.pid(tmp_path) == 0
        assert not launching.end(tmp_path)

    def test_a_number_used_again_is_not_it(self, tmp_path: Path, sleeper) -> None:
        self.write(tmp_path, sleeper.pid, self.started(sleeper.pid) - 1)
        assert launching.pid(tmp_path) == 0
        assert not launching.end(tmp_path)
        assert sleeper.poll() is None

    @pytest.mark.parametrize("text", ["", "{", "{}", '{"pid": "x"}'])
    def test_damaged_record_is_no_lab(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "process.json").write_text(text)
        assert launching.pid(tmp_path) == 0

    def test_namespaces_that_cannot_be_made_are_told(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from citynet.errors import DeviceError

        with pytest.raises(DeviceError, match="could not be made"):
            launching.start(tmp_path, launching.Launch("not an address", 1, ["true"]))


class TestRequests:
    @pytest.mark.parametrize("name", ["../x", "", "Ä", "a" * 41, "-a", "a/b"])
    def test_names_that_are_no_names(self, name: str) -> None:
        from citynet.lab.up import folder_of

        with pytest.raises(InputError):
            folder_of(name)

    def test_unknown_host(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="did you mean 'native'"):
            request.up(request.Up(tmp_path, host="natve"), lambda *_: None)

    def test_no_lab_runs(self) -> None:
        with pytest.raises(LackingError) as caught:
            request.find()
        assert caught.value.exit_code == Exit.LACKING
        assert running.names() == []

    def test_inside_the_lab_nothing_is_prefixed(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        lab = running.Lab("x", tmp_path, None, tmp_path, tmp_path / "key", tmp_path / "known")  # type: ignore[arg-type]
        monkeypatch.setenv(running.INSIDE, "x")
        assert lab.enter(["true"]) == ["true"]
        monkeypatch.setenv(running.INSIDE, "y")
        with pytest.raises(LackingError):
            lab.enter(["true"])


class TestNeeds:
    def test_every_need_says_how_to_get_it(self) -> None:
        assert all(need.install and need.feature for need in needs.every())

    def test_lacking_tool_is_named_with_its_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(needs.shutil, "which", lambda name, path: None if name == "bison" else "/bin/" + name)
        [lack] = needs.lacking("build-kernel")
        assert (lack.what, lack.install.split()[-1]) == ("bison", "bison")

    def test_doctor_ends_with_3_when_something_lacks(self, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
        from citynet.__main__ import main

        monkeypatch.setattr(needs, "every", lambda: [needs.Need("flux", "run", "time", "get flux", lambda: False)])
        assert main(["doctor"]) == Exit.LACKING
        assert "MISSING  flux  time  get flux" in capsys.readouterr().out
        assert main(["doctor", "--json"]) == Exit.LACKING
        assert json.loads(capsys.readouterr().out)["needs"][0]["present"] is False


@pytest.mark.parametrize(
    ("others", "wanted"),
    [([], 7), ([{7}], 3), ([{7}, {3}], 7), ([{3}, {3}, {7}], 7), ([{3, 7}, {7}], 3), ([{1}, {7}], 3)],
)
def test_a_machine_stays_on_the_processor_with_the_fewest(
    monkeypatch: pytest.MonkeyPatch, others: list[set[int]], wanted: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {3, 7})
    monkeypatch.setattr(launching, "_machines", lambda: iter(others))
    assert launching.processor() == wanted


def test_machines_of_others_are_found_by_what_they_run() -> None:
    allowed = min(os.sched_getaffinity(0))
    words = [sys.executable, "-c", f"import os, sys; os.sched_setaffinity(0, {{{allowed}}}); print(); sys.stdin.read()"]
    with subprocess.Popen([*words, launching._INIT], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        found = list(launching._machines())
        other.communicate()
    assert {allowed} in found


@pytest.mark.parametrize("words", [["left", "-n", "here", "--", "true"], ["left", "--"]])
def test_options_behind_the_node_and_no_command_are_refused(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lab", "exec", *words]) == 2
    assert "options before the node" in capsys.readouterr().err
