"""Designs of any size to measure with: a ring with chords, VRFs on every fourth device, two route reflectors."""

from __future__ import annotations

import sys


def ring_city(count: int) -> str:
    """A one-domain city of `count` routers as YAML (the shape that netlab was measured with)."""
    reflectors = {1, count // 2 + 1}
    lines = [
        "city: bench",
        "domains:",
        "  government: {asn: 65000, locators: fd01:1::/32, router_ids: 10.0.0.0/16}",
        "sites:",
        "  here: {}",
        "devices:",
    ]
    for number in range(1, count + 1):
        role = "core" if number in reflectors else "edge"
        plane = f", plane: {'A' if number == 1 else 'B'}" if number in reflectors else ""
        lines.append(f"  r{number}: {{domain: government, role: {role}, site: here{plane}}}")
    lines += ["rings:", f"  all: {{devices: ['r[1-{count}]']}}", "links:"]
    for number in range(1, count + 1, 5):
        other = (number + count // 2 - 1) % count + 1
        if number < other and abs(number - other) > 1:
            lines.append(f"  - {{between: [r{number}, r{other}]}}")
    lines += ["participants:", "  someone: {kind: user}", "services:"]
    for index, name in enumerate(("red", "blue")):
        lines += [
            f"  {name}:",
            "    domain: government",
            f"    vrf: {name}",
            f"    ipv4: 172.{16 + index}.0.0/16",
            f"    ipv6: fd{10 + index}::/48",
            "    ends:",
        ]
        for number in range(1, count + 1, 4):
            if number not in reflectors:
                lines.append(f"      - {{participant: someone, device: r{number}, host: {name}-{number}}}")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(ring_city(int(sys.argv[1])))
