"""Static proof: what a plan alone says about isolation, reachability, risk and capacity.

Reads the plan's data and nothing else; how the planner came to it plays no part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.proof.capacity import prove_fibres, prove_links
from citynet.proof.isolation import prove_isolation
from citynet.proof.light import prove_light
from citynet.proof.model import CLAIMS, Area, Proof, silent
from citynet.proof.network import network_of
from citynet.proof.reachability import Searched, prove_reachability
from citynet.proof.risk import prove_risk

if TYPE_CHECKING:
    from collections.abc import Collection

    from citynet.plan.model import Plan
    from citynet.proof.model import Tell

__all__ = ["CLAIMS", "Area", "Proof", "prove"]


def prove(plan: Plan, only: Collection[Area] = tuple(Area), tell: Tell = silent) -> Proof:
    """Prove a plan.

    Args:
        plan: What `citynet plan` decided.
        only: The parts to prove; all of them unless said otherwise.
        tell: Hears which step goes on.
    """
    proof = Proof(plan.city, plan.design_digest)
    if Area.ISOLATION in only:
        tell("isolation")
        proof.results += prove_isolation(plan)
    for domain in plan.domains if {*only} - {Area.ISOLATION} else ():
        tell(f"{domain}: network")
        network = network_of(plan, domain)
        seen = Searched(network, network.split())
        if Area.REACHABILITY in only:
            proof.results += prove_reachability(plan, network, seen, tell)
        if Area.RISK in only:
            tell(f"{domain}: shared risks")
            proof.results.append(prove_risk(network, seen))
        if Area.CAPACITY in only:
            proof.results += prove_links(plan, network, tell)
    if Area.CAPACITY in only:
        proof.results.append(prove_fibres(plan))
    proof.results += prove_light(plan, only)
    proof.results.sort(key=lambda result: list(CLAIMS).index(result.claim))
    return proof
