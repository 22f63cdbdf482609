"""Addresses from plain integers: netaddr reads what the design says, hot loops only add and format."""

from __future__ import annotations

import socket
from functools import cache

import netaddr


@cache
def base(prefix: str) -> int:
    """The first address of `prefix` as an integer."""
    return int(netaddr.IPNetwork(prefix).first)


def ipv4(number: int) -> str:
    """An IPv4 address as text."""
    return socket.inet_ntop(socket.AF_INET, number.to_bytes(4, "big"))


def ipv6(number: int) -> str:
    """An IPv6 address as text, compressed (RFC 5952)."""
    return socket.inet_ntop(socket.AF_INET6, number.to_bytes(16, "big"))
