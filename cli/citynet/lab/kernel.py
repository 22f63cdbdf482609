"""The lab's kernel: user-mode Linux from Debian's kernel source, with everything a city needs built in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from citynet.lab import cache, debian
from citynet.lab.tools import ToolFailedError

if TYPE_CHECKING:
    from citynet.lab.cache import Tell
    from citynet.lab.tools import Tools

SOURCE = "linux-source-7.2"
BUILDER = "1"  # raise it when the way of building changes the outcome
DISK_MIB = 2600

PATCHES = (
    # Interrupts nest, and every level fetches its events into one shared array: an event that the outer level has yet
    # to handle can be overwritten, and a disk read then never ends. One event at a time leaves nothing to overwrite.
    ("arch/um/os-Linux/irq.c", "#define MAX_EPOLL_EVENTS 64", "#define MAX_EPOLL_EVENTS 1"),
    # Without a clock of its own the scheduler counts in ticks of 10 ms: who has run and who has waited is then a guess,
    # and with ten routers' daemons in one kernel a woken one waited for its turn far longer than its share.
    (
        "arch/um/kernel/time.c",
        "static u64 timer_read(struct clocksource *cs)",
        (
            "notrace unsigned long long sched_clock(void)\n{\n\treturn os_nsecs();\n}\n\n"
            "static u64 timer_read(struct clocksource *cs)"
        ),
    ),
)

_CONFIG = Path(__file__).with_name("kernel.config")
_STEPS = 1900  # lines that make prints with these options; only the progress bar cares
# Large and of no use here. Only code goes: the configuration reads every Kconfig.
_LEFT_OUT = (
    "drivers/gpu/*.[ch]",
    "sound/*.[ch]",
    "drivers/net/ethernet/*.[ch]",
    "drivers/net/wireless/*.[ch]",
    "drivers/media/*.[ch]",
    "drivers/staging/*.[ch]",
    "Documentation/*.rst",
    "Documentation/*.yaml",
    "arch/*.dts",
    "arch/*.dtsi",
    "tools/testing/*",
)


def artefact() -> cache.Artefact:
    """The kernel that these inputs make."""
    patches = (text for patch in PATCHES for text in patch)
    inputs = (BUILDER, SOURCE, debian.SUITE, _CONFIG.read_text(), *patches)
    return cache.Artefact("kernel", cache.digest(*inputs), "linux")


def ensure(tools: Tools, tell: Tell, mirror: str | None = None) -> Path:
    """The kernel's file, built when it is not in the cache."""
    return cache.ensure(artefact(), lambda work, tell: _make(tools, work, mirror, tell), tell)


def _make(tools: Tools, work: Path, mirror: str | None, tell: Tell) -> Path:
    tell("fetching the source")
    archive, member = work / "source.tar", f"./usr/src/{SOURCE}.tar.xz"
    debian.bootstrap(tools, archive, mirror, ["--variant=extract", f"--include={SOURCE}"], lambda _: None)
    tell("unpacking the source")
    tools.run(["tar", "-x", "-f", str(archive), "-C", str(work), member])
    archive.unlink()
    tools.run(
        [
            "tar",
            "-x",
            "-f",
            str(work / member),
            "-C",
            str(work),
            *(f"--exclude={SOURCE}/{pattern}" for pattern in _LEFT_OUT),
        ]
    )
    (work / member).unlink()
    tree = work / SOURCE
    for file, before, after in PATCHES:
        _patch(tree / file, before, after)
    (tree / ".config").write_text(_CONFIG.read_text())
    tools.run(["make", "ARCH=um", "olddefconfig"], folder=tree)
    _compile(tools, tree, tell)
    return tree / "linux"


def _patch(file: Path, before: str, after: str) -> None:
    text = file.read_text()
    if text.count(before) != 1:
        raise ToolFailedError(f"{SOURCE}: {file.name} is not what the patch was made for: '{before}' once")
    file.write_text(text.replace(before, after))


def _compile(tools: Tools, tree: Path, tell: Tell) -> None:
    done = 0

    def hear(line: str) -> None:
        nonlocal done
        if line.startswith("  "):
            done += 1
            tell("compiling", min(done, _STEPS), _STEPS)

    jobs = len(os.sched_getaffinity(0))
    tools.run(["make", "ARCH=um", f"-j{jobs}", "linux"], folder=tree, hear=hear)
    tools.run(["strip", "linux"], folder=tree)
