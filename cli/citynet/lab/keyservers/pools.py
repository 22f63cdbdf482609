"""Key servers without their HTTPS: pools between each two of them, keys that leave them once, and faults to order."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

KEY_BITS, MIN_BITS, MAX_BITS = 256, 64, 1024
MOST_AT_ONCE = 16
MOST, RATE = 1000, 8.0
"""Keys of 256 bits that a pool holds, and that come into it each second: what today's links of some 10 km make."""


class RefusalError(Exception):
    """A key server says no; the message is the standard's where that has one (ETSI GS QKD 014 V1.1.1, 6.5)."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(slots=True)
class Pool:
    """Keys that two key servers share but have not delivered: a count, as each key is made when it leaves."""

    at: float
    stored: float = MOST
    most: int = MOST
    rate: float = RATE

    def count(self, now: float, *, dry: bool = False) -> int:
        """Whole keys in it; a dry one has none and gets none."""
        self.stored = 0.0 if dry else min(self.most, self.stored + (now - self.at) * self.rate)
        self.at = now
        return int(self.stored)


@dataclass(frozen=True, slots=True)
class Delivered:
    """A key that its master has and that waits for others."""

    value: bytes = field(repr=False)
    master: str
    slave: str


@dataclass(slots=True)
class Server:
    """One key server: its devices by SAE ID, the keys that wait at it, its faults, what it has delivered.

    Attributes:
        mark: What new keys begin with, so that a test can tell them wherever they turn up.
        fresh: Keys delivered to masters (Get key).
        named: Keys delivered by their IDs (Get key with key IDs).
    """

    name: str
    devices: frozenset[str]
    waiting: dict[str, Delivered] = field(default_factory=dict)
    silent: bool = False
    dry: bool = False
    impostor: bool = False
    lose: int = 0
    malform: str = ""
    mark: bytes = field(default=b"", repr=False)
    requests: int = 0
    fresh: int = 0
    named: int = 0


class Network:
    """All key servers of a city and the pools between them."""

    def __init__(self, servers: dict[str, frozenset[str]], clock: Callable[[], float]) -> None:
        self.servers = {name: Server(name, devices) for name, devices in servers.items()}
        self._clock = clock
        self._pools: dict[frozenset[str], Pool] = {}

    def pool(self, one: str, other: str) -> Pool:
        """The pool between two key servers, or of one for two devices of its own."""
        return self._pools.setdefault(frozenset({one, other}), Pool(self._clock()))

    def _count(self, one: Server, other: Server) -> int:
        return self.pool(one.name, other.name).count(self._clock(), dry=one.dry or other.dry)

    def home_of(self, device: str) -> Server:
        """The key server of a device."""
        for server in self.servers.values():
            if device in server.devices:
                return server
        raise RefusalError(400, "no such SAE is known")

    def require(self, server: Server, caller: str) -> None:
        """See that a caller is one of the server's devices."""
        if caller not in server.devices:
            raise RefusalError(401, "this SAE is not registered on KME")

    def status(self, server: Server, caller: str, slave: str) -> dict[str, str | int]:
        """What is there for a pair (6.1)."""
        self.require(server, caller)
        far = self.home_of(slave)
        return {
            "source_KME_ID": server.name,
            "target_KME_ID": far.name,
            "master_SAE_ID": caller,
            "slave_SAE_ID": slave,
            "key_size": KEY_BITS,
            "stored_key_count": self._count(server, far),
            "max_key_count": self.pool(server.name, far.name).most,
            "max_key_per_request": MOST_AT_ONCE,
            "max_key_size": MAX_BITS,
            "min_key_size": MIN_BITS,
            "max_SAE_ID_count": 0,
        }

    def new_keys(self, server: Server, caller: str, slave: str, number: int, bits: int) -> list[tuple[str, bytes]]:
        """Keys for a pair; they leave the pool, whether the answer arrives or not (5.3)."""
        self.require(server, caller)
        far = self.home_of(slave)
        if bits % 8:
            raise RefusalError(400, "size shall be a multiple of 8")
        if not MIN_BITS <= bits <= MAX_BITS:
            raise RefusalError(400, f"size shall be {MIN_BITS} to {MAX_BITS}")
        if not 1 <= number <= MOST_AT_ONCE:
            raise RefusalError(400, f"number shall be 1 to {MOST_AT_ONCE}")
        needed = number * -(-bits // KEY_BITS)
        if self._count(server, far) < needed:
            raise RefusalError(503, "not enough keys are stored")
        self.pool(server.name, far.name).stored -= needed
        made = [(str(uuid.uuid4()), (server.mark + secrets.token_bytes(bits // 8))[: bits // 8]) for _ in range(number)]
        server.fresh += number
        far.waiting |= {name: Delivered(value, caller, slave) for name, value in made}
        return made

    def take(self, server: Server, caller: str, master: str, names: list[str]) -> list[tuple[str, bytes]]:
        """Keys that a master has, for whom he named; all or none, and once (5.4)."""
        self.require(server, caller)
        found = {name: server.waiting.get(name) for name in names}
        if len(found) != len(names) or not names:
            raise RefusalError(400, "key_IDs shall be one or more, each once")
        if any(key is None or key.master != master for key in found.values()):
            raise RefusalError(400, "one or more keys specified are not found on KME")
        if any(key is not None and key.slave != caller for key in found.values()):
            raise RefusalError(401, "this SAE is not one for which the keys were taken")
        server.named += len(names)
        return [(name, server.waiting.pop(name).value) for name in names]
