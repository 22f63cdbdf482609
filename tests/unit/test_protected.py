"""What XFRM and the packet filter are told of protections, and what the part of a transaction makes of it."""

from __future__ import annotations

import pytest

from citynet.plan.model import Bgp, Device, Protection, Srv6, Tunnel, Underlay
from citynet.platforms.whitebox import protected
from citynet.platforms.whitebox.device import xfrm
from citynet.platforms.whitebox.device.frames import expecting
from citynet.platforms.whitebox.device.system import StepError


def protection(name: str, number: int, grade: str = "full", method: str = "sm4", **more: object) -> Protection:
    service = name.partition(".")[0]
    made = Protection(name, service, number, grade, method, "", "", 256, "vault", False, False, f"fd01:1:1::1:{number}")
    made.tunnels = [Tunnel(f"{name}--east", "east", f"fd01:1:2::1:{number}", "fd01:1:2::/48", master=True)]
    for key, value in more.items():
        setattr(made, key, value)
    return made


def device(*protections: Protection) -> Device:
    made = Device(
        name="west",
        domain="government",
        site="hall",
        role="edge",
        plane="",
        platform="whitebox",
        management="172.20.0.2",
        ports=[],
        underlay=Underlay("49.0001.0000.0000.0001.00", "fd01:1:1::1", "10.1.0.1", "isis/government"),
        srv6=Srv6("main", "fd01:1:1::/48", "fd01:1:1::1"),
        bgp=Bgp(65001, "10.1.0.1", "bgp/government"),
    )
    made.protections = list(protections)
    return made


KERNEL = """\
src ::/0 dst ::/0 \n\tdir fwd priority 4000000000 \n\
\ttmpl src :: dst ::\n\t\tproto esp reqid 0 mode tunnel\n\t\tlevel use \n\
src fd01:1:1::/48 dst fd01:1::/32 \n\tdir out action block priority 3999999999 \n\tmark 0x200000/0xffe00000 \n\
src fd01:1:1::/48 dst fd01:1:2::/48 \n\tdir out priority 1000 \n\tmark 0x200000/0xffe00000 \n\
\ttmpl src fd01:1:1::1:1 dst fd01:1:2::1:1\n\t\tproto esp reqid 1396703233 mode tunnel\n\
src fd01:1:1::/48 dst fd01:1:2::/48 \n\tdir out priority 399999 \n\tmark 0x400000/0xffe00000 \n\
\ttmpl src fd01:1:1::1:2 dst fd01:1:2::1:2\n\t\tproto esp spi 0xc0ffee reqid 7 mode tunnel\n"""


def test_policies_are_known_again_in_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xfrm, "must", lambda *_: KERNEL)
    wanted = xfrm.facts(protected.policies(device(protection("sharing", 1))))
    there = xfrm.live()
    assert len(there) == 3  # that of another priority is another's
    assert set(there) < set(wanted)
    assert len(wanted) == 6
    with pytest.raises(StepError, match="no line that makes a policy"):
        xfrm.facts("route add default via ::1\n")


def test_only_what_differs_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr(xfrm, "must", lambda *words: told.append(words[-1]) or KERNEL if len(words) > 1 else KERNEL)
    wanted = xfrm.facts(protected.policies(device(protection("sharing", 1))))
    changed = {fact.replace("fd01:1:2::1:1", "fd01:1:2::1:9"): line for fact, line in wanted.items()}
    monkeypatch.setattr(xfrm, "_configured", lambda: changed)
    monkeypatch.setattr(xfrm, "booted_with_systemd", lambda: False)
    xfrm._follow()
    (lines,) = told
    assert "delete" not in lines
    assert len(lines.splitlines()) == 4
    monkeypatch.setattr(xfrm, "_configured", dict)
    xfrm._follow()
    assert told[-1].count("xfrm policy delete dir") == 3
    assert "mark 0x200000 mask 0xffe00000" in told[-1]


def test_what_cannot_be_told_apart_goes_as_the_strongest() -> None:
    (one,) = protected.guarded(
        device(
            protection("desk.mail", 1, "light", protocol="tcp", app_ports=[25]),
            protection("desk.ledger", 2, "full", protocol="tcp", app_ports=[5432]),
            protection("desk", 3, "strong"),
        )
    )
    assert one.own == 3 << 21
    assert one.strongest == 2 << 21
    assert [application.name for application in one.applications] == ["desk.ledger", "desk.mail"]
    assert one.marks == [1 << 21, 2 << 21, 3 << 21]
    (own,) = protected.guarded(device(protection("desk.ledger", 2, protocol="tcp"), protection("desk", 3)))
    assert own.strongest == own.own  # one tunnel rather than two where it makes no difference


def test_marks_with_the_highest_bit_are_compared_as_they_are() -> None:
    """A comparison with a constant of 32 bits would extend its sign."""
    for number in (1, 1024, 2047):
        assert number.to_bytes(4, "little") in expecting(number, 0x88B5)
