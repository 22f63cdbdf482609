"""What the kernel does with the frames of attachments: into SRv6 and out of it, and no more broadcasts than allowed.

A device that is managed whole has one file about them, otherwise each scope has its own; the kernel does what they say
together. `apply` makes it do that and touches nothing that is so already; `wrong` tells what is not so.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
from pathlib import Path
from typing import Any

from . import bpf, frames
from .system import StepError, must, read_json, run

FILE = "/etc/citynet/layer2.json"
STATE = "/run/citynet/layer2"
PROTOCOL = "143"
"""Origin of our routes in the kernel (`ip route … proto`); FRR leaves those of others alone."""
LOOP_FRAMES = "0x88b5"
"""EtherType of the frames that look for loops: IEEE 802's first for local experiments."""
# Our places among the filters of an interface; what others put before or behind them stays.
LOOPS, BLOCK, STORM, MARK, ENCAPSULATE, EXPECT = "20", "21", "22", "23", "24", "25"
_PINS = f"{STATE}/bpf"
_BURST_S = 0.2

Entry = dict[str, Any]
"""An attachment, with what its file says for all: `device`, `helper`, `storm_pps`."""


def file_of(scope: str) -> str:
    """The file of a scope; that of the device as a whole for none."""
    return FILE.replace(".json", f"-{scope}.json") if scope else FILE


def entries(text: str) -> list[Entry]:
    """The attachments of one file; ValueError when it is no JSON."""
    told = json.loads(text)
    return [{**told, **entry} for entry in told.pop("attachments", ())]


def configured() -> list[Entry]:
    """The attachments of all files on disk; a damaged one has none."""
    found: list[Entry] = []
    for file in [FILE, *sorted(glob.glob(file_of("*")))]:
        with contextlib.suppress(OSError, ValueError):
            found += entries(Path(file).read_text(encoding="utf-8"))
    return found


def apply(wanted: list[Entry]) -> None:
    """Make the kernel do what all files say, and undo what earlier ones said."""
    known = set(read_json(f"{STATE}/interfaces.json", []))
    ports = {entry["interface"]: entry for entry in wanted}
    for name in sorted(known - set(ports)):
        _clear(name)
    _write_known(sorted(ports))
    for name in sorted({fact.split()[1] for fact in wrong(wanted) if fact.startswith("filter ")}):
        _clear(name)
        _fill(ports[name])
    stale = {fact.split()[1] for fact in _routes()} - {f"{entry['sid']}/64" for entry in _circuits(wanted)}
    for prefix in sorted(stale):
        must(["ip", "-6", "route", "del", prefix, "proto", PROTOCOL])
    for entry in _circuits(wanted):
        must(["ip", "-6", "route", "replace", *_route(entry)])


def wrong(wanted: list[Entry]) -> list[str]:
    """What the kernel should have for these attachments and has not."""
    filters = [fact for entry in wanted for fact in _filters_of(entry)]
    there = {fact for entry in wanted for fact in _filters(entry["interface"])}
    kernel = _routes()
    return [fact for fact in filters if fact not in there] + [fact for fact in _wanted(wanted) if fact not in kernel]


def unwanted(wanted: list[Entry]) -> list[str]:
    """The routes that the kernel has of us and should not have, when these are all attachments."""
    routes = _wanted(wanted)
    return [f"{fact}, which nobody asked for" for fact in _routes() if fact not in routes]


def block(name: str) -> None:
    """Let nothing through an attachment, either way, but the frames that look for loops."""
    drop = ["protocol", "all", "pref", BLOCK, "handle", "1", "matchall", "action", "drop"]
    keep = ["protocol", LOOP_FRAMES, "pref", LOOPS, "handle", "1", "matchall", "action", "pass"]
    must(["tc", "filter", "replace", "dev", name, "egress", *keep])
    must(["tc", "filter", "replace", "dev", name, "egress", *drop])
    must(["tc", "filter", "replace", "dev", name, "ingress", *drop])
    # What a bridge learnt there is wrong now; on other interfaces there is nothing to forget.
    run(["bridge", "fdb", "flush", "dev", name])


def unblock(name: str) -> None:
    """Undo `block`; nothing is fine, too."""
    for direction, place in (("ingress", BLOCK), ("egress", BLOCK), ("egress", LOOPS)):
        run(["tc", "filter", "del", "dev", name, direction, "pref", place])


def _circuits(wanted: list[Entry]) -> list[Entry]:
    return [entry for entry in wanted if "sid" in entry]


def _wanted(wanted: list[Entry]) -> list[str]:
    """The routes of the circuits, worded as `_routes` words them."""
    return [f"route {entry['sid']}/64 End.DX2 {entry['interface']}" for entry in _circuits(wanted)]


def _write_known(names: list[str]) -> None:
    os.makedirs(STATE, exist_ok=True)
    Path(f"{STATE}/interfaces.json").write_text(json.dumps(names), encoding="utf-8")


def _clear(name: str) -> None:
    unblock(name)
    for place in (LOOPS, STORM, MARK, ENCAPSULATE):
        run(["tc", "filter", "del", "dev", name, "ingress", "pref", place])
    run(["tc", "filter", "del", "dev", name, "egress", "pref", EXPECT])


def _fill(entry: Entry) -> None:
    name = entry["interface"]
    run(["tc", "qdisc", "add", "dev", name, "clsact"])  # it may be there already, and others use it
    # A frame that was put together from several (GRO) cannot be taken apart again once it is encapsulated.
    run(["ethtool", "-K", name.partition("v")[0], "gro", "off"])
    add = ["tc", "filter", "replace", "dev", name, "ingress"]
    must([*add, "protocol", LOOP_FRAMES, "pref", LOOPS, "handle", "1", "matchall", "action", "drop"])
    rate, burst = str(entry["storm_pps"]), str(max(1, int(entry["storm_pps"] * _BURST_S)))
    many = ["dst_mac", "01:00:00:00:00:00/01:00:00:00:00:00"]
    police = ["action", "police", "pkts_rate", rate, "pkts_burst", burst, "conform-exceed", "drop/continue"]
    must([*add, "protocol", "all", "pref", STORM, "handle", "1", "flower", *many, *police])
    mark = ["action", "skbedit", "mark", str(entry["mark"]), "continue"]  # a bridge shows frames to no other filter
    must([*add, "protocol", "all", "pref", MARK, "handle", "1", "matchall", *mark])
    if "sid" in entry:
        _attach(name, "ingress", ENCAPSULATE, _program(entry))
    if "protection" in entry:
        _attach(name, "egress", EXPECT, _guard(entry))


def _attach(name: str, direction: str, place: str, program: bytes) -> None:
    with bpf.pinned({name: bpf.load(program, "vpws")}, _PINS):
        what = ["bpf", "direct-action", "object-pinned", f"{_PINS}/{name}"]
        must(
            ["tc", "filter", "replace", "dev", name, direction, "protocol", "all", "pref", place, "handle", "1", *what]
        )


def _guard(entry: Entry) -> bytes:
    """What an attachment of an encrypted service lets out: what was decrypted for it."""
    return frames.expecting(int(entry["protection"]) >> 21, int(LOOP_FRAMES, 16))


def _program(entry: Entry) -> bytes:
    helper = entry["helper"]
    try:
        index = int(Path(f"/sys/class/net/{helper}/ifindex").read_text())
        mac = bytes.fromhex(Path(f"/sys/class/net/{helper}/address").read_text().strip().replace(":", ""))
    except OSError as error:
        raise StepError(f"interface {helper} is not there") from error
    return frames.Encapsulation(entry["source"], entry["remote"], entry["mark"]).program(index, mac)


def _filters_of(entry: Entry) -> list[str]:
    name = entry["interface"]
    facts = [f"filter {name} {LOOPS} matchall drop", f"filter {name} {STORM} flower {entry['storm_pps']}/s"]
    facts.append(f"filter {name} {MARK} matchall mark {entry['mark']}")
    if "sid" in entry:
        facts.append(f"filter {name} {ENCAPSULATE} bpf {bpf.tag_of(_program(entry))}")
    if "protection" in entry:
        facts.append(f"filter {name} {EXPECT} bpf {bpf.tag_of(_guard(entry))}")
    return facts


def _filters(name: str) -> list[str]:
    """Our filters on an interface, worded as `_filters_of` words them."""
    return [*_filters_at(name, "ingress"), *_filters_at(name, "egress")]


def _filters_at(name: str, direction: str) -> list[str]:
    output = run(["tc", "-j", "filter", "show", "dev", name, direction])
    if output.code != 0:
        return []
    facts = []
    for item in json.loads(output.text or "[]"):
        options = item.get("options", {})
        if item.get("kind") == "bpf" and "prog" in options:
            facts.append(f"filter {name} {item['pref']} bpf {options['prog']['tag']}")
        for action in options.get("actions", ()):
            if action.get("kind") == "gact":
                facts.append(f"filter {name} {item['pref']} {item['kind']} {action['control_action']['type']}")
            elif action.get("kind") == "skbedit":
                facts.append(f"filter {name} {item['pref']} {item['kind']} mark {action.get('mark')}")
            elif action.get("kind") == "police":
                facts.append(f"filter {name} {item['pref']} {item['kind']} {action.get('pkts_rate')}/s")
    return facts


def _route(entry: Entry) -> list[str]:
    what = ["encap", "seg6local", "action", "End.DX2", "oif", entry["interface"]]
    return [f"{entry['sid']}/64", *what, "dev", entry["helper"], "proto", PROTOCOL]


def _routes() -> list[str]:
    """Our routes: prefix, behaviour, interface."""
    found = json.loads(run(["ip", "-j", "-6", "route", "show", "proto", PROTOCOL]).text or "[]")
    done = [(item["dst"], item.get("encap", {})) for item in found]
    return [f"route {prefix} {how.get('action')} {how.get('oif')}" for prefix, how in done]
