"""Encryption proven, and each thing that can be wrong with it put into a plan that held: refuted, by name."""

from __future__ import annotations

import copy
from functools import cache
from typing import TYPE_CHECKING

import pytest

from citynet.design.loader import load
from citynet.plan.lock import Lock
from citynet.plan.model import Guard, GuardRule, Host, Line, LineEnd, MacsecPort, Plan, Port, PortKind, Protection
from citynet.plan.planner import make_plan
from citynet.proof import Area, prove
from citynet.proof.model import Verdict
from tree import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

CASE = ROOT / "tests/golden/cases/encryption"


@cache
def _planned() -> Plan:
    return make_plan(load(CASE), Lock())


@pytest.fixture
def plan() -> Plan:
    return copy.deepcopy(_planned())


def refuted(plan: Plan) -> dict[str, str]:
    """What refutes each claim that does not hold."""
    proof = prove(plan, [Area.ENCRYPTION])
    return {
        result.claim: "\n".join(f"{one.subject}: {one.what}" for one in result.refutations)
        for result in proof.results
        if result.verdict is Verdict.REFUTED
    }


def protection(plan: Plan, name: str, device: str) -> Protection:
    return next(one for one in plan.devices[device].protections if one.name == name)


def line(plan: Plan, device: str, peer: str) -> MacsecPort:
    return next(one for one in plan.devices[device].macsec if one.peer == peer)


def test_the_encrypted_city_holds(plan: Plan) -> None:
    proof = prove(plan, [Area.ENCRYPTION])
    assert {result.verdict for result in proof.results} == {Verdict.PROVEN}
    assert [result.claim for result in proof.results] == ["ENC-01"] * 2 + ["ENC-02"] * 2 + ["ENC-03"] * 2 + ["ENC-04"]
    notes = "\n".join(note for result in proof.results for note in result.notes)
    assert "attachments of hosts: border--campus-2" in notes


# --- lines ---


def no_macsec(plan: Plan) -> None:
    device = plan.devices["core"]
    device.macsec.remove(line(plan, "core", "border"))


def beside_the_traffic(plan: Plan) -> None:
    plan.devices["core"].port(line(plan, "core", "border").port).macsec = False


def short_cipher(plan: Plan) -> None:
    line(plan, "core", "border").cipher = "gcm-aes-128"


def vault_instead_of_qkd(plan: Plan) -> None:
    for device, peer in (("core", "border"), ("border", "core")):
        one = line(plan, device, peer)
        one.source, one.secret = "vault", "macsec/border--core"
    plan.secrets.append("macsec/border--core")


def fallback(plan: Plan) -> None:
    for device, peer in (("core", "border"), ("border", "core")):
        line(plan, device, peer).secret = "macsec/border--core"
    plan.secrets.append("macsec/border--core")


def open_line(plan: Plan) -> None:
    line(plan, "core", "border").open = True


def another_peer(plan: Plan) -> None:
    line(plan, "core", "border").peer = "pe-west"


def no_secret_of_a_line(plan: Plan) -> None:
    for device, peer in (("cross-hub", "cross-gate"), ("cross-gate", "cross-hub")):
        line(plan, device, peer).secret = ""


def ends_disagree(plan: Plan) -> None:
    line(plan, "cross-hub", "cross-gate").cipher = "gcm-aes-256"


def hidden_port(plan: Plan) -> None:
    plan.devices["core"].ports.append(Port("eth90", PortKind.LINK, "", "border", "eth91"))


def new_line(plan: Plan) -> None:
    ends = [LineEnd("core", "eth90"), LineEnd("border", "eth90")]
    plan.lines["new"] = Line("new", PortKind.LINK, *ends, "government")
    for near, far in (ends, ends[::-1]):
        plan.devices[near.node].ports.append(Port("eth90", PortKind.LINK, "new", far.node, "eth90"))


def interconnect_outside(plan: Plan) -> None:
    plan.devices["cross-gate"].site = "hub"


def host_at_two_sites(plan: Plan) -> None:
    host: Host = plan.hosts["registry-1"]
    plan.lines["far"] = Line(
        "far", PortKind.ATTACHMENT, LineEnd("border", "eth91"), LineEnd(host.name, "eth2"), "government"
    )


LINES = {
    no_macsec: "line border--core: core:eth2 sends in the clear; gcm-aes-256 is due",
    beside_the_traffic: "core:eth2 has MACsec beside the interface",
    short_cipher: "core:eth2 has gcm-aes-128 with keys from qkd; gcm-aes-256 from qkd is due",
    vault_instead_of_qkd: "has gcm-aes-256 with keys from vault; gcm-aes-256 from qkd is due",
    fallback: "has a secret to fall back to ('macsec/border--core') beside the keys from QKD",
    open_line: "carries traffic in the clear while it has no key",
    another_peer: "core:eth2 is meant for pe-west",
    no_secret_of_a_line: "has no secret to derive its keys from",
    ends_disagree: "its ends do not agree",
    hidden_port: "port core:eth90: leads to border at another site by no line of the plan",
    new_line: "line new: core:eth90 sends in the clear",
    interconnect_outside: "line border--cross-gate: border:eth",
    host_at_two_sites: "line far: joins a host and a device of two sites (gate and west) in the clear",
}


# --- services ---


def no_protection(plan: Plan) -> None:
    device = plan.devices["border"]
    device.protections.remove(protection(plan, "registry", "border"))


def no_application(plan: Plan) -> None:
    for device in ("border", "pe-west"):
        plan.devices[device].protections.remove(protection(plan, "notices.ledger", device))


def no_tunnel(plan: Plan) -> None:
    protection(plan, "registry", "pe-west").tunnels.clear()


def weaker_grade(plan: Plan) -> None:
    for device in ("border", "pe-west"):
        protection(plan, "registry", device).grade = "strong"


def grade_in_name_only(plan: Plan) -> None:
    protection(plan, "registry", "border").ml_kem = False


def no_ppk(plan: Plan) -> None:
    protection(plan, "cameras", "border").ppk = False


def short_digest(plan: Plan) -> None:
    protection(plan, "registry", "border").integrity_bits = 128


def foreign_algorithms(plan: Plan) -> None:
    protection(plan, "circulation", "cross-hub").method = "ipsec"


def port_missed(plan: Plan) -> None:
    protection(plan, "registry", "border").ports.clear()


def ports_of_an_application_missed(plan: Plan) -> None:
    protection(plan, "notices.ledger", "border").app_ports = [5433]


def another_prefix(plan: Plan) -> None:
    protection(plan, "registry", "border").tunnels[0].prefix = plan.devices["core"].srv6.prefix


def another_vtep(plan: Plan) -> None:
    protection(plan, "evpn.light", "border").tunnels[0].prefix = plan.devices["pe-west"].srv6.prefix


def vni_missed(plan: Plan) -> None:
    protection(plan, "evpn.light", "border").vnis.clear()


def another_end(plan: Plan) -> None:
    protection(plan, "registry", "border").tunnels[0].address = "fd01:1:2::1:77"


def two_suites(plan: Plan) -> None:
    protection(plan, "cameras", "border").esp = "aes256-sha512-esn"


def more_asked(plan: Plan) -> None:
    plan.services["campus"].encryption = "full"


def more_sensitive(plan: Plan) -> None:
    plan.services["notices"].data_class = "core"


def new_vrf(plan: Plan) -> None:
    vrf = next(vrf for vrf in plan.devices["border"].vrfs if vrf.service == "registry")
    plan.devices["core"].vrfs.append(copy.deepcopy(vrf))


SERVICES = {
    no_protection: "registry on border: core data go from border to pe-west in the clear; full is due",
    no_application: "notices.ledger on border: important data go from border to pe-west in the clear; strong is due",
    no_tunnel: "registry on pe-west: core data go from pe-west to border in the clear",
    weaker_grade: "registry on border: has strong, full is due",
    grade_in_name_only: "says full with ml_kem False, and full means True",
    no_ppk: "cameras on border: says strong with ppk False",
    short_digest: "says full with integrity_bits 128",
    foreign_algorithms: "circulation on cross-hub: says light with method 'ipsec', and light means 'sm4'",
    port_missed: "registry on border: what enters at eth",
    ports_of_an_application_missed: "notices.ledger on border: important data go from border to pe-west in the clear",
    another_prefix: "encrypts what goes to fd01:1:1::/48, and pe-west is at fd01:1:2::/48",
    another_vtep: "encrypts what goes to fd01:1:2::/48, and pe-west is at fd01:1:2::2/128",
    vni_missed: "evpn.light on border: lets VXLAN",
    another_end: "ends at fd01:1:2::1:77, where no tunnel of pe-west does",
    two_suites: "its ends offer two suites",
    more_asked: "evpn.light on border: has light, full is due",
    more_sensitive: "notices on border: has light, full is due",
    new_vrf: "registry on core: core data go from core to border in the clear",
}


# --- keys ---


def no_agent(plan: Plan) -> None:
    plan.devices["border"].keys = None


def no_server(plan: Plan) -> None:
    del plan.key_servers["west"]


def forgotten_by_its_server(plan: Plan) -> None:
    plan.key_servers["west"].devices.clear()


def another_server(plan: Plan) -> None:
    keys = plan.devices["border"].keys
    assert keys is not None
    keys.url = plan.key_servers["west"].url


def servers_on_one_place(plan: Plan) -> None:
    plan.key_servers["west"].address = plan.key_servers["hub"].address
    plan.key_servers["west"].port = plan.key_servers["hub"].port


def server_on_a_device(plan: Plan) -> None:
    plan.key_servers["gate"].address = plan.devices["core"].management


def servers_of_one_name(plan: Plan) -> None:
    plan.key_servers["gate"].name = "kme-west"


def no_certificate(plan: Plan) -> None:
    plan.secrets.remove("pki/border/certificate")


def number_twice(plan: Plan) -> None:
    protection(plan, "registry", "border").number = protection(plan, "cameras", "border").number


def number_too_large(plan: Plan) -> None:
    protection(plan, "registry", "border").number = 2048


def endpoint_twice(plan: Plan) -> None:
    protection(plan, "registry", "border").address = protection(plan, "cameras", "border").address


def endpoint_elsewhere(plan: Plan) -> None:
    protection(plan, "registry", "border").address = "fd01:1:9::1:1"


def endpoint_is_loopback(plan: Plan) -> None:
    protection(plan, "registry", "border").address = plan.devices["border"].underlay.loopback


def two_masters(plan: Plan) -> None:
    for device, peer in (("core", "border"), ("border", "core")):
        line(plan, device, peer).master = True


def no_master(plan: Plan) -> None:
    for device in ("border", "pe-west"):
        for tunnel in protection(plan, "registry", device).tunnels:
            tunnel.master = False


def priorities_alike(plan: Plan) -> None:
    for device, peer in (("core", "border"), ("border", "core")):
        line(plan, device, peer).priority = 16


def cak_twice(plan: Plan) -> None:
    for device, peer in (("core", "border"), ("border", "core")):
        one = line(plan, device, peer)
        one.source, one.secret = "vault", "macsec/cross-hub--cross-gate"


def secret_of_a_line_gone(plan: Plan) -> None:
    plan.secrets.remove("macsec/cross-hub--cross-gate")


def two_secrets(plan: Plan) -> None:
    protection(plan, "circulation", "cross-hub").tunnels[0].secret = "bgp/guard"


def no_secret(plan: Plan) -> None:
    for device in ("cross-hub", "cross-gate"):
        protection(plan, "circulation", device).tunnels[0].secret = ""


KEYS = {
    no_agent: "device border: encrypts and has no key agent",
    no_server: "device pe-west: needs keys from QKD, and no key server of west serves it",
    forgotten_by_its_server: "device pe-west: needs keys from QKD, and no key server of west serves it",
    another_server: "device border: asks https://172.20.0.4",
    servers_on_one_place: "is that of key server kme-",
    server_on_a_device: "is that of device core already",
    servers_of_one_name: "kme-west is that of key server kme-west",
    no_certificate: "device border: needs a certificate, and nobody makes pki/border/certificate",
    number_twice: "registry on border: has number 4, which another one has",
    number_too_large: "number 2048 does not fit into a packet's mark",
    endpoint_twice: "which is that of registry on border",
    endpoint_elsewhere: "registry on border: ends at fd01:1:9::1:1, outside the locator of border",
    endpoint_is_loopback: "which is that of the loopback of border",
    two_masters: "line border:eth2: both ends are master",
    no_master: "tunnel registry border – pe-west: no end is master",
    priorities_alike: "its priorities as MKA key server are 16 and 16",
    cak_twice: "secret macsec/cross-hub--cross-gate: is shared",
    secret_of_a_line_gone: "secret macsec/cross-hub--cross-gate: is needed by",
    two_secrets: "tunnel circulation cross-gate – cross-hub: its ends derive keys from",
    no_secret: "circulation on cross-gate: has nothing to derive its keys from",
}


# --- crossings ---


def rule_for_the_ledger(plan: Plan) -> None:
    """The guard passes a port whose data are important on one side, and commercial to the other."""
    _pass(plan, 5432)


def _pass(plan: Plan, port: int) -> None:
    """A rule for the hospital, whose data go on behind the border."""
    for device in ("border", "cross-gate"):
        rule = plan.devices[device].guards[0].rules[0]
        rule.ports = [port]
        rule.sources = [address.split("/")[0] for address in plan.hosts["hospital-1"].addresses]


def crossing_into_the_clear(plan: Plan) -> None:
    plan.domains["cross"].encryption = "L1"
    plan.services["circulation"].data_class = "public"
    _pass(plan, 8443)
    for device in ("cross-gate", "cross-hub"):
        plan.devices[device].protections.clear()


def exit_for_the_registry(plan: Plan) -> None:
    device = plan.devices["border"]
    device.ports.append(Port("eth95", PortKind.EXIT, "out", "isp", "eth1", "registry"))
    next(vrf for vrf in device.vrfs if vrf.service == "registry").ports.append("eth95")
    device.exits.append(Guard("registry", "eth95", "registry", "", [GuardRule("a", False, "tcp", [80], [], [])]))
    protection(plan, "registry", "border").ports.append("eth95")


CROSSINGS = {
    rule_for_the_ledger: "guard cross-gate:allow-1: important data of notices.ledger (tcp 5432) go on in circulation "
    "with light; strong is due",
    crossing_into_the_clear: "commercial data of notices (tcp 8443) go on in circulation with nothing; light is due",
    exit_for_the_registry: "exit of registry at border: core data can leave for the internet in the clear",
}

BROKEN = {
    mutation: (claim, words)
    for claim, mutations in (("ENC-01", LINES), ("ENC-02", SERVICES), ("ENC-03", KEYS), ("ENC-04", CROSSINGS))
    for mutation, words in mutations.items()
}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda one: one.__name__)
def test_what_is_broken_is_found_and_named(plan: Plan, broken: Callable[[Plan], None]) -> None:
    broken(plan)
    claim, words = BROKEN[broken]
    found = refuted(plan)
    assert claim in found, found
    assert words in found[claim], found


ALONE = {**LINES, **SERVICES, **CROSSINGS}
"""What breaks nothing else: keys have consequences."""
ALSO = {no_macsec, another_peer, no_protection, no_tunnel, foreign_algorithms, more_sensitive}
"""A key that nobody has at one end, a certificate that is lacking, data that cross."""


@pytest.mark.parametrize("broken", [one for one in ALONE if one not in ALSO], ids=lambda one: one.__name__)
def test_nothing_else_is_blamed(plan: Plan, broken: Callable[[Plan], None]) -> None:
    broken(plan)
    assert list(refuted(plan)) == [BROKEN[broken][0]]


def test_a_city_without_encryption_asks_for_none() -> None:
    plan = make_plan(load(ROOT / "tests/golden/cases/mini"), Lock())
    verdicts = {result.claim: result.verdict for result in prove(plan, [Area.ENCRYPTION]).results}
    assert verdicts["ENC-01"] is verdicts["ENC-02"] is verdicts["ENC-03"] is Verdict.NOT_APPLICABLE


def test_levels_of_encryption_are_the_domains_own(plan: Plan) -> None:
    """Raising a level in the plan alone makes what was right too weak."""
    plan.domains["cross"].encryption = "L3"
    found = refuted(plan)
    assert "line cross-hub--cross-gate: cross-hub:" in found["ENC-01"]
    assert "says light with source 'vault', and light means 'qkd'" in found["ENC-02"]
