"""Trusted access on a device: the table that keeps ports closed, and what its agent is told.

The table drops what enters by a port of its own unless the agent has put its sender into `open`, by port and MAC
address, and what would leave by a port where nobody is on. EAPOL is no IP and passes by. Of who is on, packets with a
data identifier pass when it is among those granted; the identifier must stand where a fence looks for it, too. Base
chains accept by policy and drop by a rule, as those of the fence do; elements end by themselves in the kernel.

Where devices get on by IKE, only IKE and ESP between the two ends of the cable pass the port itself. What was in the
tunnel comes by an XFRM interface, and that is opened instead, for the device's own addresses: what goes into SRv6 at
once is not looked at by the kernel's policies.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.plan.model import AccessPort, AccessTunnel, Device, DeviceAccess

TABLE = "citynet_access"
COUNTERS = {
    "closed": "from a device that no server has let on",
    "ungranted": "with a data identifier that its right has not",
    "unheard": "for a port where nobody is on",
}
"""The named counters of the table, and what each counts; everything counted is dropped."""
TUNNEL_MTU = 1400
"""Octets of a packet in a participant's tunnel: 1500 on the cable, less what ESP with AES-256-GCM puts around it (at
most 20 for the outer header, 8, 8, 15 of padding, 2, 16), with some to spare for the 8 octets of UDP."""
_SENDER = "iifname . ether saddr"
_HEADERS = "{ 0, 60 }"  # hop-by-hop and destination options
_TUNNEL = "iifname"
_LIMIT = "timeout"


def table(access: DeviceAccess) -> str:
    """The whole table, with nobody on."""
    ports = _quoted(port.interface for port in access.ports)
    tunnels = access.tunnels
    closed = _quoted([*(port.interface for port in access.ports), *(port.port for port in tunnels)])
    number = f"@nh,352,{access.bits or 32}"
    lines = [
        *(f'counter {name} {{ comment "{text}" }}' for name, text in COUNTERS.items()),
        *_set("open", _SENDER, _LIMIT),
        *_set("opened", "oifname", _LIMIT),
        *_set("bounded", _SENDER),
        *_set("granted", f"{_SENDER} . {number}"),
        *_set("inside", _TUNNEL, _LIMIT),
        *_set("inside_bounded", _TUNNEL),
        *_set("inside_granted", f"{_TUNNEL} . {number}"),
        *_chain("access_bound", _bound(f"{_SENDER} . {number} @granted")),
        *(_tunnel_chains(tunnels, number) if tunnels else []),
        *_chain(
            "access_in",
            [
                "type filter hook prerouting priority raw - 10; policy accept;",
                f"iifname != {{ {closed} }} accept",
                *(_to_tunnel_chains(tunnels) if tunnels else []),
                f"{_SENDER} != @open {_drop('closed')}",
                f"meta nfproto ipv6 {_SENDER} @bounded goto access_bound",
            ],
        ),
        *_chain(
            "access_out",
            [
                "type filter hook forward priority filter - 20; policy accept;",
                f"oifname {{ {ports} }} oifname != @opened {_drop('unheard')}",
            ],
        ),
    ]
    body = "".join(f"    {line}\n" if line else "\n" for line in lines)
    return f"table inet {TABLE} {{\n{body}}}\n"


def _bound(granted: str) -> list[str]:
    """Of a packet with a data identifier: whether its sender's right has it."""
    return [
        "ip6 daddr ff02::/16 accept",
        f"ip6 nexthdr {_HEADERS} {granted} accept",
        f"exthdr dst exists {_drop('ungranted')}",
        f"exthdr hbh exists {_drop('ungranted')}",
        f"exthdr rt exists {_drop('ungranted')}",
    ]


def _to_tunnel_chains(tunnels: list[AccessPort]) -> list[str]:
    return [
        f"iifname {{ {_quoted(port.port for port in tunnels)} }} goto access_cable",
        f"iifname {{ {_quoted(port.interface for port in tunnels)} }} goto access_tunnel",
    ]


def _tunnel_chains(tunnels: list[AccessPort], number: str) -> list[str]:
    """On the cable nothing but IKE (ports 500 and 4500) and ESP between its ends; from a tunnel what its right says."""
    pairs = [(port.port, port.tunnel) for port in tunnels if port.tunnel]
    ends = ", ".join(f'"{name}" . {one.far} . {one.near}' for name, one in pairs)
    return [
        *_chain("access_tunnel_bound", _bound(f"{_TUNNEL} . {number} @inside_granted")),
        *_chain(
            "access_cable",
            [
                f"iifname . ip saddr . ip daddr {{ {ends} }} ip protocol esp accept",
                f"iifname . ip saddr . ip daddr {{ {ends} }} udp dport {{ 500, 4500 }} accept",
                _drop("closed"),
            ],
        ),
        *_chain(
            "access_tunnel",
            [
                f"{_TUNNEL} != @inside {_drop('closed')}",
                f"iifname . ip saddr != {{ {_inner(pairs, 4)} }} {_drop('closed')}",
                f"iifname . ip6 saddr != {{ {_inner(pairs, 6)} }} {_drop('closed')}",
                f"meta nfproto ipv6 {_TUNNEL} @inside_bounded goto access_tunnel_bound",
            ],
        ),
    ]


def _inner(pairs: list[tuple[str, AccessTunnel]], version: int) -> str:
    """Whose addresses may come out of which tunnel."""
    return ", ".join(
        f'"{name}i" . {one}' for name, tunnel in pairs for one in tunnel.inner if (":" in one) == (version == 6)
    )


def settings(device: Device) -> str:
    """What the agent of a device is to do."""
    access = device.access
    if access is None:
        return ""
    value: dict[str, Any] = {
        "device": device.name,
        "address": device.management,
        "vrf": access.vrf,
        "secret": f"@secret({access.secret})",
        "servers": [{"name": one.name, "address": one.address, "port": one.port} for one in access.servers],
        "recheck_s": access.recheck_s,
        "hold_s": access.hold_s,
        "bounded": access.bits > 0,
        "ports": [_port(one) for one in access.ports],
    }
    if access.tunnel_vrf:
        value["tunnel_vrf"] = access.tunnel_vrf
    return json.dumps(value, indent=1) + "\n"


def _port(one: AccessPort) -> dict[str, Any]:
    told: dict[str, Any] = {"port": one.port, "interface": one.interface, "host": one.host}
    return {**told, "tunnel": asdict(one.tunnel)} if one.tunnel else told


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in sorted(names))


def _drop(counter: str) -> str:
    return f"counter name {counter} drop"


def _set(name: str, kind: str, flag: str = "") -> list[str]:
    flags = [f"    flags {flag}"] if flag else []
    return ["", f"set {name} {{", f"    typeof {kind}", *flags, "}"]


def _chain(name: str, rules: Iterable[str]) -> list[str]:
    return ["", f"chain {name} {{", *(f"    {rule}" for rule in rules), "}"]
