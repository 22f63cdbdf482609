"""Flows as ulogd writes them (input NFCT, output JSON): one line for each, when it has ended."""

from __future__ import annotations

import ipaddress
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from citynet.evidence.record import MICROSECONDS

ICMP, ICMPV6 = 1, 58
_PORTS = frozenset({6, 17, 33, 132, 136})
"""TCP, UDP, DCCP, SCTP, UDP-Lite: protocols whose flows have ports."""


@dataclass(slots=True)
class Flow:
    """A flow that connection tracking saw end; numbers may be out of their range.

    Ports are None for protocols without any, type and code for all but ICMP. `mark` is that of the connection, in
    which a border notes data identifiers (`plan.recording`).
    """

    source: str
    destination: str
    protocol: int
    source_port: int | None
    destination_port: int | None
    icmp_type: int | None
    icmp_code: int | None
    start: int
    end: int
    load: dict[str, int]
    mark: int = 0


def parse(line: bytes) -> Flow | None:
    """A flow out of its line; None if the line is none, or lacks addresses, protocol, times or counts."""
    try:
        raw = json.loads(line)
        protocol = int(raw["orig.ip.protocol"])
        ports, icmp = protocol in _PORTS, protocol in {ICMP, ICMPV6}
        return Flow(
            _address(_either(raw, "src_ip", "orig.ip.saddr.str")),
            _address(_either(raw, "dest_ip", "orig.ip.daddr.str")),
            protocol,
            int(_either(raw, "src_port", "orig.l4.sport")) if ports else None,
            int(_either(raw, "dest_port", "orig.l4.dport")) if ports else None,
            int(_either(raw, "icmp.type", "icmpv6.type")) if icmp else None,
            int(_either(raw, "icmp.code", "icmpv6.code")) if icmp else None,
            _moment(raw, "flow.start"),
            _moment(raw, "flow.end"),
            {
                "bytes_sent": int(raw["orig.raw.pktlen"]),
                "packets_sent": int(raw["orig.raw.pktcount"]),
                "bytes_returned": int(raw["reply.raw.pktlen"]),
                "packets_returned": int(raw["reply.raw.pktcount"]),
            },
            int(raw.get("ct.mark", 0)),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def _either(raw: dict[str, Any], *names: str) -> Any:
    for name in names:
        if name in raw:
            return raw[name]
    raise KeyError(names[-1])


def _address(text: Any) -> str:
    """An address in its short form; a number is none."""
    if not isinstance(text, str):
        raise TypeError(text)
    return short(text)


@lru_cache(maxsize=65_536)
def short(text: str) -> str:
    """An address in its short form.

    Raises:
        ValueError: It is no address.
    """
    return str(ipaddress.ip_address(text))


def _moment(raw: dict[str, Any], name: str) -> int:
    return int(raw[f"{name}.sec"]) * MICROSECONDS + int(raw.get(f"{name}.usec", 0))
