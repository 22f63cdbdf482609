"""The optical planner: routes, wavelengths, ODUs, refusals, and that what is planned stays."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import lights
from citynet import build
from citynet.errors import InputError, LackingError
from citynet.plan import codec
from citynet.plan.model import OpticalPlan, Plan

pytest.importorskip("gnpy", reason="GNPy is an extra: pip install 'citynet[optical]'")

SITES = ["a", "b", "c", "d"]
FIBRES: dict[str, dict[str, Any]] = {
    "ab": {"between": ["a", "b"], "length_km": 20, "risk_groups": ["bridge"]},
    "bc": {"between": ["b", "c"], "length_km": 30, "risk_groups": []},
    "cd": {"between": ["c", "d"], "length_km": 40, "risk_groups": []},
    "da": {"between": ["d", "a"], "length_km": 50, "risk_groups": []},
}


def service(a: str, b: str, **more: Any) -> dict[str, Any]:
    return {"domain": "government", "between": [a, b], "rate_mbps": 100_000, **more}


def plan_of(folder: Path, design: dict[str, Any]) -> Plan:
    (folder / "design.yml").write_text(lights.text(design), encoding="utf-8")
    return build.plan_and_lock(folder / "design.yml")[0]


def light(folder: Path, services: dict[str, Any], **optical: Any) -> OpticalPlan:
    found = lights.optical_of(plan_of(folder, lights.city(SITES, FIBRES, services, **optical)))
    lights.check(found)
    return found


def refused(folder: Path, design: dict[str, Any]) -> str:
    with pytest.raises(InputError) as raised:
        plan_of(folder, design)
    assert not (folder / "citynet.lock").exists(), "what is refused leaves nothing"
    return str(raised.value)


def test_a_ring(tmp_path: Path) -> None:
    found = light(tmp_path, {"one": service("a", "b", protection="diamond"), "two": service("a", "c")})
    one, two = found.services["one"], found.services["two"]
    assert found.lit_paths[one.working[0]].fibres == ["ab"]
    assert found.lit_paths[one.protection[0]].fibres == ["da", "cd", "bc"]
    assert found.lit_paths[two.working[0]].fibres == ["ab", "bc"]
    assert one.diversity == ["bridge"]
    assert one.delay_us == pytest.approx(98)
    assert [node.name for node in found.nodes.values()] == [f"roadm-{site}" for site in SITES]
    assert all(len(node.degrees) == 2 for node in found.nodes.values())


def test_classes(tmp_path: Path) -> None:
    classes = ("diamond", "gold", "silver", "copper", "unprotected")
    found = light(tmp_path, {name: service("a", "b", protection=name) for name in classes})
    roles = {name: (len(s.working), len(s.protection), len(s.restoration)) for name, s in found.services.items()}
    assert roles == {
        "diamond": (1, 1, 0),
        "gold": (1, 1, 0),
        "silver": (1, 0, 1),
        "copper": (1, 0, 0),
        "unprotected": (1, 0, 0),
    }
    assert found.classes["diamond"].protection_switch_ms == 20
    assert found.classes["silver"].restores
    assert not found.classes["copper"].restores


SPARE: dict[str, dict[str, Any]] = {
    name: {"between": [name[0], name[1]], "length_km": 10} for name in ("ab", "cd", "ae", "ce", "bf", "df", "ef")
}
"""Two lines, a - b and c - d, whose other ways meet on the fibre ef."""


@pytest.mark.parametrize(
    ("risks", "domain", "shared"),
    [([], "government", True), (["duct"], "government", False), ([], "cross", False)],
)
def test_spare_light_is_shared_when_no_risk_wakes_both(
    tmp_path: Path, risks: list[str], domain: str, shared: bool
) -> None:
    fibres = copy.deepcopy(SPARE)
    fibres["ab"]["risk_groups"] = fibres["cd"]["risk_groups"] = risks
    wanted = {
        "one": service("a", "b", protection="silver"),
        "two": service("c", "d", protection="silver", domain=domain),
    }
    found = lights.optical_of(plan_of(tmp_path, lights.city(list("abcdef"), fibres, wanted)))
    lights.check(found)
    spare = [found.lit_paths[found.services[name].restoration[0]] for name in wanted]
    assert [path.fibres for path in spare] == [["ae", "ef", "bf"], ["ce", "ef", "df"]]
    assert (spare[0].first_slot == spare[1].first_slot) is shared


def test_small_services_of_a_domain_ride_together_and_domains_apart(tmp_path: Path) -> None:
    services = {f"g{number}": service("a", "b", rate_mbps=10_000) for number in range(5)}
    services |= {f"x{number}": service("b", "a", rate_mbps=10_000, domain="cross") for number in range(5)}
    services |= {"fine-g": service("a", "b", rate_mbps=100), "fine-x": service("a", "b", rate_mbps=100, domain="cross")}
    found = light(tmp_path, services)
    assert len(found.trunks) == 2
    assert {member.odu for trunk in found.trunks.values() for member in trunk.members} == {"ODU2e"}
    assert [fine.members[0].odu for trunk in found.trunks.values() for fine in trunk.fine] == ["fgODUflex(10)"] * 2


@pytest.mark.parametrize(("share", "trunks", "fine"), [("nothing", 2, 2), ("wavelength", 1, 2), ("odu", 1, 1)])
def test_domains_share_what_the_design_says(tmp_path: Path, share: str, trunks: int, fine: int) -> None:
    services = {
        "g": service("a", "b", rate_mbps=100),
        "x": service("a", "b", rate_mbps=100, domain="cross"),
    }
    found = light(tmp_path, services, domains_share=share)
    assert len(found.trunks) == trunks
    assert sum(len(trunk.fine) for trunk in found.trunks.values()) == fine


def test_the_mode_that_takes_least_spectrum(tmp_path: Path) -> None:
    (tmp_path / "1").mkdir()
    few = light(tmp_path / "1", {"s": service("a", "b")})
    assert {path.mode for path in few.lit_paths.values()} == {"qpsk-100"}
    (tmp_path / "2").mkdir()
    many = light(tmp_path / "2", {f"s{number}": service("a", "b") for number in range(4)})
    assert {path.mode for path in many.lit_paths.values()} == {"qam16-400"}
    assert len(many.trunks) == 1
    assert next(iter(many.trunks.values())).odu == "ODUC4"


def test_a_wish_for_a_wavelength(tmp_path: Path) -> None:
    found = light(tmp_path, {"s": service("a", "b", frequency_thz=193.4), "t": service("a", "b")})
    assert found.lit_paths[found.services["s"].working[0]].frequency_thz == 193.4
    assert found.lit_paths[found.services["t"].working[0]].first_slot == found.spectrum.first_slot


def test_adding_a_service_renumbers_nothing(tmp_path: Path) -> None:
    services = {f"s{number}": service("b", "d", rate_mbps=10_000 * number) for number in range(1, 7)}
    services |= {f"t{number}": service("a", "c", protection="gold") for number in range(3)}
    services |= {f"u{number}": service("a", "b", rate_mbps=100, protection="silver") for number in range(3)}
    before = light(tmp_path, services)
    more = {"a-first": service("a", "c", protection="gold"), "a-long": service("a", "d", fibres=["ab", "bc", "cd"])}
    more |= {
        "a-small": service("b", "d", rate_mbps=1000),
        "a-fine": service("a", "b", rate_mbps=200, protection="silver"),
    }
    after = light(tmp_path, {**more, **services})
    assert after.lit_paths.items() >= before.lit_paths.items()
    for name, planned in before.services.items():
        assert after.services[name] == planned
        assert slot_of(after, name) == slot_of(before, name)
    again = light(tmp_path, services)
    assert again.lit_paths == before.lit_paths


def slot_of(found: OpticalPlan, name: str) -> list[int]:
    trunk = found.trunks[found.services[name].trunk]
    members = [*trunk.members, *(member for fine in trunk.fine for member in fine.members)]
    return [member.first_slot for member in members if member.service == name]


def test_lines_know_their_light(tmp_path: Path, mini_text: str) -> None:
    (tmp_path / "design.yml").write_text(mini_text + "\noptical: {protection: gold}\n", encoding="utf-8")
    plan, _ = build.plan_and_lock(tmp_path / "design.yml")
    found = lights.optical_of(plan)
    lights.check(found)
    links = [line for line in plan.lines.values() if line.kind == "link"]
    assert {s.line for s in found.services.values()} == {line.name for line in links}
    for line in links:
        one = found.services[line.name]
        path = found.lit_paths[one.working[0]]
        site = plan.devices[line.a.node].site
        assert line.fibres == (path.fibres if site == path.a else path.fibres[::-1])
        assert (line.delay_us, line.length_km, line.risk_groups) == (path.delay_us, path.length_km, path.risk_groups)
        assert one.a.site == site
        assert one.a.client == f"{line.a.node}:{line.a.port}"
    assert codec.dumps(plan) == codec.dumps(build.plan(tmp_path / "design.yml")[0])


def test_the_plan_can_be_read_back(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, lights.city(SITES, FIBRES, {"s": service("a", "b", protection="gold")}))
    (tmp_path / "plan.json").write_text(codec.dumps(plan), encoding="utf-8")
    assert codec.load(tmp_path / "plan.json") == plan


# --- refusals -----------------------------------------------------------------------------------------------------


def test_a_pair_that_collides(tmp_path: Path) -> None:
    fibres = copy.deepcopy(FIBRES)
    fibres["cd"]["risk_groups"] = ["bridge"]
    said = refused(tmp_path, lights.city(SITES, fibres, {"s": service("a", "b", protection="gold")}))
    assert "no two ways from 'a' to 'b' are without a common risk" in said
    assert "ab (20 km) and da+cd+bc (120 km), shares 'bridge'" in said


def test_no_second_way(tmp_path: Path) -> None:
    fibres = {name: FIBRES[name] for name in ("ab", "bc", "cd")}
    said = refused(tmp_path, lights.city(SITES, fibres, {"s": service("a", "c", protection="silver")}))
    assert "no second way leads from 'a' to 'c'" in said


def long_line(*, spans: int, km: float, other: float = 0) -> dict[str, dict[str, Any]]:
    fibres = {f"f{number}": {"between": [SITES[number], SITES[number + 1]], "length_km": km} for number in range(spans)}
    if other:
        fibres["short"] = {"between": [SITES[0], SITES[spans]], "length_km": other}
    return fibres


def test_too_little_light_says_how_much_and_what_would_help(tmp_path: Path) -> None:
    fibres = long_line(spans=3, km=400, other=600)
    wanted = {"s": service("a", "d", rate_mbps=400_000, fibres=["f0", "f1", "f2"])}
    said = refused(tmp_path, lights.city(SITES, fibres, wanted))
    assert "dB are missing" in said
    assert "mode 'qpsk-200' has" in said
    assert "a regenerator at" in said
    assert "the way over short (600 km) passes" in said


def test_an_amplifier_would_help(tmp_path: Path) -> None:
    fibres = {"ab": {"between": ["a", "b"], "length_km": 190}}
    wanted = {"s": service("a", "b", rate_mbps=400_000)}
    said = refused(tmp_path, lights.city(["a", "b"], fibres, wanted, max_span_km=200))
    assert "an amplifier in the middle of the 190 km span of fibre 'ab' would do" in said


def test_a_wavelength_asked_for_twice(tmp_path: Path) -> None:
    wanted = {
        "s": service("a", "c", frequency_thz=193.4),
        "t": service("a", "b", frequency_thz=193.4, domain="cross"),
    }
    said = refused(tmp_path, lights.city(SITES, FIBRES, wanted))
    assert "193.4 THz on fibre 'ab' is asked for twice" in said
    assert "first asked for in" in said


def test_a_full_band(tmp_path: Path) -> None:
    wanted = {f"s{number}": service("a", "b", domain=("government", "cross")[number % 2]) for number in range(9)}
    narrow = {"band": {"first_thz": 193.1, "last_thz": 193.25}}
    design = lights.city(["a", "b"], {"ab": {"between": ["a", "b"], "length_km": 20}}, wanted, **narrow)
    design["optical"]["transceivers"] = {
        "only": {"modes": {"m": {"rate_gbps": 100, "baud_gbd": 32, "osnr_db": 12, "spacing_ghz": 50}}}
    }
    assert "no 50 GHz are free from end to end; fibre 'ab' has 24 of 24 slots in use" in refused(tmp_path, design)


def test_a_rate_that_no_mode_carries(tmp_path: Path) -> None:
    said = refused(tmp_path, lights.city(SITES, FIBRES, {"s": service("a", "b", rate_mbps=800_000)}))
    assert "no mode of `optical.transceivers` carries 800 Gbit/s" in said


def test_every_refusal_is_told_at_once(tmp_path: Path) -> None:
    wanted = {"s": service("a", "b", rate_mbps=800_000), "t": service("a", "b", protection="gold")}
    fibres = {"ab": FIBRES["ab"]}
    assert len(refused(tmp_path, lights.city(SITES[:2], fibres, wanted)).splitlines()) == 2


def test_without_gnpy_the_answer_is_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(LackingError, match=r"GNPy is missing.*pip install 'citynet\[optical\]'"):
        plan_of(tmp_path, lights.city(SITES, FIBRES, {"s": service("a", "b")}))


def test_a_fibre_of_no_length(tmp_path: Path) -> None:
    fibres = {**FIBRES, "ab": {"between": ["a", "b"], "length_km": 0}}
    assert "length_km" in refused(tmp_path, lights.city(SITES, fibres, {"s": service("a", "b")}))


def test_a_city_without_light_loads_no_gnpy(tmp_path: Path, mini_text: str) -> None:
    (tmp_path / "design.yml").write_text(mini_text, encoding="utf-8")
    asked = "import sys; from citynet import build; from pathlib import Path; build.plan(Path(sys.argv[1])); "
    asked += "print([name for name in sys.modules if name.split('.')[0] in ('gnpy', 'scipy', 'pandas')])"
    done = subprocess.run(
        [sys.executable, "-c", asked, str(tmp_path / "design.yml")], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout.replace("'", '"')) == []
