"""What the probes of encryption report, typed, like `measurements`."""

from __future__ import annotations

from dataclasses import field

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from citynet.levels.measurements import Paced  # noqa: TC001 - pydantic reads this type when it runs

_STRICT = ConfigDict(extra="forbid")


@dataclass(config=_STRICT)
class Wire:
    """What was seen on a line between sites at one end of it.

    Attributes:
        line: The line.
        node: The device where it was looked at.
        port: The port, where frames are as on the line.
        frames: Frames that went by.
        kinds: How many of each EtherType.
        plain: In how many frames each mark could be read.
        within: The same of what goes out at both ends within MACsec: what the next device can read; None without any.
        esp: Packets of ESP there.
        examples: From where to where the first few frames of each EtherType went.
    """

    line: str
    node: str
    port: str
    frames: int
    kinds: dict[str, int]
    plain: dict[str, int]
    within: dict[str, int] | None = None
    esp: int = 0
    examples: dict[str, list[str]] = field(default_factory=dict)


@dataclass(config=_STRICT)
class Marked:
    """Marked payloads between two hosts that came back, each way once: a service's, or an application's of it."""

    flow: str
    mark: str
    source: str
    destination: str
    version: int
    protocol: str
    port: int
    sent: int
    echoed: int


@dataclass(config=_STRICT)
class Captured:
    """Marked payloads of every service, and what was seen of them on every line between sites meanwhile."""

    wires: list[Wire] = field(default_factory=list)
    flows: list[Marked] = field(default_factory=list)


@dataclass(config=_STRICT)
class Macsec:
    """A MACsec interface as it runs."""

    interface: str
    port: str
    up: bool
    cipher: str
    encrypts: bool
    protects: bool
    validates: str


@dataclass(config=_STRICT)
class Ike:
    """An IKE SA as it runs; `suite` are the words of its proposal, key exchanges and PPK among them."""

    name: str
    state: str
    suite: list[str]


@dataclass(config=_STRICT)
class Esp:
    """An association of ESP as it runs."""

    source: str
    destination: str
    algorithms: list[str]
    replay_window: int


@dataclass(config=_STRICT)
class KeyUser:
    """A line or tunnel, as the key agent tells; `since` in seconds since the epoch."""

    state: str
    key_id: str
    source: str
    since: float


@dataclass(config=_STRICT)
class Alarm:
    """Something that a key agent says is wrong; `since` in seconds since the epoch."""

    name: str
    text: str
    since: float


@dataclass(config=_STRICT)
class Seals:
    """What encrypts on a device, as it runs."""

    name: str
    macsec: list[Macsec] = field(default_factory=list)
    ike: list[Ike] = field(default_factory=list)
    esp: list[Esp] = field(default_factory=list)
    users: dict[str, KeyUser] = field(default_factory=dict)
    alarms: list[Alarm] = field(default_factory=list)


@dataclass(config=_STRICT)
class Rotated:
    """Keys from QKD before and after the time in which each had to change, while a probe ran."""

    within_s: float
    before: dict[str, Seals]
    after: dict[str, Seals]
    probe: Paced


@dataclass(config=_STRICT)
class Outage:
    """A key server that did not answer for a time, while a probe ran.

    `alarm_s` says for each device that asks it after how long it had an alarm; `during` is what encrypted at the end
    of the outage, `after` when keys had changed again.
    """

    server: str
    devices: list[str]
    seconds: float
    alarm_s: dict[str, float | None]
    during: dict[str, Seals]
    after: dict[str, Seals]
    probe: Paced
