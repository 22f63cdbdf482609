"""Files with rules of Suricata that a design names: read, and what can be seen to be wrong without Suricata.

A rule is `action protocol source port direction destination port (option; option: value; …)`. What is asked here is its
form, that it only alarms, and that it needs nothing but itself; the device lets Suricata judge it before it is used.
"""

from __future__ import annotations

import importlib.resources
import ipaddress
import re
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from citynet.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from citynet.design.source import Source
    from citynet.design.types import City, Sentry

MOST_BYTES, MOST_RULES = 256 * 1024, 2000
FIRST_OWN, LAST_OWN = 1_900_000, 1_999_999
"""Numbers of the rules that citynet makes itself."""
VARIABLES = ("HOME_NET", "EXTERNAL_NET")
PROTOCOLS = (
    *("ip", "pkthdr", "ipv4", "ipv6", "tcp", "tcp-pkt", "tcp-stream", "udp", "icmp", "icmpv4", "icmpv6"),
    *("tls", "ssh", "http", "http1", "dns"),
)
"""What the sentry tells apart; those of applications are those that it reads."""
_ACTIONS = ("alert", "pass")
_DIRECTIONS = ("->", "<>", "=>")
_OUTSIDE = ("dataset", "datarep", "iprep", "geoip", "lua", "luaxform", "filestore", "config")
"""Keywords that need a file or a store which the device does not have, or that change the engine."""
_HEADER = 7


@dataclass(frozen=True, slots=True)
class RuleFault:
    """What is wrong with a rule: its line in the file, what, what was expected, and a hint."""

    line: int
    what: str
    expected: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a file, one a line as they go to the device, what is wrong, and the line of each rule's number."""

    rules: list[str]
    faults: list[RuleFault]
    numbers: dict[int, int] = field(default_factory=dict)


@cache
def keywords() -> frozenset[str]:
    """The keywords that Suricata 8 has (`suricata --list-keywords`)."""
    text = importlib.resources.files("citynet.design").joinpath("suricata.keywords").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


def read(path: Path) -> Rules:
    """The rules in a file; one that cannot be read is a fault of line 0."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return Rules([], [RuleFault(0, f"'{path.name}' is too large", f"at most {MOST_BYTES // 1024} KiB")])
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        return Rules([], [RuleFault(0, f"'{path.name}' cannot be read: {error.strerror}", "a file with rules")])
    except UnicodeDecodeError:
        return Rules([], [RuleFault(0, f"'{path.name}' is no text", "UTF-8")])
    return parse(text)


def sentries(city: City) -> Iterator[tuple[tuple[str, ...], Sentry]]:
    """Every sentry of a design, and where it stands."""
    for name, item in city.interconnects.items():
        if item.sentry is not None:
            yield ("interconnects", name, "sentry"), item.sentry
    for name, service in city.services.items():
        if service.exit is not None and service.exit.sentry is not None:
            yield ("services", name, "exit", "sentry"), service.exit.sentry


def file_of(source: Source, loc: tuple[str, ...], sentry: Sentry) -> Path | None:
    """The file with the rules of a sentry, beside the design file that names it."""
    if sentry.rules is None:
        return None
    return Path(source.where(*loc, "rules").file).parent / sentry.rules


def files_of(city: City, source: Source) -> Iterator[Path]:
    """Every file with rules that a design names: they are a part of it."""
    named = (file_of(source, loc, sentry) for loc, sentry in sentries(city))
    yield from sorted({file for file in named if file is not None})


def parse(text: str) -> Rules:
    """The rules in a text."""
    rules: list[str] = []
    faults: list[RuleFault] = []
    numbers: dict[int, int] = {}
    for line, rule in _lines(text):
        found = list(_faults(rule, line, numbers))
        faults += found
        if not found:
            rules.append(rule)
    if len(rules) > MOST_RULES:
        faults.append(RuleFault(0, f"{len(rules)} rules", f"at most {MOST_RULES}"))
    return Rules(rules, faults, numbers)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Rules with the line that each begins at; one may go on behind a backslash."""
    begun, at = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        at = at or number
        piece = line.strip()
        if not begun and (not piece or piece.startswith("#")):
            at = 0
        elif piece.endswith("\\"):
            begun += piece[:-1]
        else:
            yield at, begun + piece
            begun, at = "", 0
    if begun:
        yield at, begun


def _faults(rule: str, line: int, numbers: dict[int, int]) -> Iterator[RuleFault]:
    if any(ord(letter) < ord(" ") and letter != "\t" for letter in rule):
        yield RuleFault(line, "the rule has control characters", "one rule a line, as text")
        return
    header, bracket, rest = rule.partition("(")
    words = _words(header)
    if not bracket or len(words) != _HEADER or not rest.rstrip().endswith(")"):
        shape = "action protocol source port -> destination port (options)"
        yield RuleFault(line, f"'{rule[:40]}' is no rule", shape)
        return
    yield from _header_faults(words, line)
    options = list(_options(rest.rstrip()[:-1]))
    yield from _option_faults(options, line)
    yield from _number_faults([value for name, value in options if name == "sid"], line, numbers)


def _words(header: str) -> list[str]:
    """The words of a header; a list in brackets is one, with or without spaces."""
    words, depth = [""], 0
    for letter in header:
        depth = max(0, depth + (letter == "[") - (letter == "]"))
        if letter.isspace():
            if not depth and words[-1]:
                words.append("")
        else:
            words[-1] += letter
    return [word for word in words if word]


def _header_faults(words: list[str], line: int) -> Iterator[RuleFault]:
    action, protocol, source, from_port, direction, destination, to_port = words
    if action not in _ACTIONS:
        hint = "a sentry tells and stops nothing" if action in {"drop", "reject", "rejectsrc", "rejectdst"} else ""
        yield RuleFault(line, f"action '{action}'", "alert or pass", hint or did_you_mean(action, _ACTIONS))
    if protocol not in PROTOCOLS:
        yield RuleFault(line, f"protocol '{protocol}'", "one that the sentry reads", did_you_mean(protocol, PROTOCOLS))
    if direction not in _DIRECTIONS:
        yield RuleFault(line, f"direction '{direction}'", "-> or <>")
    for text in (source, destination):
        yield from (RuleFault(line, *fault) for fault in _list_faults(text, _is_address, "address"))
    for text in (from_port, to_port):
        yield from (RuleFault(line, *fault) for fault in _list_faults(text, _is_port, "port"))


def _list_faults(text: str, good: Callable[[str], bool], kind: str) -> Iterator[tuple[str, str, str]]:
    if text.count("[") != text.count("]"):
        yield f"'{text[:40]}' has a bracket too many or too few", "[a,b]", ""
        return
    for one in re.split(r"[\[\],]", text):
        word = one.lstrip("!")
        if word.startswith("$"):
            if kind != "address" or word[1:] not in VARIABLES:
                known = " or ".join(f"${name}" for name in VARIABLES)
                yield f"'{word}' is not known", f"{known}, as addresses", did_you_mean(word[1:], VARIABLES)
        elif word and not good(word):
            yield (
                f"'{word}' is no {kind}",
                "an address, a prefix or a list" if kind == "address" else "a port, a range or a list",
                "",
            )


def _is_address(word: str) -> bool:
    if word == "any":
        return True
    try:
        ends = [ipaddress.ip_address(part) for part in word.split("-")] if "-" in word else []
        if not ends:
            ipaddress.ip_network(word, strict=False)
    except ValueError:
        return False
    return not ends or (len(ends) == 2 and ends[0].version == ends[1].version and int(ends[0]) <= int(ends[1]))


def _is_port(word: str) -> bool:
    if word == "any":
        return True
    parts = [part for part in word.split(":") if part]
    if not parts or word.count(":") > 1 or not all(part.isdecimal() and int(part) <= 0xFFFF for part in parts):
        return False
    return all(int(one) <= int(other) for one, other in pairwise(parts))


def _options(text: str) -> Iterator[tuple[str, str]]:
    """Names and values; `;` ends one but in quotes or behind a backslash."""
    one, quoted, escaped = "", False, False
    for letter in text:
        if letter == ";" and not quoted and not escaped:
            yield _pair(one)
            one = ""
            continue
        if letter == '"' and not escaped:
            quoted = not quoted
        escaped = letter == "\\" and not escaped
        one += letter
    if one.strip():
        yield _pair(one) if not quoted else ('"', one)


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition(":")
    return name.strip(), value.strip()


def _option_faults(options: list[tuple[str, str]], line: int) -> Iterator[RuleFault]:
    names = [name for name, _ in options]
    for name, value in options:
        if name == '"':
            yield RuleFault(line, f"the quotes in '{value.strip()[:40]}' do not end", 'a second "')
        elif name in _OUTSIDE:
            yield RuleFault(line, f"'{name}' needs what is not in the rule", "keywords that need no file or store")
        elif name not in keywords():
            yield RuleFault(line, f"keyword '{name}' is unknown", "one of Suricata 8", did_you_mean(name, keywords()))
        elif name in {"content", "msg"}:
            yield from _text_faults(name, value, line)
    if names.count("msg") != 1:
        yield RuleFault(line, f"{names.count('msg')} texts for people", 'one: msg:"…"')


def _text_faults(name: str, value: str, line: int) -> Iterator[RuleFault]:
    word = value.lstrip("!").strip()
    if len(word) < 3 or not (word.startswith('"') and word.endswith('"')):
        yield RuleFault(line, f"{name} {value[:40] or 'is empty'}", f'{name}:"text"')
        return
    if name == "content":
        parts = re.split(r"(?<!\\)\|", word[1:-1])
        if not len(parts) % 2:
            yield RuleFault(line, f"{name} {value[:40]} has a '|' without a second one", "|hexadecimal digits|")
        for part in parts[1::2]:
            if not re.fullmatch(r"\s*([0-9A-Fa-f]{2}\s*)*", part):
                yield RuleFault(line, f"{name} {value[:40]}: '|{part[:20]}|' is not hexadecimal", "|6d 61 72 6b|")


def _number_faults(values: list[str], line: int, numbers: dict[int, int]) -> Iterator[RuleFault]:
    if len(values) != 1 or not values[0].isdecimal() or not 0 < int(values[0]) < 1 << 32:
        yield RuleFault(line, "the rule has no number of its own", "one: sid:1000001")
        return
    number = int(values[0])
    if FIRST_OWN <= number <= LAST_OWN:
        yield RuleFault(line, f"sid {number} is one of citynet's own", f"one below {FIRST_OWN} or above {LAST_OWN}")
    if (first := numbers.setdefault(number, line)) != line:
        yield RuleFault(line, f"sid {number} stands in line {first} as well", "a number of its own")
