"""Layer-2 services on a device by several scopes: each its own file, programs and the kernel's state together."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from task_facts import VALID

from citynet.deploy import scoped
from citynet.platforms.whitebox.device import circuits, network, scope
from citynet.platforms.whitebox.device.layer2 import PROGRAMS, UNIT, Layer2
from citynet.platforms.whitebox.device.scope import ScopedComparison
from citynet.platforms.whitebox.device.system import StepError

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.deploy.transaction import Job


def job(module: str, *, absent: bool = False) -> Job:
    return scoped.job(module, {} if absent else VALID[module], "router", absent=absent)


def request(told: Job) -> dict[str, Any]:
    return {"files": told.files, "secrets": told.secrets, "scope": told.scope}


def remember(state: Path, *modules: str) -> None:
    """As if these had been committed."""
    (state / "scopes").mkdir(exist_ok=True)
    for module in modules:
        told = job(module)
        assert told.scope is not None
        (state / "scopes" / f"{told.scope['name']}.json").write_text(
            json.dumps({"files": dict.fromkeys(told.files, "")})
        )


def test_what_another_scope_has_too_stays(tmp_path: Path) -> None:
    remember(tmp_path, "vpws_service", "evpn_service")
    removed = ScopedComparison(request(job("vpws_service", absent=True)), str(tmp_path)).removed
    assert circuits.file_of("vpws") in removed
    assert "/etc/network/interfaces.d/citynet-vpws" in removed
    assert not set(removed) & {UNIT, *PROGRAMS, circuits.file_of("evpn")}


def test_the_last_scope_takes_all_along(tmp_path: Path) -> None:
    remember(tmp_path, "vpws_service")
    removed = ScopedComparison(request(job("vpws_service", absent=True)), str(tmp_path)).removed
    assert {UNIT, *PROGRAMS, circuits.file_of("vpws")} <= set(removed)


@pytest.mark.parametrize("module", ["vpws_service", "evpn_service"])
@pytest.mark.parametrize("absent", [False, True])
def test_a_device_that_is_managed_whole_takes_no_tasks(tmp_path: Path, module: str, absent: bool) -> None:
    (tmp_path / "committed.json").write_text(json.dumps({"files": {circuits.FILE: ""}}))
    with pytest.raises(StepError, match=r"managed whole by citynet, which has /etc/citynet/layer2\.json"):
        scope.comparison(request(job(module, absent=absent)), str(tmp_path))


def test_a_device_with_tasks_is_not_managed_whole(tmp_path: Path) -> None:
    remember(tmp_path, "vpws_service", "evpn_service")
    with pytest.raises(StepError, match="has evpn, vpws by tasks of their own"):
        scope.comparison({"files": {}, "secrets": {}}, str(tmp_path))


def test_a_port_has_one_kind_of_service(tmp_path: Path) -> None:
    remember(tmp_path, "vpws_service")
    place = tmp_path / "scopes" / "vpws.json"
    running = {"interfaces beside others": {"before": {"eth4": None}}}
    place.write_text(json.dumps({**json.loads(place.read_text()), "running": running}))
    with pytest.raises(StepError, match="eth4 belongs to vpws on this device"):
        ScopedComparison(request(job("evpn_service")), str(tmp_path))


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in place of /etc/citynet, with the files of both scopes."""
    for name in ("vpws", "evpn"):
        (tmp_path / f"layer2-{name}.json").write_text(job(f"{name}_service").files[circuits.file_of(name)])
    monkeypatch.setattr(circuits, "FILE", str(tmp_path / "layer2.json"))
    return tmp_path


def test_the_kernel_does_what_all_files_say(etc: Path) -> None:
    found = circuits.configured()
    assert [entry["interface"] for entry in found] == ["eth4", "eth5v30", "eth3"]
    assert {(entry["device"], entry["helper"], entry["storm_pps"]) for entry in found} == {("router", "sr0", 500)}
    (etc / "layer2-evpn.json").write_text("{ damaged")
    assert [entry["interface"] for entry in circuits.configured()] == ["eth3"]


def test_a_route_of_another_scope_is_not_unwanted(etc: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is lacking is judged by the scope's own file, what is too much by all of them."""
    kernel = ["route fd01:1:1:fd01::/64 End.DX2 eth3"]
    facts = {name: [f"filter {name} is there"] for name in ("eth3", "eth4", "eth5v30")}
    monkeypatch.setattr(circuits, "_routes", lambda: kernel)
    monkeypatch.setattr(circuits, "_filters_of", lambda entry: facts[entry["interface"]])
    monkeypatch.setattr(circuits, "_filters", lambda name: facts[name] if name != "eth3" else [])
    monkeypatch.setattr("citynet.platforms.whitebox.device.loops.running", lambda: True)
    texts = {circuits.file_of(name): (etc / f"layer2-{name}.json").read_text() for name in ("evpn", "vpws")}
    assert Layer2("evpn").drift(texts, None) == ""
    assert Layer2("vpws").drift(texts, None) == "-filter eth3 is there"
    kernel.append("route fd01:1:1:fd02::/64 End.DX2 eth9")
    assert Layer2("evpn").drift(texts, None) == "-route fd01:1:1:fd02::/64 End.DX2 eth9, which nobody asked for"


def test_what_no_file_is_about_any_more_is_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ifupdown2 leaves everything when it has no file any more."""
    was: dict[str, dict[str, Any] | None] = {"eth1": {"mtu": 1500}, "eth2": {"mtu": 1500}, "vni2": None}
    said: list[object] = []
    monkeypatch.setattr(network, "present", was.get)
    monkeypatch.setattr(network, "reload_all", lambda: said.append("reload"))
    monkeypatch.setattr(network, "put_back", lambda *words: said.append(words))
    monkeypatch.setattr(network, "_configured", lambda: {"eth1"})
    text = "".join(f"auto {name}\niface {name}\n" for name in was)
    before = network.Interfaces().snapshot({network.INTERFACES: text})
    network.Interfaces().restore(before)
    assert said == ["reload", ("eth2", {"mtu": 1500}), ("vni2", None)]
