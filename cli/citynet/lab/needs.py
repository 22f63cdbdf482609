"""What citynet needs of a machine, for which feature, and the command that brings it."""

from __future__ import annotations

import getpass
import importlib.util
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from citynet.errors import Lack, LackingError

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT = os.geteuid() == 0


@dataclass(frozen=True, slots=True)
class Need:
    """One thing needed.

    Attributes:
        what: Its name.
        group: `run`, `build-kernel`, `build-image`, `native`, `deploy` or `verify`.
        feature: What does not work without it.
        install: Command that brings it.
        present: Looks for it.
    """

    what: str
    group: str
    feature: str
    install: str
    present: Callable[[], bool]


def _tool(name: str) -> Callable[[], bool]:
    path = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin"))
    return lambda: shutil.which(name, path=path) is not None


def _module(name: str) -> Callable[[], bool]:
    return lambda: importlib.util.find_spec(name) is not None


def _file(path: str) -> Callable[[], bool]:
    return lambda: Path(path).exists()


def _apt(*packages: str) -> str:
    return f"{'' if _ROOT else 'sudo '}apt-get install -y {' '.join(packages)}"


def namespaces_work() -> bool:
    """Whether this user may make the namespaces that a lab lives in."""
    become = [] if _ROOT else ["--user", "--map-current-user", "--keep-caps"]
    try:
        done = subprocess.run(
            [
                "unshare",
                *become,
                "--net",
                "--pid",
                "--mount",
                "--ipc",
                "--fork",
                "ip",
                "link",
                "add",
                "gw0",
                "type",
                "veth",
                "peer",
                "name",
                "uml0",
            ],
            capture_output=True,
            check=False,
            timeout=20,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return str(os.getuid())


def _subordinate_ids() -> bool:
    """Whether this user has a range of subordinate user ids, without which mmdebstrap can't work unprivileged."""
    if _ROOT:
        return True
    try:
        lines = Path("/etc/subuid").read_text().splitlines()
    except OSError:
        return False
    me = {_user(), str(os.getuid())}
    return any(line.split(":")[0] in me for line in lines)


def _namespaces_hint() -> str:
    for setting, wanted in (
        ("kernel/unprivileged_userns_clone", "1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "0"),
    ):
        path = Path("/proc/sys") / setting
        if path.exists() and path.read_text().strip() != wanted:
            return f"sudo sysctl -w {setting.replace('/', '.')}={wanted}"
    if _ROOT:
        return "run with CAP_SYS_ADMIN and CAP_NET_ADMIN, and veth in the kernel"
    return "sudo sysctl -w user.max_user_namespaces=10000"


_NATIVE_PROBES = {
    "VRF": "ip link add v type vrf table 10",
    "dummy interfaces": "ip link add d type dummy",
    "bridges": "ip link add b type bridge",
    "SRv6": "ip -6 route add fd01::/64 encap seg6local action End.DT6 table 254 dev lo",
    "netem": "ip link add x type veth peer name y && tc qdisc add dev x root netem delay 1ms",
    "tc redirection": "ip link add x type veth peer name y && tc qdisc add dev x clsact && "
    "tc filter add dev x ingress matchall action mirred egress redirect dev y",
    "tc flower": "ip link add x type veth peer name y && tc qdisc add dev x clsact && "
    "tc filter add dev x ingress flower src_mac 02:00:00:00:00:01 action pass",
}


def _kernel_has(command: str) -> Callable[[], bool]:
    def look() -> bool:
        done = subprocess.run(
            ["unshare", "--net", "sh", "-c", f"ip link set lo up && {command}"], capture_output=True, check=False
        )
        return done.returncode == 0

    return look


def _native() -> list[Need]:
    feature = "lab up --host native"
    hint = "use --host uml, which brings its own kernel"
    found = [Need("root", "native", feature, "sudo citynet lab up --host native …", lambda: _ROOT)]
    found += [
        Need(f"{name} in this machine's kernel", "native", feature, hint, _kernel_has(command))
        for name, command in _NATIVE_PROBES.items()
    ]
    found += [
        Need(f"{name} in this machine's kernel", "native", feature, hint, _filesystem(name))
        for name in ("squashfs", "overlay")
    ]
    return found


def _filesystem(name: str) -> Callable[[], bool]:
    return lambda: any(line.split()[-1] == name for line in Path("/proc/filesystems").read_text().splitlines())


def _build() -> list[Need]:
    kernel, image = "building the lab's kernel", "building the lab's image"
    found = [
        Need(tool, "build-kernel", kernel, _apt(package), _tool(tool))
        for tool, package in (
            ("mmdebstrap", "mmdebstrap"),
            ("make", "make"),
            ("gcc", "gcc"),
            ("ld", "binutils"),
            ("flex", "flex"),
            ("bison", "bison"),
            ("bc", "bc"),
            ("xz", "xz-utils"),
            ("tar", "tar"),
        )
    ]
    found.append(Need("libelf headers", "build-kernel", kernel, _apt("libelf-dev"), _file("/usr/include/libelf.h")))
    found.append(Need("C library headers", "build-kernel", kernel, _apt("libc6-dev"), _file("/usr/include/stdio.h")))
    found += [
        Need(tool, "build-image", image, _apt(package), _tool(tool))
        for tool, package in (("mmdebstrap", "mmdebstrap"), ("tar2sqfs", "squashfs-tools-ng"))
    ]
    found.append(
        Need(
            "Debian's archive keys",
            "build-image",
            image,
            _apt("debian-archive-keyring"),
            lambda: any(Path("/usr/share/keyrings").glob("debian-archive-*")),
        )
    )
    if not _ROOT:
        found.append(Need("newuidmap", "build-image", image, _apt("uidmap"), _tool("newuidmap")))
        found.append(
            Need(
                "subordinate user ids",
                "build-image",
                image,
                f"sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 {_user()}",
                _subordinate_ids,
            )
        )
    return found


def every() -> list[Need]:
    """Everything citynet needs, for all that it does; native labs apart."""
    lab = "citynet lab"
    found = [
        Need(tool, "run", lab, _apt(package), _tool(tool))
        for tool, package in (
            ("unshare", "util-linux"),
            ("nsenter", "util-linux"),
            ("ip", "iproute2"),
            ("ssh", "openssh-client"),
            ("ssh-keygen", "openssh-client"),
        )
    ]
    found.append(Need("x86-64 processor", "run", lab, "a machine of that kind", lambda: platform.machine() == "x86_64"))
    found.append(Need("namespaces for this user", "run", lab, _namespaces_hint(), namespaces_work))
    found += _build()
    found.append(Need("ansible-core", "deploy", "citynet deploy", "pip install citynet", _module("ansible")))
    found.append(Need("ansible-pylibssh", "deploy", "citynet deploy", "pip install citynet", _module("pylibsshext")))
    found.append(Need("pyATS", "verify", "citynet verify", "pip install 'citynet[verify]'", _module("pyats")))
    return found


def lacking(*groups: str) -> list[Lack]:
    """What this machine lacks of some groups; all but `native` when none is named."""
    asked = every() + (_native() if "native" in groups else [])
    found = [need for need in asked if (not groups or need.group in groups) and not need.present()]
    return [Lack(need.what, need.feature, need.install) for need in found]


def require(*groups: str) -> None:
    """Refuse to go on without what these groups need.

    Raises:
        LackingError: Everything of it that is missing.
    """
    lacks = lacking(*groups)
    if lacks:
        raise LackingError(lacks)
