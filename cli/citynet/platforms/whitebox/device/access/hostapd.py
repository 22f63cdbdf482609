"""The authenticator of one port (IEEE 802.1X): a hostapd process, told by a file and followed by its control socket.

Its requests go to the agent on loopback, which passes them on to the servers (see `relay`).

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path
from typing import List, Optional

try:  # on a device it stands beside this file, in the tree in the key agent's folder
    from . import daemons  # type: ignore[attr-defined,unused-ignore]
except ImportError:
    from citynet.platforms.whitebox.device.keys import daemons

ROOT = "/run/citynet/access"
_GROUP = bytes.fromhex("0180c2000003")
"""The group address of port access entities (IEEE 802.1X-2020, table 11-1)."""
_IDENTITY = bytes.fromhex("888e02000005" + "0100000501")
"""EAPOL with an EAP-Request for the identity."""
_QUIET_S = 5
_LEAST = 60  # octets of a frame
_ANSWER_S, _END_S, _START_S = 2.0, 5.0, 10.0


class HostapdError(Exception):
    """It did not start, or does not answer; the message is for people."""


class Authenticator:
    """One process."""

    by = "802.1X"
    at_once = False
    """Whether it agrees before the servers do; it gets their answer when the agent does."""

    def __init__(self, port: str, device: str, address: str, relay: int, secret: str) -> None:
        self.port = port
        self._config, self._pidfile = f"{ROOT}/{port}.conf", f"{ROOT}/{port}.pid"
        self._bound = f"{ROOT}/{port}.link"
        self._folder = f"{ROOT}/{port}"
        self._monitor: Optional[socket.socket] = None
        self._text = "\n".join(
            [
                f"interface={port}",
                "driver=wired",
                f"ctrl_interface={self._folder}",
                "ieee8021x=1",
                "eapol_version=2",
                "eap_server=0",
                "eap_reauth_period=0",
                f"own_ip_addr={address}",
                f"nas_identifier={device}",
                f"radius_auth_req_attr=87:s:{port}",
                "auth_server_addr=127.0.0.1",
                f"auth_server_port={relay}",
                f"auth_server_shared_secret={secret}",
                "",
            ]
        )

    def process(self) -> int:
        """Its process; 0 when none runs."""
        found: int = daemons.process_of(self._pidfile, "hostapd")
        return found

    def fits(self) -> bool:
        """Whether it runs, as it should, on the interface that it was started for."""
        try:
            bound = Path(self._bound).read_text(encoding="ascii")
            told = Path(self._config).read_text(encoding="ascii")
        except OSError:
            return False
        return bound == self.index() != "" and told == self._text and self.process() != 0

    def index(self) -> str:
        """The number that the kernel gave the interface; one that was made anew has another; empty for none."""
        try:
            return Path(f"/sys/class/net/{self.port}/ifindex").read_text(encoding="ascii").strip()
        except OSError:
            return ""

    def carrier(self) -> bool:
        """Whether something is plugged in."""
        try:
            return Path(f"/sys/class/net/{self.port}/carrier").read_text(encoding="ascii").strip() == "1"
        except OSError:
            return False

    def start(self) -> None:
        """Start it.

        Raises:
            HostapdError: It does not start.
        """
        self.stop()
        os.makedirs(ROOT, mode=0o700, exist_ok=True)
        handle = os.open(self._config, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(self._text)
        argv = ["hostapd", "-B", "-P", self._pidfile, self._config]
        trouble = daemons.start(argv, _START_S)
        if trouble:
            raise HostapdError(f"hostapd does not start on {self.port} ({trouble})")
        Path(self._bound).write_text(self.index(), encoding="ascii")

    def follow(self) -> None:
        """Have its events told from now on.

        Raises:
            HostapdError: It does not answer.
        """
        self.leave()
        monitor = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            monitor.settimeout(_ANSWER_S)
            monitor.bind("")  # a name in no folder, which the kernel chooses
            monitor.connect(f"{self._folder}/{self.port}")
            monitor.send(b"ATTACH")
            answer = monitor.recv(64)
        except OSError:
            answer = b""
        if not answer.startswith(b"OK"):
            monitor.close()
            raise HostapdError(f"hostapd on {self.port} does not answer")
        monitor.settimeout(0)
        self._monitor = monitor

    def leave(self) -> None:
        """Follow it no longer."""
        if self._monitor is not None:
            self._monitor.close()
            self._monitor = None

    def fileno(self) -> int:
        """Readable when it has told something; -1 when it is not followed."""
        return self._monitor.fileno() if self._monitor is not None else -1

    def told(self) -> List[List[str]]:
        """Its events since the last call, each as words without the level in front."""
        found: List[List[str]] = []
        while self._monitor is not None:
            try:
                text = self._monitor.recv(4096).decode("ascii", "replace")
            except BlockingIOError:
                break
            except OSError:
                self.leave()
                break
            found.append(text.partition(">")[2].split())
        return found

    def ask(self, command: str) -> str:
        """Its answer to a command; empty when there is none."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
            asking.settimeout(_ANSWER_S)
            try:
                asking.bind("")
                asking.connect(f"{self._folder}/{self.port}")
                asking.send(command.encode())
                return asking.recv(8192).decode("ascii", "replace")
            except OSError:
                return ""

    def reauthenticate(self, mac: str) -> None:
        """Ask a device who it is, also one that is not known any more."""
        if not self.ask(f"EAPOL_REAUTH {mac}").startswith("OK"):
            self.ask(f"NEW_STA {mac}")

    def recheck(self, mac: str) -> None:
        """Have the servers asked anew about who is on."""
        self.reauthenticate(mac)

    def resume(self, mac: str) -> None:
        """Who is on with an authenticator that is new is asked again."""
        self.reauthenticate(mac)

    def ended(self, mac: str, *, again: bool = False) -> None:
        """Somebody's right is over; with `again` he may ask for another one at once."""
        if again:
            self.reauthenticate(mac)

    def hail(self) -> None:
        """Ask whoever is behind the port who it is (RFC 3748, 5.1): it need not wait until it asks by itself."""
        try:
            source = bytes.fromhex(Path(f"/sys/class/net/{self.port}/address").read_text("ascii").replace(":", ""))
            with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
                out.bind((self.port, 0))
                out.send((_GROUP + source + _IDENTITY).ljust(_LEAST, b"\0"))
        except (OSError, ValueError):
            return

    def agrees(self, mac: str) -> bool:
        """Whether it has let a device on."""
        return "[AUTHORIZED]" in self.ask(f"STA {mac}")

    def be_quiet(self, mac: str) -> None:
        """Hear nothing of a device for a while once it is refused, which comes next; it would be a minute otherwise."""
        self.ask(f"EAPOL_SET {mac} quietPeriod {_QUIET_S}")

    def stop(self) -> None:
        """End it."""
        self.leave()
        daemons.end(self.process, _END_S)
        for path in (self._config, self._pidfile, self._bound):
            Path(path).unlink(missing_ok=True)
        shutil.rmtree(self._folder, ignore_errors=True)
