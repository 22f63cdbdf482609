"""What a task renders is what the planner's device renders, for the same facts."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from task_facts import VALID

from citynet.tasks import task
from tree import ROOT

if TYPE_CHECKING:
    from pathlib import Path


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
