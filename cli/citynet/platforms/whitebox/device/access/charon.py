"""The IKE daemon for participants' devices: strongSwan's charon, in a VRF of its own and told all by its socket.

It is not the daemon of the router's own tunnels: that one has other sockets, another configuration and another name,
and neither knows of the other.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Any, Dict, List

try:  # on a device they stand beside this file, in the tree in the key agent's folder
    from . import daemons  # type: ignore[attr-defined,unused-ignore]
    from .base import Trouble  # type: ignore[import-not-found,import-untyped,unused-ignore]
    from .vici import Vici  # type: ignore[import-not-found,import-untyped,unused-ignore]
except ImportError:
    from citynet.platforms.whitebox.device.keys import daemons
    from citynet.platforms.whitebox.device.keys.base import Trouble
    from citynet.platforms.whitebox.device.keys.vici import Vici

__all__ = ["Charon", "Trouble"]

PROGRAM, NAME = "/usr/sbin/charon-systemd", "citynet-ike-in"
ROOT = "/run/citynet/access"
SOCKET = "/run/charon.access.vici"
"""Where the program's AppArmor profile in Debian lets it be; so is its configuration."""
CONFIG = "/etc/strongswan.d/access/strongswan.conf"
LOG = "/var/log/citynet/ike-access.log"
_PID, _BOUND, _LINK = f"{ROOT}/ike.pid", f"{ROOT}/ike.link", f"{ROOT}/{NAME}"
_START_S, _END_S = 15.0, 5.0
_PLUGINS = "random nonce openssl pem pkcs1 pkcs8 x509 pubkey revocation constraints kernel-netlink socket-default vici"
_TEXT = f"""# IKE for participants' devices: told all by its socket. It makes no routes, and tells no keys.
charon-systemd {{
    load_modular = no
    load = {_PLUGINS}
    install_routes = no
    install_virtual_ip = no
    process_route = no
    cache_crls = no
    # Only a certificate that a device shows now counts, not one that it has shown before.
    cert_cache = no
    # Its numbers stay apart from those of the router's own tunnels.
    reqid_base = 1000000
    retransmit_timeout = 1.0
    retransmit_base = 1.4
    retransmit_tries = 4
    plugins {{
        vici {{
            socket = unix://{SOCKET}
        }}
    }}
    journal {{
        default = -1
    }}
    filelog {{
        stderr {{
            default = 1
            enc = 0
            net = 0
            time_format = %Y-%m-%dT%H:%M:%S
        }}
    }}
}}
"""
_EVENTS = ("ike-updown", "child-updown", "log")


class Charon:
    """One process, and what was said to it."""

    def __init__(self, vrf: str) -> None:
        self._vrf = vrf
        self.vici: Any = None

    def process(self) -> int:
        """Its process; 0 when none runs."""
        found: int = daemons.process_of(_PID, NAME)
        return found

    def fits(self) -> bool:
        """Whether it runs, in the VRF that is there now: its sockets stay with one that was taken away."""
        try:
            bound = Path(_BOUND).read_text(encoding="ascii")
        except OSError:
            return False
        return self.process() != 0 and bound == self._index() != ""

    def _index(self) -> str:
        try:
            return Path(f"/sys/class/net/{self._vrf}/ifindex").read_text(encoding="ascii").strip()
        except OSError:
            return ""

    def start(self) -> None:
        """Start it.

        Raises:
            Trouble: It does not start.
        """
        self.stop()
        os.makedirs(ROOT, mode=0o700, exist_ok=True)
        os.makedirs(os.path.dirname(CONFIG), exist_ok=True)
        os.makedirs(os.path.dirname(LOG), exist_ok=True)
        Path(CONFIG).write_text(_TEXT, encoding="ascii")
        if not os.path.islink(_LINK):
            os.symlink(PROGRAM, _LINK)  # by this name the two daemons are told apart
        bound = self._index()
        if not bound:
            raise Trouble(f"there is no VRF {self._vrf} for IKE")
        script = f'echo $$ >{_PID}; exec ip vrf exec "$1" {_LINK} >/dev/null 2>{LOG}'
        argv = ["setsid", "-f", "sh", "-c", script, "sh", self._vrf]
        trouble = daemons.start(argv, _START_S, {"STRONGSWAN_CONF": CONFIG})
        if trouble:
            raise Trouble(f"the IKE daemon does not start ({trouble})")
        deadline = time.monotonic() + _START_S
        while not os.path.exists(SOCKET) or not self.process():
            if time.monotonic() > deadline:
                raise Trouble(f"the IKE daemon does not start, see {LOG}")
            time.sleep(0.05)
        Path(_BOUND).write_text(bound, encoding="ascii")

    def follow(self) -> None:
        """Have its events told from now on.

        Raises:
            Trouble: It does not answer.
        """
        self.leave()
        vici = Vici(SOCKET)
        try:
            for event in _EVENTS:
                vici.listen(event)
        except Trouble:
            vici.close()
            raise
        self.vici = vici

    def tell(self, name: str, told: Dict[str, Any]) -> None:
        """Have a connection taken that it does not have as it is: told again it would close what is up."""
        mark = hashlib.sha256(repr(told).encode()).hexdigest()
        there = self.vici.call("get-conns", {}).get("conns", [])
        path = Path(f"{ROOT}/{name}.ike")
        if name in there and path.exists() and path.read_text(encoding="ascii") == mark:
            return
        self.vici.call("load-conn", {name: told})
        path.write_text(mark, encoding="ascii")

    def associations(self) -> Dict[str, List[Dict[str, Any]]]:
        """IKE SAs with a child SA that carries packets, by the name of their connection."""
        found: Dict[str, List[Dict[str, Any]]] = {}
        for told in self.vici.stream("list-sas", "list-sa", {}) if self.vici else ():
            for name, one in told.items():
                alive = isinstance(one, dict) and one.get("state") in ("ESTABLISHED", "REKEYING")
                children = one.get("child-sas", {}).values() if alive else ()
                if any(child.get("state") in ("INSTALLED", "REKEYING", "REKEYED") for child in children):
                    found.setdefault(name, []).append(one)
        return found

    def fileno(self) -> int:
        """Readable when it has told something; -1 when it is not followed."""
        return self.vici.fileno() if self.vici is not None else -1

    def leave(self) -> None:
        """Follow it no longer."""
        if self.vici is not None:
            self.vici.close()
            self.vici = None

    def stop(self) -> None:
        """End it; what it has put into the kernel goes with it."""
        self.leave()
        daemons.end(self.process, _END_S)
        for path in (_PID, _BOUND, SOCKET, CONFIG):
            Path(path).unlink(missing_ok=True)
