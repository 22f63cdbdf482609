"""Tasks of one technology: their options, the text they become, and the collection's pages about them."""

from __future__ import annotations

import importlib.util
import json
import shutil
from typing import TYPE_CHECKING, Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from citynet.deploy import scoped
from citynet.platforms.whitebox.sections import FILES
from citynet.tasks import TASKS, TaskError, task
from tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path

FRAGMENT = ("state", "confirm_timeout", "known_hosts")
ORDERS = (*FRAGMENT, "user", "wait")
"""Options that say nothing of what a router is to have."""
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
ROLES = {
    "underlay": "underlay",
    "srv6": "srv6_locator",
    "l3vpn": "l3vpn_service",
    "slices": "flexe_client",
    "paths": "srv6_path",
    "vpws": "vpws_service",
    "evpn": "evpn_service",
    "macsec": "macsec_link",
    "ipsec": "ipsec_tunnel",
    "sm4": "sm4_tunnel",
    "qkd": "qkd_key",
    "fence": "fence_acl",
    "sentry": "sentry",
    "access": "access_port",
    "tags": "edge_tag",
    "trace": "hop_trace",
}


def documentation(module: str) -> dict[str, Any]:
    spec = importlib.util.spec_from_file_location(module, ROOT / "plugins" / "modules" / f"{module}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return yaml.safe_load(loaded.DOCUMENTATION)["options"]


def described(options: dict[str, Any]) -> dict[str, Any]:
    """Name, default and parts of each documented option."""
    return {
        name: (told.get("default"), described(told.get("suboptions") or told.get("options") or {}))
        for name, told in options.items()
    }


def typed(model: type[BaseModel]) -> dict[str, Any]:
    """The same of a type's fields."""
    found = {}
    for name, field in model.model_fields.items():
        inner = [one for one in get_args(field.annotation) if isinstance(one, type) and issubclass(one, BaseModel)]
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        found[name] = (default, typed(inner[0]) if inner else {})
    return found


@pytest.mark.parametrize("module", TASKS)
def test_the_page_of_a_module_says_what_its_type_says(module: str) -> None:
    told = {name: option for name, option in documentation(module).items() if name not in ORDERS}
    assert described(told) == typed(TASKS[module])


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_the_options_of_its_module(role: str) -> None:
    specs = yaml.safe_load((ROOT / "roles" / role / "meta/argument_specs.yml").read_text())
    told = specs["argument_specs"]["main"]["options"]
    own = {name.removeprefix(f"{role}_"): value for name, value in told.items()}
    if role == "l3vpn":
        own |= own.pop("services")["options"]
    own = {n: v for n, v in own.items() if n not in FRAGMENT}
    assert described(own) == described({n: v for n, v in documentation(ROLES[role]).items() if n not in FRAGMENT})


@pytest.mark.parametrize("module", TASKS)
def test_a_technology_has_sections_of_the_platform(module: str) -> None:
    for section in TASKS[module].parts():
        assert any(section in file.technologies for file in FILES)


@pytest.mark.parametrize("module", VALID)
def test_files_are_its_own(module: str) -> None:
    job = scoped.job(module, VALID[module], "router")
    assert job.scope is not None
    name = job.scope["name"]
    assert job.files
    assert all(f"citynet-{name}" in path or "/citynet" in path for path in job.files)
    without = ("flexe_client", "ipsec_tunnel", "macsec_link", "qkd_key", "sm4_tunnel", "srv6_path")
    without = (*without, "vpws_service", "fence_acl", "sentry", "access_port", "edge_tag", "hop_trace")
    assert bool(job.scope["frr"]) == (module not in without)
    assert "key" not in job.scope["frr"].split()
    assert set(job.secrets.values()) <= {"key", CAK, "MIIBAAAA", "5e" * 32, SECRET, SHARED}
    assert job.scope["owns"]


def test_lines_of_the_underlay_keep_addresses_that_others_gave_them() -> None:
    (underlay,) = [t for p, t in scoped.job("underlay", VALID["underlay"], "router").files.items() if "interfaces" in p]
    (service,) = scoped.job("l3vpn_service", VALID["l3vpn_service"], "router").files.values()
    assert "iface eth1\n    alias neighbor:port\n    mtu 9000\n    address-purge no\n" in underlay
    assert "address-purge" not in service


def test_a_service_knows_the_block_of_locators_when_it_is_told() -> None:
    options = {**VALID["l3vpn_service"], "table": 70_000}
    files = scoped.job("l3vpn_service", options, "router").files
    assert "throw" not in "".join(files.values())
    assert "/etc/network/ifupdown2/policy.d/citynet-l3vpn-share.json" in files
    (interfaces,) = [
        text
        for path, text in scoped.job(
            "l3vpn_service", {**VALID["l3vpn_service"], "prefix": "fd01:1:1::/48"}, "router"
        ).files.items()
        if "interfaces.d" in path
    ]
    assert "throw fd01:1::/32 table 1001" in interfaces


@pytest.mark.parametrize("module", VALID)
def test_absent_has_nothing_and_needs_no_more_than_a_name(module: str) -> None:
    options = {"vrf": "share"} if module == "l3vpn_service" else {}
    job = scoped.job(module, options, "router", absent=True)
    present = scoped.job(module, VALID[module], "router")
    assert job.scope is not None
    assert present.scope is not None
    assert (job.files, job.scope["frr"], job.secrets) == ({}, "", {})
    assert job.scope["name"] == present.scope["name"]
    assert set(job.scope["owns"]) & set(present.scope["owns"])


@pytest.mark.parametrize(
    ("module", "option", "value", "message"),
    [
        ("ipsec_tunnel", "ca", "MIIB", "ca: Value error, is not one PEM block BEGIN CERTIFICATE"),
        ("ipsec_tunnel", "certificate", CERTIFICATE * 2, "is not one PEM block"),
        ("ipsec_tunnel", "private_key", CERTIFICATE.replace("CERTIFICATE", "EC PRIVATE KEY"), "openssl pkcs8 -topk8"),
        ("ipsec_tunnel", "ca", CERTIFICATE.replace("MIIB", "QUFB"), "holds no DER"),
        ("ipsec_tunnel", "tunnels", [], "tunnels: "),
        ("ipsec_tunnel", "tunnels", [{**TUNNEL, "ppk": "5e" * 31}], "RFC 8784 asks for 256 bits"),
        ("ipsec_tunnel", "tunnels", [{**TUNNEL, "ppk": "5e" * 32 + "5"}], "RFC 8784 asks for 256 bits"),
        ("ipsec_tunnel", "tunnels", [{**TUNNEL, "ppk_id": None}], "east: ppk and ppk_id belong together"),
        ("ipsec_tunnel", "tunnels", [{**TUNNEL, "remote": TUNNEL["local"]}], "both ends have the address"),
        ("ipsec_tunnel", "tunnels", [{**TUNNEL, "ike": "aes256; rm"}], "tunnels.0.ike"),
        ("ipsec_tunnel", "tunnels", [TUNNEL, TUNNEL], "name east stands twice; PPK ID one stands twice"),
        ("flexe_client", "interfaces", [{"name": "eth1", "base_kbit": 0}], "interfaces.0.base_kbit: "),
        ("srv6_path", "paths", [], "paths: "),
        ("srv6_path", "steering", [{**VALID["srv6_path"]["steering"][0], "table": 300000}], "steering.0.table: "),
        ("srv6_path", "prefix", "10.0.0.0/8", "prefix: "),
        ("flexe_client", "entries", [{"name": "eth1", "number": 256}], "entries.0.number: "),
        ("macsec_link", "lines", [{"name": "eth1", "cak": CAK[:-1]}], "eth1: the CAK has an odd number of digits"),
        ("macsec_link", "lines", [{"name": "eth1", "cak": CAK[:30]}], "eth1: the CAK has 30 hexadecimal digits"),
        ("macsec_link", "lines", [{"name": "eth1", "cak": CAK[:32]}], "expected 64 for gcm-aes-256"),
        ("macsec_link", "lines", [{"name": "eth1", "cak": "g" * 64}], "eth1: the CAK has other characters"),
        ("macsec_link", "lines", [{"name": "eth1", "cak": CAK, "ckn": "abc"}], "eth1: the CKN is not 2 to 64"),
        ("macsec_link", "lines", [{"name": f"eth{n}", "cak": CAK} for n in (1, 2)], "two lines have the same CAK"),
        (
            "macsec_link",
            "lines",
            [{"name": f"eth{n}", "cak": f"{n:064x}", "ckn": "c0"} for n in (1, 2)],
            "CKN c0 stands twice",
        ),
        ("macsec_link", "lines", [{"name": "eth1"}], "eth1: the CAK has 0 hexadecimal digits"),
        ("macsec_link", "lines", [{"name": "eth1", "cak": CAK, "master": True}], "only keys from QKD have a master"),
        ("macsec_link", "lines", [{**QUANTUM, "cak": CAK}], "eth2: keys from QKD bring their names with them"),
        ("macsec_link", "lines", [{**QUANTUM, "neighbor": "neighbor"}], "expected neighbor, the other router's in its"),
        ("ipsec_tunnel", "tunnels", [{**TUNNEL, "key_source": "qkd"}], "expected neither ppk nor ppk_id"),
        ("sm4_tunnel", "protections", [{**PROTECTION, "key_source": "qkd"}], "from QKD, expected no secret"),
        ("qkd_key", "server_url", "http://172.20.0.4/api/v1/keys", "server_url: "),
        ("qkd_key", "channel", None, "expected channel"),
        ("qkd_key", "peers", [{"name": "west", "address": "fd01::1"}], "west is this router itself"),
        ("qkd_key", "private_key", CERTIFICATE, "is not one PEM block BEGIN PRIVATE KEY"),
        ("sm4_tunnel", "protections", [{**PROTECTION, "local": "fd01:1:9::1"}], "local fd01:1:9::1 is not in"),
        ("sm4_tunnel", "protections", [{**PROTECTION, "protocol": "tcp"}], "expected application and ports, too"),
        ("sm4_tunnel", "protections", [{**PROTECTION, "number": 2048}], "protections.0.number: "),
        ("sm4_tunnel", "protections", [PROTECTION, PROTECTION], "protection sharing stands twice"),
        (
            *("sm4_tunnel", "protections", [{**PROTECTION, "tunnels": [{**FAR, "secret": "short"}]}]),
            "the secret with east has 5 characters, expected 32 or more",
        ),
        (
            *("sm4_tunnel", "protections", [{**PROTECTION, "tunnels": [FAR, {**FAR, "peer": "south"}]}]),
            "two tunnels have the same secret",
        ),
        (
            *("sm4_tunnel", "protections", [{**PROTECTION, "tunnels": [{**FAR, "remote_prefix": "fd01:1::/32"}]}]),
            "overlaps this router's own",
        ),
        ("vpws_service", "circuits", [], "circuits: "),
        ("vpws_service", "circuits", [{**CIRCUIT, "sid": "fd01:1:9:fd01::"}], "video: sid fd01:1:9:fd01:: is not in"),
        ("vpws_service", "circuits", [{**CIRCUIT, "sid": "fd01:1:1:fd01::1"}], "has more than locator and function"),
        ("vpws_service", "circuits", [{**CIRCUIT, "remote": "fd01:1:1:fd02::"}], "remote fd01:1:1:fd02:: is this"),
        (
            "vpws_service",
            "circuits",
            [CIRCUIT, CIRCUIT],
            "sid fd01:1:1:fd01:: stands twice; interface eth3 stands twice",
        ),
        ("vpws_service", "circuits", [{**CIRCUIT, "vlan": 4095}], "circuits.0.vlan: "),
        ("evpn_service", "neighbors", [], "neighbors: "),
        ("evpn_service", "password", None, "password: "),
        ("evpn_service", "vtep", None, "vtep: Field required when there are services"),
        ("evpn_service", "vtep", "fd01:1:2::2", "vtep fd01:1:2::2 is not in fd01:1:1::/48"),
        ("evpn_service", "vtep", "fd01:1:1:fe00::2", "expected an address such as fd01:1:1::2"),
        ("evpn_service", "services", [{**INSTANCE, "vni": 1 << 24}], "services.0.vni: "),
        ("evpn_service", "services", [{**INSTANCE, "interfaces": []}], "services.0.interfaces: "),
        ("edge_tag", "flows", [], "flows: "),
        (
            "edge_tag",
            "flows",
            [{"identifier": 1, "ports": [80]}],
            "flows.0: ports, and the protocol is any, expected tcp",
        ),
        ("edge_tag", "flows", [{"identifier": 1 << 32}], "flows.0: identifier 4294967296 has more than 32 bits"),
        ("edge_tag", "ipv6_block", None, "ipv4_block and ipv6_block belong together"),
        ("edge_tag", "ipv4_block", "10.11.0.0/30", "10.11.0.0/30 is no block of /28 prefixes"),
        ("edge_tag", "ipv6_block", "fd11::/60", "fd11::/60 has fewer /64 prefixes than 10.11.0.0/20 has /28 prefixes"),
        ("hop_trace", "interfaces", [], "interfaces: "),
        ("hop_trace", "interfaces", [{"name": "eth1"}, {"name": "eth1"}], "interface eth1 stands twice"),
        ("hop_trace", "interfaces", [{"name": "eth1", "kind": "exit"}], "interfaces.0.kind: "),
        ("hop_trace", "identifiers", [{"number": 1}, {"number": 1}], "identifier 1 stands twice"),
        ("hop_trace", "identifiers", [{"number": 1 << 32}], "identifier 4294967296 has more than 32 bits"),
        ("hop_trace", "prefix", "fd01:1::/40", "prefix: fd01:1::/40, expected a length of 48"),
        ("hop_trace", "source_address", "fd01:1:9::1", "source_address fd01:1:9::1 is not in fd01:1:1::/48"),
        ("hop_trace", "far", [{"name": "west", "prefix": "fd01:1:1::/48"}], "far west: fd01:1:1::/48 is this router's"),
        ("hop_trace", "period_s", 0, "period_s: "),
        ("fence_acl", "ports", [], "ports: "),
        ("fence_acl", "ports", [{"name": "eth3"}, {"name": "eth3"}], "port eth3 stands twice"),
        ("fence_acl", "ports", [{"name": "eth3", "kind": "exit", "identifiers": [1]}], "expected kind attachment"),
        ("fence_acl", "entries", [{**PASSING, "sources": ["fd11::/48"]}], "fd11::/48 is a /48, expected a /64"),
        ("fence_acl", "entries", [{**PASSING, "identifier": 1 << 32}], "identifier 4294967296 has more than 32 bits"),
        ("fence_acl", "entries", [{**PASSING, "windows": [{"start": "8:00"}]}], "entries.0.windows.0.start: "),
        ("sentry", "watches", [], "watches: "),
        ("sentry", "watches", [WATCH, WATCH], "watch guard stands twice"),
        ("sentry", "watches", [{**WATCH, "far": []}], "an interconnect has far prefixes, an exit has none"),
        ("sentry", "watches", [{**WATCH, "kind": "exit"}], "an interconnect has far prefixes, an exit has none"),
        ("sentry", "watches", [{**WATCH, "name": 'x"; sid:1'}], "watches.0.name: "),
        ("sentry", "watches", [{**WATCH, "blocked_names": ['x"; sid:1']}], "watches.0.blocked_names.0: "),
        ("sentry", "rules", 'drop ip any any -> any any (msg:"x"; sid:1;)', "rules, line 1: action 'drop'"),
        ("sentry", "identifiers", [1 << 32], "identifier 4294967296 has more than 32 bits"),
        ("access_port", "ports", [], "ports: "),
        ("access_port", "ports", [{"name": "eth3"}, {"name": "eth3"}], "port eth3 stands twice"),
        ("access_port", "servers", [{"address": "fd00::1"}], "servers.0.address: "),
        ("access_port", "secret", 'quo"ted', "secret: expected none of the characters"),
        ("access_port", "recheck_s", 5, "recheck_s: "),
        ("underlay", "net", "49.0001", "net: "),
        ("underlay", "loopback", "10.0.0.1", "loopback: "),
        ("underlay", "password", "two words", "password: "),
        ("underlay", "interfaces", [{"name": "eth1\n shutdown"}], "interfaces.0.name: "),
        ("underlay", "interfaces", [], "interfaces: "),
        ("srv6_locator", "prefix", "fd01:1::/40", "expected a length of 48"),
        ("srv6_locator", "prefix", "fd01:1:1::1/48", "has host bits set"),
        ("srv6_locator", "sids", [{"address": "fd01:1:1:fe00::", "behavior": "uDX2"}], "sids.0.behavior: "),
        ("l3vpn_service", "rt", "65001", "rt: "),
        ("l3vpn_service", "table", 254, "table: "),
        ("l3vpn_service", "password", None, "password: Field required when there are neighbors"),
        ("l3vpn_service", "vrf", "a b", "vrf: "),
    ],
)
def test_an_option_that_cannot_be_meant(module: str, option: str, value: Any, message: str) -> None:
    with pytest.raises(TaskError) as error:
        task(module, {**VALID[module], option: value})
    assert message in str(error.value)
    assert "two words" not in str(error.value)


def test_every_wrong_option_is_named_at_once() -> None:
    with pytest.raises(TaskError) as error:
        task("l3vpn_service", {"vrf": "share", "rt": "1"})
    for option in ("rt", "rd", "table", "asn", "router_id"):
        assert f"{option}: " in str(error.value)


def test_what_joins_two_multipoint_services_is_named_at_once() -> None:
    with pytest.raises(TaskError) as error:
        task("evpn_service", {**VALID["evpn_service"], "vtep": "fd01:1:1::", "services": [INSTANCE, INSTANCE]})
    said = str(error.value)
    for what in ("service lan", "vni 2", "rd 10.1.0.1:65533", "rt 65001:2", "interface eth4", "interface eth5"):
        assert f"{what} stands twice" in said
    assert "vtep fd01:1:1:: is where SIDs" in said


def test_a_reflector_has_sessions_and_no_bridge() -> None:
    neighbors = [{"name": "west", "address": "fd01:1:1::1", "client": True}]
    told = {name: VALID["evpn_service"][name] for name in ("asn", "router_id", "password")}
    job = scoped.job("evpn_service", {**told, "neighbors": neighbors}, "core")
    assert job.scope is not None
    assert job.files == {}
    assert "neighbor fd01:1:1::1 peer-group CLIENTS\n" in job.scope["frr"]
    assert "neighbor CLIENTS route-reflector-client\n" in job.scope["frr"]
    assert "advertise-all-vni" not in job.scope["frr"]


def test_both_kinds_of_layer_2_share_programs_and_nothing_else() -> None:
    one, other = (scoped.job(module, VALID[module], "router") for module in ("vpws_service", "evpn_service"))
    shared = set(one.files) & set(other.files)
    assert "/etc/systemd/system/citynet-layer2.service" in shared
    assert all(path.startswith(("/usr/local/lib/citynet/layer2/", "/etc/systemd/")) for path in shared)
    assert all(one.files[path] == other.files[path] for path in shared)
    assert {"/etc/citynet/layer2-vpws.json"} == {path for path in one.files if path.endswith(".json")}
    assert {"/etc/citynet/layer2-evpn.json"} == {path for path in other.files if path.endswith(".json")}


def test_services_of_both_layers_claim_the_same_sessions() -> None:
    told = {module: scoped.job(module, VALID[module], "router").scope for module in ("l3vpn_service", "evpn_service")}
    sessions = [
        [line for line in (scope or {})["frr"].splitlines() if line.startswith(" neighbor ")] for scope in told.values()
    ]
    assert sessions[0] == sessions[1]
    assert sessions[0]


def test_the_text_is_that_of_a_plan() -> None:
    """What a task renders is what the planner's device renders, for the same facts."""
    from citynet.platforms.whitebox import PLATFORM

    device = next(d for d in _mini().devices.values() if d.vrfs and d.underlay.interfaces)
    underlay = task(
        "underlay",
        {
            "net": device.underlay.net,
            "loopback": device.underlay.loopback,
            "password": "key",
            "interfaces": [
                {"name": device.interface(one.port), "metric": one.metric} for one in device.underlay.interfaces
            ],
            "hello_interval_s": device.underlay.hello_interval_s,
            "bfd_interval_ms": device.underlay.bfd_interval_ms,
            "bfd_multiplier": device.underlay.bfd_multiplier,
            "locator": device.srv6.locator,
        },
    ).device(device.name)
    path = "/etc/frr/frr.conf"
    wanted = PLATFORM.render_section(device, "underlay")[path].replace(device.underlay.secret, "isis/task")
    assert PLATFORM.render_section(underlay, "underlay")[path] == wanted


def test_tracing_is_that_of_a_plan(tmp_path: Path) -> None:
    from citynet import build
    from citynet.plan.model import PortKind
    from citynet.platforms.whitebox import PLATFORM

    shutil.copy(ROOT / "tests/lab/trace.yml", tmp_path / "design.yml")
    planned = build.plan(tmp_path / "design.yml")[0]
    device = planned.devices["west"]
    trace = device.trace
    assert trace is not None
    assert trace.far
    kinds = {PortKind.LINK: "link", PortKind.ATTACHMENT: "attachment"}
    made = task(
        "hop_trace",
        {
            "prefix": device.srv6.prefix,
            "source_address": device.underlay.loopback,
            "interfaces": [
                {"name": port.interface, "kind": kinds[port.kind], "neighbor": port.peer} for port in device.ports
            ],
            "identifiers": [{"number": one.number, "name": one.name, "here": one.here} for one in trace.identifiers],
            "far": [{"name": far.name, "prefix": planned.devices[far.name].srv6.prefix} for far in trace.far],
            "period_s": trace.period_s,
            "record_s": trace.period_s * trace.record_periods,
            "ioam_every": trace.ioam_every,
        },
    ).device(device.name)
    assert PLATFORM.render_section(made, "trace") == PLATFORM.render_section(device, "trace")


def test_multipoint_services_are_those_of_a_plan(tmp_path: Path) -> None:
    """All but the sessions, which a whole device has among its layer-3 services."""
    from citynet import build
    from citynet.platforms.whitebox import PLATFORM

    shutil.copy(ROOT / "tests/golden/cases/layer2/design.yml", tmp_path / "design.yml")
    device = build.plan(tmp_path / "design.yml")[0].devices["pe-3"]
    (evi,) = device.evpn
    made = task(
        "evpn_service",
        {
            **VALID["evpn_service"],
            "prefix": device.srv6.prefix,
            "vtep": evi.vtep,
            "services": [
                {
                    "service": evi.service,
                    "vni": evi.vni,
                    "rd": evi.rd,
                    "rt": evi.rt,
                    "interfaces": [
                        {"name": port.name, "vlan": port.vlan, "neighbor": port.peer, "neighbor_port": port.peer_port}
                        for port in device.layer2_ports()
                    ],
                }
            ],
        },
    ).device(device.name)
    assert PLATFORM.render_section(made, "layer2") == PLATFORM.render_section(device, "layer2")
    whole, part = (PLATFORM.render_section(one, "evpn")["/etc/frr/frr.conf"] for one in (device, made))
    assert part[part.index(" address-family") :] == whole[whole.index(" address-family") :]


def _mini() -> Any:
    from citynet import build
    from citynet.plan import lock, planner

    return planner.make_plan(build.check(ROOT / "labs" / "mini"), lock.Lock())


def test_a_tunnel_has_one_proposal_and_its_key_by_name_only() -> None:
    job = scoped.job("ipsec_tunnel", VALID["ipsec_tunnel"], "router")
    text = job.files["/etc/swanctl/conf.d/citynet.conf"]
    for line in (
        "proposals = aes256-sha512-ecp384-ke1_mlkem768",
        "esp_proposals = aes256-sha512-ecp384-ke1_mlkem768-esn",
        "ppk_required = yes",
        "ppk_id = one",
        "start_action = trap|start",
        "id = west",
        "local_ts = fd01:1:1::/48",
        "secret = 0x@secret(ppk/east)",
    ):
        assert f" {line}\n" in text
    assert "mark" not in text
    assert "5e5e" not in "".join(job.files.values())
    assert job.secrets["ppk/east"] == "5e" * 32


def test_a_tunnel_for_a_mark_takes_only_what_has_it() -> None:
    options = {**VALID["ipsec_tunnel"], "tunnels": [{**TUNNEL, "mark": 3, "initiate": False}]}
    text = scoped.job("ipsec_tunnel", options, "router").files["/etc/swanctl/conf.d/citynet.conf"]
    for what in ("mark_in", "mark_out", "set_mark_in"):
        assert f" {what} = 0x600000/0xffe00000\n" in text
    assert " start_action = trap\n" in text


QUANTUM_TASKS = {
    "macsec_link": {"lines": [QUANTUM, *VALID["macsec_link"]["lines"]]},
    "sm4_tunnel": {
        **VALID["sm4_tunnel"],
        "protections": [{**PROTECTION, "key_source": "qkd", "tunnels": [{**FAR, "secret": None, "master": True}]}],
    },
    "ipsec_tunnel": {
        **VALID["ipsec_tunnel"],
        "tunnels": [{**TUNNEL, "key_source": "qkd", "ppk": None, "ppk_id": None}],
    },
}


def quantum_settings(module: str) -> tuple[dict[str, Any], scoped.transaction.Job]:
    """What the key agent is told of the task's one line or tunnel with keys from QKD, and the transaction."""
    job = scoped.job(module, QUANTUM_TASKS[module], "router")
    assert job.scope is not None
    told = json.loads(job.files[f"/etc/citynet/keys-{job.scope['name']}.json"])
    (entry,) = [one for one in (*told["lines"], *told["tunnels"]) if one["source"] == "qkd"]
    return entry, job


@pytest.mark.parametrize(
    ("module", "name"),
    [("macsec_link", "eth2"), ("sm4_tunnel", "sharing--east"), ("ipsec_tunnel", "east--east")],
)
def test_keys_from_qkd_are_the_agents_business(module: str, name: str) -> None:
    entry, job = quantum_settings(module)
    assert entry.get("name", entry.get("port")) == name
    assert entry["master"]
    assert entry["secret"] == ""
    assert not any(secret.startswith(("ppk/", "sm4/", "macsec/eth2")) for secret in job.secrets)


def test_a_tunnel_with_keys_from_qkd_holds_packets_back_until_the_agent_brings_it_up() -> None:
    _, job = quantum_settings("ipsec_tunnel")
    text = job.files["/etc/swanctl/conf.d/citynet.conf"]
    assert " ppk_required = yes\n" in text
    assert " start_action = trap\n" in text
    assert not any(word in text for word in ("ppk_id", "close_action", "secrets {"))
    qkd = scoped.job("qkd_key", {**VALID["qkd_key"]}, "router")
    shared = set(job.files) & set(qkd.files)
    assert "/etc/citynet/pki/device.pem" in shared
    assert all(job.files[path] == qkd.files[path] for path in shared)


def test_what_is_wrong_with_a_key_is_said_without_it() -> None:
    options = {**VALID["ipsec_tunnel"], "private_key": "MIGHSECRET", "tunnels": [{**TUNNEL, "ppk": "c0ffee"}]}
    with pytest.raises(TaskError) as error:
        task("ipsec_tunnel", options)
    assert "MIGHSECRET" not in str(error.value)
    assert "c0ffee" not in str(error.value)
