"""Two well-known generators beside ours, in one run: netlab and pyavd, each installed in an environment of its own.

The networks: netlab and ours get the same one, a ring with chords, IS-IS, SRv6, two VRFs on every fourth router and two
route reflectors. pyavd knows no such network; it gets its own kind, a fabric of 4 spines and N leaves with EVPN, two
VRFs of five subnets each on every leaf. netlab and ours start from a file and end with files (`netlab create`,
`citynet render`); pyavd is a library: its figure has no file read or written, and leaves out its import.
"""

from __future__ import annotations

import os
import sys
import tempfile
import venv
from pathlib import Path
from typing import TYPE_CHECKING

from city import ring_city
from running import FailedError, Took, citynet, run

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (10, 50, 100, 200, 400)
PACKAGES = {"netlab": "networklab", "pyavd": "pyavd"}


def home() -> Path:
    """Where the environments are kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "citynet" / "peers"


def install(package: str) -> tuple[Path, str]:
    """The environment with a package, made when it is not there, and the package's version.

    Raises:
        FailedError: It cannot be installed.
    """
    folder = home() / package
    python = folder / "bin" / "python"
    version = ["-c", f"import importlib.metadata; print(importlib.metadata.version({package!r}))"]
    try:
        return folder, run(python, *version).output.strip()
    except (FailedError, OSError):
        print(f"installing {package} into {folder} …", flush=True)
    venv.create(folder, with_pip=True, clear=True)
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", package)
    return folder, run(python, *version).output.strip()


def netlab_topology(count: int) -> str:
    """The network of `ring_city` in netlab's words."""
    chords = ((one, (one + count // 2 - 1) % count + 1) for one in range(1, count + 1, 5))
    lines = [
        "name: bench",
        "provider: clab",
        "defaults: {device: frr, const: {MAX_NODE_ID: 1000}}",
        "module: [isis, bgp, srv6, vrf]",
        "bgp: {as: 65000}",
        "srv6: {bgp: false, vpn: {ipv4: [ibgp], ipv6: [ibgp]}}",
        "addressing:",
        "  loopback: {ipv4: 10.0.0.0/16, ipv6: '2001:db8::/48'}",
        "  p2p: {ipv4: 10.1.0.0/16, ipv6: '2001:db8:1::/48', prefix: 31}",
        "  lan: {ipv4: 172.16.0.0/16, ipv6: '2001:db8:2::/48', prefix: 24}",
        "  mgmt: {ipv4: 192.168.0.0/20, start: 10}",
        "vrfs: {red: {}, blue: {}}",
        "nodes:",
    ]
    for number in range(1, count + 1):
        reflector = ", bgp.rr: true" if number in {1, count // 2 + 1} else ""
        lines.append(f"  r{number}: {{id: {number}{reflector}}}")
    lines.append("links:")
    lines += [f"- r{one}-r{one % count + 1}" for one in range(1, count + 1)]
    lines += [f"- r{one}-r{other}" for one, other in chords if one < other]
    lines += [f"- {{r{one}: {{}}, vrf: {name}}}" for one in range(1, count + 1, 4) for name in ("red", "blue")]
    return "\n".join(lines) + "\n"


def ours(count: int) -> Took:
    """`citynet render` of the ring."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "design.yml").write_text(ring_city(count), encoding="utf-8")
        return run(*citynet("render", folder))


def netlab(folder: Path) -> Callable[[int], Took]:
    """`netlab create` of the ring."""

    def measure(count: int) -> Took:
        with tempfile.TemporaryDirectory() as place:
            (Path(place) / "topology.yml").write_text(netlab_topology(count), encoding="utf-8")
            path = f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
            return run(folder / "bin" / "netlab", "create", cwd=Path(place), env={"PATH": path})

    return measure


def pyavd(folder: Path) -> Callable[[int], Took]:
    """The fabric by pyavd; its script times itself, without its import."""

    def measure(count: int) -> Took:
        took = run(folder / "bin" / "python", Path(__file__).with_name("pyavd_fabric.py"), str(count))
        seconds, cpu = (float(word) for word in took.output.split()[-2:])
        return Took(seconds, cpu, took.peak_mib, took.output)

    return measure


def compare(sizes: list[int]) -> None:
    """Print seconds on the clock and of processor, memory, and how many times our processor time it is."""
    found: dict[str, Callable[[int], Took]] = {"citynet": ours}
    for name, make in (("netlab", netlab), ("pyavd", pyavd)):
        try:
            folder, version = install(PACKAGES[name])
        except FailedError as error:
            print(f"{name} cannot be installed, so it is left out: {error}")
            continue
        print(f"{name} {version}")
        found[name] = make(folder)
    print(f"\n{'routers':>8}" + "".join(f" {name + ' s':>10} {'CPU s':>7} {'MiB':>6} {'ratio':>6}" for name in found))
    for count in sizes:
        _row(count, found)


def _row(count: int, found: dict[str, Callable[[int], Took]]) -> None:
    sys.stdout.write(f"{count:>8}")
    base = 0.0
    for measure in found.values():
        try:
            took = measure(count)
        except FailedError as error:
            sys.stdout.write(f" {'failed':>10} {'':>7} {'':>6} {'':>6}")
            sys.stderr.write(f"{error}\n")
            continue
        base = base or took.cpu
        sys.stdout.write(f" {took.seconds:>10.2f} {took.cpu:>7.2f} {took.peak_mib:>6.0f} {took.cpu / base:>5.0f}x")
        sys.stdout.flush()
    sys.stdout.write("\n")
