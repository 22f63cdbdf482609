"""The settings of a device's key agent, as JSON. Keys stand in it by the names of their secrets only."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from citynet.platforms.whitebox.marks import ENCRYPTION_MASK, ENCRYPTION_SHIFT
from citynet.platforms.whitebox.protected import local_prefix, reqid

if TYPE_CHECKING:
    from citynet.plan.model import Device, MacsecPort, Protection, Tunnel

CHANNEL_PORT = 49863
"""TCP port by which key agents tell each other the IDs of keys (TLS, both sides with certificates)."""
EXCHANGE_PORT = 49864
"""UDP port by which key agents agree upon keys of SM4 from a secret."""
PKI = "/etc/citynet/pki"


def has_certificate(device: Device) -> bool:
    """Whether a device needs a certificate: to get keys from a key server, or for IKE."""
    keys = device.keys
    return keys is not None and (bool(keys.server) or any(one.method == "ipsec" for one in device.protections))


def mark(number: int) -> str:
    """The mark of packets of a protection, with its mask, as iproute2 and strongSwan take it."""
    return f"{number << ENCRYPTION_SHIFT:#x}/{ENCRYPTION_MASK:#x}"


def settings(device: Device) -> str:
    """What the key agent of a device is to do."""
    keys = device.keys
    if keys is None:
        return ""
    pki = {"ca": f"{PKI}/ca.pem", "certificate": f"{PKI}/device.pem", "key": f"{PKI}/device.key"}
    value = {
        "device": device.name,
        "server": {"name": keys.server, "url": keys.url, "vrf": keys.vrf} if keys.server else None,
        "pki": pki if has_certificate(device) else None,
        "channel": {"address": keys.channel, "port": CHANNEL_PORT, "peers": keys.peers} if keys.channel else None,
        "rotate_s": keys.rotate_s,
        "hold_s": keys.hold_s,
        "lines": [_line(line) for line in device.macsec],
        "tunnels": [_tunnel(device, one, tunnel) for one in device.protections for tunnel in one.tunnels],
    }
    return json.dumps(value, indent=1) + "\n"


def _secret(name: str) -> str:
    return f"@secret({name})" if name else ""


def _line(line: MacsecPort) -> dict[str, Any]:
    return {
        "port": line.port,
        "interface": line.interface,
        "peer": line.peer,
        "cipher": line.cipher,
        "source": line.source,
        "master": line.master,
        "priority": line.priority,
        "replay_window": line.replay_window,
        "open": line.open,
        "secret": _secret(line.secret),
    } | ({"ckn": line.ckn} if line.ckn else {})


def _tunnel(device: Device, one: Protection, tunnel: Tunnel) -> dict[str, Any]:
    return {
        "name": tunnel.name,
        "peer": tunnel.peer,
        "method": one.method,
        "source": one.source,
        "ppk": one.ppk,
        "master": tunnel.master,
        "number": one.number,
        "mark": "" if one.vxlan else mark(one.number),
        "local": one.address,
        "remote": tunnel.address,
        "local_prefix": local_prefix(device, one),
        "remote_prefix": tunnel.prefix,
        "esp": one.esp,
        "integrity_bits": one.integrity_bits,
        "replay_window": one.replay_window,
        "secret": _secret(tunnel.secret),
        **({"reqid": reqid(one.number), "port": EXCHANGE_PORT} if one.method == "sm4" else {}),
    }
