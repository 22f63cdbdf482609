"""Orders of a server about who is on: withdraw a right, or change it (RFC 5176).

Only packets of a server count, signed by the shared secret, with a message authenticator and a time that is now, and
each of them once: one that was overheard does nothing when it is sent again.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import socket
import time
from typing import Callable, Dict, Tuple

from . import radius
from .radius import Malformed, Packet

Order = Callable[[Packet], int]
"""Does what a packet asks for; 0, or the cause why not."""
WINDOW_S = 300.0
"""How far the clocks of device and server may be apart (RFC 5176, 6.3)."""


class Orders:
    """The socket where they come in; `withdraw` and `change` do what is asked, `refused` hears of the others."""

    def __init__(
        self,
        servers: Dict[str, bytes],
        place: Tuple[str, int],
        vrf: str,
        calls: Tuple[Order, Order],
        refused: Callable[[str, str], None],
    ) -> None:
        self._servers, self._refused = servers, refused
        self._withdraw, self._change = calls
        self._seen: Dict[bytes, Tuple[float, bytes]] = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if vrf:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, vrf.encode())
        self.socket.bind(place)
        self.socket.settimeout(0)

    def take(self) -> None:
        """One packet."""
        try:
            data, sender = self.socket.recvfrom(radius.MOST)
        except OSError:
            return
        try:
            answer = self._answer(data, sender[0])
        except Malformed as error:
            self._refused(sender[0], str(error))  # no answer, as RFC 5176 has it
            return
        try:
            self.socket.sendto(answer, sender)
        except OSError:
            return

    def _answer(self, data: bytes, sender: str) -> bytes:
        secret = self._servers.get(sender)
        if secret is None:
            raise Malformed("not from a server of this device")
        packet = radius.parse(data)
        if packet.code not in (radius.DISCONNECT_REQUEST, radius.COA_REQUEST):
            raise Malformed("neither Disconnect-Request nor CoA-Request")
        radius.verify(packet, secret)
        self._forget()
        if packet.authenticator in self._seen:
            return self._seen[packet.authenticator][1]  # sent again, as its answer was lost: answered, and no more
        stamp = packet.number(radius.EVENT_TIMESTAMP)
        if stamp is None or abs(time.time() - stamp) > WINDOW_S:
            raise Malformed("no time, or not of now")
        made = self._done(packet, secret)
        self._seen[packet.authenticator] = (time.monotonic(), made)
        return made

    def _done(self, packet: Packet, secret: bytes) -> bytes:
        withdrawing = packet.code == radius.DISCONNECT_REQUEST
        cause = (self._withdraw if withdrawing else self._change)(packet)
        code = packet.code + (2 if cause else 1)  # ACK and NAK follow the request in number
        attributes = [(radius.ERROR_CAUSE, cause.to_bytes(4, "big"))] if cause else []
        attributes += [(radius.PROXY_STATE, value) for value in packet.all(radius.PROXY_STATE)]
        return radius.signed(Packet(code, packet.identifier, b"", attributes), secret, packet.authenticator)

    def _forget(self) -> None:
        """Those whose time would be refused by now."""
        old = time.monotonic() - 2 * WINDOW_S
        self._seen = {key: one for key, one in self._seen.items() if one[0] > old}

    def close(self) -> None:
        """Give the socket back."""
        self.socket.close()
