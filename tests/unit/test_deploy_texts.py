"""Secrets filled in and masked again; differences."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from citynet.platforms.whitebox import device
from citynet.platforms.whitebox.device.texts import Mask, difference, fill

TEMPLATE = """interface eth1
 isis password md5 @secret(isis/government)
exit
router bgp 65001
 neighbor CITY password @secret(bgp/government)
router isis CITY
 domain-password md5 @secret(isis/government) authenticate snp validate
"""
VALUES = {"isis/government": "0123456789abcdef", "bgp/government": "fedcba9876543210"}
FORMER = {"isis/government": "oldoldold1", "bgp/government": "oldoldold2"}


def test_filling_and_masking_are_inverse() -> None:
    real = fill(TEMPLATE, VALUES)
    assert "0123456789abcdef" in real
    assert Mask(VALUES, [TEMPLATE]).text(real) == TEMPLATE


def test_a_placeholder_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError, match="bgp/government"):
        fill(TEMPLATE, {"isis/government": "x"})


def test_a_former_value_is_marked_but_not_shown() -> None:
    old = Mask(VALUES, [TEMPLATE]).text(fill(TEMPLATE, FORMER))
    assert "oldold" not in old
    shown = difference(old, TEMPLATE, "a", "b")
    assert "- neighbor CITY password @secret(bgp/government) (former value)" in shown
    assert "+ neighbor CITY password @secret(bgp/government)" in shown


@pytest.mark.parametrize(
    "line",
    [
        " neighbor 10.0.0.1 password HANDMADE",
        " neighbor 10.0.0.1 password 8 HANDMADE",
        "password HANDMADE",
        "enable password HANDMADE",
        " isis password md5 HANDMADE",
        " isis password clear HANDMADE",
        " area-password clear HANDMADE",
        " domain-password md5 HANDMADE authenticate snp validate",
        " key-string HANDMADE",
        " ip ospf message-digest-key 1 md5 HANDMADE",
        "-router bgp 65001 / neighbor 10.0.0.1 password HANDMADE",
        "  secret = HANDMADE",
        '  psk="HANDMADE"',
    ],
)
def test_secrets_that_nobody_named_are_hidden_by_keyword(line: str) -> None:
    assert "HANDMADE" not in Mask({}, []).line(line)


@pytest.mark.parametrize("line", [" no neighbor CITY password oldoldold2", "+ neighbor CITY password oldoldold2"])
def test_places_are_known_behind_a_no_and_in_a_difference(line: str) -> None:
    masked = Mask(VALUES, [TEMPLATE]).line(line)
    assert "oldold" not in masked
    assert "@secret(bgp/government)" in masked


def test_a_value_within_another_is_masked_whole() -> None:
    values = {"short": "abcd", "long": "abcdabcd"}
    assert Mask(values, []).line("key abcdabcd and abcd") == "key @secret(long) and @secret(short)"


def test_nothing_else_is_hidden() -> None:
    plain = fill(TEMPLATE, VALUES).replace("\n", "\n ") + "hostname password-server\n neighbor X description md5 sums\n"
    masked = Mask(VALUES, [TEMPLATE]).text(plain)
    assert "hostname password-server" in masked


@pytest.mark.parametrize("file", sorted(Path(device.__file__).parent.glob("*.py")), ids=lambda path: path.name)
def test_the_device_programs_parse_on_python_3_9(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 9))
    outside = {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level and node.module
    } | {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert not {name for name in outside if name.split(".")[0] in {"citynet", "yaml", "pydantic", "rich"}}
