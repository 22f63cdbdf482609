"""What a scan finds open on every node of a lab, from each side that somebody can stand on, and what may be.

Tried are the well-known TCP ports, and all others on which any node listens, at whatever address: nothing else can be
open. UDP cannot be told from silence, so of it every socket that is there must be one that is named.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from citynet.plan.model import PortKind
from citynet.platforms.whitebox import key_settings

if TYPE_CHECKING:
    from citynet.lab import Lab
    from citynet.plan.model import Device

SSH, BGP = 22, 179
PACE = ["--max-retries", "1", "--min-rate", "10000", "--max-rtt-timeout", "300ms"]
OPEN = re.compile(r"(\d+)/open/tcp")
UDP = {
    *("bfdd", "charon", "charon-systemd", "citynet-ike-in", "hostapd"),
    *("citynet-access", "citynet-trace", "citynet-paths", "python3", ""),
}
"""Who may have a UDP socket: BFD, IKE, EAPOL's DHCP, orders of servers, probes; sockets of the kernel (VXLAN)."""


def scanned(text: str) -> set[int]:
    return {int(port) for port in OPEN.findall(text)}


def listening(lab: Lab) -> str:
    """The ports to try, as nmap has them."""
    text = "".join(lab.node(name, "ss -Hltn") for name in lab.plan.devices)
    high = {int(line.split()[3].rpartition(":")[2]) for line in text.splitlines()}
    return ",".join(["1-1024", *(str(port) for port in sorted(high) if port > 1024)])


def nmap(ports: str, *targets: str) -> str:
    family = ["-6"] if ":" in targets[0] else []
    return shlex.join(["nmap", *family, "-n", "-Pn", "-sS", "-p", ports, *PACE, "-oG", "-", *targets])


def from_management(lab: Lab, ports: str, nodes: dict[str, str]) -> dict[str, set[int]]:
    """By node, from the management network, all at once."""
    text = lab.machine(nmap(ports, *nodes.values()), timeout_s=150)
    return {
        name: scanned("\n".join(line for line in text.splitlines() if f"Host: {address} " in line))
        for name, address in nodes.items()
    }


def from_a_host(lab: Lab, ports: str, device: Device) -> set[int]:
    """What a host of a service finds at its gateways."""
    host = next((one for one in lab.plan.hosts.values() if one.device == device.name and one.gateways), None)
    if host is None:
        return set()
    six = [address for address in host.gateways if ":" in address]
    return scanned(lab.node(host.name, nmap(ports, *six), timeout_s=90))


def from_a_neighbour(lab: Lab, ports: str, device: Device) -> set[int]:
    """What another device finds at its loopback."""
    port = next((port for port in device.ports if port.kind is PortKind.LINK), None)
    return scanned(lab.node(port.peer, nmap(ports, device.underlay.loopback), timeout_s=90)) if port else set()


def needed(device: Device) -> set[int]:
    """TCP ports that other devices need: BGP, and those of key agents to agree."""
    keys = {key_settings.CHANNEL_PORT} if device.keys and device.keys.peers else set()
    return {BGP, *keys}


def udp(lab: Lab, node: str) -> dict[str, str]:
    """UDP sockets that wait on a node, outside of loopback, with who has them."""
    text = lab.node(node, "ss -Hlunp")
    found = {}
    for line in text.splitlines():
        words = line.split()
        who = re.search(r'\(\("([^"]+)"', line)
        if not words[3].startswith(("127.", "[::1]")):
            found[words[3]] = who[1] if who else ""
    return found


def surplus(lab: Lab) -> list[str]:
    """Everything open on a node that nobody needs; empty when all is well."""
    found = []
    ports = listening(lab)
    seen = from_management(lab, ports, {name: lab.address(name) for name in lab.plan.devices})
    for name, device in lab.plan.devices.items():
        sides = {
            "management": seen[name] ^ {SSH},  # the scan sees at least what must be there
            "service": from_a_host(lab, ports, device),
            "underlay": from_a_neighbour(lab, ports, device) - needed(device),
        }
        found += [f"{name} from {side}: tcp {sorted(some)}" for side, some in sides.items() if some]
        found += [f"{name}: udp {at} of {who}" for at, who in udp(lab, name).items() if who not in UDP]
    return found
