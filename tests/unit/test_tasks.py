"""Tasks of one technology: their options, and the collection's pages about them."""

from __future__ import annotations

import importlib.util
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel
from task_facts import CAK, SECRET, SHARED, VALID

from citynet.deploy import scoped
from citynet.platforms.whitebox.sections import FILES
from citynet.tasks import TASKS
from tree import ROOT

FRAGMENT = ("state", "confirm_timeout", "known_hosts")
ORDERS = (*FRAGMENT, "user", "wait")
"""Options that say nothing of what a router is to have."""
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
