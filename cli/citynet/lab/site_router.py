"""What a dual-homed site's router runs in the lab: eBGP with BFD to both of its devices, as a customer would set it up.

The device preferred by the city is preferred here too; routes that carry GRACEFUL_SHUTDOWN are left at once (RFC 8326,
section 4.3: FRR does so by itself).
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from citynet.plan.model import Host, Plan

_DAEMONS = """bgpd=yes
bfdd=yes
vtysh_enable=yes
zebra_options="-A 127.0.0.1 -s 90000000"
bgpd_options="-A 127.0.0.1"
bfdd_options="-A 127.0.0.1"
staticd_options="-A 127.0.0.1"
bfdd_wrap="chrt -r 20"
"""


def site_files(plan: Plan, host: Host, secrets: dict[str, str]) -> dict[str, str]:
    """Path on the host → text; empty for a host with one device only."""
    if host.homing is None:
        return {}
    own = dict(zip((4, 6), host.homing.addresses, strict=True))
    lines = [
        "frr defaults datacenter",
        f"hostname {host.name}",
        "service integrated-vtysh-config",
        "bfd",
        " profile site",
    ]
    underlay = plan.devices[host.device].underlay
    lines += [f"  detect-multiplier {underlay.bfd_multiplier}"]
    lines += [f"  {way}-interval {underlay.bfd_interval_ms}" for way in ("transmit", "receive")]
    lines += [" exit", "exit", "route-map BACKUP permit 10", " set local-preference 50", "exit"]
    for version, address in own.items():
        word = _word(version)
        lines += [f"{word} prefix-list OWN seq 5 permit {_network(address)}"]
        lines += [f"route-map OWN{version} permit 10", f" set src {address.partition('/')[0]}", "exit"]
        lines += [f"{word} protocol bgp route-map OWN{version}"]
    lines += _bgp(plan, host, host.homing.asn, own, secrets.get(host.homing.secret, ""))
    # A device's advertisement would bring a default route that is better than those of BGP.
    quiet = "".join(f"net.ipv6.conf.{port}.accept_ra = 0\n" for port in ("all", "eth1", "eth2"))
    return {
        "/etc/sysctl.d/60-citynet.conf": quiet,
        "/etc/frr/daemons": _DAEMONS,
        "/etc/frr/frr.conf": "\n".join(lines) + "\n",
    }


def _bgp(plan: Plan, host: Host, asn: int, own: dict[int, str], key: str) -> list[str]:
    lines = [f"router bgp {asn}", f" bgp router-id {own[4].partition('/')[0]}", " no bgp default ipv4-unicast"]
    for gateway in host.gateways:
        lines += [
            f" neighbor {gateway} {words}"
            for words in (
                f"remote-as {plan.devices[host.device].bgp.asn}",
                f"password {key}",
                "bfd profile site",
                "timers 3 9",
                "timers connect 1",
                "capability extended-nexthop",
            )
        ]
    for version, address in own.items():
        lines += [f" address-family ipv{version} unicast", f"  network {_network(address)}"]
        for number, gateway in enumerate(host.gateways):
            lines += [f"  neighbor {gateway} activate", f"  neighbor {gateway} prefix-list OWN out"]
            lines += [f"  neighbor {gateway} route-map BACKUP in"] * (number > 0)
        lines += [" exit-address-family"]
    return [*lines, "exit"]


def _word(version: int) -> str:
    return "ip" if version == 4 else "ipv6"


def _network(address: str) -> str:
    return str(ipaddress.ip_interface(address).network)
