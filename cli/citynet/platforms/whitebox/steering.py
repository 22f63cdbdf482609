"""The settings of a device's path agent, as JSON, and what its files are called."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from citynet.plan import addresses
from citynet.plan.paths.segments import containers, numbers
from citynet.platforms.whitebox.marks import ENCRYPTION_MASK, STEERING_MASK, STEERING_SHIFT

if TYPE_CHECKING:
    from citynet.plan.model import Device, PathTo, SegmentPath, Steering

PROBE_PORT = 49862
"""UDP port to which probes come back: STAMP's 862 stays free for sessions of others."""


def settings(device: Device) -> str:
    """What the agent of a device is to do; ways that are watched alike are watched once."""
    block = _block(device)
    ways: dict[str, tuple[int, dict[str, Any]]] = {}
    value = {
        "source": device.underlay.loopback,
        "port": PROBE_PORT,
        "paths": [_path(device, path, ways) for path in device.paths],
        "ways": [way for _, way in ways.values()],
        "steering": [_entry(device, block, entry) for entry in device.steering],
    }
    return json.dumps(value, indent=1) + "\n"


def mark(number: int, *, clear: bool = False) -> str:
    """The mark of packets of a steering entry, with its mask, as iproute2 takes and shows it; empty for any mark.

    Those that are `clear` need no encryption.
    """
    mask = (STEERING_MASK if number else 0) | (ENCRYPTION_MASK if clear else 0)
    value = f"{number << STEERING_SHIFT:#x}" if number else "0"
    return f"{value}/{mask:#x}" if mask else ""


def _block(device: Device) -> str:
    first = addresses.base(device.srv6.prefix) >> 96 << 96
    return f"{addresses.ipv6(first)}/32"


def _path(device: Device, path: PathTo, ways: dict[str, tuple[int, dict[str, Any]]]) -> dict[str, Any]:
    found = [_way(device, path, way) for way in [*path.primary, *path.backup]]
    return {
        "name": path.name,
        "strict": path.strict,
        "primaries": len(path.primary),
        "weights": [way.weight for way in [*path.primary, *path.backup]],
        "ways": [ways.setdefault(json.dumps(way), (len(ways), way))[0] for way in found],
    }


def _way(device: Device, path: PathTo, way: SegmentPath) -> dict[str, Any]:
    block, there = _block(device), numbers(way.hops)
    back = there[-2::-1]
    return {
        "name": way.name,
        "interval_ms": path.probe_interval_ms,
        "missed": path.probe_missed,
        "hold_s": path.probe_hold_s,
        "round_trip_us": round(2 * way.delay_us, 1),
        "forwarders": 2 * len(there) - 1,
        "probe": containers(block, there) + (containers(block, back) if back else []),
    }


def _entry(device: Device, block: str, entry: Steering) -> dict[str, Any]:
    paths = {path.name: path for path in device.paths}
    encrypted = entry.packets == "encrypted"
    vrf = "" if encrypted else entry.vrf
    both = bool(vrf) and not entry.number  # identifiers stand in IPv6 headers only
    return {
        "name": entry.name,
        "table": entry.table,
        "priority": entry.priority,
        "vrf": vrf,
        "mark": mark(entry.number, clear=entry.packets == "clear"),
        "families": ["-4", "-6"] if both else ["-6"],
        "block": block,
        "to": [
            {
                "path": to.path,
                "prefixes": [prefix for prefix in to.prefixes if ":" in prefix or both],
                "segments": [
                    containers(block, numbers(way.waypoints), function_of(to.sid))
                    for way in [*paths[to.path].primary, *paths[to.path].backup]
                ],
            }
            for to in entry.to
        ],
    }


def function_of(sid: str) -> int:
    """The function of a SID (f3216)."""
    return (addresses.base(f"{sid}/128") >> 64) & 0xFFFF
