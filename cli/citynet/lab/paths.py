"""Where the lab keeps things: caches of what is built, and the state of labs that run."""

from __future__ import annotations

import os
from pathlib import Path


def cache() -> Path:
    """Kernels and images, by the digest of what they are made from; deleting it costs only a rebuild."""
    return _base("XDG_CACHE_HOME", ".cache")


def labs() -> Path:
    """One folder per lab."""
    return _base("XDG_STATE_HOME", ".local/state") / "labs"


def _base(variable: str, default: str) -> Path:
    # The XDG specification: a value that is not absolute is to be ignored.
    told = Path(os.environ.get(variable, ""))
    return (told if told.is_absolute() else Path.home() / default) / "citynet"
