"""How two ends agree upon keys when no key server has any: both have a secret, and each adds a number used once.

    master               other
      offer(m)      ->            a number m
                    <-  accept(m, o)   a number o; keys of m and o are derived, and decrypted by from now on
      switch(m, o)  ->            the master decrypts and encrypts by them
                    <-  switched(m, o)   and so does the other; a while later both forget the keys before

Both numbers go into each key, so neither end can be brought by what was recorded earlier to use a key again: a counter
of packets, and with it the protection from replay, begins under a new key only. Every message has an HMAC-SM3 of a key
derived from the secret, over the two addresses as well; who lacks the secret gets neither an answer nor an effect. What
is unanswered is said again. The other end may `ask`, when it has no key (it came back from a restart).

Who learns the secret later can derive the keys of what he recorded: there is no forward secrecy. Keys from QKD have it.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import socket
import struct
import time
import uuid
from abc import abstractmethod
from typing import Any, Dict, List, Optional, Tuple

from .base import Key, Trouble, User
from .kdf import hkdf, hmac_sm3

OFFER, ACCEPT, SWITCH, SWITCHED, ASK = range(1, 6)
_FORM = struct.Struct("!4sB16s16s")
_MAGIC, _NONCE, _DIGEST = b"CNX1", 16, 32
_SHORTEST = 32
"""Characters of a secret; generated ones have more."""
_FIRST_S, _LAST_S = 0.25, 4.0
"""A message is said again after the first of these, then after twice as long each time, up to the last."""
_SETTLE_S = 3.0
"""Time for packets that are under way under the keys before."""
_CALM_S = 2.0
_PREPARED = 3
"""Keys that the other end holds ready at most; recorded offers must not crowd out the one that counts."""


class Words:
    """The messages between two addresses, and the keys that come of them."""

    def __init__(self, secret: str, local: str, remote: str) -> None:
        if len(secret) < _SHORTEST:
            raise Trouble(f"a secret of {len(secret)} characters, expected {_SHORTEST} at least")
        self._secret = secret.encode()
        self._mac = hkdf(self._secret, b"", b"citynet SM4 exchange: messages")
        near, far = ipaddress.IPv6Address(local).packed, ipaddress.IPv6Address(remote).packed
        self._out, self._in = near + far, far + near

    def message(self, verb: int, mine: bytes, other: bytes = b"") -> bytes:
        """A message to the far end."""
        head = _FORM.pack(_MAGIC, verb, mine, other)
        return head + hmac_sm3(self._mac, head + self._out)

    def heard(self, packet: bytes) -> Optional[Tuple[int, bytes, bytes]]:
        """What the far end says: verb and the two numbers; None when somebody else does."""
        head, digest = packet[: _FORM.size], packet[_FORM.size :]
        if len(digest) != _DIGEST or not hmac.compare_digest(digest, hmac_sm3(self._mac, head + self._in)):
            return None
        magic, verb, first, second = _FORM.unpack(head)
        return (verb, first, second) if magic == _MAGIC else None

    def key(self, master: bytes, other: bytes) -> Key:
        """The key of two numbers; its ID tells nothing of it."""
        both = master + other
        name = hkdf(both, b"", b"citynet SM4 exchange: name")[:16]
        return Key(str(uuid.UUID(bytes=name)), hkdf(self._secret, both, b"citynet SM4 exchange: key"))


class Agreeing(User):
    """A tunnel whose ends may agree upon keys by themselves."""

    @property
    @abstractmethod
    def key_id(self) -> str:
        """Of the key that is sent under; empty when there is none."""

    @property
    @abstractmethod
    def since(self) -> float:
        """When it came into use, seconds since the epoch."""

    @abstractmethod
    def others(self) -> List[str]:
        """IDs of the keys under which it only decrypts."""


class Exchange:
    """The talk of one tunnel with its far end."""

    def __init__(self, tunnel: Agreeing, entry: Dict[str, Any], settings: Dict[str, Any]) -> None:
        self._tunnel = tunnel
        self._words = Words(entry["secret"], entry["local"], entry["remote"])
        self._near, self._far = (entry["local"], entry["port"]), (entry["remote"], entry["port"])
        self._rotate_s = self._hold_s = 0.0
        self.reread(settings)
        self._socket: Optional[socket.socket] = None
        self._said = b""
        self._say_at, self._pause_s = 0.0, _FIRST_S
        self._numbers = (b"", b"")
        self._prepared: List[Tuple[bytes, bytes, str]] = []
        self._started_at = self._asked_at = -_CALM_S
        self._retire_at: Optional[float] = None
        self._doomed: List[str] = []
        age = time.time() - tunnel.since if tunnel.key_id else 0.0
        self._began = time.monotonic() - min(max(age, 0.0), self._rotate_s)
        self._lacking = not tunnel.key_id

    # -- what the tunnel asks ---------------------------------------------------------------------------------------

    def reread(self, settings: Dict[str, Any]) -> None:
        """How long a key is used, and held when no other can be agreed upon."""
        self._rotate_s, self._hold_s = float(settings["rotate_s"]), float(settings["hold_s"])

    def tick(self, now: float) -> float:
        """Listen, say what is due, and say when there is something next."""
        self._open()
        while self._socket is not None:
            try:
                packet, sender = self._socket.recvfrom(256)
            except BlockingIOError:
                break
            except OSError:  # the far end's agent does not listen yet
                continue
            found = self._words.heard(packet) if sender[0] == self._far[0] else None
            if found is not None:
                self._hear(now, *found)
        self._age(now)
        if self._said and now >= self._say_at:
            self._send(self._said)
            self._say_at, self._pause_s = now + self._pause_s, min(2 * self._pause_s, _LAST_S)
        return self._next(now)

    def fileno(self) -> int:
        """Of the socket."""
        return self._socket.fileno() if self._socket is not None else -1

    def stop(self) -> None:
        """Say no more."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def hurry(self) -> None:
        """The key in use is none any more."""
        self._lacking = True

    # -- within -----------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        """One socket for each tunnel; the kernel gives a packet to that which is connected to its sender."""
        if self._socket is not None:
            return
        made = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(self._near)
            made.connect(self._far)
        except OSError:  # address or route may come later than the agent
            made.close()
            return
        self._socket = made

    def _send(self, message: bytes) -> None:
        if self._socket is not None:
            try:
                self._socket.send(message)
            except OSError:  # no way there at the moment: it is said again
                return

    def _next(self, now: float) -> float:
        due = [now + 1.0] if self._socket is None else [self._began + self._rotate_s]
        due.append(self._began + self._rotate_s + self._hold_s)
        due += [self._say_at] if self._said else []
        due += [self._retire_at] if self._retire_at is not None else []
        due += [self._asked_at + _CALM_S] if self._lacking else []
        return min([at for at in due if at > now], default=now + _LAST_S)

    def _age(self, now: float) -> None:
        """What follows from the time that has passed."""
        if self._retire_at is not None and now >= self._retire_at:
            self._retire_at = None
            for key_id in self._doomed:
                self._tunnel.retire(key_id, now)
        age = now - self._began
        if self._tunnel.key_id and age >= self._rotate_s + self._hold_s:
            self._tunnel.close(now)
            self._lacking = True
        if self._tunnel.master:
            if (self._lacking or age >= self._rotate_s) and not self._said:
                self._start(now)
        elif self._lacking and now >= self._asked_at + _CALM_S:
            self._asked_at = now
            self._send(self._words.message(ASK, os.urandom(_NONCE)))

    def _repeat(self, message: bytes, now: float) -> None:
        self._said, self._say_at, self._pause_s = message, now, _FIRST_S

    def _start(self, now: float) -> None:
        self._started_at = now
        self._numbers = (os.urandom(_NONCE), b"")
        self._repeat(self._words.message(OFFER, self._numbers[0]), now)

    def _hear(self, now: float, verb: int, first: bytes, second: bytes) -> None:
        if not self._tunnel.master:
            if verb == OFFER:
                self._accept(first, now)
            elif verb == SWITCH:
                self._follow(first, second, now)
        elif verb == ACCEPT and first == self._numbers[0] and not self._numbers[1]:
            self._lead(first, second, now)
        elif verb == SWITCHED and (first, second) == self._numbers:
            self._said = b""
            self._doom(now)
        elif verb == ASK and now >= self._started_at + _CALM_S:
            self._start(now)

    def _accept(self, number: bytes, now: float) -> None:
        """The other end: answer an offer, the same offer with the same answer."""
        for known, own, _ in self._prepared:
            if known == number:
                self._send(self._words.message(ACCEPT, number, own))
                return
        own = os.urandom(_NONCE)
        key = self._words.key(number, own)
        self._tunnel.prepare(key, now)  # two SPIs that are alike: the offer comes again, and gets another number
        self._prepared.append((number, own, key.id))
        for _, _, old in self._prepared[:-_PREPARED]:
            self._tunnel.retire(old, now)
        del self._prepared[:-_PREPARED]
        self._send(self._words.message(ACCEPT, number, own))

    def _lead(self, first: bytes, second: bytes, now: float) -> None:
        """The master: the other end decrypts by the new keys, so all that goes there may have them."""
        key = self._words.key(first, second)
        try:
            self._tunnel.prepare(key, now)
        except Trouble:
            self._start(now)
            raise
        self._tunnel.switch(key.id, now)
        self._in_use(now)
        self._numbers = (first, second)
        self._repeat(self._words.message(SWITCH, first, second), now)

    def _follow(self, first: bytes, second: bytes, now: float) -> None:
        """The other end: the master decrypts by the new keys, too."""
        key_id = self._words.key(first, second).id
        if not self._tunnel.switched(key_id):
            try:
                self._tunnel.switch(key_id, now)
            except Trouble:  # prepared by an earlier run of the agent, or long ago
                self._lacking = True
                return
            self._in_use(now)
            self._doom(now)
        self._send(self._words.message(SWITCHED, first, second))

    def _doom(self, now: float) -> None:
        """Both ends send under the new key. What is prepared from now on is no part of this."""
        self._doomed, self._retire_at = self._tunnel.others(), now + _SETTLE_S

    def _in_use(self, now: float) -> None:
        self._began, self._lacking = now, False
