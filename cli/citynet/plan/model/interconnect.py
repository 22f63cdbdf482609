"""The guard at a border port."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class GuardRule:
    """One flow allowed across the interconnect port, `inward` (from the other domain) or outward.

    `identifiers` are the numbers of data identifiers that it may carry, `answers` those of its answers; None: any that
    a fence lets pass, or none at all where no fence asks for one.
    """

    name: str
    inward: bool
    protocol: str
    ports: list[int]
    sources: list[str]
    destinations: list[str]
    identifiers: list[int] | None = None
    answers: list[int] | None = None

    def families(self) -> list[tuple[int, list[str], list[str]]]:
        """IP version, sources and destinations of that version; a version that lacks either side is left out."""
        split = [
            (
                version,
                [a for a in self.sources if (":" in a) == (version == 6)],
                [a for a in self.destinations if (":" in a) == (version == 6)],
            )
            for version in ((4, 6) if self.identifiers is None else (6,))  # IPv4 has no place for an identifier
        ]
        return [
            (version, sources, destinations) for version, sources, destinations in split if sources and destinations
        ]


@dataclass(slots=True)
class RecordedIdentifier:
    """A data identifier that a border writes into its records of flows: its number, and the short one that it notes."""

    number: int
    note: int


@dataclass(slots=True)
class DeviceRefusals:
    """A device writes down which flows it refuses: how packets carry identifiers there; 0 bits where none do."""

    option: int
    bits: int


@dataclass(slots=True)
class Guard:
    """Default-deny at a border port; rules list what passes. Replies of allowed flows pass by state.

    Attributes:
        interconnect: Name of the interconnect, or of the exit.
        port: The port it guards.
        vrf: The port's VRF.
        peer: The far side's address that eBGP may come from; empty at an exit.
        rules: What passes.
        masquerade: IP versions whose sources go out under the port's own address (exits only).
    """

    interconnect: str
    port: str
    vrf: str
    peer: str
    rules: list[GuardRule] = field(default_factory=list)
    masquerade: list[int] = field(default_factory=list)
