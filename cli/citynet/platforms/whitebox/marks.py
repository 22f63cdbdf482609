"""The bits of a packet's mark (fwmark) on a whitebox, in one place: every technology that reads or sets one asks here.

A mark lives inside one device; what other devices must know of a packet travels in its outer IPv6 header.
"""

from __future__ import annotations

SLICE_MASK = 0x0000_00FF
"""The slice's number, 1 to 255; 0: no slice of its own."""
STEERING_SHIFT, STEERING_MASK = 8, 0x000F_FF00
"""The number of a steering entry (a data identifier with a path of its own), 1 to 4095; 0: the service's own path."""
CUSTOMER = 0x0010_0000
"""The packet entered at an attachment: what its sender wrote into fields that are the network's is written anew."""
ENCRYPTION_SHIFT, ENCRYPTION_MASK = 21, 0xFFE0_0000
"""The number of a protection (traffic that must leave for other devices encrypted), 1 to 2047; 0: none."""

KEPT = ~(SLICE_MASK | CUSTOMER) & 0xFFFF_FFFF
"""What of a mark stays when slice and customer are set."""

# How a slice travels between devices (draft-filsfils-spring-srv6-stateless-slice-id): its number in the eight high bits
# of the outer flow label, and a bit of the traffic class (SPI) that says so. Flow labels that the kernel makes up for
# its own packets lack the bit, so they are no slice's. The bit is the lowest of DSCP: of the standard code points only
# LE (RFC 8622) has it set, and customers' DSCP never gets into the outer header (pipe model, RFC 2983, section 3).
# What follows are the first four bytes of an IPv6 header (RFC 8200): version 4 bits, DSCP 6, ECN 2, flow label 20.
OUTER_DSCP = 0x0FC0_0000
OUTER_CONTROL = 0x0C00_0000
"""DSCP CS6, network control (RFC 4594, section 3.1): what routers say to each other."""
IPV6 = 0x6000_0000
"""Version 6 and nothing else: customers' ECN is not copied either, as no queue here marks it."""


OUTER_COLOUR = 0x0080_0000
"""The bit of DSCP next to the slice's: the colour of packets with a data identifier, which turns with every period
where they enter (alternate marking, RFC 9341). It does not stand in the flow label, by which routers may choose between
ways that are as good. What chooses queues looks at CS6 as a whole and at slices by their own bits, and so not at it."""


def outer_slice(number: int) -> int:
    """What says in the first four bytes of the outer header that a packet is of a slice."""
    return 0x0040_0000 | number << 12
