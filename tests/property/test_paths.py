"""Paths against brute force: best for their intent, as disjoint as can be, pinned to exactly what was chosen."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from citynet.design.types import FailureRates, Intent
from citynet.plan.paths.choice import Chooser, shared_by
from citynet.plan.paths.network import Line, Network, Node
from citynet.plan.paths.network import _is_unpinned as is_unpinned
from citynet.plan.paths.search import Path
from citynet.plan.paths.segments import containers, decoded, numbers, waypoints
from citynet.plan.paths.wanted import Touch, Wanted

NAMES = "abcdef"


@st.composite
def nets(draw: st.DrawFn) -> Network:
    """Up to six routers; metrics, delays, rates, trust and risk groups at random, small enough to try every path."""
    names = NAMES[: draw(st.integers(3, len(NAMES)))]
    pairs = [(a, b) for number, a in enumerate(names) for b in names[number + 1 :]]
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=2, max_size=9, unique=True))
    nodes = {name: Node(name, name, draw(st.integers(0, 3))) for name in names}
    lines = {}
    for a, b in chosen:
        groups = frozenset(draw(st.lists(st.sampled_from(["duct", "bridge", "tunnel"]), max_size=1)))
        figures = (st.integers(1, 4), st.integers(1, 50), st.sampled_from([10, 100]), st.integers(0, 3))
        lines[f"{a}--{b}"] = Line(f"{a}--{b}", a, b, *map(draw, figures), (), groups)
    around: dict[str, list[Line]] = {name: [] for name in names}
    for line in lines.values():
        around[line.a].append(line)
        around[line.b].append(line)
    net = Network("government", nodes, lines, around, {})
    net.unpinned = frozenset(line.name for line in lines.values() if is_unpinned(net, line))
    return net


def every_path(net: Network, start: str, end: str) -> list[Path]:
    """All simple paths over lines that can be pinned."""
    found, open_ = [], [Path((start,), ())]
    while open_:
        path = open_.pop()
        here = path.nodes[-1]
        if here == end:
            found.append(path)
            continue
        for line in net.around[here]:
            other = line.other(here)
            if other not in path.nodes and line.name not in net.unpinned:
                open_.append(Path((*path.nodes, other), (*path.lines, line)))
    return found


def allowed(net: Network, want: Wanted, path: Path) -> bool:
    return (
        path.trust(net) >= want.min_trust
        and not want.nodes & set(path.between)
        and not want.lines & path.names
        and (want.max_delay_ns is None or path.delay_ns <= want.max_delay_ns)
        and all(touch.nodes & set(path.nodes) for touch in want.touches)
    )


def worth(net: Network, intent: Intent, path: Path) -> tuple[int, ...]:
    """What an intent compares, the smaller the better."""
    steps = sum(3 - line.trust for line in path.lines) + sum(3 - net.nodes[node].trust for node in path.between)
    return {
        Intent.LOW_LATENCY: (path.delay_ns, len(path.lines)),
        Intent.DEFAULT: (path.metric, len(path.lines)),
        Intent.BANDWIDTH: (-path.rate_gbps, path.delay_ns, len(path.lines)),
        Intent.HIGH_TRUST: (-path.trust(net), steps, path.delay_ns, len(path.lines)),
    }[intent]


@st.composite
def asked(draw: st.DrawFn) -> Wanted:
    touches = draw(st.lists(st.sampled_from("bcd"), max_size=1))
    return Wanted(
        draw(st.sampled_from(list(Intent))),
        draw(st.none() | st.integers(10, 120)),
        draw(st.integers(0, 2)),
        frozenset(draw(st.lists(st.sampled_from("cd"), max_size=1))),
        touches=tuple(Touch(name, frozenset(name)) for name in touches),
    )


@given(nets(), asked())
def test_the_best_path_is_chosen_or_there_is_none(net: Network, want: Wanted) -> None:
    good = [path for path in every_path(net, "a", "b") if allowed(net, want, path)]
    choice = Chooser(net, FailureRates()).choose(want, "a", "b")
    assert (choice is None) == (not good)
    if choice is not None:
        assert worth(net, want.intent, choice.primary[0]) == min(worth(net, want.intent, path) for path in good)


@given(nets(), asked())
def test_the_order_is_that_of_the_intent_and_complete(net: Network, want: Wanted) -> None:
    found = list(Chooser(net, FailureRates()).ranked(want, "a", "b"))
    assert all(worth(net, want.intent, one) <= worth(net, want.intent, other) for one, other in pairwise(found))
    assert {path.nodes for path in found} == {p.nodes for p in every_path(net, "a", "b") if allowed(net, want, p)}


@given(nets(), asked())
def test_the_backup_shares_least(net: Network, want: Wanted) -> None:
    choice = Chooser(net, FailureRates()).choose(want, "a", "b")
    if choice is None:
        return
    primary = choice.primary[0]
    others = [p for p in every_path(net, "a", "b") if allowed(net, want, p) and p.names != primary.names]
    assert (choice.backup is None) == (not others)
    if choice.backup is not None:
        least = min((len(s.lines), len(s.nodes)) for s in (shared_by(primary, path) for path in others))
        assert (len(choice.shared.lines), len(choice.shared.nodes)) == least
        if any(not shared_by(primary, path) for path in others):
            assert not choice.shared


@given(nets())
def test_several_paths_share_no_line_and_weigh_by_width(net: Network) -> None:
    choice = Chooser(net, FailureRates()).choose(Wanted(Intent.BANDWIDTH, most_paths=4), "a", "b")
    if choice is None:
        return
    names = [line for path in choice.primary for line in path.names]
    assert len(names) == len(set(names))
    first, weight = choice.primary[0], choice.weights[0]
    for path, other in zip(choice.primary, choice.weights, strict=True):
        assert path.rate_gbps * weight == first.rate_gbps * other


def isis_walk(net: Network, start: str, named: list[str]) -> list[set[str]]:
    """Where IS-IS sends a packet that must pass some nodes in order: at each step the nodes it may be at."""
    steps, here = [], start
    for target in named:
        while here != target:
            lines = net.next_lines(here, target)
            steps.append({line.other(here) for line in lines})
            here = lines[0].other(here)
    return steps


@given(nets(), asked())
def test_segments_lead_over_exactly_the_path(net: Network, want: Wanted) -> None:
    choice = Chooser(net, FailureRates()).choose(want, "a", "b")
    for path in choice.primary if choice else ():
        named = waypoints(net, path)
        assert [{node} for node in path.nodes[1:]] == isis_walk(net, "a", named)
        for left_out in named[:-1]:
            fewer = [node for node in named if node != left_out]
            assert [{node} for node in path.nodes[1:]] != isis_walk(net, "a", fewer)


@given(nets(), asked())
def test_both_directions_take_one_way(net: Network, want: Wanted) -> None:
    chooser = Chooser(net, FailureRates())
    there, back = chooser.choose(want, "a", "b"), chooser.choose(want, "b", "a")
    assert (there is None) == (back is None)
    if there and back:
        assert there.primary[0].nodes == back.primary[0].nodes[::-1]


@given(st.lists(st.integers(1, 0xDFFF), min_size=1, max_size=15), st.none() | st.integers(0xFE00, 0xFEFF))
def test_containers_hold_every_node_and_the_function_with_its_own(nodes: list[int], function: int | None) -> None:
    found = containers("fd01:1::/32", nodes, function)
    whole = [number for address in found for number in decoded("fd01:1::/32", address)]
    assert whole == [*nodes, *([] if function is None else [function])]
    assert all(len(decoded("fd01:1::/32", address)) <= 6 for address in found)
    if function is not None:
        assert decoded("fd01:1::/32", found[-1])[-2:] == [nodes[-1], function]


def test_locators_are_numbers() -> None:
    assert numbers(["fd01:1:4::", "fd01:1:dfff::"]) == [4, 0xDFFF]
