"""Send marked payloads to listeners that send back what they get, and count what comes back."""

from __future__ import annotations

import json
import socket
import sys
from typing import Any

SIZE = 400
"""Bytes of a payload: its mark, again and again."""
_WAIT_S = 1.0


def payload(mark: str) -> bytes:
    """The mark until the payload is full."""
    return (mark.encode() * (SIZE // len(mark) + 1))[:SIZE]


def udp(address: str, port: int, data: bytes, count: int) -> int:
    """Datagrams that came back."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    back = 0
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.settimeout(_WAIT_S)
        for _ in range(count):
            one.sendto(data, (address, port))
            try:
                back += one.recv(65536) == data
            except OSError:
                continue
    return back


def tcp(address: str, port: int, data: bytes, count: int) -> int:
    """Messages that came back whole."""
    back = 0
    try:
        with socket.create_connection((address, port), timeout=_WAIT_S) as one:
            for _ in range(count):
                one.sendall(data)
                got = b""
                while len(got) < len(data):
                    more = one.recv(65536)
                    if not more:
                        return back
                    got += more
                back += got == data
    except OSError:
        return back
    return back


def main() -> None:
    """Send all that is asked."""
    asked: list[dict[str, Any]] = json.loads(sys.argv[1])["flows"]
    ways = {"udp": udp, "tcp": tcp}
    back = [
        ways[flow["protocol"]](flow["address"], flow["port"], payload(flow["mark"]), flow["count"]) for flow in asked
    ]
    sys.stdout.write(json.dumps(back) + "\n")


if __name__ == "__main__":
    main()
