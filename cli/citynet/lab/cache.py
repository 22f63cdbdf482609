"""Things that are built once and kept by the digest of what they are made from."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from citynet.lab import paths

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Tell(Protocol):
    """Hears how a build goes on."""

    def __call__(self, stage: str, done: int = 0, total: int = 0) -> None:
        """`total` 0 means that nobody knows how much there is to do."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """Something built: its kind (`kernel`), the digest of its inputs, its file name."""

    kind: str
    digest: str
    file: str

    @property
    def path(self) -> Path:
        """Where it is, or will be."""
        return paths.cache() / self.kind / self.digest / self.file

    @property
    def ready(self) -> bool:
        """Whether it is there."""
        return self.path.is_file()


def digest(*inputs: str) -> str:
    """A short digest over the inputs, each with its length so that they can't run into each other."""
    total = hashlib.sha256()
    for text in inputs:
        data = text.encode()
        total.update(len(data).to_bytes(8, "big") + data)
    return total.hexdigest()[:16]


def ensure(artefact: Artefact, make: Callable[[Path, Tell], Path], tell: Tell) -> Path:
    """The artefact's file, built first when it is not there.

    `make` builds in an empty folder and returns the file; the file is then renamed into place. Two builds of one kind
    never run at the same time: the second waits and finds the work done.
    """
    if artefact.ready:
        return artefact.path
    home = artefact.path.parent.parent
    home.mkdir(parents=True, exist_ok=True)
    with _lock(home, tell):
        if artefact.ready:
            return artefact.path
        for left in home.glob(".building-*"):  # of a build that was killed: we hold the lock
            shutil.rmtree(left, ignore_errors=True)
        work = Path(tempfile.mkdtemp(dir=home, prefix=".building-"))
        try:
            _put(make(work, tell), artefact.path)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return artefact.path


def _put(file: Path, place: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    place.parent.mkdir(parents=True, exist_ok=True)
    file.replace(place)


@contextmanager
def _lock(home: Path, tell: Tell) -> Iterator[None]:
    descriptor = os.open(home / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tell("waiting for another build")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
