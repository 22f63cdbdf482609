"""Where Ansible finds the collection: in the wheel, or in the source tree, under the path that Ansible insists on."""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import sys
from pathlib import Path

import citynet
from citynet.errors import Lack, LackingError

NAME = "citynet.twodomain"


def source() -> Path:
    """The collection's folder.

    Raises:
        LackingError: This installation came without it.
    """
    package = Path(citynet.__file__).resolve().parent
    for folder in (package / "_collection", package.parent.parent):
        if (folder / "galaxy.yml").is_file() and (folder / "plugins").is_dir():
            return folder
    raise LackingError([Lack(f"the Ansible collection {NAME}", "deploying", "pip install --force-reinstall citynet")])


def require_tools() -> None:
    """See that Ansible and its SSH library are there, in this very environment.

    Raises:
        LackingError: Something is missing.
    """
    wanted = {"ansible": "ansible-core", "pylibsshext": "ansible-pylibssh"}
    lacks = [
        Lack(f"the Python package {package}", "deploying", f"{sys.executable} -m pip install {package}")
        for module, package in wanted.items()
        if importlib.util.find_spec(module) is None
    ]
    if lacks:
        raise LackingError(lacks)


def path() -> Path:
    """A folder for ANSIBLE_COLLECTIONS_PATH in which `ansible_collections/citynet/twodomain` is the collection."""
    folder = source()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "citynet" / "collections"
    place = cache / hashlib.sha256(str(folder).encode()).hexdigest()[:16]
    link = place / "ansible_collections" / "citynet" / "twodomain"
    link.parent.mkdir(parents=True, exist_ok=True)
    # Two runs may arrive here together; the link they make is the same.
    with contextlib.suppress(FileExistsError):
        link.symlink_to(folder, target_is_directory=True)
    return place
