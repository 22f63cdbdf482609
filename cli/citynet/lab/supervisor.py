"""Process 1 of a lab's namespaces on this machine: it makes the management link and owns the user-mode kernel.

Started by `unshare`; when it dies, the kernel of this machine ends everything in the namespaces with it, so nothing of
a lab can stay behind. Its folder is the lab's; its only argument is a JSON object (see `machine.Launch`).
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

_SIOCETHTOOL = 0x8946
_SEGMENTATION_OFFLOADS = (0x1F, 0x24)  # ETHTOOL_STSO, ETHTOOL_SGSO

OUTSIDE, CABLE = "gw0", "uml0"
OUTSIDE_MAC = "02:00:00:00:00:01"


def main(told: dict[str, Any]) -> int:
    """Run the machine until it ends or SIGTERM comes."""
    _hold_lock()
    _make_link([told["gateway"], *(service["address"] for service in told["services"])])
    Path("memory").mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={told['memory']},mode=700", "tmpfs", "memory"], check=True)
    for service in told["services"]:
        _start(service["command"], service["log"])
    if told["processor"] >= 0:
        os.sched_setaffinity(0, {told["processor"]})  # the machine inherits it
    with Path("console.log").open("wb") as console:
        machine = subprocess.Popen(
            told["command"],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            env={"TMPDIR": str(Path("memory").resolve()), "PATH": os.environ["PATH"]},
        )
    signal.signal(signal.SIGTERM, lambda *_: machine.kill())
    _record()
    return machine.wait()


def _hold_lock() -> None:
    """Hold the lab's lock for as long as this process lives: that is how others see that the lab runs."""
    descriptor = os.open("lock", os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _start(command: list[str], log: str) -> None:
    """Optical controller and key servers run on this machine, beside the user-mode one, and end with this process."""
    with Path(log).open("wb") as sink:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)


def _make_link(addresses: list[str]) -> None:
    added = "".join(f"addr add {address} dev {OUTSIDE}\n" for address in addresses if address)
    commands = (
        f"link add {OUTSIDE} address {OUTSIDE_MAC} type veth peer name {CABLE}\n{added}"
        f"link set {OUTSIDE} up\nlink set {CABLE} up\nlink set lo up\n"
    )
    subprocess.run(["ip", "-batch", "-"], input=commands, text=True, check=True)
    # While the machine boots nobody answers for its address; ask often instead of once a second.
    Path(f"/proc/sys/net/ipv4/neigh/{OUTSIDE}/retrans_time_ms").write_text("100")
    # The user-mode kernel drops frames larger than its interface's; let them be cut up on this side.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for feature in _SEGMENTATION_OFFLOADS:
            value = ctypes.create_string_buffer(struct.pack("II", feature, 0))
            fcntl.ioctl(control, _SIOCETHTOOL, struct.pack("16sP", OUTSIDE.encode(), ctypes.addressof(value)))


def _record() -> None:
    """Write who we are, as this machine numbers us: /proc is still the outer one."""
    number = str(Path("/proc/self").readlink())
    started = Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19]
    aside = Path("process.json.new")
    aside.write_text(json.dumps({"pid": int(number), "started": int(started)}))
    aside.replace("process.json")


if __name__ == "__main__":
    sys.exit(main(json.loads(sys.argv[1])))
