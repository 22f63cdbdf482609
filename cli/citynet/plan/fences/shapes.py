"""How packets may look to a fence, and what becomes of each: what the packet filter does, said once more in words.

The proof reasons with this table; a test sends every one of these packets through the filter of a kernel.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Fate(enum.StrEnum):
    """What becomes of a packet at a port.

    Attributes:
        judged: by its identifier: whether the sender has a right to it, and a fence allows it there
        dropped: at once
        passed: as it has no identifier, and the port does not ask for one
    """

    JUDGED = "judged"
    DROPPED = "dropped"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of packet, and its fate at a port that is fenced and at one that is not."""

    name: str
    says: str
    fenced: Fate
    other: Fate


_ODD = (Fate.DROPPED, Fate.DROPPED)
_PLAIN = (Fate.DROPPED, Fate.PASSED)

SHAPES = {
    shape.name: shape
    for shape in (
        Shape("labelled", "one identifier, first in the first extension header", Fate.JUDGED, Fate.JUDGED),
        Shape("untagged", "no extension header", *_PLAIN),
        Shape("ipv4", "IPv4, which has no place for an identifier", *_PLAIN),
        Shape("second-option", "the identifier behind another option", *_ODD),
        Shape("second-header", "the identifier in a second extension header", *_ODD),
        Shape("both-headers", "an identifier in both extension headers", *_ODD),
        Shape("repeated", "two identifiers in one header", *_ODD),
        Shape("padded", "the header longer than the identifier needs", *_ODD),
        Shape("wrong-length", "an option of another length", *_ODD),
        Shape("routing-first", "a routing header before the identifier", *_ODD),
        Shape("routing-next", "a routing header behind the identifier", *_ODD),
        Shape("routing-only", "a routing header and no identifier", *_ODD),
        Shape("fragment-first", "a fragment header before the identifier", *_ODD),
        Shape("fragment-next", "a fragment header behind the identifier", *_ODD),
        Shape("fragment-later", "a later fragment: of the headers it has the fragment header only", *_PLAIN),
        Shape("jumbo", "a jumbo payload option (RFC 2675)", *_ODD),
        Shape("ip6-tunnel", "an IPv6 packet in an IPv6 packet", *_PLAIN),
        Shape("tagged-tunnel", "an IPv6 packet in a packet with an identifier", *_ODD),
        Shape("gre", "GRE", *_PLAIN),
        Shape("tagged-gre", "GRE with an identifier", *_ODD),
        Shape("tagged-esp", "ESP with an identifier", *_ODD),
        Shape("nothing-next", "an identifier and no payload (next header 59)", *_ODD),
    )
}
