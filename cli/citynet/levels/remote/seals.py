"""What encrypts on this device, as it runs: MACsec interfaces, IKE and ESP, the key agent's own word. Never a key."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

STATE = "/run/citynet/keys.json"
_SA = re.compile(r"^(\S+): #\d+, (\w+), IKEv2")
_STATE = re.compile(r"^src (\S+) dst (\S+)$")


def output(*argv: str) -> str:
    """What a command prints; nothing when it is not there or fails."""
    try:
        done = subprocess.run(
            list(argv), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False, timeout=20
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""


def is_on(value: Any) -> bool:
    """A switch, as one version of ip says it or another."""
    return value is True or str(value).lower() in ("on", "true", "1")


def macsec() -> list[dict[str, Any]]:
    """MACsec interfaces and what they do to frames."""
    text = output("ip", "-j", "-d", "link", "show", "type", "macsec")
    found = []
    for one in json.loads(text) if text.strip() else []:
        data = one.get("linkinfo", {}).get("info_data", {})
        found.append(
            {
                "interface": one["ifname"],
                "port": one.get("link", ""),
                "up": "UP" in one.get("flags", []),
                "cipher": str(data.get("cipher_suite", "")).lower(),
                "encrypts": is_on(data.get("encrypt")),
                "protects": is_on(data.get("protect")),
                "validates": str(data.get("validation", data.get("validate", ""))).lower(),
            }
        )
    return found


def ike(text: str) -> list[dict[str, Any]]:
    """IKE SAs, from what swanctl lists: a line for the SA, a line below with its suite."""
    found: list[dict[str, Any]] = []
    for line in text.splitlines():
        if head := _SA.match(line):
            found.append({"name": head[1], "state": head[2], "suite": []})
        elif found and not found[-1]["suite"] and "/" in line and "PRF_" in line:
            found[-1]["suite"] = line.strip().split("/")
    return found


def esp(text: str) -> list[dict[str, Any]]:
    """ESP associations, from `ip xfrm state list nokeys`."""
    found: list[dict[str, Any]] = []
    for line in text.splitlines():
        if head := _STATE.match(line):
            found.append({"source": head[1], "destination": head[2], "algorithms": [], "replay_window": 0})
            continue
        words = line.split()
        if not found or not words:
            continue
        if words[0] in ("enc", "auth", "auth-trunc", "aead"):
            found[-1]["algorithms"].append(words[1])
            if words[0] == "auth-trunc":
                found[-1]["algorithms"].append(words[-1])
        if "replay-window" in words:
            window = words[words.index("replay-window") + 1].rstrip(",")
            found[-1]["replay_window"] = max(found[-1]["replay_window"], int(window))
        if "replay_window" in words:
            window = words[words.index("replay_window") + 1].rstrip(",")
            found[-1]["replay_window"] = max(found[-1]["replay_window"], int(window))
    return found


def agent() -> dict[str, Any]:
    """What the key agent says of its users, and its alarms."""
    try:
        told = json.loads(Path(STATE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"users": {}, "alarms": []}
    users = {
        name: {
            "state": str(one.get("state", "")),
            "key_id": str(one.get("key_id", "")),
            "source": str(one.get("source", "")),
            "since": float(one.get("since") or 0.0),
        }
        for name, one in told.get("users", {}).items()
    }
    alarms = [
        {"name": str(one.get("alarm", "")), "text": str(one.get("text", "")), "since": float(one.get("since") or 0.0)}
        for one in told.get("alarms", [])
    ]
    return {"users": users, "alarms": alarms}


def main() -> None:
    """Print all of it."""
    asked = json.loads(sys.argv[1])
    found = {
        "name": asked["name"],
        "macsec": macsec(),
        "ike": ike(output("swanctl", "--list-sas")),
        "esp": esp(output("ip", "xfrm", "state", "list", "nokeys")),
        **agent(),
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
