"""A wpa_supplicant that agrees the keys of one channel of a line by MKA (IEEE 802.1X-2020, clause 9).

One process for each: what ends one leaves all others alone. It is a daemon of its own, so it outlives the agent, and
the agent finds it again by its control socket. The CAK goes in by that socket, never by a file or an argument, and
nothing gives it out again.
"""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import Dict

from . import daemons
from .base import Trouble, read

ROOT = "/run/citynet/keys"
CIPHERS = {"gcm-aes-128": "0", "gcm-aes-256": "1"}
"""How wpa_supplicant numbers cipher suites (`macsec_csindex`)."""
_ANSWER_S = 0.5
_END_S = 2.0
_START_S = 15.0


class WpaError(Trouble):
    """It does not run or does not do as told; the message never has a key in it."""


class Supplicant:
    """The process of one channel.

    Attributes:
        link: The channel's MACsec interface, such as `eth1sa`.
        number: Of its port in the SCI (IEEE 802.1AE, 7.1.2), which tells two channels of a port apart.
    """

    def __init__(self, port: str, link: str, number: int) -> None:
        self.link = link
        self.number = number
        self._port = port
        self._folder = f"{ROOT}/{link}"
        self._pidfile = f"{ROOT}/{link}.pid"
        self._bound = f"{ROOT}/{link}.link"

    def process(self) -> int:
        """Its process; 0 when none runs."""
        return daemons.process_of(self._pidfile, "wpa_supplicant")

    def fits(self) -> bool:
        """Whether it runs and the interface is still the one that it was started for."""
        return self.process() != 0 and read(self._bound) == self._index()

    def since(self) -> float:
        """When it was started, in seconds since the epoch."""
        try:
            return os.stat(self._bound).st_mtime
        except OSError:
            return 0.0

    def start(self) -> None:
        """Start it, without a key.

        Raises:
            WpaError: It does not start.
        """
        self.stop()
        os.makedirs(ROOT, mode=0o700, exist_ok=True)
        argv = ["wpa_supplicant", "-B", "-D", "macsec_linux", "-i", self._port, "-C", self._folder, "-P", self._pidfile]
        trouble = daemons.start(argv, _START_S)
        if trouble:
            raise WpaError(f"wpa_supplicant does not start on {self._port} ({trouble})")
        Path(self._bound).write_text(self._index(), encoding="ascii")

    def configure(self, ckn: bytes, cak: bytes, cipher: str, priority: int, window: int) -> None:
        """Give it a key and let it talk to the peer.

        Raises:
            WpaError: It refuses.
        """
        values = {
            "key_mgmt": "NONE",
            "eapol_flags": "0",
            "macsec_policy": "1",
            "macsec_port": str(self.number),
            "macsec_csindex": CIPHERS[cipher],
            "macsec_replay_protect": "1",
            "macsec_replay_window": str(window),
            "mka_priority": str(priority),
            "mka_ckn": ckn.hex(),
            "mka_cak": cak.hex(),
        }
        self._must("AP_SCAN 0", "AP_SCAN")
        network = self._ask("ADD_NETWORK").strip()
        for name, value in values.items():
            self._must(f"SET_NETWORK {network} {name} {value}", name)
        self._must(f"SELECT_NETWORK {network}", "SELECT_NETWORK")

    def status(self) -> Dict[str, str]:
        """What it says of itself; empty when it does not answer."""
        try:
            lines = self._ask("STATUS").splitlines()
        except WpaError:
            return {}
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def option(self, name: str) -> str:
        """A setting of its network, such as its cipher; keys are not told."""
        try:
            return self._ask(f"GET_NETWORK 0 {name}").strip()
        except WpaError:
            return ""

    def stop(self) -> None:
        """End it."""
        daemons.end(self.process, _END_S)
        for path in (self._pidfile, self._bound):
            Path(path).unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _index(self) -> str:
        """The number that the kernel gave the interface; one that was made anew has another."""
        return read(f"/sys/class/net/{self.link}/ifindex") or ""

    def _must(self, command: str, what: str) -> None:
        if self._ask(command).strip() != "OK":
            raise WpaError(f"wpa_supplicant on {self.link} refused {what}")

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
            asking.settimeout(_ANSWER_S)
            try:
                asking.bind("")  # a name in no folder, which the kernel chooses
                asking.connect(f"{self._folder}/{self._port}")
                asking.send(command.encode())
                return asking.recv(8192).decode(errors="replace")
            except OSError:
                raise WpaError(f"wpa_supplicant on {self.link} does not answer") from None
