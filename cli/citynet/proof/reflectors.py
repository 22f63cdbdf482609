"""Routes: whether those of a service still reach all its devices when one route reflector is gone (RFC 4456)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING

from citynet.proof.model import Refutation, judged

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Plan
    from citynet.proof.model import Result
    from citynet.proof.network import Network

    Hearing = frozenset[tuple[str, bool]]
    """The reflectors that a device has a session with, each with whether the device is its client."""


def prove_reflectors(plan: Plan, network: Network) -> Result:
    """REACH-07 of one domain."""
    sessions = _Sessions.of(plan, network.domain)
    refutations = []
    for service, nodes in network.carriers.items():
        if plan.services[service].kind == "vpws":
            continue  # both ends are configured: it has no routes
        names = sorted(network.names[node] for node in nodes)
        for dead in ("", *sessions.reflectors):
            deaf = next(sessions.unheard([name for name in names if name != dead], dead), None)
            if deaf:
                what = f"routes of {deaf[0]} do not reach {deaf[1]}" + (f" without {dead}" if dead else "")
                failing = [f"device {dead}"] if dead else []
                advice = "a second reflector for both: a core device of the other plane"
                refutations.append(Refutation(deaf[1], what, failing, [service], advice))
                break
    looked_at = len(sessions.reflectors)
    return judged("REACH-07", network.domain, looked_at, refutations, unit="reflectors")


@dataclass(slots=True, frozen=True, eq=False)
class _Sessions:
    """iBGP sessions that both ends know of: for each device its neighbours, and whether each is its client."""

    of_device: dict[str, dict[str, bool]]
    reflectors: list[str]

    @classmethod
    def of(cls, plan: Plan, domain: str) -> _Sessions:
        told = {
            name: {neighbour.name: neighbour.client for neighbour in device.bgp.neighbors}
            for name, device in plan.devices.items()
            if device.domain == domain
        }
        both = {
            name: {far: client for far, client in row.items() if name in told.get(far, ())}
            for name, row in told.items()
        }
        return cls(both, [name for name, row in both.items() if any(row.values())])

    def unheard(self, names: list[str], dead: str) -> Iterator[tuple[str, str]]:
        """Pairs of devices of which the second does not get the routes of the first."""
        alike: dict[tuple[str, Hearing], list[str]] = defaultdict(list)
        reflectors = set(self.reflectors)
        for name in names:
            hearing = frozenset((far, self.of_device[far][name]) for far in self.of_device[name] if far in reflectors)
            alike[name if name in reflectors else "", hearing].append(name)
        heard = cache(lambda key: self._heard(key, dead))
        for one, other in product(alike, alike):
            if one == other and len(alike[one]) == 1:
                continue
            if not self._reaches(heard(one), other):
                yield from (
                    (a, b) for a, b in product(alike[one], alike[other]) if a != b and b not in self.of_device[a]
                )

    def _heard(self, source: tuple[str, Hearing], dead: str) -> dict[str, bool]:
        """Reflectors that get the source's routes; True for those that pass them on to everybody.

        A route of its own or of a client goes to all neighbours, one of a non-client to clients only (RFC 4456, 6).
        """
        name, hearing = source
        found = {far: client for far, client in hearing if far != dead}
        if name:
            found[name] = True
        open_ = list(found)
        while open_:
            near = open_.pop()
            for far, far_is_client in self.of_device[near].items():
                if far == dead or far not in self.reflectors or not (found[near] or far_is_client):
                    continue
                near_is_client = self.of_device[far][near]
                if found.get(far) is None or (near_is_client and not found[far]):
                    found[far] = near_is_client
                    open_.append(far)
        return found

    @staticmethod
    def _reaches(heard: dict[str, bool], target: tuple[str, Hearing]) -> bool:
        name, hearing = target
        return name in heard or any(far in heard and (heard[far] or client) for far, client in hearing)
