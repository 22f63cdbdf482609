"""What a plan encrypts, as tables: lines, tunnels, key servers. For `citynet show` and the as-built book."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import MacsecPort, Plan, Protection


@dataclass(frozen=True, slots=True)
class SealedLine:
    """A line that is encrypted, once: `one` is the end that begins changes of keys."""

    line: str
    a: str
    b: str
    one: MacsecPort


@dataclass(frozen=True, slots=True)
class SealedPair:
    """The tunnels of a protection between two devices, once."""

    one: Protection
    a: str
    b: str
    a_address: str
    b_address: str


def lines(plan: Plan) -> Iterator[SealedLine]:
    """Every encrypted line, in the order of the plan."""
    for line in plan.lines.values():
        for end in (line.a, line.b):
            device = plan.devices.get(end.node)
            found = [one for one in device.macsec if one.port == end.port and one.master] if device else []
            for one in found:
                yield SealedLine(line.name, f"{line.a.node}:{line.a.port}", f"{line.b.node}:{line.b.port}", one)


def pairs(plan: Plan) -> Iterator[SealedPair]:
    """Every tunnel between two devices, from the one that begins; protections in the order of devices."""
    for name, device in plan.devices.items():
        for one in device.protections:
            for tunnel in one.tunnels:
                if tunnel.master:
                    yield SealedPair(one, name, tunnel.peer, one.address, tunnel.address)


def suite(one: Protection) -> str:
    """Ciphers of a protection."""
    return one.esp if one.method == "sm4" else f"{one.ike} / {one.esp}"


def keys(one: Protection) -> str:
    """Where the keys of a protection come from."""
    if one.method == "sm4":
        return "QKD" if one.source == "qkd" else "vault"
    return "certificates, PPK from QKD" if one.ppk else "certificates"


def tables(plan: Plan) -> Iterator[tuple[str, list[str], list[list[str]]]]:
    """Title, headings and rows of each table."""
    yield (
        "lines (MACsec)",
        ["line", "a", "b", "cipher", "keys", "begins", "without a key"],
        [
            [item.line, item.a, item.b, item.one.cipher, item.one.secret or "QKD", _other(item), _open(item.one)]
            for item in lines(plan)
        ],
    )
    yield (
        "tunnels",
        ["protection", "grade", "method", "suite", "keys", "ML-KEM", "a", "b"],
        [
            [
                item.one.name,
                item.one.grade,
                item.one.method,
                suite(item.one),
                keys(item.one),
                "yes" if item.one.ml_kem else "–",
                f"{item.a} {item.a_address}",
                f"{item.b} {item.b_address}",
            ]
            for item in pairs(plan)
        ],
    )
    yield (
        "key servers (ETSI GS QKD 014)",
        ["site", "name", "url", "devices"],
        [[site, one.name, one.url, " ".join(one.devices)] for site, one in plan.key_servers.items()],
    )


def _other(item: SealedLine) -> str:
    """The device that begins changes of keys: the one whose peer the other is."""
    ends = [end.partition(":")[0] for end in (item.a, item.b)]
    return next(name for name in ends if name != item.one.peer)


def _open(one: MacsecPort) -> str:
    return "in the clear" if one.open else "closed"
