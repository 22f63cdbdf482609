"""Which sets of links may cut a network: a filter that never misses one, so that few need an exact look.

Method. Every link gets a label, a row of bits: outside a spanning tree a pseudo-random one, on the tree the sum
(modulo 2) of the labels of the links whose cycle it lies on. The labels of any cut then add up to zero (D. Pritchard,
R. Thurimella, "Fast computation of small cuts via cycle space sampling", ACM TALG 7 (4), 2011). So
- a set of links whose labels are linearly independent contains no cut: proven harmless without a search;
- two sets that contain no cut each contain one together only when some sum of labels of the one is a sum of labels
  of the other.
Chance can only add candidates, which an exact search then discards; it cannot lose one (see `_certain`).
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
"""Labels are that much longer than the largest sets, so a false candidate has a chance of 2^-64."""
MOST_DRAWS = 8
MOST_SUMS = 1_000_000
"""So many sums of labels are listed, about 0.1 GiB; sets that would go beyond are held against every other one."""


class Span:
    """All sums (modulo 2) of some labels, kept as rows of which no two have the same highest bit."""

    def __init__(self, labels: Iterable[int] = ()) -> None:
        self.rows: dict[int, int] = {}
        self.dependent = 0
        for label in labels:
            self.add(label)

    def rest(self, label: int) -> int:
        """What is left of a label after adding sums of this span; zero for one that is a sum."""
        while label and (row := self.rows.get(label.bit_length())):
            label ^= row
        return label

    def add(self, label: int) -> None:
        """Add a label; `dependent` counts those that were sums already."""
        if rest := self.rest(label):
            self.rows[rest.bit_length()] = rest
        else:
            self.dependent += 1

    def sums(self) -> list[int]:
        """Every sum but zero."""
        found = [0]
        for row in self.rows.values():
            found += [known ^ row for known in found]
        return found[1:]


class Labels:
    """The labels of one network's links."""

    def __init__(self, network: Network, sets: Iterable[frozenset[int]], draw: int = 0) -> None:
        sizes = sorted((len(edges) for edges in sets), reverse=True)
        self._labels = _draw(network, (sum(sizes[:2]) + SPARE_BITS) // 8 + 1, draw)

    def span(self, edges: Iterable[int]) -> Span:
        """The sums of a set's labels."""
        return Span(self._labels[edge] for edge in edges)

    def may_cut(self, edges: Iterable[int], besides: Span | None = None) -> bool:
        """False when the set certainly contains no cut, nor one together with another set whose span is given."""
        if besides is None:
            return self.span(edges).dependent > 0
        return Span(besides.rest(self._labels[edge]) for edge in edges).dependent > 0


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
    labels = _certain(network, sets)
    first: dict[int, str] = {}
    families: dict[int, list[str]] = defaultdict(list)
    large, listed = [], 0
    for name, edges in sorted(sets.items(), key=lambda item: len(item[1])):
        listed += 1 << len(edges)
        if listed > MOST_SUMS:
            large.append(name)
            continue
        for known in labels.span(edges).sums():
            if first.setdefault(known, name) != name:
                families[known].append(name)
    yield from ([first[known], *others] for known, others in families.items())
    for name in large:
        span = labels.span(sets[name])
        yield from ([name, other] for other, edges in sets.items() if other != name and labels.may_cut(edges, span))


def _certain(network: Network, sets: dict[str, frozenset[int]]) -> Labels:
    """Labels by which a set depends on itself as often as it cuts something off.

    Should chance make it look like more, a sum that two sets share might be taken for zero; then they are drawn again.
    """
    for draw in range(MOST_DRAWS):
        labels = Labels(network, sets.values(), draw)
        spans = ((labels.span(edges), edges) for edges in sets.values())
        if all(span.dependent == len(network.parts(edges)) for span, edges in spans if span.dependent):
            return labels
    raise AssertionError(f"{MOST_DRAWS} draws of labels disagree with the search")  # 2^-64 each, so an error of ours
