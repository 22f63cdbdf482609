"""What FreeRADIUS runs for each device whose certificate it has verified; and `policy_ask.py ask` for people.

The facts come as variables of the environment, so that nothing of them is a word of a command. It prints attributes
of the answer; the exit code is that of rlm_exec: 0 go on, 1 reject.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from typing import Any, Dict

SOCKET = "/run/citynet/policy.sock"
_ANSWER_S = 3.0
_NAMES = {1: "User-Name", 11: "Filter-Id", 27: "Session-Timeout"}


def ask(told: Dict[str, Any]) -> Dict[str, Any]:
    """The policy's answer; OSError or ValueError when there is none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(_ANSWER_S)
        asking.connect(SOCKET)
        asking.sendall(json.dumps(told).encode())
        asking.shutdown(socket.SHUT_WR)
        parts = []
        while part := asking.recv(65536):
            parts.append(part)
    found: Dict[str, Any] = json.loads(b"".join(parts))
    return found


def fact(name: str) -> str:
    """What FreeRADIUS says of it, without the quotes that it puts around text."""
    return os.environ.get(name, "").strip('"')


def main() -> int:
    """Decide."""
    if sys.argv[1:2] == ["ask"]:
        sys.stdout.write(json.dumps(ask(json.loads(sys.argv[2]))) + "\n")
        return 0
    told = {
        "what": "decide",
        "host": fact("TLS_CLIENT_CERT_COMMON_NAME"),
        "device": fact("TMP_STRING_0"),
        "port": fact("NAS_PORT_ID"),
        "mac": fact("CALLING_STATION_ID"),
        "by": "802.1X",
    }
    if fact("SERVICE_TYPE") == "Authorize-Only":  # the edge device has verified the certificate itself
        told = {**told, "host": fact("USER_NAME"), "mac": "", "by": "IKE"}
    try:
        answer = ask(told)
    except (OSError, ValueError):
        return 1  # nobody decides: nobody gets on
    if not answer.get("allowed"):
        return 1
    lines = []
    for kind, value in answer["attributes"]:
        operator = "+=" if kind == 11 else ":="
        lines.append(f'{_NAMES[kind]} {operator} "{value}"')
    if any(kind == 27 for kind, _ in answer["attributes"]):
        lines.append("Termination-Action := RADIUS-Request")
    sys.stdout.write(",\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
