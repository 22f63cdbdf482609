"""Putting a set of documents in place: all of it or none, and nothing touched that is not ours.

A manifest in the folder says what we wrote and with which digest. A file that is not in it is somebody else's: it is
neither overwritten nor removed. A stale file that somebody changed since stays too.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from citynet.errors import InputError, Problem
from citynet.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable

MANIFEST = "manifest.json"
_ASIDE = ".documents.new"


def put(folder: Path, documents: Iterable[tuple[str, str]], about: dict[str, str]) -> dict[str, str]:
    """Write documents into a folder.

    They are written aside first; only when all are there does each take its place, by a rename. A run that is
    stopped in between leaves a manifest that knows the old files and the new ones, so the next run tidies up.

    Args:
        folder: Where they go; made when missing.
        documents: Path below the folder (with `/`) and text of each.
        about: What the manifest says besides.

    Returns:
        The digest (SHA-256) of each file.

    Raises:
        InputError: A file of somebody else stands where one of ours would go, or the manifest is damaged.
    """
    before = read_manifest(folder)
    aside = folder / _ASIDE
    shutil.rmtree(aside, ignore_errors=True)
    try:
        written = _write_aside(aside, documents)
        _refuse_foreign(folder, written, before)
        _write_manifest(folder, before | written, about)
        for name in written:
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            (aside / name).replace(place)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    _remove_stale(folder, {name: digest for name, digest in before.items() if name not in written})
    _write_manifest(folder, written, about)
    return written


def read_manifest(folder: Path) -> dict[str, str]:
    """What an earlier run wrote: path and digest; empty when there was none.

    Raises:
        InputError: It is damaged, or names a file outside the folder.
    """
    path = folder / MANIFEST
    if not path.exists():
        return {}
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        files: dict[str, str] = found["files"]
        sound = all(isinstance(digest, str) and _below(name) for name, digest in files.items())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        sound = False
    if not sound:
        raise InputError(
            [Problem(str(path), 0, "not a manifest of `citynet docs`", "another folder, or none of that name")]
        )
    return files


def _below(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and not name.startswith("/") and ".." not in parts and "\\" not in name


def _write_aside(aside: Path, documents: Iterable[tuple[str, str]]) -> dict[str, str]:
    written: dict[str, str] = {}
    known: set[Path] = set()
    for name, text in documents:
        file = aside / name
        if file.parent not in known:
            file.parent.mkdir(parents=True, exist_ok=True)
            known.add(file.parent)
        data = text.encode(errors="replace")  # half a surrogate pair has no bytes
        file.write_bytes(data)
        written[name] = hashlib.sha256(data).hexdigest()
    return written


def _refuse_foreign(folder: Path, written: dict[str, str], before: dict[str, str]) -> None:
    home = folder.resolve()
    problems = []
    for name in [*written, MANIFEST]:
        place = folder / name
        foreign = name not in before and name != MANIFEST and (place.exists() or place.is_symlink())
        if foreign or not place.parent.resolve().is_relative_to(home) or place.is_dir():
            problems.append(
                Problem(str(place), 0, "is there and `citynet docs` did not write it", "a folder of its own (--output)")
            )
    if problems:
        raise InputError(problems)


def _remove_stale(folder: Path, stale: dict[str, str]) -> None:
    home = folder.resolve()
    parents = set()
    for name, digest in stale.items():
        file = folder / name
        if not file.parent.resolve().is_relative_to(home) or file.is_symlink() or not file.is_file():
            continue
        if hashlib.sha256(file.read_bytes()).hexdigest() == digest:
            file.unlink()
            parents |= {file.parent, *file.parent.parents}
    for parent in sorted(parents, key=lambda path: -len(path.parts)):
        if parent != folder and parent.is_relative_to(folder) and not any(parent.iterdir()):
            parent.rmdir()


def _write_manifest(folder: Path, files: dict[str, str], about: dict[str, str]) -> None:
    content = {**about, "files": dict(sorted(files.items()))}
    write_whole(folder / MANIFEST, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
