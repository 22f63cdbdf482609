"""Tunnels with SM4 and SM3 (ESP, RFC 4303): keys derived for each direction, brought into the kernel, and replaced.

A key, from QKD or agreed upon by `exchange` from a secret, is never used itself: from it and its ID each direction gets
a key for the cipher, one for the digest and half of an SPI by HKDF (RFC 5869) with HMAC-SM3. No key is used twice, so a
device that comes back from a restart never counts anew under a key whose packets somebody may have recorded.

Policies are not made here but by the transaction that configures the device, and stay whatever becomes of keys: where
there is no association nothing passes.

Standard library only (but for `kdf`), Python 3.9 and later.
"""

# ruff: noqa: ARG002 - users share one signature
from __future__ import annotations

import ipaddress
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Optional

from .base import Key, Trouble, User
from .events import Events
from .exchange import Agreeing, Exchange
from .kdf import direction
from .xfrm import Association, Kernel

STATE = "/run/citynet/sm4"
_LABEL = b"citynet ESP SM4-CBC HMAC-SM3-256"
_CIPHER_BYTES, _DIGEST_BYTES, _SPI_BYTES = 16, 32, 2
_LOOK_S, _IDLE_S = 5.0, 3600.0
_SHORTEST = 16
"""Bytes of a key: 128 bits, which SM4 has."""


def derive(key: Key, source: str, destination: str) -> bytes:
    """The 50 bytes of one direction: 16 for the cipher, 32 for the digest, 2 of the SPI."""
    ends = ipaddress.IPv6Address(source).packed + ipaddress.IPv6Address(destination).packed
    length = _CIPHER_BYTES + _DIGEST_BYTES + _SPI_BYTES
    return direction(key, ends, _LABEL, length)


def spi_of(source: str, tail: bytes) -> int:
    """An SPI that no other sender to the same address has: the sender's node number (f3216), then of the key."""
    node = int(ipaddress.IPv6Address(source)) >> 80 & 0xFFFF
    return node << 16 | int.from_bytes(tail, "big")


@dataclass
class Generation:
    """What is made of one key; the key itself is forgotten once the far end sends under it.

    Attributes:
        id: Of the key.
        inward: SPI of what comes in.
        outward: SPI of what goes out.
        since: When it came into use, seconds since the epoch; 0 before.
        sending: What is to be made when this end switches to it.
    """

    id: str
    inward: int
    outward: int
    since: float = 0.0
    sending: Optional[Association] = None


class Tunnel(Agreeing):
    """The tunnel of one protection between this device and another."""

    def __init__(self, entry: Dict[str, Any], settings: Dict[str, Any], kernel: Kernel) -> None:
        self.name, self.peer = f"tunnel {entry['name']}", entry["peer"]
        self.master, self.source = entry["master"], entry["source"]
        self._entry, self._kernel, self._log = entry, kernel, Events()
        self._local, self._remote = entry["local"], entry["remote"]
        self._generations: Dict[str, Generation] = {}
        self._current = ""
        self._closed, self._missing = False, False
        self._look_at = 0.0
        self._file = f"{STATE}/{entry['name']}.json"
        self._take_over()
        self._exchange = Exchange(self, entry, settings) if self.source == "vault" else None

    # -- keys -------------------------------------------------------------------------------------------------------

    def prepare(self, key: Key, now: float) -> None:
        """Decrypt what comes in under this key as well."""
        if key.id in self._generations:
            return
        if len(key.value) < _SHORTEST:
            raise Trouble(f"key {key.id} has {len(key.value)} bytes, expected {_SHORTEST} at least")
        inward, outward = self._associations(key)
        there = self._kernel.listed()
        if inward.name in there or outward.name in there:
            raise Trouble(f"key {key.id}: an SPI of it is in use; another key is needed")
        self._kernel.add([inward])
        self._generations[key.id] = Generation(key.id, inward.spi, outward.spi, sending=outward)
        self._remember()

    def prepared(self, key_id: str) -> bool:
        """Whether what comes in under a key is decrypted."""
        return key_id in self._generations

    def switch(self, key_id: str, now: float) -> None:
        """Encrypt under a key from now on: of two associations the kernel may take either, so the old one goes."""
        new = self._generations.get(key_id)
        if new is None:
            raise Trouble(f"key {key_id} was never prepared")
        if key_id == self._current:
            return
        if new.sending is None:
            raise Trouble(f"key {key_id} cannot be sent under any more")
        self._kernel.add([new.sending])
        self._kernel.drop([self._outward(one) for one in self._generations.values() if one is not new and one.since])
        new.sending, new.since = None, time.time()
        self._current, self._closed, self._missing = key_id, False, False
        self._remember()
        self._say("in use", key_id=key_id)

    def switched(self, key_id: str) -> bool:
        """Whether it is sent under that key."""
        return key_id == self._current

    def retire(self, key_id: str, now: float) -> None:
        """Decrypt nothing under a key any more."""
        old = self._generations.get(key_id)
        if old is not None and key_id != self._current:
            del self._generations[key_id]
            self._kernel.drop([self._inward(old)])
            self._remember()

    def others(self) -> List[str]:
        """IDs of the keys under which it only decrypts."""
        return [key_id for key_id in self._generations if key_id != self._current]

    def close(self, now: float) -> None:
        """Take all associations away; the policies stay, so nothing passes."""
        self._forget()
        self._closed = True
        self._say("closed")

    @property
    def key_id(self) -> str:
        """Of the key that is sent under; empty when there is none."""
        return self._current

    @property
    def since(self) -> float:
        """When it came into use, seconds since the epoch."""
        return self._generations[self._current].since if self._current else 0.0

    # -- the agent's ------------------------------------------------------------------------------------------------

    def tick(self, now: float) -> float:
        """See now and then that the kernel has what it was given, and agree upon keys where no server has them."""
        if now >= self._look_at:
            self._look_at = now + _LOOK_S
            self._look()
        due = self._exchange.tick(now) if self._exchange is not None else now + _IDLE_S
        return min(due, self._look_at)

    def fileno(self) -> int:
        """Of the exchange."""
        return self._exchange.fileno() if self._exchange is not None else -1

    def reread(self, settings: Dict[str, Any]) -> None:
        """Times may be others."""
        if self._exchange is not None:
            self._exchange.reread(settings)

    def stop(self) -> None:
        """Leave what is encrypted as it is."""
        if self._exchange is not None:
            self._exchange.stop()

    def remove(self) -> None:
        """Take it away."""
        self.stop()
        self._forget()
        Path(self._file).unlink(missing_ok=True)

    def status(self) -> Dict[str, Any]:
        """See `base.User`; with what has passed and what was refused under the key in use."""
        state = "closed" if self._closed else "up" if self._current and not self._missing else "down"
        if state == "up" and len(self._generations) > 1:
            state = "changing"
        key_id = "" if self._missing else self._current
        told: Dict[str, Any] = {"state": state, "key_id": key_id, "since": self.since}
        if self._current:
            there = self._kernel.listed()
            current = self._generations[self._current]
            inward, outward = there.get(self._inward(current)), there.get(self._outward(current))
            if inward and outward:
                told.update(packets_in=inward.packets, packets_out=outward.packets)
                told.update(replayed=inward.replayed, falsified=inward.falsified)
        return told

    # -- within -----------------------------------------------------------------------------------------------------

    def _say(self, event: str, **facts: str) -> None:
        """What the source of keys from QKD says by itself."""
        if self._exchange is not None:
            self._log.say(event, user=self.name, **facts)

    def _associations(self, key: Key) -> List[Association]:
        """Inward and outward."""
        return [
            self._association(key, self._remote, self._local, self._entry["number"]),
            self._association(key, self._local, self._remote, 0),
        ]

    def _association(self, key: Key, source: str, destination: str, number: int) -> Association:
        derived = derive(key, source, destination)
        cipher, digest = derived[:_CIPHER_BYTES], derived[_CIPHER_BYTES : _CIPHER_BYTES + _DIGEST_BYTES]
        spi = spi_of(source, derived[-_SPI_BYTES:])
        window = self._entry["replay_window"]
        return Association(source, destination, spi, cipher, digest, self._entry["reqid"], number, window)

    def _inward(self, one: Generation) -> Any:
        return self._remote, self._local, one.inward

    def _outward(self, one: Generation) -> Any:
        return self._local, self._remote, one.outward

    def _look(self) -> None:
        """An association that ran out, or that somebody took away, closes one direction: then a new key is due."""
        if not self._current:
            return
        there = self._kernel.listed()
        current = self._generations[self._current]
        self._missing = self._inward(current) not in there or self._outward(current) not in there
        if self._missing and self._exchange is not None:
            self._exchange.hurry()

    def _forget(self) -> None:
        """Drop every association between the two ends, also of earlier runs."""
        ends = {self._local, self._remote}
        self._kernel.drop([name for name in self._kernel.listed(fresh=True) if {name[0], name[1]} == ends])
        self._generations.clear()
        self._current = ""
        self._remember()

    def _take_over(self) -> None:
        """Go on with what an earlier run left, and drop what nobody can tell the key of."""
        try:
            found = json.loads(Path(self._file).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            found = {"current": "", "generations": []}
        there = self._kernel.listed()
        known = [Generation(*told) for told in found["generations"]]
        self._generations = {one.id: one for one in known if self._inward(one) in there}
        self._current = found["current"] if found["current"] in self._generations else ""
        kept = {self._inward(one) for one in self._generations.values()}
        kept |= {self._outward(one) for one in self._generations.values() if one.id == self._current}
        ends = {self._local, self._remote}
        stray = [name for name in there if {name[0], name[1]} == ends and name not in kept]
        if stray:
            self._kernel.drop(stray)

    def _remember(self) -> None:
        """Write down IDs and SPIs; they are no secret."""
        told = [[one.id, one.inward, one.outward, one.since] for one in self._generations.values()]
        os.makedirs(STATE, exist_ok=True)
        Path(f"{self._file}.new").write_text(json.dumps({"current": self._current, "generations": told}))
        os.replace(f"{self._file}.new", self._file)


def users(settings: Dict[str, Any]) -> List[User]:
    """The tunnels with SM4."""
    kernel = Kernel()
    return [Tunnel(entry, settings, kernel) for entry in settings["tunnels"] if entry["method"] == "sm4"]
