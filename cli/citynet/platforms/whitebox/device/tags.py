"""Data identifiers that this device gives to flows where they enter, and takes away where they leave (tc).

`apply` brings the kernel to what the file says and touches nothing that is so already, so a flow is not untagged in
between; `wrong` tells what is not so. Run as a program it does that once, after a reboot.
"""

from __future__ import annotations

import ipaddress
import json
import os
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from . import bpf, tag_programs
from .system import must, read_json, run

FILE = "/etc/citynet/tags.json"
STATE = "/run/citynet/tags"
FIRST = 40
"""Place of the first tag among the filters of an interface; the next one is one further."""
LAST = 999
IPV4 = 500
"""What the places of filters for IPv4 are further: filters of one place see packets of one protocol."""
_PINS = f"{STATE}/bpf"
_PROTOCOLS = {"tcp": ["ip_proto", "tcp"], "udp": ["ip_proto", "udp"], "icmp": ["ip_proto", "icmpv6"], "any": []}
_PROTOCOLS_4 = {**_PROTOCOLS, "icmp": ["ip_proto", "icmp"]}

Settings = Dict[str, Any]
Place = Tuple[str, str, int, int]
"""An interface, `ingress` or `egress`, the filter's preference and its handle."""


class Filter:
    """A filter of an interface: what it chooses, and the program that it runs."""

    def __init__(self, keys: List[str], program: bytes, name: str) -> None:
        self.keys, self.program, self.name = keys, program, name

    @property
    def fact(self) -> str:
        """How `there` words it."""
        return " ".join([*self.keys, bpf.tag_of(self.program)])


def settings_of(text: str) -> Settings:
    """The settings of a file; ValueError when it is no JSON."""
    value: Settings = json.loads(text)
    return value


def configured() -> Settings:
    """The settings on disk; nothing when there are none."""
    try:
        return settings_of(Path(FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"attachments": []}


def wanted(settings: Settings) -> Dict[Place, Filter]:
    """The filters that make the kernel do what the settings say."""
    found: Dict[Place, Filter] = {}
    for number, entry in enumerate(settings["attachments"]):
        data = list(dict.fromkeys(bytes.fromhex(tag["data"]) for tag in entry["tags"]))
        blocks: Sequence[str] = next((tag["blocks"] for tag in entry["tags"] if tag.get("blocks")), ())
        untag = tag_programs.untagging(settings["header"], data, blocks)
        found[entry["interface"], "egress", FIRST, 1] = Filter([], untag, f"untag{number}")
        if FIRST + IPV4 + len(entry["tags"]) > LAST:
            raise ValueError(
                f"{entry['interface']} has {len(entry['tags'])} tags, expected {LAST - FIRST - IPV4} at most"
            )
        for preference, tag in enumerate(entry["tags"], FIRST):
            program = tag_programs.tagging(settings["header"], bytes.fromhex(tag["data"]))
            of_ipv4_only = tag.get("ipv4_prefixes") and not tag["prefixes"]
            choices = [] if of_ipv4_only else _choices(tag, _PROTOCOLS, tag["prefixes"])
            for handle, keys in enumerate(choices, 1):
                place = entry["interface"], "ingress", preference, handle
                found[place] = Filter(keys, program, f"tag{tag['identifier']}")
            found.update(_of_ipv4(entry["interface"], preference + IPV4, settings["header"], tag))
    return found


def _of_ipv4(interface: str, preference: int, header: int, tag: Dict[str, Any]) -> Dict[Place, Filter]:
    """The filters of a tag for IPv4 packets; a tag for certain IPv6 addresses of nobody's has none."""
    if not tag.get("blocks") or (tag["prefixes"] and not tag["ipv4_prefixes"]):
        return {}
    program = tag_programs.wrapping(header, bytes.fromhex(tag["data"]), tag["blocks"])
    choices = _choices(tag, _PROTOCOLS_4, tag["ipv4_prefixes"])
    return {
        (interface, "ingress", preference, handle): Filter(keys, program, f"wrap{tag['identifier']}")
        for handle, keys in enumerate(choices, 1)
    }


def _choices(tag: Dict[str, Any], protocols: Dict[str, List[str]], prefixes: List[str]) -> List[List[str]]:
    """What chooses the packets of a tag: those to the side that answers, and those from it."""
    protocol = protocols[tag["protocol"]]
    if not tag["ports"] and not prefixes:
        return [protocol]
    found = []
    places: Sequence[Optional[str]] = prefixes or [None]
    for side in ("dst", "src"):
        for port in tag["ports"] or [None]:
            for prefix in places:
                address = [] if prefix is None else [f"{side}_ip", _network(prefix)]
                found.append([*protocol, *address, *([] if port is None else [f"{side}_port", str(port)])])
    return found


def _network(text: str) -> str:
    return str(ipaddress.ip_network(text, strict=False))


def there(interfaces: List[str]) -> Dict[Place, str]:
    """Our filters on some interfaces, worded as `Filter.fact` words them."""
    found: Dict[Place, str] = {}
    for name in interfaces:
        for direction in ("ingress", "egress"):
            output = run(["tc", "-j", "filter", "show", "dev", name, direction])
            items = json.loads(output.text or "[]") if output.code == 0 else []
            for item in items:
                options = item.get("options", {})
                if FIRST <= item.get("pref", 0) <= LAST and "handle" in options:
                    handle = int(str(options["handle"]), 0)
                    found[name, direction, item["pref"], handle] = _fact(options)
    return found


def _fact(options: Dict[str, Any]) -> str:
    keys = options.get("keys", {})
    chosen = ["ip_proto", str(keys["ip_proto"])] if "ip_proto" in keys else []
    for side in ("dst", "src"):
        if f"{side}_ip" in keys:
            chosen += [f"{side}_ip", _network(keys[f"{side}_ip"])]
        if f"{side}_port" in keys:
            chosen += [f"{side}_port", str(keys[f"{side}_port"])]
    programs = [options, *options.get("actions", ())]
    return " ".join([*chosen, *(one["prog"]["tag"] for one in programs if "prog" in one)])


def wrong(settings: Settings) -> List[str]:
    """Where the kernel differs from the settings."""
    want, have = wanted(settings), there(_interfaces(settings))
    lacking = [f"no filter {_worded(place)}: {one.fact}" for place, one in want.items() if have.get(place) != one.fact]
    return lacking + [f"filter {_worded(place)}, which nobody asked for" for place in have if place not in want]


def _worded(place: Place) -> str:
    return " ".join(str(part) for part in place)


def _interfaces(settings: Settings) -> List[str]:
    """Those of the settings and those of earlier ones."""
    known = read_json(f"{STATE}/interfaces.json", [])
    return sorted({*known, *(entry["interface"] for entry in settings["attachments"])})


def apply(settings: Settings) -> None:
    """Bring the kernel to what the settings say."""
    want, interfaces = wanted(settings), _interfaces(settings)
    have = there(interfaces)
    os.makedirs(STATE, exist_ok=True)
    Path(f"{STATE}/interfaces.json").write_text(json.dumps(interfaces), encoding="utf-8")
    _put({place: one for place, one in want.items() if have.get(place) != one.fact})
    for place in have:
        if place not in want:
            direction = place[1]
            kind = "bpf" if direction == "egress" else "flower"
            run(["tc", "filter", "del", *_where(place), kind])
    here = sorted({entry["interface"] for entry in settings["attachments"]})
    Path(f"{STATE}/interfaces.json").write_text(json.dumps(here), encoding="utf-8")


def _put(filters: Dict[Place, Filter]) -> None:
    programs: Dict[str, int] = {}
    for (_, direction, _, _), one in filters.items():
        if one.name not in programs:
            kind = bpf.CLASSIFIER if direction == "egress" else bpf.ACTION
            programs[one.name] = bpf.load(one.program, one.name, kind)
    for name in {place[0] for place in filters}:
        run(["tc", "qdisc", "add", "dev", name, "clsact"])  # it may be there already, and others use it
    with bpf.pinned(programs, _PINS):
        for place, one in filters.items():
            program = ["object-pinned", f"{_PINS}/{one.name}"]
            how = ["bpf", "direct-action", *program]
            if place[1] == "ingress":
                how = ["flower", *one.keys, "action", "bpf", *program, "continue"]
            must(["tc", "filter", "replace", *_where(place), *how])


def _where(place: Place) -> List[str]:
    name, direction, preference, handle = place
    protocol = "ip" if preference >= FIRST + IPV4 else "ipv6"
    return ["dev", name, direction, "protocol", protocol, "pref", str(preference), "handle", str(handle)]


if __name__ == "__main__":
    apply(configured())
