"""The whitebox platform: whole files, sections alone, no secret values."""

from __future__ import annotations

import pytest

from citynet.design.loader import load
from citynet.plan.lock import Lock
from citynet.plan.model import Device, Plan
from citynet.plan.planner import make_plan
from citynet.platforms import names, platform
from citynet.platforms.base import SECRET
from citynet.platforms.whitebox import PLATFORM
from citynet.platforms.whitebox.sections import FILES
from tree import ROOT

TECHNOLOGIES = sorted({technology for file in FILES for technology in file.technologies})


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan(load(ROOT / "labs/mini"), Lock())


@pytest.mark.parametrize("name", names())
def test_registry_gives_what_it_promises(name: str) -> None:
    assert platform(name).name == name


@pytest.fixture(scope="module")
def devices(plan: Plan) -> list[Device]:
    """Devices that together have every technology: a border of mini, and those of the golden designs."""
    folders = sorted((ROOT / "tests/golden/cases").iterdir())
    golden = [make_plan(load(folder), Lock()) for folder in folders]
    return [plan.devices["gov-border"], *(device for one in golden for device in one.devices.values())]


@pytest.mark.parametrize("technology", TECHNOLOGIES)
def test_a_section_alone_is_part_of_the_whole(devices: list[Device], technology: str) -> None:
    device = next(device for device in devices if PLATFORM.render_section(device, technology))
    whole = PLATFORM.render(device).files
    sections = PLATFORM.render_section(device, technology)
    for path, text in sections.items():
        assert text in whole[path]


@pytest.mark.parametrize("technology", TECHNOLOGIES)
def test_every_technology_has_a_word_on_capabilities(technology: str) -> None:
    known = {capability.technology for capability in PLATFORM.capabilities if capability.supported}
    assert technology in known | {"system"}


def test_unknown_technology(plan: Plan) -> None:
    with pytest.raises(KeyError):
        PLATFORM.render_section(plan.devices["gov-border"], "teleport")


def test_only_borders_have_guards_and_records(plan: Plan) -> None:
    with_records = [name for name, device in plan.devices.items() if "/etc/ulogd.conf" in PLATFORM.render(device).files]
    assert with_records == ["gov-border", "cross-border"]


def test_secrets_are_names(plan: Plan) -> None:
    for device in plan.devices.values():
        rendered = PLATFORM.render(device)
        assert rendered.secrets
        assert set(rendered.secrets) <= set(plan.secrets)
        for line in rendered.files["/etc/frr/frr.conf"].splitlines():
            if "password" in line:
                assert SECRET.search(line), line


def test_default_deny(plan: Plan) -> None:
    for device in plan.devices.values():
        text = PLATFORM.render(device).files["/etc/nftables.conf"]
        assert "hook input priority filter; policy drop;" in text
    text = PLATFORM.render(plan.devices["gov-border"]).files["/etc/nftables.conf"]
    for chain in ("guard_in", "guard_out"):
        body = text.split(f"chain {chain} {{")[1].split("}\n\n")[0]
        assert body.rstrip().rstrip("}").rstrip().endswith("counter drop")
