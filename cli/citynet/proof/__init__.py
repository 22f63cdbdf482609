"""Static proof: what a plan alone says about isolation, reachability, risk, capacity, encryption, fences and access.

Reads the plan's data and nothing else; how the planner came to it plays no part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.proof.access import prove_access
from citynet.proof.capacity import prove_fibres, prove_links
from citynet.proof.crossings import prove_crossings
from citynet.proof.encryption import prove_encryption
from citynet.proof.fences import prove_fences
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
_OF_DOMAINS = {Area.REACHABILITY, Area.RISK, Area.CAPACITY}
"""Parts that look at the network of each domain."""


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
    if Area.FENCES in only:
        tell("fences")
        proof.results += prove_fences(plan)
        proof.results += prove_crossings(plan)
    if Area.ACCESS in only:
        tell("access")
        proof.results += prove_access(plan)
    for domain in plan.domains if {*only} & _OF_DOMAINS else ():
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
    if Area.ENCRYPTION in only:
        tell("encryption")
        proof.results += prove_encryption(plan)
    proof.results += prove_light(plan, only)
    proof.results.sort(key=lambda result: list(CLAIMS).index(result.claim))
    return proof
