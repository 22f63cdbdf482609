"""Security sentries: what a border device looks for, at which guard."""

from __future__ import annotations

from dataclasses import dataclass, field

from citynet.plan.model.interconnect import GuardRule  # noqa: TC001 - pydantic reads these types when it runs


@dataclass(slots=True)
class Watch:
    """What a sentry looks for at one guard.

    Attributes:
        name: Of the guard.
        kind: `interconnect` or `exit`.
        inside: Interface that sees all that enters the guard's VRF, before the guard and with inner addresses.
        outside: The port's interface; what the guard drops there is seen nowhere else.
        near: Prefixes of the service on this side.
        far: Prefixes of the service on the other side; empty at an exit, where it is all but `known`.
        known: Prefixes of this city that the device has to do with.
        own: The device's own addresses on the port.
        flows: What the guard lets pass.
        attempts: Tries of one source in a minute, at what nobody allows, that make a scan.
        expected: TCP ports (of DNS UDP as well) and the protocol spoken there.
        largest_mb: More MB than this in one direction of a flow are alarmed; 0: no limit.
        blocked_addresses: Prefixes with which any contact is alarmed.
        blocked_names: Domains whose names are alarmed.
    """

    name: str
    kind: str
    inside: str
    outside: str
    near: list[str]
    far: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    own: list[str] = field(default_factory=list)
    flows: list[GuardRule] = field(default_factory=list)
    attempts: int = 5
    expected: list[tuple[int, str]] = field(default_factory=list)
    largest_mb: int = 0
    blocked_addresses: list[str] = field(default_factory=list)
    blocked_names: list[str] = field(default_factory=list)


@dataclass(slots=True)
class DeviceSentry:
    """The network intrusion detection of a device.

    Attributes:
        watches: What it looks for.
        home: Prefixes of this side, `$HOME_NET` of rules.
        rules: Rules of Suricata that the design brings.
        names: Hosts by address, for people.
        option: Type of the IPv6 option that holds a data identifier.
        bits: Length of an identifier.
        buffer_mb: Memory for packets that wait, of each interface on which everything is looked at.
        identifiers: All that the city has; none: an identifier is not looked at.
    """

    watches: list[Watch] = field(default_factory=list)
    home: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    option: int = 0
    bits: int = 32
    buffer_mb: int = 8
    identifiers: list[int] = field(default_factory=list)
