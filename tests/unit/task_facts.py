"""Options of each task of one technology that are right, for tests to start from."""

from __future__ import annotations

from typing import Any

VALID: dict[str, dict[str, Any]] = {
    "underlay": {
        "net": "49.0001.0100.0100.0001.00",
        "loopback": "fd01:1:1::1",
        "password": "key",
        "interfaces": [{"name": "eth1", "metric": 20}],
    },
    "srv6_locator": {"prefix": "fd01:1:1::/48", "source_address": "fd01:1:1::1", "interfaces": ["eth1"]},
    "l3vpn_service": {
        "vrf": "share",
        "table": 1001,
        "rd": "10.1.0.1:1",
        "rt": "65001:1",
        "asn": 65001,
        "router_id": "10.1.0.1",
        "password": "key",
        "neighbors": [{"name": "core-a", "address": "fd01:1:2::1"}],
        "interfaces": [{"name": "eth3", "addresses": ["10.11.0.1/28"]}],
    },
    "flexe_client": {
        "prefix": "fd01:1:1::/48",
        "interfaces": [
            {"name": "eth1", "base_kbit": 95000, "clients": [{"slice": "one", "number": 1, "rate_kbit": 5000}]}
        ],
        "entries": [{"name": "eth3", "number": 1}],
    },
    "srv6_path": {
        "prefix": "fd01:1:1::/48",
        "source_address": "fd01:1:1::1",
        "paths": [
            {
                "name": "to-east",
                "primary": [{"name": "direct", "waypoints": ["fd01:1:2::"], "hops": ["fd01:1:2::"], "delay_us": 25}],
            }
        ],
        "steering": [
            {
                "name": "share",
                "vrf": "share",
                "table": 300001,
                "priority": 910,
                "to": [{"path": "to-east", "sid": "fd01:1:2:fe00::", "prefixes": ["10.11.0.16/28"]}],
            }
        ],
    },
    "vpws_service": {
        "prefix": "fd01:1:1::/48",
        "source_address": "fd01:1:1::1",
        "circuits": [{"service": "video", "name": "eth3", "sid": "fd01:1:1:fd01::", "remote": "fd01:1:2:fd01::"}],
    },
    "evpn_service": {
        "asn": 65001,
        "router_id": "10.1.0.1",
        "password": "key",
        "neighbors": [{"name": "core-a", "address": "fd01:1:2::1"}],
        "prefix": "fd01:1:1::/48",
        "vtep": "fd01:1:1::2",
        "services": [
            {
                "service": "lan",
                "vni": 2,
                "rd": "10.1.0.1:65533",
                "rt": "65001:2",
                "interfaces": [{"name": "eth4"}, {"name": "eth5", "vlan": 30}],
            }
        ],
    },
    "fence_acl": {
        "ports": [{"name": "eth3", "sources": ["fd11::/64"], "identifiers": [65537], "own": ["fd11::1"]}],
        "entries": [{"identifier": 65537, "sources": ["fd11::/64"], "destinations": ["fd11:0:0:1::/64"]}],
    },
}
VALID["sentry"] = {
    "watches": [
        {
            "name": "guard",
            "inside": "sharing",
            "outside": "eth2",
            "near": ["10.11.0.0/20"],
            "far": ["10.12.0.0/20"],
            "flows": [{"protocol": "tcp", "ports": [8443], "sources": ["10.11.0.2"], "destinations": ["10.12.0.2"]}],
            "expected": [{"port": 8443, "protocol": "tls"}],
        }
    ],
    "rules": 'alert tcp any any -> any any (msg:"a mark"; content:"mark"; sid:1;)',
}
WATCH = VALID["sentry"]["watches"][0]
SHARED = "5hared-With-The-Servers"
VALID["access_port"] = {
    "ports": [{"name": "eth3", "host": "ward-1"}],
    "servers": [{"address": "172.20.0.9"}],
    "secret": SHARED,
    "address": "172.20.0.11",
}
VALID["edge_tag"] = {
    "interfaces": ["eth3"],
    "flows": [{"identifier": 1001, "protocol": "tcp", "ports": [5432], "prefixes": ["fd11:0:0:1::/64"]}],
    "ipv4_block": "10.11.0.0/20",
    "ipv6_block": "fd11::/48",
}
VALID["hop_trace"] = {
    "prefix": "fd01:1:1::/48",
    "source_address": "fd01:1:1::1",
    "interfaces": [{"name": "eth1", "neighbor": "north"}, {"name": "eth4", "kind": "attachment"}],
    "identifiers": [{"number": 1001, "name": "images"}, {"number": 1002, "here": False}],
    "far": [{"name": "east", "prefix": "fd01:1:2::/48"}],
}
CAK = "0123456789abcdeffedcba9876543210" * 2
VALID["macsec_link"] = {"lines": [{"name": "eth1", "neighbor": "core-a", "cak": CAK}]}
QUANTUM = {"name": "eth2", "neighbor": "core-b", "key_source": "qkd", "master": True}
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\nAAAA\n-----END CERTIFICATE-----\n"
VALID["ipsec_tunnel"] = {
    "identity": "west",
    "ca": CERTIFICATE,
    "certificate": CERTIFICATE,
    "private_key": CERTIFICATE.replace("CERTIFICATE", "PRIVATE KEY"),
    "tunnels": [
        {
            "name": "east",
            "peer": "east",
            "local": "fd01:1:1::1:1",
            "remote": "fd01:1:2::1:1",
            "local_prefix": "fd01:1:1::/48",
            "remote_prefix": "fd01:1:2::/48",
            "initiate": True,
            "ppk_id": "one",
            "ppk": "5e" * 32,
        }
    ],
}
TUNNEL = VALID["ipsec_tunnel"]["tunnels"][0]
SECRET = "s3cr3t" * 6
VALID["sm4_tunnel"] = {
    "prefix": "fd01:1:1::/48",
    "links": ["eth1"],
    "protections": [
        {
            "service": "sharing",
            "number": 1,
            "interfaces": ["eth3"],
            "local": "fd01:1:1::1:1",
            "tunnels": [
                {"peer": "east", "remote": "fd01:1:2::1:1", "remote_prefix": "fd01:1:2::/48", "secret": SECRET}
            ],
        }
    ],
}
VALID["qkd_key"] = {
    "identity": "west",
    "server_name": "kme-west",
    "server_url": "https://172.20.0.4:8500/api/v1/keys",
    **{name: VALID["ipsec_tunnel"][name] for name in ("ca", "certificate", "private_key")},
    "channel": "fd01:1:1::1",
    "peers": [{"name": "east", "address": "fd01:1:2::1"}],
}
PROTECTION = VALID["sm4_tunnel"]["protections"][0]
FAR = PROTECTION["tunnels"][0]
PASSING = VALID["fence_acl"]["entries"][0]
INSTANCE = VALID["evpn_service"]["services"][0]
CIRCUIT = VALID["vpws_service"]["circuits"][0]
