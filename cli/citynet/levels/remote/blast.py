"""Send many UDP flows, each from its own source port, a packet of every flow in turn."""

from __future__ import annotations

import json
import socket
import sys
import time


def main() -> None:
    """Print how many bytes were handed to the kernel."""
    asked = json.loads(sys.argv[1])
    address, family = asked["address"], socket.AF_INET6 if ":" in asked["address"] else socket.AF_INET
    sockets = []
    for number in range(asked["flows"]):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.connect((address, asked["port"] + number % 16))
        sockets.append(sock)
    load = b"c" * asked["bytes"]
    sent = 0
    for _ in range(asked["packets"]):
        for sock in sockets:
            try:
                sent += sock.send(load)
            except OSError:  # the far end says that nobody listens; it got there
                continue
        time.sleep(0.002)  # spacing, so that no queue on the way overflows
    sys.stdout.write(json.dumps({"bytes": sent}) + "\n")


if __name__ == "__main__":
    main()
