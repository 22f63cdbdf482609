"""A probe of one direction between two hosts: a datagram a millisecond, IPv4 and IPv6 side by side."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from citynet.errors import DeviceError
from citynet.levels.measurements import Paced, parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.levels.access import Access, Running
    from citynet.levels.targets import HostPair

SPACING_MS = 1.0
LIMIT_S = 600
PORT = 40400
STEADY = 1000
"""Datagrams in a row, none missing, after which a flow counts as flowing again."""
NEVER = 1_000_000_000
"""A run that no flow reaches."""
_STEADY_WAIT_S = 20.0


@dataclass(slots=True)
class PacedFlow:
    """A running probe."""

    pair: HostPair
    sender: Running
    receiver: Running
    versions: tuple[int, ...]

    def phase(self, until_s: float = _STEADY_WAIT_S, run: int = STEADY) -> list[Paced]:
        """What happened since the last phase, as soon as the flow is steady again; one report per IP version.

        Raises:
            DeviceError: It does not become steady within `until_s` seconds.
        """
        self.receiver.say({"until_s": until_s, "run": run})
        found: dict[str, Any] = self.receiver.line()
        if not found["steady"]:
            ends = f"{self.pair.source.name} to {self.pair.destination.name}"
            raise DeviceError({self.receiver.node: f"the flow from {ends} was not steady within {until_s:g} s"})
        return self._parsed(found)

    def watch(self, seconds: float) -> list[Paced]:
        """What happened since the last phase and in the next seconds, whatever is lost."""
        self.receiver.say({"until_s": seconds, "run": NEVER})
        found: dict[str, Any] = self.receiver.line()
        return self._parsed(found)

    def _parsed(self, found: dict[str, Any]) -> list[Paced]:
        return [
            parse(Paced, {"version": version, **flow})
            for version, flow in zip(self.versions, found["flows"], strict=True)
        ]

    def finish(self) -> int:
        """Stop sending; how many were sent to each address."""
        return int(self.sender.finish()["sent"])


@contextmanager
def paced(  # noqa: PLR0913 - what is sent, and how
    access: Access,
    pair: HostPair,
    versions: tuple[int, ...] = (4, 6),
    *,
    spacing_ms: float = SPACING_MS,
    packet_bytes: int = 0,
    port: int = PORT,
    source_port: int = 0,
    **more: int,
) -> Iterator[PacedFlow]:
    """A probe from one host to another, steady when this begins and stopped when it ends."""
    receiver = access.start(
        pair.destination.name, "paced", {"port": port, "interval_ms": spacing_ms, "flows": len(versions)}
    )
    try:
        receiver.line()
        targets = [
            {"address": pair.destination.address(version), "port": port, "source_port": source_port}
            for version in versions
        ]
        asked = {"targets": targets, "interval_ms": spacing_ms, "limit_s": LIMIT_S, "bytes": packet_bytes, **more}
        sender = access.start(pair.source.name, "paced", asked)
        flow = PacedFlow(pair, sender, receiver, versions)
        try:
            yield flow
        finally:
            if sender.process.poll() is None:
                flow.finish()
    finally:
        if receiver.process.poll() is None:
            receiver.finish()
