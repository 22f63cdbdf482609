"""The kernel's rules and routes that lead packets into their paths.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any, Dict, List, Set, Tuple

if TYPE_CHECKING:
    from .ways import Watched

PROTOCOL = 203
"""The routing protocol number that marks our routes; FRR's are 186 to 199."""
METRIC, LAST_METRIC = 10, 4000
FIRST_TABLE = 300_000
"""Tables of steering have greater numbers; nobody else's have."""
FAMILIES = ("-4", "-6")


class Routes:
    """The kernel's rules and routes of all steering entries."""

    def __init__(self, steering: List[Dict[str, Any]]) -> None:
        self.steering = steering
        self.in_use: Dict[Tuple[str, int], str] = {}

    def lines(self, path: Watched) -> List[str]:
        """What to tell `ip` so that the packets of a path take its active ways."""
        found = []
        for entry in self.steering:
            for to in entry["to"]:
                if to["path"] == path.name:
                    found += [self._route(entry["table"], one, path, to["segments"]) for one in to["prefixes"]]
        return found

    def _route(self, table: int, prefix: str, path: Watched, segments: List[List[str]]) -> str:
        start = f"{prefix} table {table} proto {PROTOCOL} metric {METRIC}"
        active = path.active or []
        if not active:
            self.in_use.pop((prefix, table), None)
            return f"route del {start}"
        gateway = "via fe80::1 " if ":" in prefix else ""  # IPv6 knows no several devices without a gateway
        hops = [f"encap seg6 mode encap segs {','.join(segments[index])} {gateway}dev sr0" for index in active]
        if len(hops) > 1:
            hops = [f"nexthop {hop} weight {path.weights[index]}" for index, hop in zip(active, hops)]  # noqa: B905
        line = f"route replace {start} {' '.join(hops)}"
        self.in_use[prefix, table] = line
        return line

    def base(self, paths: Dict[str, Watched]) -> List[str]:
        """What is there whatever the probes say: what keeps segments out of the tables, and what drops."""
        lines = []
        for entry in self.steering:
            end = f"table {entry['table']} proto {PROTOCOL} metric"
            lines.append(f"route replace throw {entry['block']} {end} {METRIC}")
            strict = [to for to in entry["to"] if paths[to["path"]].strict]
            lines += [f"route replace blackhole {one} {end} {LAST_METRIC}" for to in strict for one in to["prefixes"]]
        return lines

    def rules(self, family: str) -> List[str]:
        """The rules that lead into the tables, without the verb."""
        return [
            f"pref {entry['priority']}"
            + (f" fwmark {entry['mark']}" if entry["mark"] else "")
            + (f" iif {entry['vrf']}" if entry["vrf"] else "")
            + f" lookup {entry['table']}"
            for entry in self.steering
            if family in entry["families"]
        ]

    def reconcile(self, paths: Dict[str, Watched]) -> None:
        """Make what is always there, and take away what earlier settings left."""
        ip(self.base(paths))
        wanted = {(prefix, e["table"]) for e in self.steering for to in e["to"] for prefix in to["prefixes"]}
        for family in FAMILIES:
            present, rules = rules_in_force(family), self.rules(family)
            ip([f"rule add {rule}" for rule in rules if rule not in present], family)
            ip([f"rule del {rule}" for rule in present if rule not in rules], family)
            drop_routes(family, {*present.values(), *(entry["table"] for entry in self.steering)}, wanted)


def ip(lines: List[str], family: str = "") -> None:
    """Let iproute2 do some lines at once; what cannot be done (a route gone already) is passed over."""
    if lines:
        command = ["ip", *([family] if family else []), "-force", "-batch", "-"]
        subprocess.run(command, input="\n".join(lines).encode() + b"\n", stderr=subprocess.DEVNULL, check=False)


def listed(*words: str) -> List[Dict[str, Any]]:
    """What iproute2 lists."""
    done = subprocess.run(["ip", "-j", "-N", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    try:
        found: List[Dict[str, Any]] = json.loads(done.stdout or b"[]")
    except ValueError:
        return []
    return found


def rules_in_force(family: str) -> Dict[str, int]:
    """Our rules, those with tables of the steering ranges, as `Routes.rules` words them, each with its table."""
    found = {}
    for rule in listed(family, "rule", "show"):
        table = str(rule.get("table", ""))
        if table.isdigit() and int(table) > FIRST_TABLE:
            mark = f" fwmark {rule['fwmark']}/{rule.get('fwmask', '0xffffffff')}" if "fwmark" in rule else ""
            iif = f" iif {rule['iif']}" if "iif" in rule else ""
            found[f"pref {rule['priority']}{mark}{iif} lookup {table}"] = int(table)
    return found


def drop_routes(family: str, tables: Set[int], kept: Set[Tuple[str, int]]) -> None:
    """Take away our routes of some tables but those to some prefixes."""
    lines = []
    for table in tables:
        for route in listed(family, "route", "show", "table", str(table), "proto", str(PROTOCOL)):
            whole = route["dst"] if "/" in route["dst"] else f"{route['dst']}/{32 if family == '-4' else 128}"
            if (whole, table) not in kept and (route.get("type") != "throw" or not kept):
                lines.append(f"route del {route['dst']} table {table} metric {route.get('metric', 0)}")
    ip(lines, family)
