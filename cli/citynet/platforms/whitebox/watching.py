"""The rules of a sentry, made from the plan, and what the program on the device must know to tell of an alarm.

Rules look at two places. `inside`, the guard's VRF, shows everything that enters it, with the addresses of hosts and
before the guard drops anything that goes out; `outside`, the port, shows what the guard drops on its way in. Addresses
of a rule fit both. Every rule that can match each packet of a flow is told once a minute for two ends.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet.design.rule_files import FIRST_OWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from citynet.plan.model import DeviceSentry, GuardRule, Watch

MOST_LISTED = 150
"""Addresses that are listed in a rule; Suricata takes 8,192 characters."""
MOST_IDENTIFIERS = 64
FRAME = 1_650
_PER_WATCH = 1000
_ONCE = "threshold:type limit,track by_both,count 1,seconds 60"
_ANY = "any"
_ONE_SIDED = f"flow:established; app-layer-event:applayer_detect_protocol_only_one_direction; {_ONCE}"
"""What a server of the expected protocol makes of a client that speaks another: it answers in its own."""
OPENINGS = (
    "tcp[13] & 18 == 2 or ip[6:2] & 0x3fff != 0 or (ip6[6] == 6 and ip6[53] & 18 == 2) or (ip6 and "
    "(ip6[6] == 0 or ip6[6] == 43 or ip6[6] == 44 or ip6[6] == 60))"
)
"""What is looked at outside, for BPF: what opens a TCP connection, fragments, and IPv6 with extension headers."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its number, its guard (empty: every one), what it finds, and its text."""

    number: int
    watch: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class _Match:
    """What a rule finds, before it has a number."""

    kind: str
    header: str
    message: str
    options: str


def rules(sentry: DeviceSentry) -> list[Rule]:
    """The rules that the plan makes, those of the design apart."""
    found = list(_numbered(FIRST_OWN, "", _anomalies(sentry)))
    for place, watch in enumerate(sentry.watches, 1):
        found += _numbered(FIRST_OWN + place * _PER_WATCH, watch.name, _of(watch))
    return found


def rules_text(sentry: DeviceSentry) -> str:
    """The file of rules."""
    own = "".join(f"{one.text}\n" for one in rules(sentry))
    return own + "".join(f"{one}\n" for one in sentry.rules)


def settings(sentry: DeviceSentry) -> str:
    """What the program on the device must know, as JSON."""
    value = {
        "watches": [
            {"name": one.name, "kind": one.kind, "interfaces": [one.inside, one.outside]} for one in sentry.watches
        ],
        "rules": {str(one.number): [one.watch, one.kind] for one in rules(sentry)},
        "names": sentry.names,
        "option": sentry.option,
        "bits": sentry.bits,
    }
    return json.dumps(value, indent=1) + "\n"


def inside(sentry: DeviceSentry) -> list[str]:
    """Interfaces on which everything is looked at."""
    return list(dict.fromkeys(one.inside for one in sentry.watches))


def outside(sentry: DeviceSentry) -> list[str]:
    """Interfaces on which only openings are."""
    return [name for name in dict.fromkeys(one.outside for one in sentry.watches) if name not in inside(sentry)]


def frames(sentry: DeviceSentry) -> int:
    """The memory for packets that wait, in frames of 1,514 octets, as Suricata counts it; larger ones take more."""
    return sentry.buffer_mb * 1_000_000 // FRAME


def _numbered(first: int, watch: str, found: Iterable[_Match]) -> Iterator[Rule]:
    for number, one in enumerate(found, first):
        message = f"{watch}: {one.message}" if watch else one.message
        text = f'alert {one.header} (msg:"{message}"; {one.options}; sid:{number}; rev:1;)'
        yield Rule(number, watch, one.kind, text)


def _of(watch: Watch) -> Iterator[_Match]:
    yield from _scans_in(watch) if watch.kind == "exit" else ()
    for inward in (False, True):
        if watch.kind == "interconnect" or not inward:
            yield from _scans(watch, inward=inward)
    yield from _protocols(watch)
    yield from _sizes(watch)
    for first in range(0, len(watch.blocked_addresses), MOST_LISTED):
        some = watch.blocked_addresses[first : first + MOST_LISTED]
        yield _Match("address", f"ip {_list(some)} any <> any any", "contact with a blocked address", _ONCE)
    for name in watch.blocked_names:
        for protocol, buffer in (("dns", "dns.query"), ("tls", "tls.sni"), ("http", "http.host")):
            case = "" if protocol == "http" else "nocase; "  # Suricata has it in lower case already
            options = f'{buffer}; dotprefix; content:".{name}"; {case}endswith; {_ONCE}'
            yield _Match("name", f"{protocol} any any -> any any", f"the blocked name {name} in {protocol}", options)


def _ends(watch: Watch) -> tuple[str, str]:
    """Addresses of the near and of the far side."""
    if watch.kind == "exit":
        return _list(watch.near), _list(f"!{one}" for one in (*watch.known, *watch.own))
    return _list(watch.near), _list(watch.far)


def _scans(watch: Watch, *, inward: bool) -> Iterator[_Match]:
    """Tries at what the guard lets nobody have."""
    near, far = _ends(watch)
    source, destination = (far, near) if inward else (near, far)
    flows = [one for one in watch.flows if one.inward == inward]
    often = f"threshold:type both,track by_src,count {watch.attempts},seconds 60"
    for protocol, first in (("tcp", "flags:S,12; flow:to_server"), ("udp", "flow:to_server")):
        ports = sorted({port for one in flows if one.protocol == protocol for port in one.ports})
        closed = f"!{_list(map(str, ports))}" if ports else _ANY
        header = f"{protocol} {source} any -> {destination} {closed}"
        yield _Match("scan", header, f"tries at closed {protocol.upper()} ports", f"{first}; {often}")
    if not any(one.protocol == "icmp" for one in flows):
        for protocol, kind in (("icmpv4", 8), ("icmpv6", 128)):
            header = f"{protocol} {source} any -> {destination} any"
            yield _Match("scan", header, "pings that nobody allows", f"itype:{kind}; {often}")
    if watch.kind == "interconnect":
        yield from _scans_of_hosts([one for one in flows if one.protocol == "tcp"], source, destination, often)


def _scans_of_hosts(flows: list[GuardRule], source: str, destination: str, often: str) -> Iterator[_Match]:
    """The same at ports that are open, but elsewhere or for others."""
    if not flows:
        return
    ports = _list(map(str, sorted({port for one in flows for port in one.ports})))
    takers = sorted({address for one in flows for address in one.destinations})
    givers = sorted({address for one in flows for address in one.sources})
    if len(takers) <= MOST_LISTED:
        header = f"tcp {source} any -> {_list([destination, *(f'!{one}' for one in takers)])} {ports}"
        yield _Match("scan", header, "tries at hosts that nobody may reach", f"flags:S,12; flow:to_server; {often}")
    if len(givers) <= MOST_LISTED:
        header = f"tcp {_list([source, *(f'!{one}' for one in givers)])} any -> {destination} {ports}"
        yield _Match("scan", header, "tries of a host that may reach nobody", f"flags:S,12; flow:to_server; {often}")


def _scans_in(watch: Watch) -> Iterator[_Match]:
    """From the internet nothing may be opened. Of UDP nobody can tell a first packet from an answer there."""
    near, far = _ends(watch)
    often = f"threshold:type both,track by_src,count {watch.attempts},seconds 60"
    header = f"tcp {far} any -> {_list([near, *watch.own])} any"
    yield _Match("scan", header, "tries from the internet", f"flags:S,12; flow:to_server; {often}")


def _pairs(watch: Watch) -> list[tuple[str, str]]:
    """Who may open something to whom."""
    near, far = _ends(watch)
    return [(near, far)] if watch.kind == "exit" else [(near, far), (far, near)]


def _protocols(watch: Watch) -> Iterator[_Match]:
    for port, protocol in watch.expected:
        for carrier in ("tcp", "udp") if protocol == "dns" else ("tcp",):
            state = "established,to_server" if carrier == "tcp" else "to_server"
            options = f"flow:{state}; app-layer-protocol:!{protocol},final; {_ONCE}"
            for source, destination in _pairs(watch):
                header = f"{carrier} {source} any -> {destination} {port}"
                yield _Match("protocol", header, f"no {protocol} on port {port}", options)
                if carrier == "tcp":
                    yield _Match("protocol", header, f"{protocol} of one side only on port {port}", _ONE_SIDED)


def _sizes(watch: Watch) -> Iterator[_Match]:
    if not watch.largest_mb:
        return
    message = f"more than {watch.largest_mb} MB in one direction of a flow"
    for carrier in ("tcp", "udp"):
        for source, destination in _pairs(watch):
            for header, to in (
                (f"{carrier} {source} any -> {destination} any", "server"),
                (f"{carrier} {destination} any -> {source} any", "client"),
            ):
                options = f"flow:to_{to}; flow.bytes_to{to}:>{watch.largest_mb * 1_000_000}; {_ONCE}"
                yield _Match("size", header, message, options)


def _anomalies(sentry: DeviceSentry) -> Iterator[_Match]:
    """What no honest sender does, at every guard."""
    for version in (4, 6):
        options = f"decode-event:ipv{version}.frag_overlap; {_ONCE}"
        yield _Match("anomaly", "pkthdr any any -> any any", "fragments that overlap", options)
    options = f"stream-event:reassembly_overlap_different_data; {_ONCE}"
    yield _Match("anomaly", "tcp any any -> any any", "two contents for one place of a stream", options)
    options = f"flow:established; app-layer-event:applayer_mismatch_protocol_both_directions; {_ONCE}"
    yield _Match("anomaly", "tcp any any -> any any", "two protocols in one connection", options)
    if 0 < len(sentry.identifiers) <= MOST_IDENTIFIERS:
        yield _unknown(sentry)


def _unknown(sentry: DeviceSentry) -> _Match:
    """An identifier that the city does not have, where a border looks for one: behind 40 + 2 octets of headers."""
    size = sentry.bits // 8
    known = " ".join(
        f'content:!"|{number.to_bytes(size, "big").hex(" ")}|"; offset:44; depth:{size};'
        for number in sentry.identifiers
    )
    place = f'ipv6.hdr; content:"|{sentry.option:02x} {size:02x}|"; offset:42; depth:2'
    options = f"{place}; {known} {_ONCE}"
    return _Match("identifier", "ip any any -> any any", "an identifier that nobody gave", options)


def _list(words: Iterable[str]) -> str:
    found = list(words)
    return found[0] if len(found) == 1 and not found[0].startswith("!") else f"[{','.join(found)}]"
