"""RADIUS between the authenticator of a port and the servers: passed on as it is, looked at on the way.

So the agent knows what a server said of whom, by packets that the shared secret signed, and asks another server when
one does not answer. An authenticator has sockets of its own here: nobody else can speak for its port.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import socket
import time
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from .radius import (
    ACCESS_ACCEPT,
    ACCESS_CHALLENGE,
    ACCESS_REJECT,
    ACCESS_REQUEST,
    AUTHORIZE_ONLY,
    CALLING_STATION_ID,
    MOST,
    SERVICE_TYPE,
    USER_NAME,
    Malformed,
    Packet,
    mac_of,
    parse,
    request,
    verify,
)

Server = Tuple[str, int]
AWAY_S = 3.0
"""After so long without an answer a server counts as away; authenticators ask again after as long."""
_FORGET_S = 60.0


class Asked(NamedTuple):
    """A request that waits for its answer."""

    authenticator: bytes
    mac: str
    user: str
    since: float


class Servers:
    """The servers in order of preference, and the one that is asked now."""

    def __init__(self, servers: List[Server], vrf: str, secret: bytes) -> None:
        self.all, self.secret, self.vrf = servers, secret, vrf
        self.current = 0

    @property
    def server(self) -> Server:
        """The one to ask."""
        return self.all[self.current]

    def next(self) -> None:
        """It does not answer: ask the next one."""
        self.current = (self.current + 1) % len(self.all)

    def socket(self) -> socket.socket:
        """One to speak to servers with, where they are reached."""
        found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if self.vrf:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.vrf.encode())
        found.settimeout(0)
        return found


class Asking:
    """Requests on their way to the servers; `answered` hears of each accept and reject."""

    def __init__(self, servers: Servers, answered: Callable[[Asked, Packet], None]) -> None:
        self._servers, self._answered = servers, answered
        self.far = servers.socket()
        self._asked: Dict[int, Asked] = {}

    def waiting_since(self) -> Optional[float]:
        """Since when the oldest request waits; None when none does."""
        now = time.monotonic()
        self._asked = {number: one for number, one in self._asked.items() if now - one.since < _FORGET_S}
        return min((one.since for one in self._asked.values()), default=None)

    def again(self) -> None:
        """Ask again what was not answered, where nobody else does."""

    def descriptors(self) -> Dict[int, Callable[[], None]]:
        """What to call when a descriptor is readable."""
        return {self.far.fileno(): self.answer}

    def answer(self) -> None:
        """Take what a server says, if it is one and signed it."""
        try:
            data, sender = self.far.recvfrom(MOST)
            packet = parse(data)
            asked = self._asked.get(packet.identifier)
            if asked is None or sender not in self._servers.all:
                return
            if packet.code not in (ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_CHALLENGE):
                return
            verify(packet, self._servers.secret, asked.authenticator)
        except (OSError, Malformed):
            return
        del self._asked[packet.identifier]
        if packet.code != ACCESS_CHALLENGE:
            self._answered(asked, packet)
        self._passed_on(data)

    def _passed_on(self, data: bytes) -> None:
        """Give an answer to who asked."""

    def close(self) -> None:
        """Give the sockets back."""
        self.far.close()


class Asker(Asking):
    """Asks about devices that have proved who they are to this device itself; one question at a time."""

    def __init__(
        self, about: List[Tuple[int, bytes]], servers: Servers, answered: Callable[[Asked, Packet], None]
    ) -> None:
        super().__init__(servers, answered)
        self._about = about
        self._number, self._data, self._sent = 0, b"", 0.0

    def ask(self, user: str) -> None:
        """Ask what somebody may do; a question that waits is forgotten."""
        self._number = (self._number + 1) % 256
        kind = (SERVICE_TYPE, AUTHORIZE_ONLY.to_bytes(4, "big"))
        attributes = [(USER_NAME, user.encode()[:253]), kind, *self._about]
        self._data = request(self._number, attributes, self._servers.secret)
        self._asked = {self._number: Asked(self._data[4:20], "", user, time.monotonic())}
        self._send()

    def forget(self) -> None:
        """Nobody is there any more to ask about."""
        self._asked = {}

    def again(self) -> None:
        """Ask the next server when this one has not answered for a while."""
        if self._asked and time.monotonic() - self._sent >= AWAY_S:
            self._servers.next()
            self._send()

    def _send(self) -> None:
        self._sent = time.monotonic()
        try:
            self.far.sendto(self._data, self._servers.server)
        except OSError:
            return


class Relay(Asking):
    """Between one authenticator and the servers."""

    def __init__(self, number: int, servers: Servers, answered: Callable[[Asked, Packet], None]) -> None:
        super().__init__(servers, answered)
        self.near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.near.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.near.bind(("127.0.0.1", number))
        self.near.settimeout(0)
        self._client: Optional[Tuple[str, int]] = None

    def descriptors(self) -> Dict[int, Callable[[], None]]:
        """What to call when a descriptor is readable."""
        return {self.near.fileno(): self.request, **super().descriptors()}

    def request(self) -> None:
        """Pass on what the authenticator says."""
        try:
            data, client = self.near.recvfrom(MOST)
            packet = parse(data)
        except (OSError, Malformed):
            return
        if packet.code != ACCESS_REQUEST:
            return
        before = self._asked.get(packet.identifier)
        again = before is not None and before.authenticator == packet.authenticator
        if again and before is not None and time.monotonic() - before.since >= AWAY_S:
            self._servers.next()
        self._client = client
        if not again:
            mac = mac_of(packet.text(CALLING_STATION_ID))
            self._asked[packet.identifier] = Asked(packet.authenticator, mac, packet.text(USER_NAME), time.monotonic())
        try:
            self.far.sendto(data, self._servers.server)
        except OSError:
            return

    def _passed_on(self, data: bytes) -> None:
        """Give an answer to the authenticator."""
        if self._client is not None:
            self.near.sendto(data, self._client)

    def close(self) -> None:
        """Give the sockets back."""
        super().close()
        self.near.close()
