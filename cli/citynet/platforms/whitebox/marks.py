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
