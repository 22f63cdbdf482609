"""Which sets of links may cut a network: a filter that never misses one, so that few need an exact look.

Method. Every link gets a label, a row of bits: outside a spanning tree a pseudo-random one, on the tree the sum
(modulo 2) of the labels of the links whose cycle it lies on. The labels of any cut then add up to zero (D. Pritchard,
R. Thurimella, "Fast computation of small cuts via cycle space sampling", ACM TALG 7 (4), 2011). So
- a set of links whose labels are linearly independent contains no cut: proven harmless without a search;
- two sets that contain no cut each contain one together only when some sum of labels of the one is a sum of labels
  of the other.
Chance can only add candidates, which an exact search then discards; it cannot lose one (see `Labels`).
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import TYPE_CHECKING

import rustworkx as rx

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from citynet.proof.network import Network

SPARE_BITS = 64
"""Labels are that much longer than the largest set, so a false candidate has a chance of 2^-64."""
MOST_SUMS = 8
"""A set of up to that many links has its 2^8 sums listed; a larger one is cut on trial instead."""


class Span:
    """All sums (modulo 2) of some labels, kept as rows of which no two have the same highest bit."""

    def __init__(self, labels: Iterable[int] = ()) -> None:
        self.rows: dict[int, int] = {}
        self.dependent = 0
        for label in labels:
            self.add(label)

    def add(self, label: int) -> None:
        """Add a label; `dependent` counts those that were sums already."""
        while label:
            height = label.bit_length()
            row = self.rows.get(height)
            if row is None:
                self.rows[height] = label
                return
            label ^= row
        self.dependent += 1

    def sums(self) -> Iterator[int]:
        """Every sum but zero."""
        found = [0]
        for row in self.rows.values():
            found += [known ^ row for known in found]
        return iter(found[1:])


class Labels:
    """The labels of one network's links.

    A set whose labels depend on each other holds as many independent cuts as the search finds parts cut off; should
    chance make it look like more, the labels are drawn again, so what `pairs` says holds for certain.
    """

    def __init__(self, network: Network, sets: Iterable[frozenset[int]]) -> None:
        self._network = network
        self._sets = list(sets)
        self._bytes = (max((len(edges) for edges in self._sets), default=0) + SPARE_BITS) // 8 + 1
        draw = 0
        while not self._drawn(draw):
            draw += 1

    def _drawn(self, draw: int) -> bool:
        self._labels = _draw(self._network, self._bytes, draw)
        return all(
            span.dependent == len(self._network.parts(edges))
            for edges in self._sets
            if (span := self.span(edges)).dependent
        )

    def span(self, edges: Iterable[int]) -> Span:
        """The sums of a set's labels."""
        return Span(self._labels[edge] for edge in edges)

    def may_cut(self, edges: Iterable[int]) -> bool:
        """False when the set certainly contains no cut."""
        return self.span(edges).dependent > 0


def _draw(network: Network, size: int, draw: int) -> list[int]:
    labels = [0] * len(network.ends)
    sums = [0] * len(network.names)
    tree = [(min(pair), max(pair), *pair) for pair in rx.dfs_edges(network.graph)]
    edges = [(edge, min(a, b), max(a, b)) for a, b, edge in network.graph.weighted_edge_list()]
    first = {(low, high): edge for edge, low, high in reversed(edges)}  # of parallel links one is on the tree
    on_tree = {first[low, high] for low, high, _, _ in tree}
    for edge, low, high in edges:
        if edge not in on_tree:
            labels[edge] = int.from_bytes(hashlib.shake_128(f"{draw}:{network.lines[edge]}".encode()).digest(size))
            sums[low] ^= labels[edge]
            sums[high] ^= labels[edge]
    for low, high, parent, child in reversed(tree):
        labels[first[low, high]] = sums[child]
        sums[parent] ^= sums[child]
    return labels


def single(network: Network, sets: dict[str, frozenset[int]]) -> Iterator[str]:
    """The names of sets that may cut the network; every other certainly does not."""
    labels = Labels(network, sets.values())
    return (name for name, edges in sets.items() if labels.may_cut(edges))


def pairs(network: Network, sets: dict[str, frozenset[int]]) -> Iterator[list[str]]:
    """Names of sets of which some two may cut the network in a way that neither does alone, family by family.

    Whatever two are in no family together certainly do not.
    """
    labels = Labels(network, sets.values())
    families: dict[int, list[str]] = defaultdict(list)
    for name, edges in sets.items():
        if len(edges) <= MOST_SUMS:
            for known in labels.span(edges).sums():
                families[known].append(name)
    yield from (family for family in families.values() if len(family) > 1)
    del families
    large = [name for name, edges in sets.items() if len(edges) > MOST_SUMS]
    for name in large:
        rest = network.without(sets[name])
        others = {other: edges - sets[name] for other, edges in sets.items() if other != name}
        labels = Labels(rest, others.values())
        yield from ([name, other] for other, edges in others.items() if labels.may_cut(edges))
