"""Who is on at which port, with which right and for how long: pure bookkeeping, no system calls.

A right ends when the server said so (`ends`), or when the server was not heard for too long (`stale`). Times are
seconds of the monotonic clock of this boot.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, NamedTuple, Optional

from .radius import (
    ACCT_SESSION_ID,
    CALLING_STATION_ID,
    FILTER_ID,
    NAS_PORT_ID,
    SESSION_TIMEOUT,
    USER_NAME,
    Packet,
    mac_of,
)

_IDENTIFIER, _ROLE, _TASK = "apn:", "role:", "task:"
"""How a server's Filter-Id names parts of a right; `apn:none` says that no identifier may be sent."""


class Right(NamedTuple):
    """What a server allows.

    Attributes:
        identifiers: Numbers that may be sent; None when the server does not say, which means any.
        names: Roles and tasks that it follows from, for people.
        seconds: For how long; None without end.
    """

    identifiers: Optional[List[int]]
    names: List[str]
    seconds: Optional[int]


def right_of(packet: Packet) -> Right:
    """The right in an Access-Accept or CoA-Request."""
    identifiers: Optional[List[int]] = None
    names = []
    for value in packet.all(FILTER_ID):
        word = value.decode("utf-8", "replace")
        if word.startswith(_IDENTIFIER):
            number = word[len(_IDENTIFIER) :]
            identifiers = (identifiers or []) + ([int(number)] if number.isdigit() else [])
        elif word.startswith((_ROLE, _TASK)):
            names.append(word)
    return Right(identifiers, names, packet.number(SESSION_TIMEOUT))


class Who(NamedTuple):
    """A device at a port: its MAC address, and the name in its certificate."""

    port: str
    mac: str
    user: str


class Patience(NamedTuple):
    """Seconds after which a server is asked again about who is on, and seconds for which one may not answer then."""

    recheck_s: int
    hold_s: int


class Session:
    """A device that a server has let on at a port; `open` once the authenticator agrees."""

    def __init__(self, who: Who, right: Right, now: float, patience: Patience) -> None:
        self.who = who
        self.open, self.since = False, now
        self.right, self.ends, self.stale, self.recheck = right, 0.0, 0.0, 0.0
        self.grant(right, now, patience)

    def grant(self, right: Right, now: float, patience: Patience) -> None:
        """It has this right from now on."""
        self.right = right
        self.ends = now + right.seconds if right.seconds is not None else 0.0
        self.recheck = now + patience.recheck_s
        self.stale = self.recheck + patience.hold_s

    @property
    def deadline(self) -> float:
        """When it ends by itself."""
        return min(self.ends, self.stale) if self.ends else self.stale

    def as_dict(self) -> Dict[str, Any]:
        """JSON-ready values."""
        return {
            **self.who._asdict(),
            "open": self.open,
            "identifiers": self.right.identifiers,
            "names": self.right.names,
            "since": self.since,
            "ends": self.ends,
            "stale": self.stale,
        }

    @classmethod
    def of(cls, told: Dict[str, Any]) -> Session:
        """One that was written down in this boot."""
        right = Right(told["identifiers"], told["names"], None)
        found = cls(Who(told["port"], told["mac"], told["user"]), right, told["since"], Patience(0, 0))
        found.open, found.ends, found.stale = told["open"], told["ends"], told["stale"]
        return found


def matching(sessions: Iterable[Session], packet: Packet) -> Optional[List[Session]]:
    """Those that an order is about: all that it says of them fits. None when it says nothing of any."""
    wanted = {
        "user": packet.text(USER_NAME),
        "mac": mac_of(packet.text(CALLING_STATION_ID)) or packet.text(CALLING_STATION_ID),
        "port": packet.text(NAS_PORT_ID),
    }
    told = {name: value for name, value in wanted.items() if value}
    if not told or packet.all(ACCT_SESSION_ID):  # sessions have no such number here: none could fit
        return None
    return [one for one in sessions if all(getattr(one.who, name) == value for name, value in told.items())]
