"""Everything that the state checks need to know about a node, in one go."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import frr  # type: ignore[import-not-found]  # lies beside this file on the node

DAEMONS = ("zebra", "mgmtd", "staticd", "bgpd", "isisd", "bfdd", "watchfrr")
QUESTIONS = {"isisd": frr.NEIGHBOURS, "bgpd": frr.SESSIONS, "bfdd": "show bfd peers json"}
LISTENER = re.compile(r"^\S+\s+\S+\s+\S+\s+(\S+):(\d+)\s+\S+(?:\s+users:\(\(\"([^\"]+)\")?")


def processes() -> tuple[dict[str, float], float, float]:
    """Daemons with their age in seconds, memory of all processes in MiB, age of the node."""
    up = float(Path("/proc/uptime").read_text().split()[0])
    tick, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    daemons: dict[str, float] = {}
    pages = 0
    age = 0.0
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            name, rest = (entry / "stat").read_text().rsplit(")", 1)
            pages += int((entry / "statm").read_text().split()[1])
        except OSError:
            continue
        lived = up - int(rest.split()[19]) / tick
        name = name.split("(", 1)[1]
        if name in DAEMONS:
            daemons[name] = round(lived, 1)
        if entry.name == "1":
            age = lived
    return daemons, pages * page / 2**20, age


def listeners(management: str) -> list[dict[str, Any]]:
    """Sockets that wait for connections, with the VRF they are bound to."""
    found = []
    for protocol, flags in (("tcp", "-Hltnp"), ("udp", "-Hlunp")):
        text = subprocess.run(
            ["ss", flags], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False
        ).stdout
        for line in text.splitlines():
            # UDP lines have no state of their own to skip: ss prints UNCONN.
            if match := LISTENER.match(line):
                address, _, device = match[1].strip("[]").replace("]", "").partition("%")
                scope = "mgmt" if address == management or device.startswith("mgmt") else device
                if address.startswith("127.") or address == "::1":
                    scope = "lo"
                found.append(
                    {
                        "protocol": protocol,
                        "address": address,
                        "port": int(match[2]),
                        "scope": scope,
                        "process": match[3] or "",
                    }
                )
    return found


def system() -> str:
    """The name of the operating system."""
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return ""
    return next((line.split("=", 1)[1].strip('"') for line in lines if line.startswith("PRETTY_NAME=")), "")


def main() -> None:
    """Print the snapshot."""
    asked = json.loads(sys.argv[1])
    daemons, memory, age = processes()
    shot = {
        "name": asked["name"],
        "platform": asked["platform"],
        "uptime_s": round(age, 1),
        "memory_mib": round(memory, 1),
        "software": {"kernel": platform.release(), "os": system()},
        "daemons": daemons,
        "listeners": listeners(asked["management"]),
    }
    if shutil.which("vtysh") and daemons:
        # vtysh stops at the first daemon that does not run, so only those that do are asked.
        questions = {daemon: command for daemon, command in QUESTIONS.items() if daemon in daemons}
        *answers, text = frr.ask_all(*questions.values())
        said = dict(zip(questions, answers, strict=True))
        version = re.search(r"FRRouting (\S+)", text)
        shot["software"]["frr"] = version[1] if version else ""
        bfd_states = [peer.get("status") for peer in said.get("bfdd", [])]
        up = bfd_states.count("up")
        shot |= {
            "adjacencies": frr.adjacencies(said.get("isisd", {})),
            "sessions": frr.sessions(said.get("bgpd", {})),
            "signed_ports": frr.signed_ports(text),
            "bfd_up": up,
            "bfd_down": len(bfd_states) - up,
        }
    sys.stdout.write(json.dumps(shot) + "\n")


if __name__ == "__main__":
    main()
