"""Claims on FRR's configuration: what is put in, what is taken out, and what stays whoever's it is.

FRR's own reload tool is not here, so a reader by indentation stands in for it; tests/lab has the real one.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import pytest

from citynet.platforms.whitebox.device import frr_claim, frr_scope
from citynet.platforms.whitebox.device.frr_changes import Entry, entries
from citynet.platforms.whitebox.device.frr_claim import Claim
from citynet.platforms.whitebox.device.system import StepError

HAND = """hostname hand
!
router bgp 65001
 bgp router-id 10.1.0.1
 neighbor 192.0.2.77 remote-as 64999
exit
!
"""
BLUE = """router bgp 65001
 bgp router-id 10.1.0.1
 neighbor CITY peer-group
 neighbor CITY password @secret(bgp/task)
exit
!
router bgp 65001 vrf blue
 address-family ipv4 unicast
  rt vpn both 65001:1
 exit-address-family
 !
exit
!
"""


class Context:
    def __init__(self, keys: tuple[str, ...], lines: list[str]) -> None:
        self.keys, self.lines = keys, lines


class Config:
    def __init__(self, _: object = None) -> None:
        self.contexts: OrderedDict[tuple[str, ...], Context] = OrderedDict()


class Tool:
    Config, Context = Config, Context


def parse(text: str) -> Config:
    found = Config()
    lines = [
        line
        for line in text.splitlines()
        if line.strip() not in ("", "!") and not line.strip().startswith(("! ", "exit"))
    ]
    keys: list[str] = []
    for line, following in zip(lines, [*lines, ""][1:], strict=True):
        depth = len(line) - len(line.lstrip())
        keys = keys[:depth]
        opens = line.strip().startswith("address-family") or len(following) - len(following.lstrip()) > depth
        if opens or depth == 0:
            keys.append(line.strip())
            found.contexts.setdefault(tuple(keys), Context(tuple(keys), []))
        else:
            found.contexts[tuple(keys)].lines.append(line.strip())
    return found


@pytest.fixture(autouse=True)
def reader(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (frr_claim, frr_scope):
        monkeypatch.setattr(module, "parse", parse)
    monkeypatch.setattr(frr_claim, "reload_tool", lambda: Tool)


def claim(fragment: str = BLUE, owned: list[Entry] | None = None, others: str = "", value: str = "key") -> Claim:
    return Claim("l3vpn-blue", fragment, {"bgp/task": value}, owned or [], set(entries(parse(others))))


def said(config: Any) -> set[Entry]:
    return set(entries(config))


def owned_after(text: str = HAND) -> list[Entry]:
    return claim().owned(said(parse(text)))


def test_a_claim_adds_and_leaves_the_rest() -> None:
    wanted = said(claim().goal(parse(HAND)))
    assert said(parse(HAND)) < wanted
    assert (("router bgp 65001",), "neighbor CITY password key") in wanted
    assert (("router bgp 65001 vrf blue", "address-family ipv4 unicast"), "rt vpn both 65001:1") in wanted


def test_what_was_there_before_is_not_owned() -> None:
    owned = owned_after()
    assert (("router bgp 65001",), None) not in owned
    assert (("router bgp 65001",), "bgp router-id 10.1.0.1") not in owned
    assert (("router bgp 65001",), "neighbor CITY password @secret(bgp/task)") in owned
    assert (("router bgp 65001 vrf blue",), None) in owned


def test_absent_gives_back_what_was_there() -> None:
    running = claim().goal(parse(HAND))
    assert said(claim("", owned_after()).goal(running)) == said(parse(HAND))


def test_lines_that_came_later_keep_their_context() -> None:
    running = claim().goal(parse(HAND))
    running.contexts["router bgp 65001 vrf blue",].lines.append("neighbor 10.9.9.9 remote-as 64998")
    left = said(claim("", owned_after()).goal(running))
    assert (("router bgp 65001 vrf blue",), "neighbor 10.9.9.9 remote-as 64998") in left
    assert (("router bgp 65001 vrf blue", "address-family ipv4 unicast"), None) not in left


def test_what_another_scope_claims_stays_and_is_then_its_own() -> None:
    other = BLUE.replace("vrf blue", "vrf red")
    running = claim().goal(parse(HAND))
    left = said(claim("", owned_after(), others=other).goal(running))
    assert (("router bgp 65001",), "neighbor CITY peer-group") in left
    assert (("router bgp 65001 vrf blue",), None) not in left
    # Red came second and found the shared lines there; as blue's they are red's too.
    red = Claim("l3vpn-red", other, {"bgp/task": "key"}, [], set(entries(parse(BLUE))))
    assert (("router bgp 65001",), "neighbor CITY peer-group") in red.owned(said(running))


def test_a_changed_value_takes_the_place_of_the_former() -> None:
    running = claim().goal(parse(HAND))
    changed = claim(BLUE.replace("65001:1", "65001:2"), owned_after())
    now = said(changed.goal(running))
    place = ("router bgp 65001 vrf blue", "address-family ipv4 unicast")
    assert (place, "rt vpn both 65001:2") in now
    assert (place, "rt vpn both 65001:1") not in now


def test_a_new_secret_takes_the_place_of_the_former() -> None:
    running = claim().goal(parse(HAND))
    now = said(claim(value="rotated", owned=owned_after()).goal(running))
    assert [line for _, line in now if line and "password" in line] == ["neighbor CITY password rotated"]


def test_the_file_gets_a_block_and_loses_nothing_but_it() -> None:
    text = claim().in_file(HAND)
    assert text.startswith(HAND)
    assert "! citynet l3vpn-blue: begin" in text
    assert "@secret(bgp/task)" in text
    assert claim(owned=owned_after()).in_file(text) == text
    assert claim("", owned_after()).in_file(text) == HAND


def test_a_changed_block_keeps_its_place() -> None:
    text = claim().in_file(HAND) + "ip prefix-list LATER seq 5 permit any\n"
    changed = claim(BLUE.replace("65001:1", "65001:2"), owned_after()).in_file(text)
    assert changed == text.replace("65001:1", "65001:2")


def test_a_block_that_was_written_away_is_still_met() -> None:
    dissolved = (
        HAND.replace("exit\n", " neighbor CITY peer-group\n neighbor CITY password key\nexit\n", 1)
        + BLUE.partition("!\n")[2]
    )
    assert claim(owned=owned_after()).in_file(dissolved) == dissolved
    assert claim("", owned_after()).in_file(dissolved) == HAND


def test_a_dissolved_block_that_changes_is_written_anew() -> None:
    dissolved = (
        HAND.replace("exit\n", " neighbor CITY peer-group\n neighbor CITY password key\nexit\n", 1)
        + BLUE.partition("!\n")[2]
    )
    changed = claim(BLUE.replace("65001:1", "65001:2"), owned_after()).in_file(dissolved)
    assert "rt vpn both 65001:1\n" not in changed
    assert changed.count("rt vpn both 65001:2") == 1
    assert "64999" in changed


def test_a_file_that_cannot_be_told_apart_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    flat = HAND + "router bgp 65001 vrf blue\nrt vpn both 65001:1\nexit\n"

    def understood(text: str) -> Config:
        # As vtysh does it, by its own words rather than by indentation.
        return parse(text.replace("\nrt vpn", "\n rt vpn"))

    monkeypatch.setattr(frr_claim, "parse", understood)
    owned: list[Entry] = [
        (("router bgp 65001 vrf blue",), None),
        (("router bgp 65001 vrf blue",), "rt vpn both 65001:1"),
    ]
    with pytest.raises(StepError, match="is not laid out as FRR writes it"):
        claim("", owned).in_file(flat)


@pytest.mark.parametrize(
    ("fragment", "daemons"),
    [
        (BLUE, ["bgpd"]),
        ("interface eth1\n isis bfd\nexit\nrouter isis CITY\nexit\n", ["isisd", "bfdd"]),
        ("router bgp 65001 vrf a\n neighbor fd13::1 bfd\nexit\n", ["bgpd", "bfdd"]),
        ("segment-routing\n srv6\n exit\nexit\n", []),
    ],
)
def test_daemons_follow_from_the_lines(fragment: str, daemons: list[str]) -> None:
    assert claim(fragment).daemons == daemons


def test_daemons_are_switched_on_and_nothing_else() -> None:
    text = 'bgpd=no\nisisd=no\nospfd=yes\nbgpd_options="-A 127.0.0.1"\n'
    assert (
        frr_scope._with_daemons(text, ["bgpd", "bfdd", "ospfd"]) == text.replace("bgpd=no", "bgpd=yes") + "bfdd=yes\n"
    )
