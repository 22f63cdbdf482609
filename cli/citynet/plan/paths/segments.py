"""A path as segments: the fewest nodes that pin it, and uSID containers (f3216, RFC 9800)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.plan import addresses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from citynet.plan.paths.network import Network
    from citynet.plan.paths.search import Path

PER_CONTAINER = 6
"""16-bit uSIDs that fit behind a 32-bit block into one address."""


def waypoints(net: Network, path: Path) -> list[str]:
    """The fewest nodes to name, the last one included, so that IS-IS's only shortest ways between them are the path.

    Going as far as one can each time gives the fewest: a part of an only shortest way is one itself.
    """
    named, here = [], 0
    while here < len(path.nodes) - 1:
        here = max(there for there in range(here + 1, len(path.nodes)) if _is_only_way(net, path, here, there))
        named.append(path.nodes[here])
    return named


def _is_only_way(net: Network, path: Path, start: int, end: int) -> bool:
    return all(net.next_lines(path.nodes[at], path.nodes[end]) == [path.lines[at]] for at in range(start, end))


def containers(block: str, nodes: Sequence[int], function: int | None = None) -> list[str]:
    """USIDs in the fewest addresses of a block (`fd01:1::/32`): `fd01:1:A:B:C::`.

    Args:
        block: The locator block, a /32.
        nodes: Node numbers in the order of travel.
        function: A function of the last node; the two stay in one address, since the node looks them up together.
    """
    words = [(node,) for node in nodes[:-1]] + [(nodes[-1],) if function is None else (nodes[-1], function)]
    parts: list[list[int]] = [[]]
    for word in words:
        if len(parts[-1]) + len(word) > PER_CONTAINER:
            parts.append([])
        parts[-1] += word
    first = addresses.base(block)
    return [
        addresses.ipv6(first + sum(number << (80 - 16 * place) for place, number in enumerate(part))) for part in parts
    ]


def numbers(locators: Sequence[str]) -> list[int]:
    """The node numbers of locator addresses (`fd01:1:4::`)."""
    return [(addresses.base(f"{locator}/128") >> 80) & 0xFFFF for locator in locators]


def decoded(block: str, address: str) -> list[int]:
    """The uSIDs in one address."""
    value = addresses.base(f"{address}/128") - addresses.base(block)
    numbers = [(value >> (80 - 16 * place)) & 0xFFFF for place in range(PER_CONTAINER)]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return numbers
