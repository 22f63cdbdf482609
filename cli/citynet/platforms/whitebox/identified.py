"""How the packet filter knows packets with a data identifier."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from citynet.plan.model import Device


def matches(device: Device, identifier: int) -> list[str]:
    """What packets with an identifier look like to nft: first option of the first extension header, one rule each."""
    (option,) = device.identifiers
    kind = f"0x{option.option:02x}{option.bits // 8:02x}"
    return [f"ip6 nexthdr {header} @nh,336,16 {kind} @nh,352,{option.bits} {identifier}" for header in option.headers]
