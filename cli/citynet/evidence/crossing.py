"""From a flow at a border device to a record: who, which data, which way, and what the plan's guards say of it."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from citynet.design.types.words import DataClass
from citynet.evidence.flows import ICMP, ICMPV6
from citynet.evidence.labels import Labels
from citynet.evidence.record import SENSITIVITY, Direction, PolicyResult, Record, Verdict
from citynet.plan.recording import Noted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.evidence.flows import Flow
    from citynet.evidence.labels import Carried
    from citynet.plan.model import Device, Guard, GuardRule, Host, Plan


CONTROL = "control"
"""Passed over: what devices say among themselves (routing, tunnels, management)."""
INSIDE = "inside"
"""Passed over: a flow between two hosts of the border's own domain, or a host and a device, which crosses nothing."""

NOBODY = ""
"""The owner of an address that no participant has: of management, of neighbours' own talk."""
NOTHING = Noted(0, unknown=False, several=False)

_PROTOCOLS = {6: "tcp", 17: "udp", ICMP: "icmp", ICMPV6: "icmp"}


def borders(plan: Plan) -> list[str]:
    """The devices that record flows: those with an interconnect or an exit."""
    return [device.name for device in plan.devices.values() if device.guards or device.exits]


@dataclass(slots=True)
class _Match:
    """The guard, and the rule of it, that lets a flow pass; without a rule, the guard that it must have come by."""

    kind: str
    guard: Guard | None
    rule: GuardRule | None


class Ends(NamedTuple):
    """What a guard looks at."""

    source: str
    destination: str
    protocol: int
    port: int | None
    mark: int


class _Kind(NamedTuple):
    """What all flows between two addresses to one port, with the same identifiers, have in common in their records."""

    values: dict[str, Any]
    source: dict[str, str]
    destination: dict[str, str]
    hosts: tuple[Host | None, Host | None]
    carried: Carried
    guarded: PolicyResult
    fenced: bool


class Crossings:
    """What a plan says of flows.

    Attributes:
        plan: The plan.
        hosts: Hosts by each of their addresses.
        labels: What the plan says of identifiers.
        owner: The domain of a device's own address or tunnel; None if it is none; `NOBODY` if no participant has such.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._outside = {service.exit for service in plan.services.values() if service.exit}
        self.hosts = {text.partition("/")[0]: host for host in plan.hosts.values() for text in host.addresses}
        self._own = {
            text.partition("/")[0]: device.domain
            for device in plan.devices.values()
            for text in (device.underlay.loopback, *(address for port in device.ports for address in port.addresses))
        }
        self._locators = {name: ipaddress.ip_network(domain.locators) for name, domain in plan.domains.items()}
        self._management = ipaddress.ip_network(plan.management_prefix)
        self.labels = Labels(plan)
        self._fenced = {
            device.name: {port.name for port in device.fence.ports if port.fenced}
            for device in plan.devices.values()
            if device.fence is not None
        }
        self._kind = lru_cache(maxsize=65_536)(self._kind_of)
        self.owner = lru_cache(maxsize=65_536)(self._owning_domain)

    def record(self, border: str, flow: Flow) -> Record | str:
        """The record of a flow that a border device saw; or why it is none: `CONTROL` or `INSIDE`.

        Raises:
            ValueError: A number of the flow is out of its range.
        """
        ends = Ends(flow.source, flow.destination, flow.protocol, flow.destination_port, flow.mark)
        kind = self._kind(border, ends)
        if isinstance(kind, str):
            return kind
        answered = flow.load["packets_returned"] > 0
        fences = self.labels.policies(kind.carried, kind.hosts, flow.start, fenced=kind.fenced, answered=answered)
        values = {
            **kind.values,
            "start": flow.start,
            "end": max(flow.end, flow.start),
            "protocol": flow.protocol,
            "icmp_type": flow.icmp_type,
            "icmp_code": flow.icmp_code,
            "source": {**kind.source, "port": flow.source_port},
            "destination": {**kind.destination, "port": flow.destination_port},
            "load": flow.load,
            "policies": [kind.guarded, *fences],
        }
        return Record.model_validate(values)

    def _kind_of(self, border: str, ends: Ends) -> _Kind | str:
        owners = self.owner(ends.source), self.owner(ends.destination)
        if NOBODY in owners or None not in owners:
            return CONTROL
        device = self.plan.devices[border]
        hosts = self.hosts.get(ends.source), self.hosts.get(ends.destination)
        from_within, to_within = (
            self._within(host, device.domain) or owner == device.domain
            for host, owner in zip(hosts, owners, strict=True)
        )
        if from_within and to_within:
            return INSIDE
        inward = to_within or (not from_within and hosts[1] is not None)
        carried = self.labels.carried(border, ends.mark)
        match = self._match(device, ends, carried, inward=inward)
        services = list(dict.fromkeys(host.service for host in hosts if host is not None))
        values = {
            "border": border,
            "crossing": match.guard.interconnect if match.guard is not None else "",
            "direction": Direction.INWARD if inward else Direction.OUTWARD,
            "labels": services,
            "data_class": self.class_of(services, carried),
            "identifier": carried.there.number,
            "answer_identifier": carried.back.number,
            "path": self._path(device, *hosts, match),
        }
        parties = self.party(hosts[0], ends.source), self.party(hosts[1], ends.destination)
        return _Kind(values, *parties, hosts, carried, _result(match), self._asks(device, match))

    def _asks(self, device: Device, match: _Match) -> bool:
        """Whether the port that a flow came by lets nothing pass without an identifier."""
        port = device.interface(match.guard.port) if match.guard is not None else ""
        return port in self._fenced.get(device.name, ())

    def _within(self, host: Host | None, domain: str) -> bool:
        return host is not None and host.domain == domain and host.name not in self._outside

    def _owning_domain(self, address: str) -> str | None:
        place = ipaddress.ip_address(address)
        if place.is_multicast or place.is_link_local or place.is_loopback or place in self._management:
            return NOBODY
        if address in self._own:
            return self._own[address]
        return next((name for name, locators in self._locators.items() if place in locators), None)

    def _match(self, device: Device, flow: Ends, carried: Carried, *, inward: bool) -> _Match:
        """The rule that lets a flow pass; else the only guard of its kind, if there is only one."""
        guards = [("interconnect", guard) for guard in device.guards] + [("exit", guard) for guard in device.exits]
        for kind, guard in guards:
            for rule in guard.rules:
                if rule.inward == inward and _permits(rule, flow, carried):
                    return _Match(kind, guard, rule)
        known = flow.source in self.hosts and flow.destination in self.hosts
        kind = "interconnect" if known else "exit"
        likely = [guard for name, guard in guards if name == kind]
        return _Match(kind, likely[0] if len(likely) == 1 else None, None)

    def party(self, host: Host | None, address: str) -> dict[str, str]:
        """One end of a flow; all but the address is empty for an address that no host has."""
        if host is None:
            return {"address": address}
        participant = self.plan.participants.get(host.participant)
        return {
            "participant": host.participant,
            "kind": participant.kind if participant else "",
            "host": host.name,
            "domain": "" if host.name in self._outside else host.domain,
            "zone": self.plan.sites[self.plan.devices[host.device].site].zone,
            "service": host.service,
            "device": host.device,
            "address": address,
        }

    def class_of(self, services: Iterable[str], carried: Carried) -> DataClass | None:
        """The most sensitive class of the data of some services and identifiers; None when there are none."""
        classes = [DataClass(self.plan.services[name].data_class) for name in services]
        classes += self.labels.classes(carried)
        return max(classes, key=SENSITIVITY.index, default=None)

    def _path(self, device: Device, source: Host | None, destination: Host | None, match: _Match) -> list[str]:
        """The devices at the ends and at the border, in the order of the flow, each once."""
        far = [device.port(match.guard.port).peer] if match.guard is not None else []
        inward = self._within(destination, device.domain)
        crossing = [*far, device.name] if inward else [device.name, *far]
        ends = [
            [host.device] if host is not None and host.name not in self._outside else []
            for host in (source, destination)
        ]
        return list(dict.fromkeys([*ends[0], *crossing, *ends[1]]))


def _result(match: _Match) -> PolicyResult:
    guard = match.guard.interconnect if match.guard is not None else ""
    if match.rule is None:
        detail = "the flow crossed, though no rule of the plan lets it"
        return PolicyResult(policy=match.kind, rule=guard, result=Verdict.UNMATCHED, detail=detail)
    return PolicyResult(policy=match.kind, rule=f"{guard}/{match.rule.name}", result=Verdict.ALLOW)


def _permits(rule: GuardRule, flow: Ends, carried: Carried) -> bool:
    return (
        _lists(rule.identifiers, carried.there)
        and (carried.back == NOTHING or _lists(rule.answers, carried.back))
        and speaks_of(rule, flow)
    )


def speaks_of(rule: GuardRule, flow: Ends) -> bool:
    """Whether a rule names the ends and the port of a flow, whatever identifiers it carries."""
    protocol = _PROTOCOLS.get(flow.protocol)
    return (
        rule.protocol == protocol
        and (protocol == "icmp" or flow.port in rule.ports)
        and any(_holds(block, flow.source) for block in rule.sources)
        and any(_holds(block, flow.destination) for block in rule.destinations)
    )


def _lists(listed: list[int] | None, noted: Noted) -> bool:
    """Whether what was noted is on a list, where there is one."""
    return listed is None or (noted.number in listed and not noted.several)


@lru_cache(maxsize=65_536)
def _holds(block: str, address: str) -> bool:
    if "/" not in block:
        return block == address
    return ipaddress.ip_address(address) in ipaddress.ip_network(block, strict=False)
