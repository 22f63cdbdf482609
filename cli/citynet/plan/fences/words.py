"""An identifier as it stands in a packet."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from citynet.plan.model import DeviceFence, DeviceTrace


def option(known: DeviceFence | DeviceTrace, number: int) -> bytes:
    """The extension header with one identifier; the kernel fills in what comes next (RFC 8200, 4.2)."""
    size = known.bits // 8
    body = bytes([known.option, size]) + number.to_bytes(size, "big")
    body += b"\x01\x02\0\0" if len(body) > 6 else b""
    return bytes([0, (2 + len(body)) // 8 - 1]) + body
