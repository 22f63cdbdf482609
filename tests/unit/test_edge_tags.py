"""Identifiers from the edge: what is planned, the filters that are wanted, and how the kernel's are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from citynet.design.loader import load
from citynet.plan.lock import Lock
from citynet.plan.planner import make_plan
from citynet.platforms.whitebox import PLATFORM
from citynet.platforms.whitebox.device import bpf, tag_programs, tags
from citynet.platforms.whitebox.device.system import Output
from tree import ROOT

DATA = bytes.fromhex("00000304000003e9")


def settings(**more: Any) -> dict[str, Any]:
    tag = {"identifier": 1001, "data": DATA.hex(), "protocol": "tcp", "ports": [], "prefixes": []} | more
    return {"header": 60, "attachments": [{"interface": "eth2", "tags": [tag]}]}


def test_attachments_of_the_service_get_them_and_links_do_not() -> None:
    plan = make_plan(load(ROOT / "tests/golden/cases/paths"), Lock())
    west = plan.devices["west"]
    assert [(tag.identifier, tag.interfaces) for tag in west.tags] == [(1001, ["eth3"]), (1002, ["eth3"])]
    told = json.loads(PLATFORM.render(west).files[tags.FILE])
    assert told["header"] == 60
    assert [tag["data"] for tag in told["attachments"][0]["tags"]] == ["00000304000003e9", "00000304000003ea"]
    assert not plan.devices["north"].tags


@pytest.mark.parametrize(
    ("tag", "keys"),
    [
        ({}, ["ip_proto tcp"]),
        ({"protocol": "any"}, [""]),
        ({"protocol": "icmp"}, ["ip_proto icmpv6"]),
        ({"ports": [80, 443]}, [f"ip_proto tcp {side}_port {port}" for side in ("dst", "src") for port in (80, 443)]),
        (
            {"protocol": "udp", "ports": [53], "prefixes": ["fd11::1"]},
            [f"ip_proto udp {side}_ip fd11::1/128 {side}_port 53" for side in ("dst", "src")],
        ),
    ],
)
def test_both_directions_are_chosen(tag: dict[str, Any], keys: list[str]) -> None:
    found = tags.wanted(settings(**tag))
    program = bpf.tag_of(tag_programs.tagging(60, DATA))
    chosen = [one.fact for (_, direction, _, _), one in found.items() if direction == "ingress"]
    assert chosen == [f"{key} {program}".strip() for key in keys]


def test_ipv4_has_filters_of_its_own() -> None:
    blocks = ["10.11.0.0/20", "fd11::/48"]

    def chosen(**more: Any) -> dict[int, str]:
        found = tags.wanted(settings(blocks=blocks, **more))
        return {place[2]: " ".join(one.fact.split()[:-1]) for place, one in found.items() if place[1] == "ingress"}

    assert chosen(protocol="icmp", ipv4_prefixes=[]) == {40: "ip_proto icmpv6", 540: "ip_proto icmp"}
    assert list(chosen(prefixes=["fd11::1"], ipv4_prefixes=[])) == [40]
    many = settings()
    many["attachments"][0]["tags"] *= 460
    with pytest.raises(ValueError, match="eth2 has 460 tags, expected 459 at most"):
        tags.wanted(many)
    assert chosen(ipv4_prefixes=["10.11.0.16/28"]) == {540: "ip_proto tcp src_ip 10.11.0.16/28"}


def kernel(fact: str, handle: Any) -> dict[str, Any]:
    """A filter as `tc -j` shows it."""
    *words, program = fact.split()
    keys: dict[str, Any] = {"eth_type": "ipv6"} | dict(zip(words[::2], words[1::2], strict=True))
    for name, value in keys.items():
        if name.endswith("_port"):
            keys[name] = int(value)
        elif name.endswith("_ip"):
            keys[name] = value.removesuffix("/128")
    one = {"prog": {"id": 7, "tag": program}}
    options = {"handle": handle, **(one if not words else {"keys": keys, "actions": [{"kind": "bpf", **one}]})}
    return {"protocol": "ipv6", "pref": 40, "kind": "flower", "options": options}


def test_the_kernels_filters_are_read_as_they_were_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    told = settings(protocol="udp", ports=[53], prefixes=["fd11::1"])
    shown: dict[str, list[dict[str, Any]]] = {"ingress": [{"pref": 40, "kind": "flower"}], "egress": []}
    for (_, direction, _, handle), one in tags.wanted(told).items():
        shown[direction].append(kernel(one.fact, handle if direction == "ingress" else hex(handle)))
    monkeypatch.setattr(tags, "run", lambda argv: Output(0, json.dumps(shown[argv[-1]])))
    assert tags.wrong(told) == []
    missing = shown["ingress"].pop()
    assert [fact.split()[:5] for fact in tags.wrong(told)] == [["no", "filter", "eth2", "ingress", "40"]]
    shown["ingress"] += [missing, kernel("ip_proto tcp 0123456789abcdef", 9)]
    assert tags.wrong(told) == ["filter eth2 ingress 40 9, which nobody asked for"]


@pytest.mark.parametrize("size", [8, 16, 24])
def test_programs_jump_forward_and_to_their_ends(size: int) -> None:
    """The lab's kernel verifies them; here only that every jump lands inside, and that they end."""
    data = bytes([0, size // 8 - 1, 3, 4]) + bytes(range(size - 4))
    for program in (tag_programs.tagging(60, data), tag_programs.untagging(0, [data, bytes(4) + data[4:][::-1]])):
        count = len(program) // 8
        for at in range(count):
            code, offset = program[8 * at], int.from_bytes(program[8 * at + 2 : 8 * at + 4], "little", signed=True)
            if code & 7 in {5, 6} and code not in {0x85, 0x95}:
                assert 0 <= offset < count - at - 1
        assert program[-8] == 0x95


def test_a_file_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "tags.json"
    file.write_text("{")
    monkeypatch.setattr(tags, "FILE", str(file))
    assert tags.configured() == {"attachments": []}
