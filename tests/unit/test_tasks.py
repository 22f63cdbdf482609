"""Tasks of one technology: their options, the text they become, and the collection's pages about them."""

from __future__ import annotations

import importlib.util
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
}
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
    assert described(documentation(module)) == typed(TASKS[module])


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_the_options_of_its_module(role: str) -> None:
    specs = yaml.safe_load((ROOT / "roles" / role / "meta/argument_specs.yml").read_text())
    told = specs["argument_specs"]["main"]["options"]
    own = {name.removeprefix(f"{role}_"): value for name, value in told.items()}
    if role == "l3vpn":
        own |= own.pop("services")["options"]
    assert described({n: v for n, v in own.items() if n not in FRAGMENT}) == described(documentation(ROLES[role]))


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
    assert bool(job.scope["frr"]) == (module not in ("flexe_client", "srv6_path", "vpws_service"))
    assert "key" not in job.scope["frr"].split()
    assert set(job.secrets.values()) <= {"key"}
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
        ("flexe_client", "interfaces", [{"name": "eth1", "base_kbit": 0}], "interfaces.0.base_kbit: "),
        ("srv6_path", "paths", [], "paths: "),
        ("srv6_path", "steering", [{**VALID["srv6_path"]["steering"][0], "table": 300000}], "steering.0.table: "),
        ("srv6_path", "prefix", "10.0.0.0/8", "prefix: "),
        ("flexe_client", "entries", [{"name": "eth1", "number": 256}], "entries.0.number: "),
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
            "interfaces": [{"name": one.port, "metric": one.metric} for one in device.underlay.interfaces],
            "hello_interval_s": device.underlay.hello_interval_s,
            "bfd_interval_ms": device.underlay.bfd_interval_ms,
            "bfd_multiplier": device.underlay.bfd_multiplier,
            "locator": device.srv6.locator,
        },
    ).device(device.name)
    path = "/etc/frr/frr.conf"
    wanted = PLATFORM.render_section(device, "underlay")[path].replace(device.underlay.secret, "isis/task")
    assert PLATFORM.render_section(underlay, "underlay")[path] == wanted


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
