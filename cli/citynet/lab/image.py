"""The lab's image: a small Debian with the routing daemons, as one read-only file that every lab shares."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from citynet.lab import cache, debian

if TYPE_CHECKING:
    from citynet.lab.cache import Tell
    from citynet.lab.tools import Tools

BUILDER = "1"  # raise it when the way of building changes the outcome
DISK_MIB = 1200

_PACKAGES = Path(__file__).with_name("image.packages")
_INIT = Path(__file__).with_name("citynet-init")
_NOT_WANTED = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*")
# A router comes blank: nothing is configured but what a deployment brings. Its SSH keys are the lab's.
_BLANK = ("etc/nftables.conf", "etc/ulogd.conf", "etc/ssh/ssh_host_*")
_INTERFACES = "source /etc/network/interfaces.d/*"


def packages() -> list[str]:
    """Names of the image's packages."""
    lines = (line.split("#")[0].strip() for line in _PACKAGES.read_text().splitlines())
    return sorted(line for line in lines if line)


def artefact() -> cache.Artefact:
    """The image that these inputs make."""
    inputs = (BUILDER, debian.SUITE, " ".join(packages()), _INIT.read_text(), *_options())
    return cache.Artefact("image", cache.digest(*inputs), "image.sqfs")


def ensure(tools: Tools, tell: Tell, mirror: str | None = None) -> Path:
    """The image's file, built when it is not in the cache."""
    return cache.ensure(artefact(), lambda work, tell: _make(tools, work, mirror, tell), tell)


def _make(tools: Tools, work: Path, mirror: str | None, tell: Tell) -> Path:
    def hear(line: str) -> None:
        if line.startswith("I: ") and "success" not in line:
            tell(line[3:].rstrip(".").split(" as tempdir")[0][:40])

    tell("fetching packages")
    archive, target = work / "image.tar", work / "image.sqfs"
    upload = f"--customize-hook=upload {shlex.quote(str(_INIT))} /usr/sbin/citynet-init"
    debian.bootstrap(
        tools, archive, mirror, [*_options(), upload, '--customize-hook=chmod 755 "$1/usr/sbin/citynet-init"'], hear
    )
    tell("compressing")
    # The tool takes the archive on its standard input only.
    tools.run(
        ["sh", "-c", 'exec tar2sqfs -x --no-skip -q -f -c lz4 -b 131072 "$2" <"$1"', "sh", str(archive), str(target)]
    )
    return target


def _options() -> list[str]:
    blank = " ".join(f'"$1"/{path}' for path in _BLANK)
    return [
        "--variant=minbase",
        f"--include={','.join(packages())}",
        *(f"--dpkgopt=path-exclude={path}" for path in _NOT_WANTED),
        f"--customize-hook=rm -f {blank}",
        f'--customize-hook=echo {shlex.quote(_INTERFACES)} >"$1/etc/network/interfaces"',
    ]
