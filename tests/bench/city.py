"""Designs of any size to measure with: the ring that peers were measured with, and a city of two domains."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DISTRICT = 24
"""Devices of one domain in a district: two aggregations and the ring of access devices between them."""
DOMAINS = (("gov", "government", 1), ("crs", "cross", 2))


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


def two_domain_city(count: int) -> str:
    """A city of `count` routers as YAML: two domains on the same sites and fibres, joined at one interconnect.

    Each domain has two cores, a border device and districts: two aggregations, each in a star around one core, and a
    ring of access devices from one to the other. Every access device carries an end of its district's service; every
    district one of the city's. Every fibre has a duct of its own, and the fibres to each core share a tunnel.
    """
    edges = count // 2 - 3  # of a domain: without cores and border
    sizes = [min(DISTRICT, edges - start) for start in range(0, edges, DISTRICT)]
    if len(sizes) > 1 and sizes[-1] < 3:  # too few for a ring: they join the district before
        sizes[-2:] = [sizes[-2] + sizes[-1]]
    districts = [(f"{number:03}", size - 2) for number, size in enumerate(sizes, 1)]
    return "\n".join(["city: metropolis", *_domains(), *_sites(districts), *_network(districts), *_services(districts)])


Districts = list[tuple[str, int]]
"""Number and access devices of each district."""


def _domains() -> Iterator[str]:
    yield "domains:"
    for _, name, number in DOMAINS:
        yield f"  {name}: {{asn: 6500{number}, locators: fd01:{number}::/32, router_ids: 10.{number}.0.0/16}}"


def _range(size: int, first: int = 1) -> str:
    return f"[{first:02}-{first + size - 1:02}]"


def _sites(districts: Districts) -> Iterator[str]:
    yield from ("sites:", "  core-[1-2]: {}", "  gate: {}")
    for district, size in districts:
        yield f"  d{district}-agg[1-2]: {{}}"
        if size:
            yield f'  "d{district}-s{_range(size)}": {{}}'
    yield "fibres:"
    yield "  cores: {between: [core-1, core-2], length_km: 20, risk_groups: [duct-cores]}"
    yield '  gate-[1-2]: {between: [gate, "core-[1-2]"], length_km: 4, risk_groups: ["duct-gate-[1-2]"]}'
    for district, size in districts:
        yield (
            f'  d{district}-up[1-2]: {{between: ["d{district}-agg[1-2]", "core-[1-2]"], length_km: 12, '
            f'risk_groups: ["duct-{district}-[1-2]", "tunnel-[1-2]"]}}'
        )
        ends = [f"d{district}-agg1", *(f"d{district}-s{number:02}" for number in range(1, size + 1))]
        for number, (one, other) in enumerate(zip(ends, [*ends[1:], f"d{district}-agg2"], strict=True)):
            yield (
                f"  d{district}-f{number:02}: {{between: [{one}, {other}], length_km: 3, "
                f"risk_groups: [duct-{district}-f{number:02}]}}"
            )


def _network(districts: Districts) -> Iterator[str]:
    yield from ["devices:", *_per_domain(districts, _devices)]
    yield "links:"
    for short, _, _ in DOMAINS:
        yield f"  - {{between: [{short}-core-1, {short}-core-2], rate_gbps: 400}}"
        yield f'  - {{between: [{short}-border, "{short}-core-[1-2]"]}}'
    yield from ["rings:", *_per_domain(districts, _rings)]
    yield from ["stars:", *_per_domain(districts, _stars)]


def _per_domain(districts: Districts, write: Callable[[str, str, Districts], Iterator[str]]) -> Iterator[str]:
    for short, domain, _ in DOMAINS:
        yield from write(short, domain, districts)


def _devices(short: str, domain: str, districts: Districts) -> Iterator[str]:
    for number, plane in ((1, "A"), (2, "B")):
        yield f"  {short}-core-{number}: {{domain: {domain}, role: core, site: core-{number}, plane: {plane}}}"
    yield f"  {short}-border: {{domain: {domain}, role: border, site: gate}}"
    for district, size in districts:
        yield (f'  {short}-{district}-agg[1-2]: {{domain: {domain}, role: aggregation, site: "d{district}-agg[1-2]"}}')
        if size:
            yield (
                f'  "{short}-{district}-acc{_range(size)}": '
                f'{{domain: {domain}, role: edge, site: "d{district}-s{_range(size)}"}}'
            )


def _rings(short: str, _: str, districts: Districts) -> Iterator[str]:
    for district, size in districts:
        middle = f'"{short}-{district}-acc{_range(size)}", ' if size else ""
        yield (
            f"  {short}-{district}: {{closed: false, rate_gbps: 10, "
            f"devices: [{short}-{district}-agg1, {middle}{short}-{district}-agg2]}}"
        )


def _stars(short: str, _: str, districts: Districts) -> Iterator[str]:
    for number in (1, 2):
        members = ", ".join(f"{short}-{district}-agg{number}" for district, _ in districts)
        yield f"  {short}-core-{number}: {{hubs: [{short}-core-{number}], devices: [{members}]}}"


def _services(districts: Districts) -> Iterator[str]:
    yield from ("participants:", "  exchange: {kind: service}", "  bureau: {kind: provider}")
    yield from (f"  office-{district}: {{kind: user}}" for district, _ in districts)
    yield "services:"
    for short, domain, number in DOMAINS:
        yield f"  {short}-city:"
        yield f"    {{domain: {domain}, vrf: city, ipv4: 10.{15 + number}.0.0/16, ipv6: 'fd02:{number}::/48', ends: ["
        yield f"      {{participant: exchange, device: {short}-border, host: {short}-exchange}},"
        yield f"      {{participant: bureau, device: {short}-border, host: {short}-bureau}},"
        for district, size in districts:
            if size:
                device = f"{short}-{district}-acc01"
                yield f"      {{participant: bureau, device: {device}, host: {short}-bureau-{district}}},"
        yield "    ]}"
        for place, (district, size) in enumerate(districts):
            if size:
                block = (place * 4 >> 8, place * 4 & 0xFF)
                yield (
                    f"  {short}-{district}: {{domain: {domain}, vrf: d{district}, bandwidth_mbps: 20, "
                    f"ipv4: 10.{32 * number + block[0]}.{block[1]}.0/22, ipv6: 'fd03:{number}:{place:x}::/48', ends: ["
                )
                yield (
                    f'    {{participant: office-{district}, device: "{short}-{district}-acc{_range(size)}", '
                    f'host: "{short}-{district}-h{_range(size)}"}}]}}'
                )
    yield "interconnects:"
    yield (
        "  gate: {between: [gov-border, crs-border], services: [gov-city, crs-city], "
        "allow: [{source: exchange, destination: bureau, protocol: tcp, ports: [443]}]}"
    )


SHAPES = {"ring": ring_city, "city": two_domain_city}

if __name__ == "__main__":
    sys.stdout.write(SHAPES[sys.argv[1]](int(sys.argv[2])))
