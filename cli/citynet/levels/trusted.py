"""What the probes of access, sentries and hops say, typed, like `measurements`."""

from __future__ import annotations

from dataclasses import field

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

_STRICT = ConfigDict(extra="forbid")


@dataclass(config=_STRICT)
class Stage:
    """What a host had at some point.

    Attributes:
        name: `on` as it was found, `off` without a credential, `wrong` with one of another authority, `again` with
            its own.
        said: What the host's supplicant came to, or what its tunnel is.
        open: Whether its port was open for it, as the edge device has it.
        sent: Pings to its gateway, and to another host that is on, where there is one.
        received: How many were answered.
    """

    name: str
    said: str
    open: bool
    sent: int
    received: int


@dataclass(config=_STRICT)
class Admitted:
    """A host at a port that is closed till it is let on: taken off, tried with a wrong credential, let on again."""

    host: str
    device: str
    port: str
    stages: list[Stage] = field(default_factory=list)


@dataclass(config=_STRICT)
class Admission:
    """Who was tried, and the hosts of services that ask nobody who they are."""

    tried: list[Admitted] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)


@dataclass(config=_STRICT)
class Withdrawn:
    """A host that lost its right while it sent.

    Attributes:
        host: The host.
        device: Where its port is.
        context: What changed.
        before: Pings that were answered before.
        last_s: From the change, as the server had it, to the last ping that was answered (s).
        closed: Whether the edge device then had its port closed.
        after: Pings that were answered once it was.
        returned: Whether it got on again when the change was taken back.
    """

    host: str
    device: str
    context: str
    before: int
    last_s: float
    closed: bool
    after: int
    returned: bool


@dataclass(config=_STRICT)
class Alarmed:
    """A known-bad flow at a guard or exit, and the alarm of the sentry there.

    Attributes:
        device: The border device.
        guard: The interconnect or exit.
        watched: Whether a sentry looks there.
        source: The host whose address it had.
        destination: The address that it went to.
        tries: How many.
        alarm_s: From the last of these to the alarm, as it could be read there (s); None when there was none.
        said: What the alarm says.
    """

    device: str
    guard: str
    watched: bool
    source: str = ""
    destination: str = ""
    tries: int = 0
    alarm_s: float | None = None
    said: str = ""


@dataclass(config=_STRICT)
class Passed:
    """A device on the way of packets, as it counted them; `lost` is in it and on the lines behind it."""

    device: str
    packets: int
    lost: int
    told: bool
    listed: bool


@dataclass(config=_STRICT)
class Strayed:
    """Packets that were sent over a device that is not on their list.

    Attributes:
        device: That device.
        via: The device that was made to send them there.
        alarm_s: From the last sending to its alarm, as it could be read there (s); None when there was none.
        names: The device that the alarm names.
        said: What it says.
    """

    device: str
    via: str
    alarm_s: float | None
    names: str = ""
    said: str = ""


@dataclass(config=_STRICT)
class Hopped:
    """Packets with an identifier between two hosts: where they were counted, and what came of a hop off their list."""

    identifier: int
    source: str
    destination: str
    start: str
    end: str
    sent: int
    arrived: int
    hops: list[Passed] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    strayed: Strayed | None = None
