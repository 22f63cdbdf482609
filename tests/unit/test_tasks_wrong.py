"""Options of tasks that cannot be meant are refused by name, all at once."""

from __future__ import annotations

from typing import Any

import pytest
from task_facts import CAK, CERTIFICATE, CIRCUIT, FAR, INSTANCE, PASSING, PROTECTION, QUANTUM, TUNNEL, VALID, WATCH

from citynet.tasks import TaskError, task


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
