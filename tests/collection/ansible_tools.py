"""How the tests call Ansible's own tools."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Virtual environments of ansible-test are kept between runs; they take a minute to make.
HOME = ROOT / ".cache" / "ansible-test"

# ansible-test wants to download pip's installer from a server of its own. This stands in its place: it lets the pip
# that is already here, with the mirrors it is configured for, install into the environment that asks.
GET_PIP = """import subprocess, sys
wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([{python!r}, "-m", "pip", "--python", sys.executable, "install", *wanted]))
"""


def tool(name: str) -> str:
    """A program of the environment that runs the tests."""
    return str(Path(sys.executable).parent / name)


def environment(**more: str) -> dict[str, str]:
    """An environment in which Ansible's tools find their programs and touch no file of the user's."""
    home = Path.home()
    values = {
        **os.environ,
        "HOME": str(HOME),
        "XDG_CONFIG_HOME": os.environ.get("XDG_CONFIG_HOME", str(home / ".config")),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT / "cli"),
        **more,
    }
    legacy = home / ".pip" / "pip.conf"
    if legacy.exists():
        values.setdefault("PIP_CONFIG_FILE", str(legacy))
    return values


def run(argv: list[str], cwd: Path, **more: str) -> str:
    """Run a tool; its output, or a failure of the test with it."""
    done = subprocess.run(
        argv, cwd=cwd, env=environment(**more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        pytest.fail(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout[-6000:]}", pytrace=False)
    return done.stdout


def place_get_pip() -> None:
    import ansible_test._internal.python_requirements as requirements

    source = Path(requirements.__file__).read_text(encoding="utf-8")
    cache = HOME / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for version in re.findall(r"pip='([0-9.]+)'", source):
        place = cache / f"get_pip_{version.replace('.', '_')}.py"
        place.write_text(GET_PIP.format(python=sys.executable), encoding="utf-8")
