"""What the options of a layer-3 service must agree on among each other."""

from __future__ import annotations

import ipaddress
from collections import Counter
from typing import TYPE_CHECKING

from citynet.plan.internet import ANYWHERE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.tasks.l3vpn import Exit, L3vpnService, Leak, Site

RESERVED = ("DEFAULT",)
"""Prefix lists that a service has beside those of its sites."""


def wrong(task: L3vpnService) -> list[str]:
    """Everything that does not fit together."""
    found = list(_twice(task))
    if task.neighbors and not task.password:
        found.append("password: Field required when there are neighbors")
    defaults = task.exit is not None or any(leak.prefix in ANYWHERE for leak in task.leaks)
    if defaults and task.prefix is None:
        # A default route inside the VRF would take the tunnels that leave it, too.
        found.append("prefix: Field required when there is an exit or a default route in leaks")
    for number, site in enumerate(task.peers):
        found += [f"peers.{number}: {problem}" for problem in _site(task, site)]
    for number, leak in enumerate(task.leaks):
        found += [f"leaks.{number}: {problem}" for problem in _leak(task, leak)]
    if task.exit is not None:
        found += [f"exit: {problem}" for problem in _exit(task, task.exit)]
    return found


def _twice(task: L3vpnService) -> Iterator[str]:
    for option, names in (
        ("imports", task.imports),
        ("interfaces", [one.name for one in task.interfaces]),
        ("peers", [one.name for one in task.peers]),
        ("peers", [one.address for one in task.peers]),
        ("leaks", [one.prefix for one in task.leaks]),
        ("rejects", task.rejects),
        ("neighbors", [one.address for one in task.neighbors]),
    ):
        for name, times in Counter(names).items():
            if times > 1:
                yield f"{option}: {name} stands {'twice' if times == 2 else f'{times} times'}"


def _site(task: L3vpnService, site: Site) -> Iterator[str]:
    yield from _on_port(task, site.port, [site.address])
    if site.asn == task.asn:
        yield f"asn {site.asn} is the router's own, expected that of the site (eBGP)"
    if site.name in RESERVED:
        yield f"name {site.name} is a prefix list of the router's own, expected another"
    if task.exit is not None and task.exit.port == site.port:
        yield f"port {site.port} is the exit, expected one that leads to the site"


def _on_port(task: L3vpnService, name: str, addresses: list[str]) -> Iterator[str]:
    """The port is in the VRF, and its line has the addresses of the other end."""
    port = next((one for one in task.interfaces if one.name == name), None)
    if port is None:
        yield f"no interface '{name}', expected one of {sorted(one.name for one in task.interfaces)}"
        return
    for address in addresses:
        known = ipaddress.ip_address(address)
        if not any(known in ipaddress.ip_network(network) for network in port.networks):
            yield f"address {address} is in no network of {name}, which has {port.networks}"
        if any(known == ipaddress.ip_interface(own).ip for own in port.addresses):
            yield f"address {address} is the router's own, expected that of the other end"


def _leak(task: L3vpnService, leak: Leak) -> Iterator[str]:
    if leak.vrf == task.vrf:
        yield f"vrf {leak.vrf} is this one, expected another of the router"
    if leak.gateway is not None and (":" in leak.gateway) != (":" in leak.prefix):
        yield f"gateway {leak.gateway} is of another IP version than {leak.prefix}"
    if leak.prefix in task.rejects:
        yield f"prefix {leak.prefix} is rejected, too"


def _exit(task: L3vpnService, way: Exit) -> Iterator[str]:
    yield from _on_port(task, way.port, way.gateways)
    for version in sorted({6 if ":" in gateway else 4 for gateway in way.gateways}):
        if not any((":" in source) == (version == 6) for source in way.sources):
            yield f"sources: none of IPv{version}, for which there is a gateway"
    for number, flow in enumerate(way.allow):
        if (flow.protocol == "icmp") == bool(flow.ports):
            yield f"allow.{number}: {flow.protocol} {'has no' if flow.ports else 'needs'} ports"
