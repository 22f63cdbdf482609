"""The policy of an authentication server: it decides for FreeRADIUS, and looks after what it has decided.

FreeRADIUS checks the certificate and asks here (`policy_ask.py`, by a socket); this process remembers who is on where,
and twice a second decides anew: when a right has ended or changed, by the clock, by a state that was told, or because
somebody withdrew it, it tells the edge device at once (RFC 5176).

Run as `python3 -B -m access.policy_server`, with `--daemon` in the background. Standard library only, Python 3.9 and
later.
"""

from __future__ import annotations

import grp
import json
import os
import select
import socket
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, NoReturn, Optional, Tuple

from . import radius, telling
from .policy import BY_PORT, BY_TUNNEL, HEALTHY, Circumstances, Place, Right, decide

try:  # on a device it stands beside this file, in the tree one folder up
    from .keeping import keep  # type: ignore[import-not-found,import-untyped,unused-ignore]
except ImportError:
    from citynet.platforms.whitebox.device.keeping import keep

POLICY = "/etc/citynet/policy.json"
SOCKET = "/run/citynet/policy.sock"
STATE = "/var/lib/citynet/policy-state.json"
GROUP = "freerad"
NAME, SUPERVISOR = "citynet-policy", "citynet-policyd"
STATES = ("healthy", "outdated", "compromised")
_LOOK_S, _ANSWER_S, _TRIES = 0.5, 1.0, 5
_MARGIN_S = 2
"""Seconds that a right lasts at the edge beyond its time, for this process to change it; the edge ends it otherwise."""


class Guest(NamedTuple):
    """Somebody who is on: who, where, and how he has proved it; in a tunnel nobody has a MAC address."""

    host: str
    mac: str
    device: str
    port: str
    by: str = BY_PORT

    @property
    def place(self) -> Place:
        """Where it is."""
        return Place(self.device, self.port, self.by)


class Order(NamedTuple):
    """What an edge device was told and has not acknowledged yet."""

    data: bytes
    authenticator: bytes
    guest: Guest
    text: str
    began: float
    due: float
    tries: int


class Policy:
    """The policy, and who is on by it."""

    def __init__(self, policy: Dict[str, Any], state: Dict[str, Any]) -> None:
        self.policy = policy
        self.states: Dict[str, str] = state.get("states", {})
        self.withdrawn: List[str] = state.get("withdrawn", [])
        self.on: Dict[Guest, Right] = {
            Guest(*told["guest"]): Right(*told["right"])
            for told in state.get("on", [])
            if told["guest"][2] in policy["devices"]
        }
        self.orders: Dict[int, Order] = {}
        self.number = 0
        self.far = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        if policy["vrf"]:
            self.far.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, policy["vrf"].encode())
        self.far.bind((policy["address"], 0))
        self.far.settimeout(0)

    def about(self) -> Circumstances:
        """The circumstances now."""
        return Circumstances(time.time(), self.states, self.withdrawn)

    # -- what is asked --------------------------------------------------------------------------------------------

    def asked(self, told: Dict[str, Any]) -> Dict[str, Any]:
        """Answer one question."""
        what = told.get("what")
        if what == "decide":
            return self._decide(told)
        if what == "status":
            return self._status()
        if what in ("withdraw", "restore"):
            return self._withdraw(str(told.get("name")), back=what == "restore")
        if what == "state" and told.get("state") in STATES and told.get("name") in self.policy["hosts"]:
            return self._state(str(told["name"]), str(told["state"]))
        return {"error": "no such question"}

    def _decide(self, told: Dict[str, Any]) -> Dict[str, Any]:
        mac = radius.mac_of(str(told.get("mac")))
        by = BY_TUNNEL if told.get("by") == BY_TUNNEL else BY_PORT
        guest = Guest(str(told.get("host")), mac, str(told.get("device")), str(told.get("port")), by)
        right = decide(self.policy, guest.host, guest.place, self.about())
        self._tell(guest, "allow" if right.allowed else "deny", right.reason, right)
        if right.allowed:
            self.on[guest] = right
        else:
            self.on.pop(guest, None)
        self.keep()
        return {"allowed": right.allowed, "reason": right.reason, "attributes": _attributes(guest, right)}

    def _withdraw(self, name: str, *, back: bool) -> Dict[str, Any]:
        if not any(name in self.policy[kind] for kind in ("hosts", "roles", "tasks")):
            return {"error": f"no host, role or task '{name}'"}
        if back:
            self.withdrawn = [one for one in self.withdrawn if one != name]
        elif name not in self.withdrawn:
            self.withdrawn.append(name)
        return self._looked()

    def _state(self, name: str, state: str) -> Dict[str, Any]:
        self.states.pop(name, None)
        if state != HEALTHY:
            self.states[name] = state
        return self._looked()

    def _looked(self) -> Dict[str, Any]:
        began = time.time()
        told = self.look()
        self.keep()
        return {"told": told, "time": began}

    def _status(self) -> Dict[str, Any]:
        now = time.time()
        return {
            "on": [
                {**guest._asdict(), "right": right.names, "identifiers": right.identifiers}
                for guest, right in self.on.items()
            ],
            "withdrawn": self.withdrawn,
            "states": self.states,
            "time": now,
            "orders": len(self.orders),
        }

    # -- what changes by itself -----------------------------------------------------------------------------------

    def look(self) -> List[str]:
        """Decide anew about everybody who is on; who is told something new."""
        told = []
        for guest, before in list(self.on.items()):
            right = decide(self.policy, guest.host, guest.place, self.about())
            if right.allowed and right.identifiers == before.identifiers and right.names == before.names:
                continue
            told.append(guest.host)
            if right.allowed:
                self.on[guest] = right
                self._tell(guest, "allow", "right changed while on", right)
                self._order(guest, radius.COA_REQUEST, _attributes(guest, right), "right changed")
            else:
                del self.on[guest]
                self._tell(guest, "withdrawn", right.reason, before)
                self._order(guest, radius.DISCONNECT_REQUEST, [], right.reason)
        return told

    def _order(self, guest: Guest, code: int, more: List[Tuple[int, str]], reason: str) -> None:
        self.number = (self.number + 1) % 256
        attributes = [
            (radius.USER_NAME, guest.host.encode()),
            *([(radius.CALLING_STATION_ID, guest.mac.encode())] if guest.mac else []),
            (radius.NAS_IDENTIFIER, guest.device.encode()),
            (radius.NAS_PORT_ID, guest.port.encode()),
            (radius.EVENT_TIMESTAMP, int(time.time()).to_bytes(4, "big")),
            (radius.REPLY_MESSAGE, reason.encode()[:200]),
        ]
        for kind, value in more:
            if kind in (radius.FILTER_ID, radius.SESSION_TIMEOUT):
                attributes.append(
                    (kind, int(value).to_bytes(4, "big") if kind == radius.SESSION_TIMEOUT else value.encode())
                )
        data = radius.signed(radius.Packet(code, self.number, b"", attributes), self._secret(guest))
        now = time.monotonic()
        self.orders[self.number] = Order(data, data[4:20], guest, reason, now, now, 0)
        self.send()

    def _secret(self, guest: Guest) -> bytes:
        return str(self.policy["devices"][guest.device]["secret"]).encode()

    def send(self) -> None:
        """Send orders that are due, again and again until they are acknowledged."""
        now = time.monotonic()
        for number, order in list(self.orders.items()):
            if order.due > now:
                continue
            if order.tries >= _TRIES:
                del self.orders[number]
                self._tell(order.guest, "deny", f"{order.guest.device} does not answer: {order.text}", alarm=True)
                continue
            self.orders[number] = order._replace(due=now + _ANSWER_S, tries=order.tries + 1)
            try:
                self.far.sendto(
                    order.data, (self.policy["devices"][order.guest.device]["address"], radius.AUTHORIZATION_PORT)
                )
            except OSError:
                continue

    def answered(self) -> None:
        """An edge device acknowledges an order, or says that it knows nobody like that."""
        try:
            data, _ = self.far.recvfrom(radius.MOST)
            packet = radius.parse(data)
            order = self.orders.get(packet.identifier)
            if order is None:
                return
            radius.verify(packet, self._secret(order.guest), order.authenticator)
        except (OSError, radius.Malformed):
            return
        del self.orders[packet.identifier]
        if packet.code in (radius.DISCONNECT_NAK, radius.COA_NAK):
            cause = packet.number(radius.ERROR_CAUSE)
            self._tell(order.guest, "seen", f"{order.guest.device} has no such session (cause {cause})")

    # -- what is told ---------------------------------------------------------------------------------------------

    def _tell(
        self, guest: Guest, verdict: str, reason: str, right: Optional[Right] = None, *, alarm: bool = False
    ) -> None:
        detail: Dict[str, Any] = {"device": guest.device, "port": guest.port, "mac": guest.mac, "by": guest.by}
        if right is not None and right.allowed:
            numbers = "any" if right.identifiers is None else " ".join(map(str, right.identifiers)) or "none"
            detail.update(right=" ".join(right.names), identifiers=numbers)
        telling.tell(guest.host, verdict, reason, alarm=alarm, **detail)

    def keep(self) -> None:
        """Write down who is on and what was told, for the next run."""
        telling.keep(
            {
                "states": self.states,
                "withdrawn": self.withdrawn,
                "on": [{"guest": list(guest), "right": list(right)} for guest, right in self.on.items()],
            },
            STATE,
        )


def _attributes(guest: Guest, right: Right) -> List[Tuple[int, str]]:
    """What FreeRADIUS answers with: type and text."""
    if not right.allowed:
        return []
    found = [(radius.USER_NAME, guest.host)]
    found += [(radius.FILTER_ID, name) for name in right.names]
    if right.identifiers is not None:
        found += [(radius.FILTER_ID, f"apn:{number}") for number in right.identifiers or ("none",)]
    if right.seconds is not None:
        found.append((radius.SESSION_TIMEOUT, str(right.seconds + _MARGIN_S)))
    return found


def serve(policy: Policy, listening: socket.socket) -> None:
    """Answer questions, one connection each, and look at the clock."""
    due = 0.0
    while True:
        ready, _, _ = select.select([listening, policy.far], [], [], max(0.0, due - time.monotonic()))
        if policy.far in ready:
            policy.answered()
        if listening in ready:
            _serve_one(policy, listening)
        if time.monotonic() >= due:
            due = time.monotonic() + _LOOK_S
            if policy.look():
                policy.keep()
            policy.send()


def _serve_one(policy: Policy, listening: socket.socket) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.settimeout(_ANSWER_S)
        try:
            told = json.loads(connection.recv(65536))
            connection.sendall(json.dumps(policy.asked(told)).encode())
        except (OSError, ValueError, KeyError, TypeError):
            return


def work() -> int:
    """Be the policy."""
    Path("/proc/self/comm").write_text(NAME, encoding="utf-8")
    os.umask(0o077)
    policy = Policy(json.loads(Path(POLICY).read_text(encoding="utf-8")), telling.kept(STATE))
    os.makedirs(os.path.dirname(SOCKET), mode=0o755, exist_ok=True)
    Path(SOCKET).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(SOCKET)
    os.chmod(SOCKET, 0o660)
    try:
        os.chown(SOCKET, 0, grp.getgrnam(GROUP).gr_gid)
    except KeyError:
        pass
    listening.listen(64)
    serve(policy, listening)
    return 0


def anew() -> NoReturn:
    """Become this program as it is on the disk by now."""
    os.execv(sys.executable, [sys.executable, "-B", "-m", "access.policy_server"])  # noqa: S606


if __name__ == "__main__":
    if "--daemon" in sys.argv:
        keep(SUPERVISOR, anew)
    else:
        sys.exit(work())
