"""A design with another bandwidth of one slice, for a deployment that resizes it while traffic runs."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from pathlib import Path


def resized(design: Path, copy: Path, name: str, gbps: float) -> Path:
    """Copy a design (a file or a folder, with its lock and secrets) and change one slice; the copy's path.

    Raises:
        KeyError: The design has no slice of that name.
    """
    if design.is_dir():
        shutil.copytree(design, copy, ignore=shutil.ignore_patterns("build"))
    else:
        copy.mkdir()
        for path in (design, design.with_name("citynet.lock"), design.with_name("secrets.yml")):
            if path.exists():
                shutil.copy2(path, copy / ("design.yml" if path == design else path.name))
    for path in (*copy.glob("*.yml"), *copy.glob("design/*.yml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        if isinstance(content, dict) and name in (content.get("slices") or {}):
            content["slices"][name]["bandwidth_gbps"] = gbps
            path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
            return copy
    raise KeyError(name)
