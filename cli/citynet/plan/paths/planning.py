"""The paths of a city, written into its plan: per device where they lead, and which packets take them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from citynet.design.types import Intent
from citynet.plan import addresses
from citynet.plan.bindings import carried
from citynet.plan.model import PathTo, SegmentPath, StaticSid, SteeredTo, Steering
from citynet.plan.paths.choice import Chooser
from citynet.plan.paths.network import networks
from citynet.plan.paths.segments import waypoints
from citynet.plan.paths.wanted import wanted

if TYPE_CHECKING:
    from citynet.design.types import City, PathPolicy, Service
    from citynet.plan.builder import Builder
    from citynet.plan.model import Device
    from citynet.plan.paths.choice import Choice
    from citynet.plan.paths.network import Network
    from citynet.plan.paths.search import Path

SERVICE_TABLES, IDENTIFIER_TABLES = 300_000, 400_000
"""First kernel tables of steered services and of data identifiers; tables of VRFs end below 101,000."""
LAST_STEERED = 65_000
IDENTIFIER_PRIORITY, SERVICE_PRIORITY = 900, 910
"""Of the rules that lead to them: before those of VRFs (1000), identifiers before services."""
LAST_NUMBER = 4095
"""Of data identifiers in use in a domain: 12 bits of a packet's mark."""


@dataclass(slots=True)
class Planner:
    """Plans the paths of a city; made once a plan, and only when the design has paths."""

    city: City
    builder: Builder
    choosers: dict[str, Chooser] = field(default_factory=dict)
    _to: dict[tuple[str, str, str], PathTo] = field(default_factory=dict)
    _ends: dict[tuple[str, str], tuple[str, list[str]]] = field(default_factory=dict)

    def service(self, name: str, service: Service) -> None:
        """Steer a service, and each of its data identifiers, between all of its devices."""
        if service.path is not None:
            table = SERVICE_TABLES + self.builder.lock.take("service", name, 1, LAST_STEERED)
            self._steer(name, service.path, Steering(name, name, service.vrf or "", table, SERVICE_PRIORITY))
        for item in self.builder.services[name].bindings:
            if not item.path:
                continue
            identifier = item.number
            pool, key = f"steering/{service.domain}", f"{name}/{identifier}"
            number = self.builder.lock.take(pool, key, 1, LAST_NUMBER)
            entry = Steering(
                key,
                name,
                service.vrf or "",
                IDENTIFIER_TABLES + number,
                IDENTIFIER_PRIORITY,
                identifier,
                number,
            )
            self._steer(name, item.path, entry)

    def _steer(self, name: str, policy_name: str, blank: Steering) -> None:
        devices = self._devices_of(name)
        domain = self.builder.services[name].domain
        policy = self.city.paths[policy_name]
        if wanted(self.choosers[domain], self.city, policy_name).free:
            return
        for device in devices:
            far = [other for other in devices if other is not device]
            for packets in ("", "encrypted"):
                entry = replace(blank, packets=packets)
                found = (self._steered_to(entry, policy_name, policy, device, other) for other in far)
                entry.to = [to for to in found if to is not None]
                if packets:
                    entry.name += "/encrypted"
                    entry.table = self._own_table(entry)
                elif any(one.service == name for one in device.protections):
                    entry.packets = "clear"
                self._add(device, entry)

    def _add(self, device: Device, entry: Steering) -> None:
        if not entry.to:
            return
        device.steering.append(entry)
        if entry.identifier:
            device.identifiers = carried(self.city)

    def _own_table(self, entry: Steering) -> int:
        """What is encrypted is looked up without its VRF, and so in a table of its own."""
        if not entry.to:
            return 0
        return SERVICE_TABLES + self.builder.lock.take("service", entry.name, 1, LAST_STEERED)

    def _devices_of(self, name: str) -> list[Device]:
        hosts = self.builder.services[name].hosts
        names = dict.fromkeys(self.builder.hosts[host].device for host in hosts)
        return [self.builder.devices[device] for device in names]

    def _steered_to(
        self, entry: Steering, policy_name: str, policy: PathPolicy, device: Device, far: Device
    ) -> SteeredTo | None:
        name = entry.service
        ends = [
            f"{tunnel.address}/128"
            for one in device.protections
            for tunnel in one.tunnels
            if one.service == name and tunnel.peer == far.name
        ]
        whole = any(one.service == name and one.whole for one in device.protections)
        if not ends if entry.packets else whole:
            return None
        path = self._path_to(policy_name, policy, device, far)
        if path is None:
            return None
        if entry.packets:
            return SteeredTo(far.name, path.name, self._sid(far, "dt6", "uDT6", ""), ends)
        if self.builder.services[name].kind == "l3vpn":
            sid, prefixes = self._end(name, far)
            return SteeredTo(far.name, path.name, sid, prefixes)
        tunnels = [f"{one.remote}/128" for one in device.vpws if (one.service, one.peer) == (name, far.name)]
        return SteeredTo(far.name, path.name, self._sid(far, "dt6", "uDT6", ""), tunnels)

    def _end(self, name: str, far: Device) -> tuple[str, list[str]]:
        """The SID of a layer-3 service on a device, and its prefixes there; looked up once, asked by all others."""
        if (name, far.name) not in self._ends:
            (vrf,) = [vrf for vrf in far.vrfs if vrf.service == name]
            self._ends[name, far.name] = self._sid(far, f"dt46:{name}", "uDT46", vrf.name), list(vrf.prefixes)
        return self._ends[name, far.name]

    def _sid(self, device: Device, use: str, behavior: str, vrf: str) -> str:
        """The static SID of a device for one use, made on first use."""
        sid = self.builder.new_sid(device.name, use)
        if all(known.address != sid for known in device.sids):
            device.sids.append(StaticSid(sid, behavior, vrf))
        return sid

    def _path_to(self, policy_name: str, policy: PathPolicy, device: Device, far: Device) -> PathTo | None:
        """The path between two devices; None when nothing meets the policy, which the check refuses."""
        key = (policy_name, device.name, far.name)
        if key not in self._to:
            chooser = self.choosers[device.domain]
            want = wanted(chooser, self.city, policy_name, device.name, far.name)
            choice = chooser.choose(want, device.name, far.name)
            if choice is None:
                return None
            self._to[key] = found = self._planned(f"{policy_name} {far.name}", policy_name, policy, choice)
            device.paths.append(found)
        return self._to[key]

    def _planned(self, name: str, policy_name: str, policy: PathPolicy, choice: Choice) -> PathTo:
        far = choice.primary[0].nodes[-1]
        net = self.choosers[self.builder.devices[far].domain].net
        pairs = zip(choice.primary, choice.weights, strict=True)
        return PathTo(
            name,
            policy_name,
            str(policy.intent),
            far,
            is_strict(policy),
            [self._segments(net, path, weight) for path, weight in pairs],
            [] if choice.backup is None else [self._segments(net, choice.backup, 1)],
            choice.shared.texts(),
            round(100.0 * choice.availability, 7),
            policy.probe.interval_ms,
            policy.probe.missed,
            policy.probe.hold_s,
        )

    def _segments(self, net: Network, path: Path, weight: int) -> SegmentPath:
        return SegmentPath(
            ">".join(path.nodes),
            [self._locator(node) for node in waypoints(net, path)],
            [self._locator(node) for node in path.nodes[1:]],
            path.delay_ns / 1000.0,
            path.trust(net),
            path.rate_gbps,
            weight,
        )

    def _locator(self, node: str) -> str:
        return addresses.ipv6(addresses.base(self.builder.devices[node].srv6.prefix))


def plan_paths(city: City, builder: Builder) -> None:
    """Plan the paths of every service that asks for one; a city without them pays nothing."""
    steered = {
        name: service
        for name, service in city.services.items()
        if service.path or any(item.path for item in service.steering)
    }
    if not steered:
        return
    planner = Planner(city, builder)
    for domain, net in networks(city).items():
        planner.choosers[domain] = Chooser(net, city.failure_rates)
    for name, service in steered.items():
        planner.service(name, service)


def is_strict(policy: PathPolicy) -> bool:
    """Whether packets are dropped when every path of a policy is down: high-trust data take no other way unasked."""
    return policy.intent is Intent.HIGH_TRUST if policy.strict is None else policy.strict
