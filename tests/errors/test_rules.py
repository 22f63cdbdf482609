"""Every rule, broken: an override file on top of a sound design, and what is said of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from citynet import build
from citynet.design.rules import RULES
from citynet.errors import InputError, Problem, Severity
from tree import ROOT

_FENCED = (
    "{zones: {town: {kind: city}}, sites: {gate: {zone: town}, west: {zone: town}, east: {zone: town}}, "
    "participant_groups: {g: {participants: [exchange, hospital]}}, "
    "identifiers: {a: {group: g, data_class: public, use: x}}, services: {circulation: {fenced: true}}, fences: %s}"
)
BROKEN = {
    "yaml": "sites: [",
    "duplicate": "sites: {gate: {title: one}, gate: {title: two}}",
    "range": "sites: {'x[9-1]': {}}",
    "key": "sites: {gate: {titel: G}}",
    "value": "sites: {gate: {place: {lat: 130, lon: 30}}}",
    "platform": "devices: {gov-border: {platform: whitebx}}",
    "path": "services: {circulation: {path: x}}\npaths: {x: {intent: low-latency, max_delay_ms: 0.01}}",
    "path-circle": "services: {circulation: {path: x}}\n"
    "paths: {x: {intent: default, disjoint_from: y}, y: {intent: default, disjoint_from: x}}",
    "data-identifier": "paths: {wide: {intent: bandwidth}}\nservices: {circulation: {steering: "
    "[{identifier: 7, path: wide}, {identifier: 7, path: wide}]}}",
    "steering-encryption": "domains: {cross: {level: L3}}\nservices: {circulation: {data_class: core, steering: "
    "[{identifier: 7, encryption: light}]}}",
    "steering-class": "{domains: {cross: {level: L3}}, participant_groups: {g: {participants: [exchange]}}, "
    "identifiers: {a: {group: g, data_class: core, use: x}}, "
    "services: {circulation: {steering: [{data: a, encryption: full}]}}}",
    "identifier-field": "participant_groups: {g: {participants: [exchange], number: 70000}}",
    "identifier-twice": "{participant_groups: {g: {participants: [exchange]}}, identifiers: {"
    "a: {group: g, data_class: public, use: x}, b: {group: g, data_class: public, use: x}}}",
    "zone-polygon": "zones: {town: {kind: city, polygon: {type: Polygon, coordinates: "
    "[[[114, 30], [115, 31], [115, 30], [114, 31], [114, 30]]]}}}",
    "zone-site": "{zones: {town: {kind: city, polygon: {type: Polygon, coordinates: "
    "[[[115, 30], [116, 30], [116, 31], [115, 30]]]}}}, sites: {west: {zone: town}}}",
    "fence": _FENCED % "{f: {identifiers: [a], allowed: [town], forbidden: [town]}}",
    "fence-contradiction": _FENCED % "{f: {identifiers: [a], allowed: [town]}, g: {data_classes: [public], "
    "forbidden: [town]}}",
    "unfenced-data": (_FENCED % "{f: {identifiers: [a], allowed: [town]}}").replace("fenced: true", "fenced: false"),
    "sentry": "interconnects: {guard: {sentry: {expected: [{port: 22, protocol: ssh}]}}}",
    "sentry-rules": "interconnects: {guard: {sentry: {rules: nowhere.rules}}}",
    "access-right": "{participant_groups: {g: {participants: [exchange]}}, identifiers: {a: {group: g, "
    "data_class: public, use: x}}, services: {circulation: {access: required}}, "
    "access: {roles: {r: {participants: [exchange, hospital], identifiers: [a]}}}}",
    "access-name": "{services: {circulation: {access: required}}, "
    "access: {roles: {hospital-1: {participants: [exchange, hospital]}}}}",
    "access-ike": "{tracing: {}, services: {circulation: {access: ike, "
    "tags: [{identifier: 7, protocol: udp, ports: [80]}]}}}",
    "access-nobody": "{services: {circulation: {access: required}}, access: {roles: {r: {participants: [hospital]}}}}",
    "crossing-identifiers": "{participant_groups: {g: {participants: [exchange]}}, identifiers: {a: {group: g, "
    "data_class: public, use: x}}, interconnects: {guard: {allow: [{source: exchange, destination: data-bureau, "
    "protocol: udp, ports: [53], identifiers: [a]}]}}}",
    "service-tags": "services: {circulation: {tags: [{identifier: 7, protocol: icmp, ports: [80]}]}}",
    "unused-path": "paths: {x: {intent: default}}",
    "reference": "devices: {gov-border: {site: gaet}}",
    "one-name": """
        services:
          circulation:
            ends:
              - {participant: exchange, device: cross-pe-west, host: tax-1}
              - {participant: hospital, device: cross-pe-east, host: hospital-1}""",
    "device-domain": "devices: {odd: {role: edge, site: east}}",
    "link": "rings: {again: {devices: [gov-core-a, gov-core-b]}}",
    "isolation": "stars: {bad: {hubs: [gov-core-a], devices: [cross-border]}}",
    "service-end": """
        services:
          circulation:
            ends:
              - {participant: exchange, device: cross-core-a, host: exchange-1}
              - {participant: hospital, device: cross-pe-east, host: hospital-1}""",
    "service-kind": "services: {circulation: {vrf: null}}",
    "hub-and-spoke": "services: {circulation: {topology: hub-and-spoke}}",
    "dual-homed": """
        services:
          circulation:
            ends:
              - {participant: exchange, device: cross-pe-west, host: exchange-1, backup_device: cross-pe-west}
              - {participant: hospital, device: cross-pe-east, host: hospital-1}""",
    "path-ends": "{paths: {p: {intent: low-latency}}, services: {circulation: {path: p, ends: ["
    "{participant: exchange, device: cross-pe-west, host: exchange-1, backup_device: cross-border},"
    " {participant: hospital, device: cross-pe-east, host: hospital-1}]}}}",
    "service-limit": "services: {circulation: {police: true}}",
    "exit": "services: {circulation: {exit: {device: cross-pe-west, participant: exchange, host: isp,"
    " ipv4: 203.0.113.0/30, ipv6: '2001:db8::/64'}}}",
    "exit-class": "{domains: {cross: {level: L3}}, services: {circulation: {data_class: important, exit:"
    " {device: cross-border, participant: exchange, host: isp, ipv4: 203.0.113.0/30, ipv6: '2001:db8::/64'}}}}",
    "service-vrf": "services: {circulation: {vrf: mgmt}}",
    "layer2-ends": "{services: {wire: {kind: vpws, domain: cross, ipv4: 10.17.0.0/28, ipv6: 'fd17::/64',"
    " ends: [{participant: exchange, device: cross-pe-west, host: wire-1}]}}}",
    "vlan": """
        services:
          circulation:
            ends:
              - {participant: exchange, device: cross-pe-west, host: exchange-1, vlan: 7}
              - {participant: hospital, device: cross-pe-east, host: hospital-1}""",
    "layer2-mtu": "{domains: {cross: {underlay: {mtu: 1600}}},"
    " services: {wire: {kind: vpws, domain: cross, ipv4: 10.17.0.0/28, ipv6: 'fd17::/64', ends:"
    " [{participant: exchange, device: cross-pe-west, host: w-1},"
    " {participant: hospital, device: cross-pe-east, host: w-2}]}}}",
    "layer2-interconnect": "{interconnects: {guard: {services: [gov-sharing, wire], allow: []}},"
    " services: {wire: {kind: evpn, domain: cross, ipv4: 10.17.0.0/28, ipv6: 'fd17::/64', ends:"
    " [{participant: exchange, device: cross-pe-west, host: w-1},"
    " {participant: hospital, device: cross-pe-east, host: w-2}]}}}",
    "data-class": "services: {circulation: {data_class: important}}",
    "interconnect": "interconnects: {guard: {between: [gov-border, cross-pe-east]}}",
    "flow": "interconnects: {guard: {allow: [{source: exchange, destination: data-bureau, protocol: tcp}]}}",
    "locators": "domains: {cross: {locators: 'fd02:2::/40'}}",
    "block-size": "services: {circulation: {ipv4: 10.12.0.0/28}}",
    "management": "devices: {gov-border: {management: 10.99.0.1}}",
    "overlap": "services: {circulation: {ipv4: 10.11.8.0/21}}",
    "domain-path": "devices: {far: {domain: cross, role: edge, site: east}}",
    "fibre-path": "{sites: {isle: {}}, devices: {far: {domain: cross, role: edge, site: isle}},"
    " stars: {far: {hubs: [cross-core-a, cross-core-b], devices: [far]}}}",
    "fibre-capacity": "fibres: {hubs: {capacity_gbps: 150}}",
    "flexe-group": "meshes: {edges: {devices: [gov-pe-west, gov-pe-east], phys: 3}}",
    "slice-rate": "slices: {odd: {domain: government, bandwidth_gbps: 7}}",
    "slice-client": "slices: {one: {domain: government, bandwidth_gbps: 5, client: 7},"
    " two: {domain: government, bandwidth_gbps: 5, client: 7}}",
    "slice-service": "{slices: {odd: {domain: government, bandwidth_gbps: 5}}, services: {circulation: {slice: odd}}}",
    "slice-room": "{slices: {wide: {domain: government, bandwidth_gbps: 100}}, services: {gov-sharing: {slice: wide}}}",
    "unused-slice": "slices: {idle: {domain: government, bandwidth_gbps: 5}}",
    "slot-capacity": "services: {circulation: {bandwidth_mbps: 205000}}",
    "encryption-level": "domains: {cross: {level: L3, encryption: L2}}",
    "service-encryption": "{domains: {cross: {level: L3}}, services: {circulation: "
    "{data_class: core, encryption: strong}}}",
    "application": "{domains: {cross: {level: L3}}, services: {circulation: {applications: ["
    "{name: one, data_class: core, ports: [5432]}, {name: two, data_class: core, ports: [5432]}]}}}",
    "idle-application": "services: {circulation: {applications: [{name: one, data_class: public, ports: [5432]}]}}",
    "encryption-mtu": "{domains: {cross: {level: L3, underlay: {mtu: 1600}}},"
    " services: {circulation: {data_class: core}}}",
    "key-server": "{domains: {cross: {level: L3}}, encryption: {key_servers: {gate: {address: 10.99.0.1, name: kme}}}}",
    "idle-key-server": "encryption: {key_servers: {gate: {address: 172.20.0.9, name: kme}}}",
    "open-lines": "encryption: {open_lines: true}",
    "zone": "zones: {town: {kind: city, within: yard}, yard: {kind: campus}}",
    "single-device": "{devices: {far: {domain: cross, role: edge, site: east}},"
    " stars: {far: {hubs: [cross-pe-east], devices: [far]}}}",
    "single-link": "{devices: {far: {domain: cross, role: edge, site: east}},"
    " stars: {far: {hubs: [cross-pe-east], devices: [far]}}}",
    "optical-asked": "fibres: {hubs: {amplifiers_km: [6]}}",
    "optical-catalogue": "optical: {amplifiers: {odd: {gain_min_db: 20, gain_max_db: 10, power_max_dbm: 20,"
    " noise_min_db: 5, noise_max_db: 6}}}",
    "optical-fibre": "{optical: {}, fibres: {hubs: {amplifiers_km: [12]}}}",
    "optical-frequency": "optical: {services: {s: {domain: cross, between: [west, east], rate_mbps: 100,"
    " frequency_thz: 193.101}}}",
    "optical-service": "optical: {services: {s: {domain: cross, between: [west, west], rate_mbps: 100}}}",
    "fibre-length": "fibres: {hubs: {length_km: 2}}",
    "unused-profile": "profiles: {devices: {nobody: {role: edge}}}",
    "unused-site": "sites: {empty: {}}",
    "unused-participant": "participants: {passer-by: {kind: user}}",
}


def problems_of(folder: Path, override: str) -> list[Problem]:
    """Errors, or warnings when there are none, of the mini city with this override."""
    (folder / "design/override").mkdir(parents=True)
    shutil.copy(ROOT / "tests/golden/cases/mini/design.yml", folder / "design/mini.yml")
    (folder / "design/override/broken.yml").write_text(override, encoding="utf-8")
    try:
        return build.check(folder).warnings
    except InputError as error:
        return error.problems


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_finds_what_breaks_it(rule: str, tmp_path: Path) -> None:
    found = [problem for problem in problems_of(tmp_path, BROKEN[rule]) if problem.rule == rule]
    assert found
    for problem in found:
        assert problem.severity is RULES[rule].severity
        assert problem.file.endswith(".yml")
        assert problem.line
        assert str(problem).endswith(f"[{rule}]")


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in {"yaml", "single-device", "single-link"}])
def test_one_fault_brings_no_echo(rule: str, tmp_path: Path) -> None:
    assert {problem.rule for problem in problems_of(tmp_path, BROKEN[rule])} == {rule}


@pytest.mark.parametrize("override", ["{}", "city: other"])
def test_a_sound_design_brings_nothing(override: str, tmp_path: Path) -> None:
    assert problems_of(tmp_path, override) == []


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_every_rule_is_explained(rule: object) -> None:
    assert RULES[rule.id].title.endswith(".")  # type: ignore[attr-defined]


def test_severities_are_two() -> None:
    assert {rule.severity for rule in RULES.values()} == set(Severity)


def test_faults_of_every_room_are_told_together(tmp_path: Path) -> None:
    override = "{sites: {gate: {titel: G}}, devices: {gov-border: {site: gaet}, cross-border: {platform: whitebx}}}"
    assert {problem.rule for problem in problems_of(tmp_path, override)} == {"key", "reference", "platform"}
