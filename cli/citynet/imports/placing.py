"""Putting a new design into a folder: whole, or not at all, and never over another one unasked."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from citynet.errors import InputError, Problem
from citynet.files import alone_in, write_whole

if TYPE_CHECKING:
    from pathlib import Path


DESIGN = ("design.yml", "design")
NEW, OLD = ".design.new", ".design.old"
FOR_GIT = {".gitignore": "build/\nsecrets.yml\n", ".gitattributes": "citynet.lock merge=union\n"}
"""Secrets stay out of version control, and both sides' lines of a lock in it; put beside a design where nothing is."""


def refuse_existing(folder: Path, *, force: bool) -> None:
    """See that a design may be put into `folder`.

    Raises:
        InputError: A design is there already and `force` is not given, or the folder cannot be one.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError([Problem(str(folder), 0, "is no folder", "a new folder for the design", rule="import")])
    there = next((name for name in DESIGN if (folder / name).exists()), None)
    if there and not force:
        hint = "another folder, or --force to put the new design in place of it"
        raise InputError(
            [Problem(str(folder / there), 0, "is there already", "no design in this folder", hint, rule="import")]
        )


def put(folder: Path, texts: dict[str, str], *, force: bool) -> None:
    """Put the files of a design into a folder; with `force` in place of the design that is there.

    Args:
        folder: Made when it is not there.
        texts: `design.yml`, or files in `design/`.
        force: Whether a design that is there goes; its lock, overrides and build stay.

    Raises:
        InputError: See `refuse_existing`, or the folder cannot be written.
    """
    refuse_existing(folder, force=force)
    made = not folder.exists()
    try:
        with alone_in(folder):
            _restore(folder)
            refuse_existing(folder, force=force)  # another command may have been first
            _swap(folder, texts)
            for name, text in FOR_GIT.items():
                if not (folder / name).exists():
                    write_whole(folder / name, text)
    except OSError as error:
        if made:
            shutil.rmtree(folder, ignore_errors=True)
        problem = Problem(str(folder), 0, f"cannot be written: {error.strerror}", "a folder of yours", rule="import")
        raise InputError([problem]) from error


def _restore(folder: Path) -> None:
    """Put a design back that a command took out of the way before it was killed."""
    if not any((folder / name).exists() for name in DESIGN):
        for name in DESIGN:
            if (folder / OLD / name).exists():
                (folder / OLD / name).rename(folder / name)


def _swap(folder: Path, texts: dict[str, str]) -> None:
    """Write all files aside, then put them in place of those that are there."""
    aside, old = folder / NEW, folder / OLD
    for rest in (aside, old):
        shutil.rmtree(rest, ignore_errors=True)
    try:
        for name, text in texts.items():
            write_whole(aside / name, text)
        old.mkdir()
        for name in DESIGN:
            if (folder / name).exists():
                (folder / name).rename(old / name)
            if (aside / name).exists():
                (aside / name).rename(folder / name)
    finally:
        _restore(folder)
        for rest in (aside, old):
            shutil.rmtree(rest, ignore_errors=True)
