"""A fabric for pyavd: 4 spines, N leaves, EVPN, two VRFs of five subnets on every leaf.

Prints seconds, on the clock and of processor, without its import.

Runs in pyavd's own environment: python pyavd_fabric.py N
"""

from __future__ import annotations

import sys
import time
from typing import Any

import pyavd

SPINES = 4


def settings(leaves: int) -> dict[str, Any]:
    """What every device of the fabric is told."""
    names = [f"spine{number}" for number in range(1, SPINES + 1)]
    return {
        "fabric_name": "BENCH",
        "mgmt_gateway": "192.168.0.1",
        "underlay_routing_protocol": "ebgp",
        "overlay_routing_protocol": "ebgp",
        "spine": {
            "defaults": {"platform": "vEOS-lab", "loopback_ipv4_pool": "10.255.0.0/20", "bgp_as": "65000"},
            "nodes": [
                {"name": name, "id": number, "mgmt_ip": f"192.168.0.{number + 10}/16"}
                for number, name in enumerate(names, 1)
            ],
        },
        "l3leaf": {
            "defaults": {
                "platform": "vEOS-lab",
                "loopback_ipv4_pool": "10.254.0.0/20",
                "loopback_ipv4_offset": 10,
                "vtep_loopback_ipv4_pool": "10.253.0.0/20",
                "uplink_ipv4_pool": "10.128.0.0/16",
                "uplink_switches": names,
                "uplink_interfaces": [f"Ethernet{number}" for number in range(1, SPINES + 1)],
                "max_uplink_switches": SPINES,
                "mlag": False,
                "spanning_tree_mode": "mstp",
                "virtual_router_mac_address": "00:1c:73:00:00:99",
            },
            "node_groups": [
                {
                    "group": f"group{number}",
                    "bgp_as": str(4_200_000_000 + number),
                    "nodes": [
                        {
                            "name": f"leaf{number}",
                            "id": number,
                            "mgmt_ip": f"192.168.{1 + number // 200}.{number % 200 + 1}/16",
                            "uplink_switch_interfaces": [f"Ethernet{number}"] * SPINES,
                        }
                    ],
                }
                for number in range(1, leaves + 1)
            ],
        },
        "tenants": [
            {
                "name": "TENANT",
                "mac_vrf_vni_base": 10_000,
                "vrfs": [
                    {
                        "name": f"VRF{vrf}",
                        "vrf_vni": vrf,
                        "svis": [
                            {
                                "id": vrf * 100 + subnet,
                                "name": f"subnet{subnet}",
                                "enabled": True,
                                "ip_address_virtual": f"10.{vrf}.{subnet}.1/24",
                            }
                            for subnet in range(5)
                        ],
                    }
                    for vrf in (1, 2)
                ],
            }
        ],
    }


def main() -> None:
    """Validate, compute and render every device."""
    leaves = int(sys.argv[1])
    kinds = {f"spine{number}": "spine" for number in range(1, SPINES + 1)}
    kinds |= {f"leaf{number}": "l3leaf" for number in range(1, leaves + 1)}
    start, start_cpu = time.perf_counter(), time.process_time()
    inputs = {name: {**settings(leaves), "type": kind, "hostname": name} for name, kind in kinds.items()}
    for name, given in inputs.items():
        result = pyavd.validate_inputs(given)
        violations = getattr(result, "validation_result", result)
        if getattr(violations, "violations", None) or getattr(result, "failed", False):
            sys.exit(f"{name}: pyavd refuses its input")
    facts = pyavd.get_avd_facts(inputs)
    size = 0
    for name, given in inputs.items():
        size += len(pyavd.get_device_config(pyavd.get_device_structured_config(name, given, facts)))
    print(f"{size} bytes in {time.perf_counter() - start:.2f} {time.process_time() - start_cpu:.2f}")


if __name__ == "__main__":
    main()
