"""Layer-2 services: how many ends they have and where, and who may use a VLAN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.rules.names import service_ends_of
from citynet.design.rules.registry import rule
from citynet.design.types.words import LAYER_2

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.errors import Problem

FRAME_BYTES = 14 + 1500 + 8
"""An Ethernet frame of 1500 bytes with two tags (802.1Q, 802.1ad), without its checksum."""
HEADERS_BYTES = 40 + 8 + 3 * 16 + 40 + 8 + 8
"""What may come in front of it: IPv6 and an SRH with a path of three SIDs (RFC 8754), then IPv6, UDP and VXLAN."""


@rule("layer2-ends")
def layer2_ends(design: Design) -> Iterator[Problem]:
    """A point-to-point service has two ends on two devices, a multipoint one two ends or more.

    Each end of a `vpws` service hands its frames to the SID of the other one. Both ends on one device would never
    touch the network: join the two ports there, or use `evpn`.
    """
    for name, service in design.city.services.items():
        if service.kind not in LAYER_2:
            continue
        count, loc = len(service.ends), ("services", name, "ends")
        if service.kind == "vpws" and count != 2:
            yield design.source.problem(
                loc, f"service '{name}' of kind vpws has {count} end{'s' if count > 1 else ''}", "two", "or kind evpn"
            )
        elif count < 2:
            yield design.source.problem(loc, f"service '{name}' of kind {service.kind} has 1 end", "two or more")
        elif service.kind == "vpws" and service.ends[0].device == service.ends[1].device:
            yield design.source.problem(
                loc,
                f"both ends of '{name}' hang on '{service.ends[0].device}'",
                "ends on two devices",
                "kind evpn may have ends on one device",
            )


@rule("vlan")
def vlans(design: Design) -> Iterator[Problem]:
    """Only ends of layer-2 services have a VLAN.

    A port of a layer-3 service is a subnet of its own; the tag (802.1Q) is what tells a layer-2 service's frames from
    others on the same cable. Each end takes a port, so no two services share a VLAN of one port.
    """
    for name, number, end in service_ends_of(design):
        kind = design.city.services[name].kind
        if end.vlan is not None and kind not in LAYER_2:
            yield design.source.problem(
                ("services", name, "ends", number, "vlan"),
                f"an end of '{name}', a service of kind {kind}, has a VLAN",
                "a VLAN at ends of services of kind vpws or evpn only",
            )


@rule("layer2-mtu")
def layer2_mtu(design: Design) -> Iterator[Problem]:
    """Lines of a domain carry the frames of its layer-2 services whole.

    A frame of 1500 bytes with two tags (802.1Q, 802.1ad) travels in VXLAN over IPv6, and that along a path of up to
    three segments: nobody can ask the sender for smaller frames, so the lines must take them. Raise `underlay.mtu`.
    """
    least = FRAME_BYTES + HEADERS_BYTES
    for name, domain in design.city.domains.items():
        carried = [
            s for s, service in design.city.services.items() if service.domain == name and service.kind in LAYER_2
        ]
        if carried and domain.underlay.mtu < least:
            yield design.source.problem(
                ("domains", name, "underlay", "mtu"),
                f"lines of {name} carry {domain.underlay.mtu} bytes, too few for frames of '{carried[0]}'",
                f"{least} or more",
            )


@rule("layer2-interconnect")
def layer2_interconnect(design: Design) -> Iterator[Problem]:
    """An interconnect joins layer-3 services.

    Its guard lets through flows by address and port; frames would pass it unseen. Give the participants that must meet
    a service of kind `l3vpn`.
    """
    services = design.city.services
    for name, item in design.city.interconnects.items():
        for number, service in enumerate(item.services):
            if service in services and services[service].kind in LAYER_2:
                yield design.source.problem(
                    ("interconnects", name, "services", number),
                    f"interconnect '{name}' reaches '{service}', a service of kind {services[service].kind}",
                    "a service of kind l3vpn",
                )
