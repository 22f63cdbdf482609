"""Ports whose devices get on by IKE: for the agent each is an authenticator that asks the servers itself.

IKE proves who is there: a certificate of the authority with the name of the port's host (RFC 7296). What it may do then
the servers say, asked with Service-Type Authorize-Only; without their word the gate stays closed, tunnel or not. Who is
refused gets his IKE SA deleted and is not heard for some seconds.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, Tuple

from .charon import Charon, Trouble
from .hostapd import HostapdError
from .radius import NAS_IDENTIFIER, NAS_IP_ADDRESS, NAS_PORT_ID
from .relay import Asker, Servers

PKI = "/etc/citynet/access"
IKE = ("aes256gcm16-prfsha384-ecp384", "aes256gcm16-prfsha384-x25519")
ESP = ("aes256gcm16-ecp384", "aes256gcm16-x25519", "aes256gcm16")
"""What a device may choose from; no weaker ones (CNSA 1.0, and X25519 for devices without P-384)."""
DPD_S, REKEY_IKE_S, REKEY_CHILD_S = 5, 14400, 3600
GONE, REFUSED = "GONE", "REFUSED"
_QUIET_S, _MOST_TRIES = 5.0, 64
_LOOKS = re.compile(r"looking for peer configs matching (\S+?)\[.*?\]\.\.\.\S+?\[(.*)\]$")
_WHY = (
    ("no matching peer config", "another name than that of its port"),
    ("certificate invalid", "its certificate has expired, or does not hold yet"),
    ("signature validation failed", "its key is not that of its certificate"),
    ("no trusted", "no certificate of that name by the authority"),
    ("no issuer", "no certificate of that name by the authority"),
)


class Tunnels:
    """All of a device: the daemon, and the ports that it speaks for."""

    def __init__(self, settings: Dict[str, Any]) -> None:
        self.device = settings["device"]
        self.daemon = Charon(settings.get("tunnel_vrf", ""))
        self.ports: Dict[str, TunnelPort] = {}
        self._tries: Dict[str, Tuple[str, str, str]] = {}

    def follow(self) -> None:
        """Tell a daemon that is new to us all, and hear what it says from now on."""
        self.daemon.follow()
        call = self.daemon.vici.call
        call("clear-creds", {})
        call("load-cert", {"type": "X509", "flag": "CA", "data": _file("ca.pem")})
        call("load-key", {"type": "any", "data": _file("device.key")})
        for name in call("get-conns", {}).get("conns", []):
            if name not in self.ports:
                call("unload-conn", {"name": name})
                self.end(name)
        for port in self.ports.values():
            port.load()
        self.look()

    def end(self, name: str) -> None:
        """Delete the IKE SAs of a connection; waits for no answer."""
        try:
            self.daemon.vici.call("terminate", {"ike": name, "timeout": "-1"})
        except Trouble:  # it has none
            return

    def look(self) -> None:
        """Let every port know who is there now."""
        found = self.daemon.associations()
        for name, port in self.ports.items():
            port.now(found.get(name, []))

    def hear(self) -> None:
        """Take what the daemon has told."""
        try:
            events = self.daemon.vici.events() if self.daemon.vici is not None else []
            for name, told in events:
                if name == "log":
                    self._logged(told)
            if any(name != "log" for name, _ in events):
                self.look()
        except Trouble:
            self.daemon.leave()

    def _logged(self, told: Dict[str, Any]) -> None:
        """The daemon says only in its log whom it refuses, and why."""
        number, text = told.get("ikesa-uniqueid", ""), told.get("msg", "")
        near, who, why = self._tries.get(number, ("", "", ""))
        looks = _LOOKS.search(text)
        if looks:
            near, who = looks.groups()
        why = why or next((words for word, words in _WHY if word in text), "")  # what follows from it is said later
        if "N(AUTH_FAILED)" in text and "generating IKE_AUTH response" in text:
            self._tries.pop(number, None)
            for port in self.ports.values():
                if port.near == near:
                    port.said.append([REFUSED, "", who, why or "refused in the IKE exchange"])
        elif near:
            self._tries.pop(number, None)
            self._tries[number] = (near, who, why)
            for old in list(self._tries)[:-_MOST_TRIES]:
                del self._tries[old]


class TunnelPort(Asker):
    """One port: what the agent asks of an authenticator, and of what passes its questions on."""

    by = "IKE"
    at_once = True
    """Whether it agrees before the servers do: then the gate opens with their answer."""

    def __init__(
        self, told: Dict[str, Any], address: str, tunnels: Tunnels, servers: Servers, answered: Callable[..., None]
    ) -> None:
        about = [
            (NAS_IP_ADDRESS, bytes(map(int, address.split(".")))),
            (NAS_IDENTIFIER, tunnels.device.encode()),
            (NAS_PORT_ID, told["port"].encode()),
        ]
        super().__init__(about, servers, answered)
        self.port, self.host, self.near = told["port"], told["host"], told["tunnel"]["near"]
        self._tunnel, self._tunnels = told["tunnel"], tunnels
        self.said: List[List[str]] = []
        self._here, self._quiet = 0, 0.0
        tunnels.ports[self.port] = self

    # -- the daemon -----------------------------------------------------------------------------------------------

    def process(self) -> int:
        """The daemon's process; 0 when none runs."""
        return self._tunnels.daemon.process()

    def fits(self) -> bool:
        """Whether it runs, and is told of this port."""
        return self._tunnels.daemon.fits() and self.index() != ""

    def index(self) -> str:
        """The number that the kernel gave the interface; empty for none."""
        return self._file("ifindex")

    def carrier(self) -> bool:
        """Whether something is plugged in."""
        return self._file("carrier") == "1"

    def _file(self, name: str) -> str:
        try:
            return Path(f"/sys/class/net/{self.port}/{name}").read_text(encoding="ascii").strip()
        except OSError:
            return ""

    def start(self) -> None:
        """Start the daemon, unless another port has done it.

        Raises:
            HostapdError: It does not start.
        """
        if self._tunnels.daemon.fits():
            return
        try:
            self._tunnels.daemon.start()
        except Trouble as error:
            raise HostapdError(str(error)) from None

    def fileno(self) -> int:
        """Readable when the daemon has told something; -1 when it is not followed."""
        return self._tunnels.daemon.fileno()

    def follow(self) -> None:
        """Have its events told from now on, of all ports.

        Raises:
            HostapdError: It does not answer, or refuses what it is told.
        """
        try:
            self._tunnels.follow()
        except (Trouble, OSError) as error:
            self._tunnels.daemon.leave()
            raise HostapdError(str(error)) from None

    def leave(self) -> None:
        """Follow it no longer."""
        self._tunnels.daemon.leave()

    def stop(self) -> None:
        """End the daemon."""
        self._tunnels.daemon.stop()

    def load(self) -> None:
        """Tell the daemon of this port."""
        self._quiet = 0.0
        child = {
            "mode": "tunnel",
            "local_ts": ["0.0.0.0/0", "::/0"],
            "remote_ts": list(self._tunnel["inner"]),
            "esp_proposals": list(ESP),
            "rekey_time": f"{REKEY_CHILD_S}s",
            "replay_window": "128",
        }
        told: Dict[str, Any] = {
            "version": "2",
            "local_addrs": [self.near],
            "remote_addrs": [self._tunnel["far"]],
            "proposals": list(IKE),
            "mobike": "no",
            "send_cert": "always",
            "unique": "replace",
            "dpd_delay": f"{DPD_S}s",
            "rekey_time": f"{REKEY_IKE_S}s",
            "if_id_in": str(self._tunnel["number"]),
            "if_id_out": str(self._tunnel["number"]),
            "local": {"auth": "pubkey", "certs": [_file("device.pem")], "id": self._tunnels.device},
            "remote": {"auth": "pubkey", "cacerts": [_file("ca.pem")], "id": self.host},
            "children": {self.port: child},
        }
        self._tunnels.daemon.tell(self.port, told)

    # -- who is there ---------------------------------------------------------------------------------------------

    def now(self, found: List[Dict[str, Any]]) -> None:
        """These are the IKE SAs of the port; about a new one the servers are asked."""
        newest = max(found, key=lambda one: int(one.get("uniqueid", 0)), default=None)
        number = int(newest.get("uniqueid", 0)) if newest else 0
        if number == self._here:
            return
        self._here = number
        if newest is None:
            self.forget()
            self.said.append([GONE, ""])
        else:
            self.ask(str(newest.get("remote-id", "")))

    def told(self) -> List[List[str]]:
        """What has happened at the port, as words."""
        self._tunnels.hear()
        found, self.said = self.said, []
        return found

    def agrees(self, mac: str) -> bool:
        """Whether its device has a tunnel."""
        return not mac and self._here != 0

    def recheck(self, mac: str) -> None:
        """Ask the servers anew about who is on."""
        if self.agrees(mac):
            self.ask(self.host)
        else:
            self.said.append([GONE, ""])

    def resume(self, mac: str) -> None:
        """Who is on with a daemon that is new: asked about when it has a tunnel, see `now`."""

    def hail(self) -> None:
        """Nothing: a device that wants to get on starts."""

    def be_quiet(self, mac: str) -> None:
        """Somebody is refused: delete his IKE SA, and hear nothing of him for a while."""
        self.ended(mac)
        try:
            self._tunnels.daemon.vici.call("unload-conn", {"name": self.port})
            self._quiet = time.monotonic() + _QUIET_S
        except (Trouble, AttributeError):
            return

    def ended(self, mac: str, *, again: bool = False) -> None:  # noqa: ARG002 - he may come again in any case
        """Somebody's right is over: delete his IKE SA."""
        self._here = 0
        self.forget()
        if self._tunnels.daemon.vici is not None:
            self._tunnels.end(self.port)

    def again(self) -> None:
        """Ask the next server when one does not answer; hear devices again that were refused a while ago."""
        super().again()
        if self._quiet and time.monotonic() >= self._quiet and self._tunnels.daemon.vici is not None:
            try:
                self.load()
            except (Trouble, OSError):
                self._tunnels.daemon.leave()


def _file(name: str) -> bytes:
    return Path(f"{PKI}/{name}").read_bytes()
