"""Documents come into place whole, and nobody else's file is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from citynet.errors import InputError
from citynet.reports.documents.folder import MANIFEST, put

FIRST = {"README.md": "one\n", "en/a.md": "a\n", "en/deep/b.md": "b\n"}
SECOND = {"README.md": "two\n", "en/a.md": "a\n"}


def put_all(folder: Path, documents: dict[str, str]) -> None:
    put(folder, documents.items(), {"city": "x"})


def tree(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text(encoding="utf-8") for p in folder.rglob("*") if p.is_file()}


def test_stale_files_go_and_foreign_ones_stay(tmp_path: Path) -> None:
    put_all(tmp_path, FIRST)
    (tmp_path / "en" / "deep" / "mine.txt").write_text("mine", encoding="utf-8")
    put_all(tmp_path, SECOND)
    found = tree(tmp_path)
    assert json.loads(found.pop(MANIFEST))["files"].keys() == SECOND.keys()
    assert found == {**SECOND, "en/deep/mine.txt": "mine"}


def test_empty_folders_go_with_their_last_file(tmp_path: Path) -> None:
    put_all(tmp_path, FIRST)
    put_all(tmp_path, SECOND)
    assert not (tmp_path / "en" / "deep").exists()


def test_a_stale_file_that_was_changed_stays(tmp_path: Path) -> None:
    put_all(tmp_path, FIRST)
    (tmp_path / "en/deep/b.md").write_text("b, with my notes\n", encoding="utf-8")
    put_all(tmp_path, SECOND)
    assert (tmp_path / "en/deep/b.md").read_text(encoding="utf-8") == "b, with my notes\n"


def test_a_foreign_file_in_the_way_is_refused_and_nothing_written(tmp_path: Path) -> None:
    (tmp_path / "en").mkdir()
    (tmp_path / "en" / "a.md").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"en/a\.md: is there and"):
        put_all(tmp_path, FIRST)
    assert tree(tmp_path) == {"en/a.md": "mine"}


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    outside, folder = tmp_path / "outside", tmp_path / "docs"
    outside.mkdir()
    folder.mkdir()
    (folder / "en").symlink_to(outside)
    with pytest.raises(InputError):
        put_all(folder, FIRST)
    assert not list(outside.iterdir())


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"files": ["a"]}',
        '{"files": {"../precious": "x"}}',
        '{"files": {"/etc/passwd": "x"}}',
        '{"files": {"a": 1}}',
        '{"files": {"": "x"}}',
    ],
)
def test_a_damaged_manifest_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="not a manifest"):
        put_all(tmp_path, FIRST)
    assert tree(tmp_path) == {MANIFEST: text}


def test_a_failure_half_way_leaves_the_old_documents(tmp_path: Path) -> None:
    put_all(tmp_path, FIRST)

    def failing():
        yield "README.md", "new\n"
        raise RuntimeError("stopped")

    before = tree(tmp_path)
    with pytest.raises(RuntimeError):
        put(tmp_path, failing(), {})
    assert tree(tmp_path) == before


def test_what_an_interrupted_run_left_is_known_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put_all(tmp_path, FIRST)
    replace = Path.replace

    def stop_at_second(self: Path, target: Path) -> Path:
        if Path(target).name == "c.md":
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", stop_at_second)
    with pytest.raises(KeyboardInterrupt):
        put_all(tmp_path, {"README.md": "new\n", "en/new.md": "n\n", "en/c.md": "c\n"})
    monkeypatch.undo()
    assert (tmp_path / "en/new.md").exists()
    put_all(tmp_path, SECOND)
    found = tree(tmp_path)
    found.pop(MANIFEST)
    assert found == SECOND
