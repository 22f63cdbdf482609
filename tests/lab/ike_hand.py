"""Runs on a router in place of its key agent, so that a test says when it gets which key.

Commands come as lines in a FIFO: `prepare TUNNEL ID HEX`, `switch TUNNEL ID`, `retire TUNNEL ID`, `close TUNNEL`. What
the tunnels say of themselves stands in a file, anew every tenth of a second.
"""

import json
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, "/usr/local/lib/citynet")
from keys import ike
from keys.base import Key

FIFO, STATE = "/run/hand", "/run/hand.json"


def obey(tunnels, words, now):
    tunnel = tunnels[f"tunnel {words[1]}"]
    if words[0] == "prepare":
        tunnel.prepare(Key(words[2], bytes.fromhex(words[3])), now)
    elif words[0] == "close":
        tunnel.close(now)
    else:
        getattr(tunnel, words[0])(words[2], now)


def main():
    settings = json.loads(Path("/etc/citynet/keys.json").read_text())
    tunnels = {one.name: one for one in ike.users(settings)}
    if not Path(FIFO).exists():
        os.mkfifo(FIFO)
    fifo, rest = os.open(FIFO, os.O_RDWR | os.O_NONBLOCK), b""
    while True:
        now = time.monotonic()
        for tunnel in tunnels.values():
            tunnel.tick(now)
        try:
            rest += os.read(fifo, 65536)
        except BlockingIOError:
            time.sleep(0.1)
        while b"\n" in rest:
            line, _, rest = rest.partition(b"\n")
            obey(tunnels, line.decode().split(), now)
        told = {name: {**one.status(), "keys": sorted(one._keys)} for name, one in tunnels.items()}
        Path(f"{STATE}.new").write_text(json.dumps(told))
        Path(f"{STATE}.new").replace(STATE)


main()
