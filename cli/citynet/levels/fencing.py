"""What the probes of fences and of supervision report, typed, like `measurements`."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

_STRICT = ConfigDict(extra="forbid")


@dataclass(config=_STRICT)
class Tried:
    """Packets that were sent at a fence, and what became of them.

    Attributes:
        kind: `allowed`; or why they must end: `spoofed`, `denied`, `closed`, `untagged`, as the fence counts it.
        sender: The node that sent them: the host, or the far border device, from the line between the domains.
        source: The host whose address they had.
        destination: The host to which they went.
        identifier: What they carried; 0 for none.
        protocol: tcp, udp or icmp.
        sent: How many.
        arrived: How many of them did.
        device: Where they must end; empty for those that are allowed.
        counted: By how much its counter of that kind grew meanwhile.
    """

    kind: str
    sender: str
    source: str
    destination: str
    identifier: int
    protocol: str
    sent: int
    arrived: int
    device: str = ""
    counted: int = 0


@dataclass(config=_STRICT)
class Supervised:
    """A flow that crossed a border, its record in an evidence store, and how the store was judged.

    Attributes:
        border: The border device that recorded it.
        source: Who opened it, by address.
        source_port: Its port.
        destination: Who answered, by address.
        participants: Who is at both ends, by the plan.
        identifier: What its packets carried; 0 when the flow had none.
        carried_bytes: What was sent at least.
        record: The record, as it is given out; empty when there was none.
    """

    border: str
    source: str
    source_port: int
    destination: str
    participants: list[str]
    identifier: int
    carried_bytes: int
    record: dict[str, Any] = field(default_factory=dict)


@dataclass(config=_STRICT)
class Supervision:
    """All flows, the verdict on the store, and on a copy of it in which one record was changed by a letter."""

    flows: list[Supervised] = field(default_factory=list)
    verdict: str = ""
    edited_verdict: str = ""
    edited_finding: str = ""
