"""What a healthy run of the mini city, encrypted as at L3, would have measured of its encryption."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citynet import build
from citynet.levels import measurements as m
from citynet.levels import sealing as s
from citynet.levels.probes.privacy import MARK_PORT, lines_outside, quantum_users
from tree import ROOT

if TYPE_CHECKING:
    from citynet.plan.model import Plan

MINI = ROOT / "tests/golden/cases/mini/design.yml"
SUITE = ["AES_CBC-256", "HMAC_SHA2_512_256", "PRF_HMAC_SHA2_512", "ECP_384", "KE1_ML_KEM_768", "PPK"]
OVERRIDE = """
domains: {government: {encryption: L3}, cross: {encryption: L3}}
encryption: {rotate_s: 30}
services: {gov-sharing: {encryption: full}}
"""


@cache
def plan() -> Plan:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "design/override").mkdir(parents=True)
        (folder / "design/mini.yml").write_bytes(MINI.read_bytes())
        (folder / "design/override/sealed.yml").write_text(OVERRIDE, encoding="utf-8")
        return build.plan(folder)[0]


def seals(generation: str = "a", domain: str = "government") -> dict[str, s.Seals]:
    """What encrypts; the IDs of keys end with `generation`."""
    users = quantum_users(plan(), domain)
    found = {}
    for name, device in plan().devices.items():
        if device.domain != domain:
            continue
        macsec = [
            s.Macsec(f"{line.interface}a", line.port, True, line.cipher, True, True, "strict") for line in device.macsec
        ]
        tunnels = [tunnel.name for one in device.protections for tunnel in one.tunnels]
        ike = [s.Ike(tunnel, "ESTABLISHED", list(SUITE)) for tunnel in tunnels]
        mine = {user: s.KeyUser("up", _key(name, user, generation), "qkd", 1.0) for user in users.get(name, ())}
        found[name] = s.Seals(name, macsec, ike, [], mine)
    return found


def _key(device: str, user: str, generation: str) -> str:
    kind, _, name = user.partition(" ")
    line = plan().devices[device].port(name).line if kind == "line" else name
    return f"{line}/{generation}"


def captured(domain: str = "government") -> s.Captured:
    wires = [
        s.Wire(line.name, line.a.node, line.a.port, 500, {"0x88e5": 480, "0x888e": 20}, {"<m>": 0}, {"<m>": 0}, 40)
        for line in lines_outside(plan(), domain)
    ]
    flows = [
        s.Marked("gov-sharing", "<m>", "data-bureau-1", "tax-1", version, "udp", MARK_PORT, 20, 20)
        for version in (4, 6)
    ]
    return s.Captured(wires, flows)


def probe(lost: int = 0) -> m.Paced:
    return m.Paced(6, 30000, 30000 - lost, 0, [5.0] if lost else [], 5.0 if lost else 0.0, [0.1, 0.2, 0.3, 1.0], 2.0)


def healthy() -> dict[str, Any]:
    server = plan().key_servers["west"]
    asking = ["gov-pe-west"]
    return {
        "captured": captured(),
        "seals": seals(),
        "rotated": s.Rotated(31.0, seals("a"), seals("b"), probe()),
        "outage": s.Outage(server.name, asking, 35.0, {"gov-pe-west": 1.2}, seals("b"), seals("c"), probe()),
    }
