"""IS-IS and SRv6 of one device: identifier, loopback, locator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.plan import addresses
from citynet.plan.model import Srv6, Underlay

if TYPE_CHECKING:
    from citynet.design.types import Domain
    from citynet.plan.model import PlannedDomain

LOCATOR = "MAIN"
FIRST_NODE, LAST_NODE = 1, 0xDFFF
"""uSID node numbers of the global block; 0xe000 and up are functions local to a node (f3216)."""
AREAS = {"government": "0001", "cross": "0002"}


def plan_underlay(domain: PlannedDomain, design: Domain, node: int) -> Underlay:
    """IS-IS of the device with that node number; the system identifier is the router identifier, written out."""
    router_id = addresses.ipv4(addresses.base(str(design.router_ids)) + node)
    digits = "".join(part.zfill(3) for part in router_id.split("."))
    system = ".".join((digits[:4], digits[4:8], digits[8:]))
    return Underlay(
        net=f"49.{AREAS[domain.name]}.{system}.00",
        loopback=addresses.ipv6(_locator(domain, node) + 1),
        router_id=router_id,
        secret=f"isis/{domain.name}",
        mtu=design.underlay.mtu,
        hello_interval_s=design.underlay.hello_interval_s,
        bfd_interval_ms=design.underlay.bfd_interval_ms,
        bfd_multiplier=design.underlay.bfd_multiplier,
    )


def plan_srv6(domain: PlannedDomain, node: int) -> Srv6:
    """The uSID locator of the device with that node number: block/32, node/16."""
    first = _locator(domain, node)
    return Srv6(
        locator=LOCATOR,
        prefix=f"{addresses.ipv6(first)}/48",
        source_address=addresses.ipv6(first + 1),
    )


def _locator(domain: PlannedDomain, node: int) -> int:
    return addresses.base(domain.locators) + (node << 80)
