"""The access agent of a device: it opens a port for who a server lets on, and closes it when the right ends.

hostapd speaks 802.1X at a port, or charon IKE; FreeRADIUS or another server decides, and this process keeps the gate:
what a server allowed, for whom, how long. Servers withdraw and change rights by RFC 5176. Nothing passes a port of its
settings but what it has opened.

Run as `python3 -B -m access.agent`, with `--daemon` in the background. SIGHUP lets it begin anew by its files without
closing anything; without settings it closes all and ends. Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import hashlib
import json
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, NoReturn, Optional, Tuple

from . import gate, telling
from .hostapd import HostapdError
from .orders import Orders
from .ports import Port, make, stop_strays
from .radius import (
    ACCESS_ACCEPT,
    AUTHORIZATION_PORT,
    INVALID_REQUEST,
    MISSING_ATTRIBUTE,
    NAS_IDENTIFIER,
    NAS_MISMATCH,
    NO_SESSION,
    REPLY_MESSAGE,
    USER_NAME,
    Packet,
)
from .relay import AWAY_S, Asked, Servers
from .sessions import Patience, Right, Session, Who, matching, right_of
from .tunnels import GONE, REFUSED

try:  # on a device it stands beside this file, in the tree one folder up
    from .keeping import keep  # type: ignore[import-not-found,import-untyped,unused-ignore]
except ImportError:
    from citynet.platforms.whitebox.device.keeping import keep

SETTINGS = "/etc/citynet/access.json"
NAME, SUPERVISOR = "citynet-access", "citynet-accessd"
_TICK_S, _RETRY_S, _REFRESH_S, _ASK_AGAIN_S = 1.0, 5.0, 10.0, 30.0
_RTMGRP_LINK = 1


class Agent:
    """The ports of a device, and who is on."""

    def __init__(self, settings: Dict[str, Any], digest: str, wake: int) -> None:
        self._settings, self._digest, self._wake = settings, digest, wake
        secret = settings["secret"].encode()
        self._servers = Servers([(one["address"], one["port"]) for one in settings["servers"]], settings["vrf"], secret)
        self._ports = make(settings, self._servers, self._answered)
        self._orders = Orders(
            {one["address"]: secret for one in settings["servers"]},
            (settings["address"], AUTHORIZATION_PORT),
            settings["vrf"],
            (self._withdraw, self._change),
            self._forged,
        )
        self._patience = Patience(settings["recheck_s"], settings["hold_s"])
        self._sessions: Dict[Tuple[str, str], Session] = {}
        self._away, self._refresh, self._trouble = False, 0.0, ""
        self._links = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self._links.bind((0, _RTMGRP_LINK))
        self._links.settimeout(0)

    # -- what servers say -----------------------------------------------------------------------------------------

    def _answered(self, port: str, asked: Asked, packet: Packet) -> None:
        self._heard()
        key, now = (port, asked.mac), time.monotonic()
        session = self._sessions.get(key)
        user = packet.text(USER_NAME) or asked.user
        if packet.code != ACCESS_ACCEPT:
            self._ports[port].authenticator.be_quiet(asked.mac)
            self._tell(Who(port, asked.mac, asked.user), "deny", "refused by the server")
            if session is not None:
                self._end(session, "withdrawn", "refused by the server when asked again")
            return
        right, patience = right_of(packet), self._patience
        if session is None:
            self._sessions[key] = session = Session(Who(port, asked.mac, user), right, now, patience)
            if self._ports[port].authenticator.at_once:
                self._let_on(session)
            return  # otherwise open when the authenticator agrees, which gets the packet now
        changed = right.identifiers != session.right.identifiers or user != session.who.user
        session.who = Who(port, asked.mac, user)
        session.grant(right, now, patience)
        if session.open:
            self._apply()
        if session.open and changed:
            self._tell(session.who, "allow", "right changed when asked again", right)

    def _withdraw(self, packet: Packet) -> int:
        found, cause = self._meant(packet)
        for session in found:
            self._end(session, "withdrawn", packet.text(REPLY_MESSAGE) or "withdrawn by the server", again=True)
        return cause

    def _change(self, packet: Packet) -> int:
        found, cause = self._meant(packet)
        right = right_of(packet)
        if not cause and right.identifiers is None and right.seconds is None:
            return INVALID_REQUEST
        for session in found:
            session.grant(right, time.monotonic(), self._patience)
            reason = packet.text(REPLY_MESSAGE) or "changed by the server"
            self._tell(session.who, "allow", reason, right)
        if found:
            self._apply()
        return cause

    def _meant(self, packet: Packet) -> Tuple[List[Session], int]:
        self._heard()
        if packet.text(NAS_IDENTIFIER) not in ("", self._settings["device"]):
            return [], NAS_MISMATCH
        found = matching(list(self._sessions.values()), packet)
        if found is None:
            return [], MISSING_ATTRIBUTE
        return found, 0 if found else NO_SESSION

    def _forged(self, sender: str, why: str) -> None:
        telling.tell(sender, "deny", f"order ignored: {why}", alarm=True)

    # -- what authenticators say ----------------------------------------------------------------------------------

    def _events(self, port: Port) -> None:
        for words in port.authenticator.told():
            if len(words) < 2:
                continue
            mac = words[1].lower()
            session = self._sessions.get((port.name, mac))
            if words[0] == REFUSED:
                self._tell(Who(port.name, mac, words[2]), "deny", words[3])
            if session is None:
                continue
            if words[0] == "AP-STA-CONNECTED" and not session.open:
                self._let_on(session)
            elif words[0] == "AP-STA-DISCONNECTED" and session.open and not self._unheard(port):
                self._end(session, "closed", "left, or did not answer")
            elif words[0] == GONE:
                self._end(session, "closed", "its tunnel is gone")

    def _let_on(self, session: Session) -> None:
        session.open = True
        self._apply()
        self._tell(session.who, "allow", "let on by the server", session.right)

    def _unheard(self, port: Port) -> bool:
        """Whether an authenticator gives up only because no server answers: those who are on stay for a while."""
        since = port.relay.waiting_since()
        return self._away or (since is not None and time.monotonic() - since > AWAY_S)

    # -- the gate -------------------------------------------------------------------------------------------------

    def _end(self, session: Session, verdict: str, reason: str, *, again: bool = False) -> None:
        self._sessions.pop((session.who.port, session.who.mac), None)
        self._apply()
        self._tell(session.who, verdict, reason)
        port = self._ports.get(session.who.port)
        if port is not None:
            port.authenticator.ended(session.who.mac, again=again)

    def _apply(self) -> None:
        now = time.monotonic()
        self._trouble = gate.apply(
            gate.Opening(
                self._ports[one.who.port].interface,
                one.who.mac,
                one.right.identifiers if self._settings["bounded"] else None,
                max(1, round(one.deadline - now)),
            )
            for one in self._sessions.values()
            if one.open and one.deadline > now
        )
        self._refresh = now + (_REFRESH_S if not self._trouble else _TICK_S)
        self._keep()

    def _tell(self, who: Who, verdict: str, reason: str, right: Optional[Right] = None) -> None:
        detail: Dict[str, Any] = {"port": who.port, "mac": who.mac, "server": self._servers.server[0]}
        detail["by"] = self._ports[who.port].authenticator.by
        if right is not None:
            numbers = "any" if right.identifiers is None else " ".join(map(str, right.identifiers)) or "none"
            detail = {**detail, "right": " ".join(right.names), "identifiers": numbers}
        telling.tell(who.user or who.mac, verdict, reason, **detail)

    def _keep(self) -> None:
        telling.keep(
            {
                "settings": self._digest,
                "away": self._away,
                "trouble": self._trouble,
                "ports": {
                    name: {"authenticator": bool(port.authenticator.process()), "carrier": port.authenticator.carrier()}
                    for name, port in self._ports.items()
                },
                "sessions": [
                    {**one.as_dict(), "by": self._ports[one.who.port].authenticator.by}
                    for one in self._sessions.values()
                ],
            }
        )

    # -- time -----------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        now = time.monotonic()
        for port in self._ports.values():
            self._look_after(port, now)
            port.relay.again()
            self._events(port)
        for session in list(self._sessions.values()):
            if now >= session.deadline:
                ended = session.ends and now >= session.ends
                reason = "its time is over" if ended else "no server was heard for too long"
                self._end(session, "withdrawn", reason, again=True)
            elif not session.open and now - session.since > _ASK_AGAIN_S:
                del self._sessions[session.who.port, session.who.mac]  # the authenticator never agreed
            elif not session.open and self._ports[session.who.port].authenticator.agrees(session.who.mac):
                self._let_on(session)  # it has been all along, and so told nothing new
            elif now >= session.recheck:
                session.recheck = now + _ASK_AGAIN_S
                self._ports[session.who.port].authenticator.recheck(session.who.mac)
        self._watch_servers(now)
        if now >= self._refresh:
            self._apply()

    def _look_after(self, port: Port, now: float) -> None:
        """Have its authenticator run; whoever is on is asked again by a new one."""
        authenticator = port.authenticator
        here = [one for one in self._sessions.values() if one.who.port == port.name]
        before, port.plugged = port.plugged, authenticator.carrier()
        for session in here if not port.plugged else ():
            self._end(session, "closed", "unplugged")
        if now < port.retry:
            return
        try:
            if not authenticator.fits():
                port.retry = now + _RETRY_S
                if not authenticator.index():
                    return
                authenticator.start()
            if authenticator.fileno() < 0:
                authenticator.follow()
                for session in here:
                    authenticator.resume(session.who.mac)
            if port.plugged and not any(one.open for one in here) and (now >= port.hail or not before):
                port.hail = now + _ASK_AGAIN_S
                authenticator.hail()
        except HostapdError as error:
            port.retry = now + _RETRY_S
            self._trouble = str(error)
            self._keep()

    def _watch_servers(self, now: float) -> None:
        waits = [since for since in (port.relay.waiting_since() for port in self._ports.values()) if since is not None]
        if waits and now - min(waits) > AWAY_S and not self._away:
            self._away = True
            who, hold = self._servers.server[0], self._settings["hold_s"]
            telling.tell(
                who, "seen", f"server does not answer; nobody new gets on, who is on stays {hold} s", alarm=True
            )
            self._keep()

    def _heard(self) -> None:
        if self._away:
            self._away = False
            telling.tell(self._servers.server[0], "seen", "server answers again")

    # -- life -----------------------------------------------------------------------------------------------------

    def take_over(self, before: Dict[str, Any]) -> None:
        """Go on with who was let on by an earlier run in this boot."""
        for told in before.get("sessions", []):
            if told["port"] in self._ports:
                session = Session.of(told)
                self._sessions[session.who.port, session.who.mac] = session

    def run(self, ended: Callable[[], bool]) -> None:
        """Work until told to end."""
        self._apply()
        due = 0.0
        while not ended():
            if time.monotonic() >= min([due, *self._deadlines()]):
                self._tick()
                due = time.monotonic() + _TICK_S
            self._wait(max(0.0, min([due, *self._deadlines()]) - time.monotonic()))
        self._keep()
        for port in self._ports.values():
            port.authenticator.leave()
            port.relay.close()
        self._orders.close()
        self._links.close()

    def _deadlines(self) -> List[float]:
        return [one.deadline for one in self._sessions.values()]

    def _wait(self, seconds: float) -> None:
        calls: Dict[int, Callable[[], Any]] = {self._orders.socket.fileno(): self._orders.take}
        calls[self._wake] = lambda: os.read(self._wake, 64)
        calls[self._links.fileno()] = self._plugged
        for port in self._ports.values():
            calls.update(port.relay.descriptors())
            if (descriptor := port.authenticator.fileno()) >= 0:
                calls[descriptor] = lambda descriptor=descriptor: self._said(descriptor)  # type: ignore[misc]
        ready, _, _ = select.select(list(calls), [], [], seconds)
        for descriptor in ready:
            calls[descriptor]()

    def _said(self, descriptor: int) -> None:
        """One authenticator has told something; it may be that of several ports."""
        for port in self._ports.values():
            if port.authenticator.fileno() in (descriptor, -1):
                self._events(port)

    def _plugged(self) -> None:
        """A link has changed: somebody may have been unplugged."""
        try:
            while self._links.recv(65536):
                pass
        except OSError:  # all read, or more than fitted: look in any case
            pass
        now = time.monotonic()
        for port in self._ports.values():
            self._look_after(port, now)

    def end(self) -> None:
        """There is nothing to look after any more: close all, end every authenticator."""
        gate.apply([])
        gate.forget()
        for port in self._ports.values():
            port.authenticator.stop()


def configured() -> Optional[str]:
    """The settings; None when there are none."""
    try:
        return Path(SETTINGS).read_text(encoding="utf-8")
    except OSError:
        return None


def work() -> int:
    """Be the agent."""
    Path("/proc/self/comm").write_text(NAME, encoding="utf-8")
    os.umask(0o077)
    told: List[int] = []
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda signum, _frame: told.append(signum))
    wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    before, text = telling.kept(), configured()
    settings = json.loads(text) if text is not None else {"ports": []}
    stop_strays(before, settings["ports"])
    if text is None:
        gate.apply([])
        gate.forget()
        Path(telling.STATE).unlink(missing_ok=True)
        return 0
    agent = Agent(settings, hashlib.sha256(text.encode()).hexdigest(), wake_read)
    agent.take_over(before)
    agent.run(lambda: bool(told))
    if signal.SIGHUP in told and configured() is None:
        agent.end()  # here and now: the programs are gone, too
        Path(telling.STATE).unlink(missing_ok=True)
        return 0
    if signal.SIGHUP in told:
        anew()
    return 0


def anew() -> NoReturn:
    """Become this program as it is on the disk by now."""
    os.execv(sys.executable, [sys.executable, "-B", "-m", "access.agent"])  # noqa: S606


if __name__ == "__main__":
    if "--daemon" in sys.argv:
        keep(SUPERVISOR, anew)
    else:
        sys.exit(work())
