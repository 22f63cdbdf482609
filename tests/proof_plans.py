"""Plans made by hand, of any shape and size, to prove and to refute: no design, no planner."""

from __future__ import annotations

from dataclasses import dataclass, field

from citynet.plan.model import (
    Bgp,
    BgpNeighbor,
    Device,
    Host,
    Line,
    LineEnd,
    Plan,
    PlannedDomain,
    PlannedFibre,
    PlannedService,
    Port,
    PortKind,
    Srv6,
    Underlay,
    UnderlayInterface,
    Vrf,
)

BLOCKS = {"government": "fd01:1::/32", "cross": "fd02:2::/32"}


@dataclass(frozen=True)
class Wire:
    """A link to be made: two devices by number, what it rides, how fast and how dear it is."""

    a: int
    b: int
    fibres: tuple[str, ...] = ()
    metric: int = 10
    rate_gbps: int = 100


@dataclass
class Shape:
    """One domain to be made: devices 0 to `devices` - 1, wires, and the devices of each service's ends."""

    devices: int
    wires: list[Wire]
    services: list[list[int]]
    groups: dict[str, list[str]] = field(default_factory=dict)  # of each fibre
    level: str = "L4"
    mbps: int = 0
    reflectors: tuple[int, ...] = (0, 1)
    domain: str = "government"


def empty_plan() -> Plan:
    return Plan("made", "", "", "172.20.0.0/16", "172.20.0.1", {}, {}, {}, {}, {}, {}, {}, {}, {}, [])


def plan_of(*shapes: Shape) -> Plan:
    plan = empty_plan()
    for number, shape in enumerate(shapes, 1):
        _add(plan, shape, number)
    return plan


def name_of(shape: Shape, number: int) -> str:
    return f"{shape.domain[:1]}{number}"


def _add(plan: Plan, shape: Shape, asn: int) -> None:
    plan.domains[shape.domain] = PlannedDomain(shape.domain, "", shape.level, 65000 + asn, BLOCKS[shape.domain])
    for number in range(shape.devices):
        _device(plan, shape, number, asn)
    for number, wire in enumerate(shape.wires):
        _link(plan, shape, number, wire)
    for number, ends in enumerate(shape.services, 1):
        _service(plan, shape, number, ends, asn)
    _sessions(plan, shape)


def _device(plan: Plan, shape: Shape, number: int, asn: int) -> None:
    name, prefix = name_of(shape, number), f"{BLOCKS[shape.domain].removesuffix('::/32')}:{number + 1:x}"
    router_id = f"10.{asn}.{number >> 8}.{number & 255}"
    plan.devices[name] = Device(
        name=name,
        domain=shape.domain,
        site=name,
        role="core" if number in shape.reflectors else "edge",
        plane="",
        platform="whitebox",
        management=f"172.20.{asn}.{number}",
        ports=[],
        underlay=Underlay(f"49.{asn}.{number}", f"{prefix}::1", router_id, f"isis/{shape.domain}"),
        srv6=Srv6("MAIN", f"{prefix}::/48", f"{prefix}::1"),
        bgp=Bgp(65000 + asn, router_id, f"bgp/{shape.domain}"),
    )


def _link(plan: Plan, shape: Shape, number: int, wire: Wire) -> None:
    one, other = (plan.devices[name_of(shape, end)] for end in (wire.a, wire.b))
    line = Line(
        f"{one.name}--{other.name}-{number}",
        PortKind.LINK,
        LineEnd(one.name, f"l{number}a"),
        LineEnd(other.name, f"l{number}b"),
        shape.domain,
        fibres=list(wire.fibres),
        risk_groups=sorted({group for fibre in wire.fibres for group in shape.groups.get(fibre, ())}),
        rate_gbps=wire.rate_gbps,
        metric=wire.metric,
    )
    plan.lines[line.name] = line
    for fibre in wire.fibres:
        plan.fibres.setdefault(fibre, PlannedFibre(fibre, "", "", 1.0, 9600.0, shape.groups.get(fibre, [])))
    for device, near, far in ((one, line.a, line.b), (other, line.b, line.a)):
        device.ports.append(Port(near.port, PortKind.LINK, line.name, far.node, far.port))
        device.underlay.interfaces.append(UnderlayInterface(near.port, wire.metric))


def _service(plan: Plan, shape: Shape, number: int, ends: list[int], asn: int) -> None:
    name, rt = f"{shape.domain[:1]}-service{number}", f"{65000 + asn}:{number}"
    service = PlannedService(name, "", "l3vpn", shape.domain, name, "public", rt, shape.mbps)
    plan.services[name] = service
    for index, end in enumerate(ends):
        device = plan.devices[name_of(shape, end)]
        host, port = f"{name}-h{index}", f"h{number}-{index}"
        vrf = next((vrf for vrf in device.vrfs if vrf.service == name), None)
        if vrf is None:
            vrf = Vrf(name, name, 1000 + number, f"{device.underlay.router_id}:{number}", rt, [rt])
            device.vrfs.append(vrf)
        vrf.ports.append(port)
        line = Line(
            f"{device.name}--{host}",
            PortKind.ATTACHMENT,
            LineEnd(device.name, port),
            LineEnd(host, "eth1"),
            shape.domain,
        )
        plan.lines[line.name] = line
        device.ports.append(Port(port, PortKind.ATTACHMENT, line.name, host, "eth1", name))
        address = f"10.{100 + asn}.{number}.{index}/28"
        near = Port("eth1", PortKind.ATTACHMENT, line.name, device.name, port, "", [address])
        plan.hosts[host] = Host(host, f"p{index}", name, shape.domain, device.name, "", near, [])
        service.hosts.append(host)


def _sessions(plan: Plan, shape: Shape) -> None:
    reflectors = [plan.devices[name_of(shape, number)] for number in shape.reflectors if number < shape.devices]
    for device in plan.devices.values():
        if device.domain == shape.domain and device not in reflectors:
            for reflector in reflectors:
                device.bgp.neighbors.append(BgpNeighbor(reflector.name, reflector.underlay.loopback))
                reflector.bgp.neighbors.append(BgpNeighbor(device.name, device.underlay.loopback, client=True))
    for one in reflectors:
        one.bgp.neighbors += [BgpNeighbor(o.name, o.underlay.loopback) for o in reflectors if o is not one]
