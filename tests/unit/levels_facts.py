"""What a healthy run of `labs/mini` would have measured: the starting point of every case."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citynet import build
from citynet.levels import measurements as m
from citynet.levels.probes.border import aim_at
from citynet.levels.targets import guards, outside_hosts, pairs

if TYPE_CHECKING:
    from citynet.plan.model import Plan

MINI = Path(__file__).parents[2] / "tests" / "golden" / "cases" / "mini"
DOMAIN = "government"


@cache
def plan() -> Plan:
    return build.plan(MINI)[0]


def snapshots(domain: str = DOMAIN) -> dict[str, m.Snapshot]:
    found = {}
    for name, device in plan().devices.items():
        if device.domain == domain:
            peers = [(peer.address, "") for peer in device.bgp.neighbors]
            peers += [(peer.address, vrf.name) for vrf in device.vrfs for peer in vrf.peers]
            found[name] = m.Snapshot(
                name=name,
                platform="whitebox",
                software={"kernel": "7.2", "os": "Debian", "frr": "10.7.1"},
                uptime_s=60.0,
                memory_mib=40.0,
                daemons={"zebra": 50.0, "bgpd": 50.0, "isisd": 50.0},
                adjacencies=[
                    m.Adjacency(item.port, device.port(item.port).peer, "Up") for item in device.underlay.interfaces
                ],
                signed_ports=[item.port for item in device.underlay.interfaces],
                sessions=[m.Session(address, vrf, "Established", authenticated=True) for address, vrf in peers],
                listeners=[m.Listener("tcp", device.management, 22, "mgmt", "sshd")],
                ssh_ciphers=["aes256-gcm@openssh.com"],
            )
    for name, host in plan().hosts.items():
        if host.domain == domain:
            found[name] = m.Snapshot(
                name=name,
                platform="host",
                software={"kernel": "7.2", "os": "Debian"},
                uptime_s=60.0,
                memory_mib=5.0,
                ssh_ciphers=["aes256-gcm@openssh.com"],
            )
    return found


def sweep(domain: str = DOMAIN) -> m.Sweep:
    aim, attempts = aim_at(plan(), domain), []
    outside = outside_hosts(plan(), domain)
    for host in outside:
        for address, name in aim.targets.items():
            for protocol, port in aim.flows():
                allowed = aim.allows(host.address(6 if ":" in address else 4), address, protocol, port)
                attempts.append(
                    m.Attempt(
                        host.name, f"{name} ({address})", protocol, port, "open" if allowed else "silent", allowed
                    )
                )
    return m.Sweep([device.name for device, _ in guards(plan(), domain)], [host.name for host in outside], attempts)


def stream(longest_ms: float = 120.0, lost: int = 60) -> m.Stream:
    return m.Stream(
        "data-bureau-1", "tax-1", 2.0, 5000, 5000 - lost, longest_ms, [longest_ms] if longest_ms else [], 0.4
    )


def paced(longest_ms: float, lost: int) -> m.Paced:
    return m.Paced(
        6, 3000, 3000 - lost, 0, [longest_ms] if lost else [], longest_ms, [0.01, 0.02, 0.2, 2.0], pause_ms=3.0
    )


def switched(kind: str, line: str, longest_ms: float, *already: str) -> m.Switched:
    return m.Switched(
        kind,
        line,
        "data-bureau-1",
        "tax-1",
        0.99,
        paced(longest_ms, int(longest_ms)),
        paced(0.0, 0),
        list(already),
        reach(),
    )


def beside(neighbour_slice: str) -> m.Beside:
    return m.Beside(
        "gov-sharing",
        "sharing",
        "data-bureau-1",
        "tax-1",
        0.8,
        paced(0.0, 0),
        paced(0.0, 0),
        "gov-video",
        neighbour_slice,
        50.0,
        20_000_000,
        2_000_000,
    )


def reach(domain: str = DOMAIN) -> list[m.Reach]:
    return [
        m.Reach(pair.source.name, pair.destination.name, version, 5, 5)
        for pair in pairs(plan(), domain)
        for version in (4, 6)
    ]


def healthy(domain: str = DOMAIN) -> dict[str, Any]:
    serving = [host for host in plan().hosts.values() if host.domain == domain]
    border = guards(plan(), domain)[0][0].name
    return {
        "snapshots": snapshots(domain),
        "unreachable": {},
        "sweep": sweep(domain),
        "scans": [
            m.PortScan(host.name, host.device, gateway, [], [], 1071) for host in serving for gateway in host.gateways
        ],
        "reach": reach(domain),
        "full_size": m.FullSize(1500, reach(domain)),
        "shares": [m.Shares("gov-pe-west", "gov-pe-east", 4, 128, {"eth1": 600_000, "eth2": 500_000})],
        "records": [
            m.FlowRecord(
                border,
                "10.12.0.2",
                42000,
                "10.11.0.2",
                8443,
                6,
                40_000,
                found=True,
                record={
                    "source": "10.12.0.2",
                    "source_port": "42000",
                    "destination": "10.11.0.2",
                    "destination_port": "8443",
                    "protocol": "6",
                    "time": "1790000000",
                    "bytes": "43210",
                },
            )
        ],
        "cut": m.FaultRun("cut", "gov-pe-west--gov-core-a", 0.97, stream(), reach(domain), 4.0),
        "kill": m.FaultRun("kill", "gov-core-a", 0.97, stream(400.0, 200), reach(domain), 20.0),
        "classes": beside(""),
        "slices_beside": beside("video"),
        "resized": [
            m.Resized("sharing", 10.0, 20.0, True, 9.0, paced(0.0, 0)),
            m.Resized("sharing", 20.0, 10.0, True, 9.0, paced(0.0, 0)),
        ],
        "fast_cut": switched("cut", "gov-pe-west--gov-core-a", 40.0),
        "fast_silent": switched("silent", "gov-pe-west--gov-core-a", 270.0),
        "two_cuts": [
            switched("cut", "gov-pe-west--gov-core-a", 40.0),
            switched("cut", "gov-pe-east--gov-core-b", 45.0, "gov-pe-west--gov-core-a"),
        ],
        "wrong_isis": m.WrongKey(
            "gov-core-a", "gov-core-b", "IS-IS", 9.2, returned_while_wrong=False, watched_s=3.0, restored_s=0.9
        ),
        "wrong_bgp": m.WrongKey(
            "gov-border", "gov-core-a", "BGP", 0.1, returned_while_wrong=False, watched_s=3.0, restored_s=4.0
        ),
        "crash": m.Crash("gov-core-a", "isisd", 2.5, 8.0, stream(900.0, 450)),
        "restore": m.Restore("gov-core-a", 5, came_up_empty=True, deployed=True, deploy_s=9.0, restored_s=25.0),
    }
