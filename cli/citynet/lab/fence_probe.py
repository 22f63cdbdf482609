"""A packet with a data identifier, sent from one host of a running lab to another: does it arrive?"""

from __future__ import annotations

import secrets
import shlex
from typing import TYPE_CHECKING

from citynet.lab.waiting import until
from citynet.plan.fences.words import option

if TYPE_CHECKING:
    from citynet.lab.running import Lab
    from citynet.plan.model import DeviceFence, Host, PlannedIdentifier

_PORT = 49864
_WAIT_S = 3.0
_TAKE = """
import socket, sys
taker = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
taker.bind(("::", %(port)d))
taker.settimeout(10)
open(sys.argv[1], "w").close()
while taker.recv(100).decode() != sys.argv[2]:
    pass
open(sys.argv[1], "w").write(sys.argv[2])
"""
_SEND = """
import socket, sys
out = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
if sys.argv[3]:
    out.setsockopt(socket.IPPROTO_IPV6, int(sys.argv[4]), bytes.fromhex(sys.argv[3]))
for _ in range(3):
    out.sendto(sys.argv[2].encode(), (sys.argv[1], %(port)d))
"""
STICKY = {60: 59, 0: 54}
"""Socket options that put an extension header on all packets: IPV6_DSTOPTS, IPV6_HOPOPTS (RFC 3542)."""


def arrives(lab: Lab, start: Host, end: Host, fence: DeviceFence, identifier: PlannedIdentifier | None) -> bool:
    """Send it, three times, and see."""
    word = secrets.token_hex(8)
    place = f"/tmp/citynet-probe-{word}"  # noqa: S108 - on a host of the lab, with a name that nobody can guess
    taking = shlex.join(["python3", "-c", _TAKE % {"port": _PORT}, place, word])
    lab.node(end.name, f"{taking} </dev/null >/dev/null 2>&1 &")
    until(lambda: lab.node(end.name, f"ls {place} 2>/dev/null || true").strip() == place, _WAIT_S)
    header = option(fence, identifier.number).hex() if identifier else ""
    sticky = str(STICKY[fence.headers[0]])
    lab.node(start.name, shlex.join(["python3", "-c", _SEND % {"port": _PORT}, end.address(6), word, header, sticky]))
    came = until(lambda: lab.node(end.name, f"cat {place}") == word, _WAIT_S)
    lab.node(end.name, f"rm -f {place}")
    return came
