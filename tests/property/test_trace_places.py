"""Where packets may be seen, against brute force: every path of every network with any one thing broken."""

from __future__ import annotations

from hypothesis import given, settings
from test_paths import nets

from citynet.plan.paths.network import Network
from citynet.plan.tracing import Ways


def shortest(net: Network, start: str, end: str, lost: set[str]) -> set[str]:
    """Devices on all shortest ways that use no lost line, by trying every simple path."""
    best, found = 1 << 60, set[str]()
    open_ = [((start,), 0)]
    while open_:
        nodes, metric = open_.pop()
        if nodes[-1] == end:
            if metric < best:
                best, found = metric, set()
            if metric == best:
                found |= {*nodes}
            continue
        for line in net.around[nodes[-1]]:
            other = line.other(nodes[-1])
            if other not in nodes and line.name not in lost:
                open_.append(((*nodes, other), metric + line.metric))
    return found


def failures(net: Network, start: str, end: str) -> list[set[str]]:
    lines = net.lines.values()
    groups = {group for line in lines for group in line.groups}
    broken = [set[str](), *({line.name} for line in lines)]
    broken += [{line.name for line in net.around[node]} for node in net.nodes if node not in {start, end}]
    return broken + [{line.name for line in lines if group in line.groups} for group in groups]


@settings(max_examples=60, deadline=None)
@given(nets())
def test_devices_on_the_ways_now_and_around_any_one_failure(net: Network) -> None:
    names = sorted(net.nodes)
    pairs = [(a, b) for a in names for b in names if a < b]
    for (start, end), found in Ways(net).between(pairs).items():
        wanted = {start, end}
        for lost in failures(net, start, end):
            wanted |= shortest(net, start, end, lost)
        assert found == wanted, (start, end)


@settings(max_examples=20, deadline=None)
@given(nets())
def test_what_is_too_much_to_look_at_lets_more_pass_and_never_less(net: Network) -> None:
    names = sorted(net.nodes)
    pairs = [(a, b) for a in names for b in names if a < b]
    short, whole = Ways(net, 1).between(pairs), Ways(net).between(pairs)
    assert all(short[pair] >= whole[pair] for pair in pairs)
