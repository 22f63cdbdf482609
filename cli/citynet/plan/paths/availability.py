"""How available a path and its backup are, from how often devices, ports and fibres fail."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from citynet.design.failures import cuts_per_hour, down_share

if TYPE_CHECKING:
    from citynet.design.types import FailureRates
    from citynet.plan.paths.network import Network
    from citynet.plan.paths.search import Path


def of_pair(net: Network, rates: FailureRates, primary: Path, backup: Path | None) -> float:
    """The share of time for which one of two paths is up, from 0 to 1.

    What both need counts once: nodes, lines, fibres, and fibres that lie in one risk group, which are taken to fail
    together. The two ends are left out: every path needs them. Failures are independent otherwise, and the time to
    switch (under a second a failure) is left out.
    """
    one = _downs(net, rates, primary)
    if backup is None:
        return prod(1.0 - down for down in one.values())
    two = _downs(net, rates, backup)
    both = (one.keys() & two.keys()) | _in_shared_ducts(net, one, two) | _in_shared_ducts(net, two, one)
    only_one = prod(1.0 - down for part, down in one.items() if part not in both)
    only_two = prod(1.0 - down for part, down in two.items() if part not in both)
    common = prod(1.0 - down for part, down in (one | two).items() if part in both)
    return common * (1.0 - (1.0 - only_one) * (1.0 - only_two))


def _downs(net: Network, rates: FailureRates, path: Path) -> dict[str, float]:
    """The share of time for which each part of a path is down."""
    downs = {f"node {node}": down_share(1.0 / rates.device_mtbf_h, rates.mttr_h) for node in path.between}
    for line in path.lines:
        downs[f"line {line.name}"] = down_share(2.0 / rates.port_mtbf_h, rates.mttr_h)
        for fibre in line.fibres:
            cuts = cuts_per_hour(net.fibres[fibre].length_km, rates.fibre_cuts)
            downs[f"fibre {fibre}"] = down_share(cuts, rates.mttr_h)
    return downs


def _in_shared_ducts(net: Network, one: dict[str, float], two: dict[str, float]) -> set[str]:
    """Fibres of one path that lie in a risk group with a fibre of the other."""
    groups = {group for part in two for group in _groups(net, part)}
    return {part for part in one if groups & set(_groups(net, part))}


def _groups(net: Network, part: str) -> list[str]:
    kind, _, name = part.partition(" ")
    return net.fibres[name].risk_groups if kind == "fibre" else []
