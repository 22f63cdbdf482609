"""The fence of a device: an nftables table of sets and maps; a packet costs the same with any number of entries.

A packet with an identifier costs one look-up by hash where it enters and one where it leaves. Keys are whole values
(identifier and the first 64 bits of both addresses), since every host has a /64 of its own; maps of intervals would
take longer the more entries they have. One look-up decides, so that while entries are replaced a packet is judged by
the old ones or by the new, never by some of each. Base chains accept by policy and drop by their last rule: a new
table's chains see packets before their rules do. Windows are jumped to, so that one that is just being made drops.
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import TYPE_CHECKING

from citynet.design.windows import ALWAYS, DAY
from citynet.plan import addresses
from citynet.platforms.whitebox import telling

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from citynet.design.windows import Schedule
    from citynet.plan.model import DeviceFence, FenceEntry, FencePort

TABLE = "citynet_fence"
FILE = "/etc/nftables.d/citynet-fence.nft"
PAYLOADS = (4, 6, 17, 58, 132)
"""What may follow the header with the identifier: IPv4 (which has no place for one), TCP, UDP, ICMPv6, SCTP."""
COUNTERS = {
    "spoofed": "an identifier that the port has no right to, or a source that is not the port's",
    "denied": "no fence lets the data of this identifier go there",
    "closed": "a fence does at other times",
    "shapes": "an identifier in a place, a number or a company in which nobody could judge it",
    "untagged": "nothing to judge by, at a port that is fenced",
}
"""The named counters of the table, and what each counts; everything counted is dropped."""

_LINK_LOCAL = ("fe80::/10", "ff02::/16")  # never forwarded (RFC 4291, 2.5.6 and 2.7)
_HOOKS = {"iifname": "prerouting priority raw", "oifname": "forward priority filter - 10"}
_PAD = 0x01020000
"""PadN with two zero bytes (RFC 8200, 4.2): what fills the header of an identifier of 64 or 128 bits."""


def marks() -> dict[str, int]:
    """The mark of what each counter counts, where it is told (`telling`)."""
    return {name: mark for mark, name in enumerate(COUNTERS, 1)}


def table(fence: DeviceFence, *, told: bool = False) -> str:
    """The whole table.

    Args:
        fence: What it lets pass.
        told: Whether somebody writes down what is dropped.
    """
    windows = _windows(fence)
    drops = {name: f"goto refused_{name}" if told else f"counter name {name} drop" for name in COUNTERS}
    names = [port.name for port in fence.ports]
    lines = [
        *(f'counter {name} {{ comment "{text}" }}' for name, text in COUNTERS.items()),
        *([telling.counter()] if told else []),
        *_set("ports", "type ifname", map(_quoted, names)),
        *_set("fenced", "type ifname", (_quoted(port.name) for port in fence.ports if port.fenced)),
        *_set("crossings", "type ifname", (_quoted(port.name) for port in fence.ports if port.kind == "interconnect")),
        *_set("own4", "type ipv4_addr", _own(fence.ports, 4)),
        *_set("own6", "type ipv6_addr", _own(fence.ports, 6)),
        *_set("labels", f"typeof {_shape(fence)}", _labels(fence)),
        *_set("rights", f"typeof iifname . {_source()} . {_identifier(fence)}", _rights(fence)),
        *_set("sent", f"typeof iifname . {_flow(fence)} : verdict", _elements(_sent(fence), windows), "map"),
        *_set("flows", f"typeof {_flow(fence)} : verdict", _elements(_flows(fence), windows), "map"),
        *(_refusing() if told else []),
        *(line for spans, name in windows.items() for line in _chain(name, [*_window(spans), drops["closed"]])),
        *_chain("leaving", [f"{_flow(fence)} vmap @flows", drops["denied"]]),
        *_chain("entering", _entering(fence, drops)),
        *_chain("fence_in", _base(fence, "iifname", "entering", drops)),
        *_chain("fence_out", _base(fence, "oifname", "leaving", drops)),
    ]
    body = "".join(f"    {line}\n" if line else "\n" for line in lines)
    return f"table inet {TABLE} {{\n{body}}}\n"


def _identifier(fence: DeviceFence) -> str:
    return f"@nh,352,{fence.bits}"  # behind the IPv6 header (40 bytes), two bytes of extension header, two of option


def _source() -> str:
    return "@nh,64,64"


def _flow(fence: DeviceFence) -> str:
    return f"{_identifier(fence)} . {_source()} . @nh,192,64"


def _shape(fence: DeviceFence) -> str:
    """First extension header, what follows it, its length, its option, and what fills it."""
    pad = f" . @nh,{352 + fence.bits},32" if fence.bits > 32 else ""
    return f"ip6 nexthdr . @nh,320,8 . @nh,328,8 . @nh,336,16{pad}"


def _labels(fence: DeviceFence) -> Iterable[str]:
    length = {32: 0, 64: 1, 128: 2}[fence.bits]
    option = f"0x{fence.option:02x}{fence.bits // 8:02x}"
    pad = f" . {_PAD:#010x}" if fence.bits > 32 else ""
    for header in fence.headers:
        yield from (f"{header} . {payload} . {length} . {option}{pad}" for payload in PAYLOADS)


def _half(prefix: str) -> str:
    """The first 64 bits of a /64."""
    return f"0x{addresses.base(prefix) >> 64:016x}"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _own(ports: Sequence[FencePort], version: int) -> Iterable[str]:
    found = [address for port in ports for address in port.own]
    return dict.fromkeys(one for one in found if ipaddress.ip_address(one).version == version)


def _rights(fence: DeviceFence) -> Iterable[str]:
    for port in fence.ports:
        for prefix in port.sources:
            yield from (f'"{port.name}" . {_half(prefix)} . {number}' for number in port.identifiers)


def _windows(fence: DeviceFence) -> dict[Schedule, str]:
    """A chain for each schedule but the one that is always open; its name is that of the schedule, whatever others."""
    found = dict.fromkeys(_schedule(entry) for entry in fence.entries)
    return {one: f"window_{hashlib.sha256(repr(one).encode()).hexdigest()[:8]}" for one in found if one != ALWAYS}


def _schedule(entry: FenceEntry) -> Schedule:
    return tuple((first, end) for first, end in entry.schedule)


def _sent(fence: DeviceFence) -> Iterable[tuple[str, FenceEntry]]:
    """What hosts of this device may send: keys with the port, which must have a right to the identifier."""
    ports = {prefix: port for port in fence.ports for prefix in port.sources}
    for entry in fence.entries:
        ends = [_half(prefix) for prefix in entry.destinations]
        for prefix in entry.sources:
            port = ports.get(prefix)
            if entry.direction == "in" and port is not None and entry.identifier in port.identifiers:
                start = f'"{port.name}" . {entry.identifier} . {_half(prefix)}'
                yield from ((f"{start} . {end}", entry) for end in ends)


def _flows(fence: DeviceFence) -> Iterable[tuple[str, FenceEntry]]:
    """What may leave by a port of this device, or come in from the other domain."""
    local = {prefix for port in fence.ports for prefix in port.sources}
    for entry in fence.entries:
        ends = [_half(prefix) for prefix in entry.destinations]
        for prefix in entry.sources:
            if entry.direction == "out" or prefix not in local:
                yield from ((f"{entry.identifier} . {_half(prefix)} . {end}", entry) for end in ends)


def _elements(keys: Iterable[tuple[str, FenceEntry]], windows: dict[Schedule, str]) -> Iterable[str]:
    found: dict[str, str] = {}
    for key, entry in keys:
        name = windows.get(_schedule(entry))
        found[key] = f"{key} : jump {name}" if name else f"{key} : accept"
    return found.values()


def _window(spans: Schedule) -> list[str]:
    """Numbers without quotes are seconds of UTC to nft, whatever zone the device's clock is shown in."""
    lines = []
    for first, end in spans:
        for day in range(first // DAY, (end - 1) // DAY + 1):
            since, until = max(first - day * DAY, 0), min(end - day * DAY, DAY)
            weekday = (day + 1) % 7  # the kernel counts from Sunday
            lines.append(f"meta day {weekday} meta hour {since * 60}-{until * 60 - 1} accept")
    return lines


def _entering(fence: DeviceFence, drops: Mapping[str, str]) -> list[str]:
    return [
        "iifname @crossings goto leaving",
        f"iifname . {_flow(fence)} vmap @sent",
        f"iifname . {_source()} . {_identifier(fence)} @rights {drops['denied']}",
        drops["spoofed"],
    ]


def _base(fence: DeviceFence, side: str, judges: str, drops: Mapping[str, str]) -> list[str]:
    own = ["meta nfproto ipv4 ip daddr @own4 accept", "ip6 daddr @own6 accept"] if side == "iifname" else []
    near = [f"ip6 daddr {block} accept" for block in _LINK_LOCAL] if side == "iifname" else []
    return [
        f"type filter hook {_HOOKS[side]}; policy accept;",
        f"{side} != @ports accept",
        f"exthdr rt exists {drops['shapes']}",
        *own,
        *near,
        f"{_shape(fence)} @labels goto {judges}",
        f"exthdr dst exists {drops['shapes']}",
        f"exthdr hbh exists {drops['shapes']}",
        f"{side} @fenced {drops['untagged']}",
    ]


def _refusing() -> list[str]:
    """A chain for each counter, which has the packet told before it drops it."""
    lines = _chain("told", telling.told())
    for name, mark in marks().items():
        lines += _chain(f"refused_{name}", [telling.asking(mark), f"counter name {name} drop"])
    return lines


def _set(name: str, kind: str, elements: Iterable[str], word: str = "set") -> list[str]:
    found = list(elements)
    inside = [f"    {kind}"]
    if found:
        inside += ["    elements = {", *(f"        {one}," for one in found), "    }"]
    return ["", f"{word} {name} {{", *inside, "}"]


def _chain(name: str, rules: Iterable[str]) -> list[str]:
    return ["", f"chain {name} {{", *(f"    {rule}" for rule in rules), "}"]
