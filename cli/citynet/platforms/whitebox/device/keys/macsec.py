"""One of the two MACsec channels of a line: its interface, and the wpa_supplicant that agrees its keys.

Both channels of a line are ports of the line's bridge. Whatever comes in by one is taken; a channel sends only while
the bridge floods to it, which is how one of them is chosen without a moment when neither sends.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Dict, Optional

from .base import Key, Trouble, read
from .wpa import CIPHERS, ROOT, Supplicant

_FLOODS = ("unicast_flood", "multicast_flood", "broadcast_flood")
_UP = 1  # IFF_UP
_STEP_S = 10.0
_ASK_S = 3.0
_EVERYTHING, _PACKET_HOST = 0x0003, 0  # <linux/if_ether.h>, <linux/if_packet.h>
_MOST_PACKETS = 256


class Channel:
    """A channel of a line.

    Attributes:
        link: Its interface.
        ckn: The name of the key that its wpa_supplicant was given; empty when it was given none.
        key: That key, for the case that wpa_supplicant must be started again; None after a restart of the agent.
    """

    def __init__(self, port: str, link: str, number: int) -> None:
        self.link = link
        self.ckn = b""
        self.key: Optional[Key] = None
        self._supplicant = Supplicant(port, link, number)
        self._mark = f"{ROOT}/{link}.clear"
        self._ear: Optional[socket.socket] = None
        self._seen: Dict[str, Optional[str]] = {}
        self._told: Dict[str, str] = {}
        self._told_of, self._told_at = b"", 0.0

    def look(self) -> None:
        """Forget what was seen of the interface: from now on it is looked at anew, each thing once."""
        self._seen.clear()

    def adopt(self) -> bool:
        """Take over what an earlier run of the agent left; whether there was anything."""
        self.ckn = bytes.fromhex(self._supplicant.status().get("ckn", "")) if self._supplicant.fits() else b""
        if not self.ckn and not self.is_clear():
            self.shut()  # what an earlier run left without a wpa_supplicant nobody would ever take down
        return bool(self.ckn)

    def start(self, entry: Dict[str, Any], ckn: bytes, key: Key) -> None:
        """Agree on traffic keys by this key from now on.

        Raises:
            Trouble: wpa_supplicant does not start or refuses; the next `alive` is false.
        """
        self.ckn, self.key = ckn, key
        self._supplicant.stop()
        self._flush()
        self._supplicant.start()
        priority, window = entry["priority"], entry["replay_window"]
        self._supplicant.configure(ckn, key.value, entry["cipher"], priority, window)

    def alive(self) -> bool:
        """Whether its wpa_supplicant does what it was started for."""
        return bool(self.ckn) and self._supplicant.fits()

    def up(self) -> bool:
        """Whether it carries traffic: MKA brings the interface up once both ends have a traffic key, and down again."""
        return bool(self.ckn) and int(self._read("flags") or "0", 16) & _UP != 0

    def there(self) -> bool:
        """Whether its interface has been made."""
        return self._read("brport/port_id") is not None

    def sends(self) -> bool:
        """Whether it is the one that sends."""
        return self._read(f"brport/{_FLOODS[0]}") == "1"

    def send(self, *, on: bool) -> None:
        """Let it send, or not."""
        self.look()
        for name in _FLOODS:
            try:
                Path(f"/sys/class/net/{self.link}/brport/{name}").write_text("01"[on], encoding="ascii")
            except OSError as error:
                raise Trouble(f"{self.link} is no port of the line's bridge: {error.strerror}") from None

    def heard(self) -> bool:
        """Whether the peer has sent by it to this device since it was last asked.

        A bridge floods multicasts of its own device to every port, so those say nothing.
        """
        if self._ear is None:
            self._ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self._ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 0)  # the kernel's least: one packet says enough
            self._ear.settimeout(0)
            self._ear.bind((self.link, _EVERYTHING))
        found = False
        try:
            while not found:
                found = self._ear.recvfrom(1)[1][2] == _PACKET_HOST
            for _ in range(_MOST_PACKETS):
                self._ear.recvfrom(1)
        except OSError:
            pass  # no more, or the interface is gone
        return found

    def shut(self) -> None:
        """Forget the key; nothing goes in or out any more."""
        self.look()
        self.ckn, self.key = b"", None
        if self._ear is not None:
            self._ear.close()
            self._ear = None
        self._supplicant.stop()
        self._set("down")
        self._flush()

    def clear(self, *, on: bool) -> None:
        """Let it carry traffic without encryption, or not any more."""
        self.look()
        if on:
            Path(self._mark).touch(mode=0o600)
            self._set("type", "macsec", "protect", "off", "validate", "disabled")
            self._set("up")
        else:
            self._set("down")
            self._set("type", "macsec", "protect", "on", "validate", "strict")
            Path(self._mark).unlink(missing_ok=True)

    def is_clear(self) -> bool:
        """Whether it carries traffic without encryption, also when an earlier run of the agent let it."""
        return os.path.exists(self._mark)

    def tell(self) -> Dict[str, Any]:
        """What MKA says, for people."""
        said = self._said()
        return {
            "interface": self.link,
            "up": self.up(),
            "sends": self.sends(),
            "ckn": self.ckn.hex(),
            "key_server": said.get("is_key_server") == "Yes",
            "live_peers": int(said.get("live_peers", 0)),
            "sak_sent": _number(said.get("Number of Keys Distributed", "")),
            "sak_received": _number(said.get("Number of Keys Received", "")),
            "cipher": said.get("cipher", ""),
        }

    def since(self) -> float:
        """When it was given its key, in seconds since the epoch."""
        return self._supplicant.since()

    def _flush(self) -> None:
        """Take away what a wpa_supplicant that was killed has left: no other can bring the same into use beside it."""
        if not os.path.exists(f"/sys/class/net/{self.link}"):
            return
        for found in json.loads(_run("-j", "macsec", "show", self.link) or "[]"):
            for channel in found.get("rx_sc", []):
                _run("macsec", "del", self.link, "rx", "sci", f"{int(channel['sci'], 16):016x}")
            for association in found.get("sa_list", []):
                number = str(association["an"])
                _run("macsec", "set", self.link, "tx", "sa", number, "off")
                _run("macsec", "del", self.link, "tx", "sa", number)

    def _said(self) -> Dict[str, str]:
        """What wpa_supplicant says of itself, asked for every few seconds only: each question wakes it up."""
        now = time.monotonic()
        if self._told_of != self.ckn or now - self._told_at >= _ASK_S:
            index = self._supplicant.option("macsec_csindex")
            cipher = next((name for name, number in CIPHERS.items() if number == index), "")
            self._told = {**self._supplicant.status(), "cipher": cipher}
            self._told_of, self._told_at = self.ckn, now
        return self._told

    def _read(self, name: str) -> Optional[str]:
        """What the kernel says of the interface; None when it has none of it."""
        if name not in self._seen:
            self._seen[name] = read(f"/sys/class/net/{self.link}/{name}")
        return self._seen[name]

    def _set(self, *words: str) -> None:
        if os.path.exists(f"/sys/class/net/{self.link}"):
            _run("link", "set", "dev", self.link, *words)


def _run(*words: str) -> str:
    """What iproute2 answers, which may have traffic keys in it."""
    try:
        done = subprocess.run(
            ["ip", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_STEP_S,
            check=False,
            encoding="utf-8",
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Trouble(f"ip {' '.join(words)}: {type(error).__name__}") from None
    if done.returncode != 0:
        raise Trouble(f"ip {' '.join(words)} failed ({done.returncode}): {done.stderr.strip()}")
    return done.stdout


def _number(text: str) -> int:
    # wpa_supplicant counts from one and shows one less: before the first key that is the largest number of 32 bits.
    value = int(text) if text.isdigit() else 0
    return 0 if value > 1 << 31 else value
