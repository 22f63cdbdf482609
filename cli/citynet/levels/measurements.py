"""What the probes and the devices report, typed; a key that is not known here is refused.

Times are seconds where the name ends in `_s`, milliseconds where it ends in `_ms`.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter
from pydantic.dataclasses import dataclass

_STRICT = ConfigDict(extra="forbid")
T = TypeVar("T")


@dataclass(config=_STRICT)
class Adjacency:
    """An IS-IS neighbour as the device sees it."""

    port: str
    neighbor: str
    state: str


@dataclass(config=_STRICT)
class Session:
    """A BGP neighbour as the device sees it; `authenticated` = the running daemon signs it (TCP-MD5)."""

    address: str
    vrf: str
    state: str
    authenticated: bool


@dataclass(config=_STRICT)
class Listener:
    """A socket that waits for connections; `scope` is the VRF it is bound to, `lo` for loopback addresses."""

    protocol: str
    address: str
    port: int
    scope: str
    process: str


@dataclass(config=_STRICT)
class Snapshot:
    """One node, read once by one command."""

    name: str
    platform: str
    software: dict[str, str]
    uptime_s: float
    memory_mib: float
    daemons: dict[str, float] = field(default_factory=dict)
    adjacencies: list[Adjacency] = field(default_factory=list)
    signed_ports: list[str] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    bfd_up: int = 0
    bfd_down: int = 0
    listeners: list[Listener] = field(default_factory=list)
    ssh_ciphers: list[str] = field(default_factory=list)


@dataclass(config=_STRICT)
class Attempt:
    """One flow tried across a border.

    `answer`: `open`/`reply` = it got through and was answered, `refused` = the far host itself said no (so
    the packet passed), `heard` = a listener heard it though no
    answer came back, `silent` = nothing came back, `denied` = a device on the way refused it.
    """

    source: str
    destination: str
    protocol: str
    port: int
    answer: str
    allowed: bool


@dataclass(config=_STRICT)
class Sweep:
    """The flows tried against one domain from outside."""

    border: list[str]
    outside: list[str]
    attempts: list[Attempt] = field(default_factory=list)


@dataclass(config=_STRICT)
class PortScan:
    """Open ports of one device's address, seen from a service host."""

    host: str
    device: str
    address: str
    open_tcp: list[int]
    open_udp: list[int]
    tried: int


@dataclass(config=_STRICT)
class Reach:
    """Pings from one host to another."""

    source: str
    destination: str
    version: int
    sent: int
    received: int


@dataclass(config=_STRICT)
class FullSize:
    """Pings that nobody may fragment; `packet_bytes` counts the IP header."""

    packet_bytes: int
    reach: list[Reach] = field(default_factory=list)


@dataclass(config=_STRICT)
class Stream:
    """A probe stream with equal spacing; `outages_ms` are the gaps longer than three spacings."""

    source: str
    destination: str
    interval_ms: float
    sent: int
    received: int
    longest_outage_ms: float
    outages_ms: list[float] = field(default_factory=list)
    rtt_ms: float = 0.0


@dataclass(config=_STRICT)
class Paced:
    """One phase of a flow of datagrams with even spacing, one direction, as its receiver saw it.

    `sent` counts up to the last one that came. `outages_ms` are the gaps in which datagrams were lost; `delay_ms` the
    least, median, 99th percentile and greatest delay (sender's and receiver's clock are one in a lab); `pause_ms` the
    longest time beyond the spacing for which the sender itself did not run: what the machine's clock adds to a gap.
    """

    version: int
    sent: int
    received: int
    duplicates: int
    outages_ms: list[float]
    longest_outage_ms: float
    delay_ms: list[float]
    pause_ms: float

    @property
    def lost(self) -> int:
        """Datagrams that never came."""
        return self.sent - self.received


@dataclass(config=_STRICT)
class FaultRun:
    """Something broken on purpose while a stream ran, and what was still reached while it was broken.

    `carried` = share of the stream's packets that crossed the thing before it was broken: a fault that
    nothing crossed proves nothing.
    """

    kind: str
    target: str
    carried: float
    stream: Stream
    reach: list[Reach] = field(default_factory=list)
    recovered_s: float | None = None


@dataclass(config=_STRICT)
class Switched:
    """A line broken while a probe of one datagram a millisecond crossed it, and mended again.

    `already` names the lines that were broken before it; `carried` is the share of what the router
    before it sent that went by this line; `reach` = pings between all hosts of the domain while it was broken.
    """

    kind: str
    line: str
    source: str
    destination: str
    carried: float
    broken: Paced
    mended: Paced | None = None
    already: list[str] = field(default_factory=list)
    reach: list[Reach] = field(default_factory=list)


@dataclass(config=_STRICT)
class Beside:
    """A probe of one service while another one, of the same two routers, is offered more than it may take.

    `share` is what the probe takes of its slice. Of the neighbour's load, `sent_bytes` left its host and
    `delivered_bytes` came to the other one: what is missing shows that it was full.
    """

    service: str
    slice: str
    source: str
    destination: str
    share: float
    idle: Paced
    busy: Paced
    neighbour: str
    neighbour_slice: str
    offered_mbps: float
    sent_bytes: int
    delivered_bytes: int


@dataclass(config=_STRICT)
class Resized:
    """A slice deployed with another rate while a probe ran in it."""

    slice: str
    from_gbps: float
    to_gbps: float
    deployed: bool
    seconds: float
    probe: Paced
    why: str = ""


@dataclass(config=_STRICT)
class WrongKey:
    """A wrong key on one side of an adjacency or session; times count from setting the key."""

    node: str
    neighbor: str
    protocol: str
    down_s: float | None
    returned_while_wrong: bool
    watched_s: float
    restored_s: float | None


@dataclass(config=_STRICT)
class Crash:
    """A daemon killed with SIGKILL; None = not within the time allowed."""

    node: str
    daemon: str
    restarted_s: float | None
    converged_s: float | None
    stream: Stream


@dataclass(config=_STRICT)
class Restore:
    """A router that lost its configuration, and the deployment that brought it back."""

    node: str
    files_lost: int
    came_up_empty: bool
    deployed: bool
    deploy_s: float
    restored_s: float | None
    why: str = ""


@dataclass(config=_STRICT)
class Shares:
    """Bytes per equal-cost port of an ingress router while many flows ran to one egress."""

    ingress: str
    egress: str
    version: int
    flows: int
    ports: dict[str, int] = field(default_factory=dict)


@dataclass(config=_STRICT)
class FlowRecord:
    """An allowed flow across the border, and the record that the border wrote about it."""

    border: str
    source: str
    source_port: int
    destination: str
    destination_port: int
    protocol: int
    carried_bytes: int
    found: bool
    record: dict[str, str] = field(default_factory=dict)


def parse(kind: type[T], data: object) -> T:
    """Typed measurement from JSON-ready data; pydantic's ValidationError if it is none."""
    return TypeAdapter(kind).validate_python(data)


def dump(value: object) -> Any:
    """JSON-ready data from a typed measurement (or a list or mapping of them)."""
    return TypeAdapter(Any).dump_python(value, mode="json")
