"""Associations (RFC 4301) with SM4 and SM3 in the kernel: made, found and taken away by iproute2.

Keys go to it by its standard input, never by its arguments; what it says of a line that it does not like might quote
the line, so that is never passed on. Listings are made without keys.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import re
import subprocess
import time
from dataclasses import dataclass
from typing import Dict, List, Tuple

from .base import Trouble

CIPHER, DIGEST = "cbc(sm4)", "hmac(sm3)"
"""GB/T 32907-2016 in CBC mode (RFC 3602's way), GB/T 32905-2016 in HMAC (RFC 2104)."""
MARK_SHIFT, MARK_MASK = 21, 0xFFE00000
LAST_BYTES = 1 << 48
"""Bytes under one key: 2^44 blocks of 128 bits, of which two are alike with a probability of 2^-41."""
_FRESH_S = 0.5
_HEAD = re.compile(r"^src (\S+) dst (\S+)\s*$")
_SPI = re.compile(r"\bproto esp spi 0x([0-9a-f]+)")
_CURRENT = re.compile(r"lifetime current:\s+(\d+)\(bytes\), (\d+)\(packets\)")
_FAILED = re.compile(r"stats:\s+replay-window (\d+) replay (\d+) failed (\d+)")

Name = Tuple[str, str, int]
"""Source, destination and SPI of an association."""


@dataclass
class Association:
    """One direction of a tunnel under one key.

    Attributes:
        source: Where its packets are encrypted.
        destination: Where they are decrypted.
        spi: Security parameters index.
        cipher_key: 16 bytes for SM4.
        digest_key: 32 bytes for HMAC with SM3.
        reqid: What ties it to the policies of its protection.
        number: The protection's, which decrypted packets have in their mark; 0 at the end that encrypts.
        replay_window: Packets by which one may come late, 1 at least: the kernel has no extended numbers without.
    """

    source: str
    destination: str
    spi: int
    cipher_key: bytes
    digest_key: bytes
    reqid: int
    number: int
    replay_window: int

    def __repr__(self) -> str:
        """Without its keys."""
        return f"Association({self.source}, {self.destination}, {self.spi:#x})"

    @property
    def name(self) -> Name:
        """What it is called in the kernel."""
        return self.source, self.destination, self.spi

    def line(self) -> str:
        """What iproute2 is told; extended sequence numbers (RFC 4303, 2.2.1) do not run out: 2^64."""
        return (
            f"xfrm state add src {self.source} dst {self.destination} proto esp spi {self.spi:#x} reqid {self.reqid}"
            f" mode tunnel enc {CIPHER} 0x{self.cipher_key.hex()} auth-trunc {DIGEST} 0x{self.digest_key.hex()} 256"
            f" replay-window {max(1, self.replay_window)} flag esn flag af-unspec limit byte-hard {LAST_BYTES}"
            + (f" output-mark {self.number << MARK_SHIFT:#x} mask {MARK_MASK:#x}" if self.number else "")
        )


@dataclass
class Count:
    """What has gone through an association: bytes, packets, and those refused as replayed or falsified."""

    bytes: int = 0
    packets: int = 0
    replayed: int = 0
    falsified: int = 0


class Kernel:
    """The kernel's associations; what was listed a moment ago is not listed anew."""

    def __init__(self) -> None:
        self._listed: Dict[Name, Count] = {}
        self._at = -_FRESH_S

    def add(self, associations: List[Association]) -> None:
        """Make associations."""
        self._at = -_FRESH_S
        if not _ip([one.line() for one in associations]):
            names = ", ".join(f"{one.spi:#x}" for one in associations)
            raise Trouble(f"the kernel takes no associations {names}: does it have {CIPHER}, {DIGEST} and ESP?")

    def drop(self, names: List[Name]) -> None:
        """Take associations away; those that are gone are gone."""
        self._at = -_FRESH_S
        _ip([f"xfrm state delete src {one[0]} dst {one[1]} proto esp spi {one[2]:#x}" for one in names])

    def listed(self, *, fresh: bool = False) -> Dict[Name, Count]:
        """All of ESP."""
        if fresh or time.monotonic() - self._at > _FRESH_S:
            done = subprocess.run(["ip", "-s", "xfrm", "state", "list", "nokeys"], stdout=subprocess.PIPE, check=False)
            self._listed = parsed(done.stdout.decode())
            self._at = time.monotonic()
        return self._listed


def parsed(text: str) -> Dict[Name, Count]:
    """What iproute2 lists."""
    found: Dict[Name, Count] = {}
    for block in re.split(r"^(?=src )", text, flags=re.MULTILINE):
        head, spi = _HEAD.match(block.partition("\n")[0]), _SPI.search(block)
        if not head or not spi:
            continue
        current, failed = _CURRENT.search(block), _FAILED.search(block)
        count = Count(*(int(word) for word in current.groups())) if current else Count()
        if failed:
            count.replayed, count.falsified = int(failed[1]) + int(failed[2]), int(failed[3])
        found[head[1], head[2], int(spi[1], 16)] = count
    return found


def _ip(lines: List[str]) -> bool:
    """Let iproute2 do lines; whether it did all of them."""
    done = subprocess.run(
        ["ip", "-force", "-batch", "-"],
        input="\n".join(lines).encode() + b"\n",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode == 0
