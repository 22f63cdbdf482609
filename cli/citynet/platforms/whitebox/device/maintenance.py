"""What a drained device's configuration holds besides what was committed: nobody sends traffic through it.

The mark stands in a file of its own, so that a reboot and every later transaction keep it until it is taken back.
"""

from __future__ import annotations

import re
from typing import Any

from .system import read_json, remove, write_json

DRAINED = "/var/lib/citynet/drained.json"
CONFIGURATION = "/etc/frr/frr.conf"
FILTER = "/etc/nftables.conf"
CHAIN = "drained"
OVERLOAD = " set-overload-bit\n"
TOPOLOGY = " topology ipv6-unicast"
SHUTDOWN = "bgp graceful-shutdown\n"
_ISIS = re.compile(r"^router isis \S+\n", re.MULTILINE)
_BGP = re.compile(r"^router bgp ", re.MULTILINE)
_PROBES = re.compile(r" exthdr rt exists udp dport (\d+) accept$", re.MULTILINE)
_LINKS = re.compile(r"^ *iifname (\{[^}]*\}) jump underlay$", re.MULTILINE)
_VRF = re.compile(r"^router bgp \d+ vrf ", re.MULTILINE)
NOTE = "drained for maintenance since {since}: it keeps the overload bit until `citynet drain --undo`"


def mark() -> dict[str, Any]:
    """Who drained the device and when; empty when nobody did."""
    found: dict[str, Any] = read_json(DRAINED, {})
    return found


def set_mark(facts: dict[str, Any]) -> None:
    """Remember that the device is drained; forget it when there are no facts."""
    if facts:
        write_json(DRAINED, facts)
    else:
        remove(DRAINED)


def notes() -> list[str]:
    """What a transaction says of it."""
    facts = mark()
    return [NOTE.format(since=facts.get("since", "?"))] if facts else []


def held(files: dict[str, str]) -> dict[str, str]:
    """The files as they are to be while the mark stands."""
    if CONFIGURATION not in files or not mark():
        return files
    kept = {**files, CONFIGURATION: drained(files[CONFIGURATION])}
    if FILTER in files:
        kept[FILTER] = files[FILTER] + refusing_probes(files[CONFIGURATION], files[FILTER])
    return kept


def drained(text: str) -> str:
    """FRR's configuration with the lines that drain it.

    The overload bit keeps transit away and the device itself reachable (ISO 10589, 7.2.8.1; RFC 3787, section 4). The
    IPv6 topology has one of its own (RFC 5120, section 7.2), which is the one that FRR heeds. Only a device with sites
    has routes of its own to withdraw gracefully (RFC 8326).
    """
    text = undrained(text)
    text = _ISIS.sub(lambda found: found.group(0) + OVERLOAD, text)
    text = text.replace(f"{TOPOLOGY}\n", f"{TOPOLOGY} overload\n", 1)
    return _BGP.sub(SHUTDOWN + "!\nrouter bgp ", text, count=1) if serves(text) else text


def refusing_probes(text: str, rules: str) -> str:
    """What to add to the packet filter so that paths leave the device; empty where none can cross it.

    A path is pinned by segments and heeds no metric, but the device at its head leaves it when its probes are lost,
    while what is in it still passes here: so nothing is. A device with services is the end of its paths as well, and
    their probes must reach it.
    """
    port, links = _PROBES.search(rules), _LINKS.search(rules)
    if serves(text) or not port or not links:
        return ""
    rule = f"iifname {links.group(1)} exthdr rt exists udp dport {port.group(1)} drop"
    hook = "type filter hook prerouting priority raw; policy accept;"
    return f"\ntable inet citynet {{\n    chain {CHAIN} {{\n        {hook}\n        {rule}\n    }}\n}}\n"


def undrained(text: str) -> str:
    """The same without them."""
    text = text.replace(f"{TOPOLOGY} overload\n", f"{TOPOLOGY}\n", 1)
    return text.replace(SHUTDOWN + "!\n", "", 1).replace(OVERLOAD, "", 1)


def serves(text: str) -> bool:
    """Whether the device carries services."""
    return _VRF.search(text) is not None
