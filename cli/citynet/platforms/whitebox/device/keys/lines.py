"""Lines that are encrypted by MACsec: which channel has which key, and which one sends.

A line has two channels (`macsec.py`). A new key goes to the one that does not send; when both ends have agreed on it
there, it sends instead, and the other goes once nothing has come in by it for a while. So nothing waits for the peer,
and no packet meets a channel that is not there.

Closed is what a line is by construction: without a key no channel is up, and nothing else is joined to its bridge. Only
where it is asked for does a line without a key carry its traffic in the clear.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
import uuid
from typing import Any, Dict, List, Optional, Tuple

from .base import Key, Trouble, User
from .carrier import Carrier
from .eapol import Listener
from .macsec import Channel

CARRIER = Carrier()
"""Watches the ports of all lines."""
CHANNELS = (("a", 1), ("b", 2))
"""Their letters, and their port numbers in the SCI."""
CAK_BYTES = {"gcm-aes-128": (16, 32), "gcm-aes-256": (32,)}
"""Lengths of a CAK: not shorter than the traffic keys that it protects (IEEE 802.1X-2020, 9.3.3)."""
_MOST_CKN, _UUID = 32, 16
_HEX = re.compile(r"(?:[0-9a-fA-F]{2})*")
_SETTLE_S = 0.5
"""How long a new channel is up before it sends: the peer may take a moment more."""
_SILENT_S = 4.0
"""How long nothing has come in by a channel that goes: BFD and BGP speak oftener, so the peer has left it, too."""
_OPEN_AFTER_S = 10.0
"""How long a line that may be open waits for a key: MKA gives a peer up after 6 s."""
_GIVEN_UP_S = 9.0
"""How long a channel whose wpa_supplicant has died may be relied on at most."""
_FORGOTTEN_S = 20.0
"""How long a name that was left is not followed: the peer may leave it later, and is heard with it until then."""
_BUSY_S, _CALM_S = 0.2, 1.0


def users(settings: Dict[str, Any]) -> List[User]:
    """The lines of a device.

    Raises:
        Trouble: A CAK cannot be one.
    """
    told = wrong(settings)
    if told:
        raise Trouble("; ".join(told))
    return [Line(entry) for entry in settings.get("lines", [])]


def wrong(settings: Dict[str, Any]) -> List[str]:
    """What is wrong with the secrets of lines, in words that quote none."""
    told: List[str] = []
    names: Dict[bytes, str] = {}
    for entry in settings.get("lines", []):
        if entry["source"] != "vault":
            continue
        line = f"line {entry['port']} to {entry['peer']}"
        problem = wrong_cak(entry["secret"], entry["cipher"]) or wrong_ckn(entry.get("ckn", ""))
        if problem:
            told.append(f"{line}: {problem}")
            continue
        name, _ = vault_key(entry)
        if name in names:
            told.append(f"{line}: its CKN is that of {names[name]}; each line needs a CAK and a CKN of its own")
        names.setdefault(name, line)
    return told


def wrong_cak(text: str, cipher: str) -> str:
    """Why a text is no CAK; empty when it is one."""
    expected = " or ".join(str(2 * length) for length in CAK_BYTES[cipher])
    if not _HEX.fullmatch(text):
        what = "an odd number of digits" if len(text) % 2 and _HEX.fullmatch(text[1:]) else "other characters"
        return f"the CAK has {what}, expected {expected} hexadecimal digits for {cipher}"
    if len(text) // 2 not in CAK_BYTES[cipher]:
        return f"the CAK has {len(text)} hexadecimal digits, expected {expected} for {cipher}"
    return ""


def wrong_ckn(text: str) -> str:
    """Why a text is no CKN; empty when it is one, or is empty."""
    if not _HEX.fullmatch(text) or len(text) > 2 * _MOST_CKN:
        return f"the CKN is not 2 to {2 * _MOST_CKN} hexadecimal digits, two for each byte"
    return ""


def vault_key(entry: Dict[str, Any]) -> Tuple[bytes, bytes]:
    """CKN and CAK from the vault: a CKN that is not given follows from the CAK, and says nothing about it."""
    cak = bytes.fromhex(entry["secret"])
    given = entry.get("ckn", "")
    return (bytes.fromhex(given) if given else derived(cak, b"citynet MACsec CKN", 16)), cak


def derived(key: bytes, purpose: bytes, length: int) -> bytes:
    """A value from a key, for one purpose (HKDF with SHA-256, RFC 5869)."""
    secret = hmac.new(bytes(32), key, hashlib.sha256).digest()
    block = found = b""
    while len(found) < length:
        block = hmac.new(secret, block + purpose + bytes([len(found) // 32 + 1]), hashlib.sha256).digest()
        found += block
    return found[:length]


def successor(ckn: bytes, key: Key) -> Tuple[bytes, Key]:
    """Name and key that follow from a key, for when MKA must begin anew: the ID stays, as it is no other key's."""
    cak = derived(key.value, b"citynet MACsec CAK after " + ckn, len(key.value))
    return derived(cak, b"citynet MACsec CKN", 16), Key(key.id, cak)


def ckn_of(key_id: str) -> bytes:
    """The CKN of a key: its ID, as 16 bytes where it is a UUID, as ETSI GS QKD 014 has it."""
    try:
        return uuid.UUID(key_id).bytes
    except ValueError:
        name = key_id.encode()
    return name if len(name) <= _MOST_CKN else hashlib.sha256(name).digest()


class Line(User):
    """A line."""

    announced = False

    def __init__(self, entry: Dict[str, Any]) -> None:
        self.name, self.peer = f"line {entry['port']}", entry["peer"]
        self.master, self.source = entry["master"], entry["source"]
        self._entry = entry
        self._pair = [Channel(entry["port"], entry["interface"] + letter, number) for letter, number in CHANNELS]
        self._listener = Listener(entry["port"])
        self._begun = self._closed = False
        self._newest: Optional[Channel] = None
        self._clear: Optional[Channel] = None
        self._next: Optional[Key] = None
        self._up_since: Dict[str, float] = {}
        self._heard_at = 0.0
        self._down_since: Optional[float] = None
        self._mend_at = 0.0
        self._dead_since: Dict[str, float] = {}
        self._left: Dict[bytes, float] = {}
        self._agreed = b""
        self._after_of = b""
        self._after: Dict[bytes, Key] = {}
        """Name of a key, and what follows from that one."""
        self._vault: Dict[bytes, Key] = {}
        if self.source == "vault":
            ckn, cak = vault_key(entry)
            self._vault = {ckn: Key(ckn.hex(), cak)}

    # -- what the agent asks -----------------------------------------------------------------------------------------

    def use(self, key: Key, now: float) -> None:
        """Give a key to the channel that does not send; while that is still listened to, the key waits."""
        self._begin(now)
        self._use(ckn_of(key.id), key)

    def close(self, now: float) -> None:  # noqa: ARG002
        """Shut both channels; where the line may be open, it soon will be."""
        self._closed, self._next, self._newest = True, None, None
        for channel in self._pair:
            if channel is not self._clear:
                channel.shut()

    def tick(self, now: float) -> float:
        """Mend what has died, choose who sends, and take in what the peer says."""
        for channel in self._pair:
            channel.look()
        self._begin(now)
        self._listener.read(now)
        if self._begun and all(channel.there() for channel in self._pair):
            self._mend(now)
            self._follow(now)
            self._choose(now)
            self._retire(now)
            self._open(now)
            self._take_next()
        return now + (_CALM_S if self._calm(now) else _BUSY_S)

    def stop(self) -> None:
        """Leave all as it is."""
        CARRIER.leave(self._entry["port"])
        self._listener.close()

    def remove(self) -> None:
        """No line any more."""
        self.stop()
        for channel in self._pair:
            if channel.is_clear():
                channel.clear(on=False)
            channel.shut()

    def fileno(self) -> int:
        """What the peer sends wakes the agent up."""
        return self._listener.fileno()

    def wanted(self) -> List[str]:
        """IDs of keys that the peer offers and this end lacks, as far as they are worth to be asked for."""
        if self.source != "qkd" or self.master:
            return []
        known = [channel.ckn for channel in self._pair] + [ckn_of(self._next.id) if self._next else b""]
        return [
            str(uuid.UUID(bytes=name))
            for name in self._listener.names.unknown(known, time.monotonic())
            if len(name) == _UUID
        ]

    def status(self) -> Dict[str, Any]:
        """How the line is, for people."""
        sending, _ = self._roles()
        told = [channel.tell() for channel in self._pair if channel.ckn]
        return {
            "state": self._state(),
            "key_id": self._key_id(sending),
            "since": sending.since() if sending.ckn else 0.0,
            "cipher": self._entry["cipher"],
            "interface": self._entry["interface"],
            "channels": told,
            "heard": sorted(self._told(name) for name in self._listener.names.present(time.monotonic())),
        }

    # -- keys ---------------------------------------------------------------------------------------------------------

    def _begin(self, now: float) -> None:
        """Take over what an earlier run of the agent left; then bring the vault's key into use."""
        if self._begun or not all(channel.there() for channel in self._pair):
            return
        self._begun, self._down_since = True, now
        CARRIER.follow(self._entry["port"], self._entry["interface"])
        running = [channel for channel in self._pair if channel.adopt()]
        sending, other = self._roles()
        if sending in running:
            self._agreed = sending.ckn
            # Whether a second one is the next or the last cannot be seen; as the next it does no harm.
            self._newest = other if other in running else sending
        elif running:
            self._newest = running[0]
        self._clear = next((one for one in (sending, other) if one not in running and one.is_clear()), None)
        for ckn, key in self._vault.items():
            self._use(ckn, key)

    def _use(self, ckn: bytes, key: Key) -> None:
        self._closed = False
        for channel in self._pair:
            if channel.ckn == ckn:
                channel.key, self._newest, self._next = key, channel, None
                return
        sending, other = self._roles()
        if other.ckn and self._newest is sending and sending.up():
            self._next = key  # the peer may still send by the other one
            return
        self._next = None
        self._newest = other if sending.ckn or sending is self._clear else sending
        self._newest.start(self._entry, ckn, key)

    def _take_next(self) -> None:
        sending, other = self._roles()
        if self._next is not None and (not other.ckn or not sending.up()):
            key = self._next
            self._use(ckn_of(key.id), key)

    # -- channels -----------------------------------------------------------------------------------------------------

    def _roles(self) -> Tuple[Channel, Channel]:
        """The channel that sends, and the other."""
        first, second = self._pair
        return (second, first) if second.sends() and not first.sends() else (first, second)

    def _mend(self, now: float) -> None:
        """Go on without a wpa_supplicant that has died.

        What it agreed on carries until the peer gives it up (MKA life time, 6 s). That is time enough to change over to
        a key that both ends know: one that follows from the present one. Where the peer does not, the key is the same
        again, and the line is down until the peer has given up the former one.
        """
        for channel, other in (self._pair, self._pair[::-1]):
            if not channel.ckn or channel.alive():
                self._dead_since.pop(channel.link, None)
                continue
            since = self._dead_since.setdefault(channel.link, now)
            carries = channel.up() and now - since < _GIVEN_UP_S
            if carries and channel.key is not None and not other.ckn:
                self._use(*successor(channel.ckn, channel.key))
            elif other is self._newest and (carries or other.up()):
                continue  # changing over, or done: what is left of this one is shut like any other that was left
            elif now >= self._mend_at:
                self._mend_at = now + _CALM_S
                self._again(channel)

    def _again(self, channel: Channel) -> None:
        if channel.key is None:
            channel.shut()
        else:
            channel.start(self._entry, channel.ckn, channel.key)

    def _follow(self, now: float) -> None:
        """Go along with a peer that has lost its wpa_supplicant, or knows the vault's key alone after a start."""
        sending, _ = self._roles()
        if sending.key is not None and self._after_of != sending.ckn:
            self._after_of, self._after = sending.ckn, dict([successor(sending.ckn, sending.key)])
        known = {**(self._after if sending.key is not None else {}), **self._vault}
        running = {channel.ckn for channel in self._pair}
        for name in self._listener.names.present(now):
            if name in known and name not in running and now - self._left.get(name, -_FORGOTTEN_S) >= _FORGOTTEN_S:
                self._use(name, known[name])
                return

    def _choose(self, now: float) -> None:
        """Send by the newest channel once it is up; by the other one while that alone is."""
        for channel in self._pair:
            if channel.up():
                self._up_since.setdefault(channel.link, now)
            else:
                self._up_since.pop(channel.link, None)
        sending, other = self._roles()
        since = self._up_since.get(other.link)
        if since is None or (sending.link not in self._up_since and sending is not self._clear):
            settled = since is not None
        else:
            settled = other is self._newest and now - since >= _SETTLE_S
        if settled:
            other.send(on=True)
            sending.send(on=False)
            self._heard_at = now
        sending, _ = self._roles()
        if sending.link in self._up_since:
            self._agreed = sending.ckn
        if self._clear is not None and self._up_since and self._clear.link not in self._up_since:
            self._clear.clear(on=False)
            self._clear = None

    def _retire(self, now: float) -> None:
        """Shut the channel that was left once the peer has left it."""
        sending, other = self._roles()
        if not other.ckn or self._newest is not sending or sending.link not in self._up_since or other.heard():
            self._heard_at = now
        elif now - self._heard_at >= _SILENT_S:
            self._left = {name: since for name, since in self._left.items() if now - since < _FORGOTTEN_S}
            self._left[other.ckn] = now
            other.shut()

    def _open(self, now: float) -> None:
        """Without a key for a while, and if it is asked for: carry traffic as it is; not any more, if it is not."""
        if self._clear is not None and not self._entry["open"]:
            self._clear.clear(on=False)
            self._clear = None
        if not self._entry["open"] or self._up_since or self._clear is not None:
            self._down_since = None if self._up_since else self._down_since or now
            return
        self._down_since = self._down_since or now
        if now - self._down_since < _OPEN_AFTER_S:
            return
        sending, other = self._roles()
        ckn, key = sending.ckn, sending.key
        sending.shut()
        if key is not None and not other.ckn:
            self._newest = other
            other.start(self._entry, ckn, key)
        sending.clear(on=True)
        self._clear = sending

    # -- telling ------------------------------------------------------------------------------------------------------

    def _key_id(self, sending: Channel) -> str:
        """The ID of the key in use: one that the peer has never agreed to is not."""
        if not sending.ckn or sending.ckn != self._agreed:
            return ""
        return sending.key.id if sending.key is not None else self._told(sending.ckn)

    def _told(self, ckn: bytes) -> str:
        """How a CKN is told: of QKD it is the key's ID, which is a UUID."""
        return str(uuid.UUID(bytes=ckn)) if self.source == "qkd" and len(ckn) == _UUID else ckn.hex()

    def _calm(self, now: float) -> bool:
        """Nothing is under way: one channel carries, or none does and nobody is heard; a frame wakes the agent up."""
        if not self._up_since:
            return self._begun and not self._listener.names.present(now)
        sending, other = self._roles()
        return sending.up() and not other.ckn

    def _state(self) -> str:
        sending, _ = self._roles()
        if self._clear is not None:
            return "open"
        if self._closed:
            return "closed"
        if not sending.up():
            return "down"
        return "up" if self._newest in (sending, None) else "changing"
