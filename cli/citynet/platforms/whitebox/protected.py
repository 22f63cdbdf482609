"""What the packet filter and XFRM of a device must know of its protections, worked out for their templates."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.design.grades import GRADES
from citynet.platforms.whitebox import identified
from citynet.platforms.whitebox.marks import ENCRYPTION_MASK, ENCRYPTION_SHIFT

if TYPE_CHECKING:
    from citynet.plan.model import Device, Protection, Tunnel

BLOCK_PRIORITY, USE_PRIORITY = 3_999_999_999, 4_000_000_000
"""Of policies that apply when no other does: the lower number wins, and a key exchange's are near 400,000."""
SM4_PRIORITY = 1000
_REQID = 0x5340_0000
"""First identifier of SM4's templates and states; the number of the protection is added."""


@dataclass(slots=True)
class Guarded:
    """A layer-3 service of which something is encrypted.

    Attributes:
        name: The service.
        ports: Its attachments.
        own: The mark of all that is of no application and no identifier; 0 when that needs no encryption.
        strongest: The mark of what may belong to an application and cannot be seen to: fragments, errors by ICMP.
        applications: The others, of applications and of data identifiers, the strongest first.
    """

    name: str
    ports: list[str]
    own: int = 0
    strongest: int = 0
    applications: list[Protection] = field(default_factory=list)

    @property
    def marks(self) -> list[int]:
        """All marks of the service."""
        return sorted({self.own, *(word(one.number) for one in self.applications)} - {0})

    @property
    def looks(self) -> bool:
        """Whether what goes to its ends is looked at packet by packet: not all of it has the same mark, or enough."""
        return not self.own or any(one.identifier for one in self.applications)


def word(number: int) -> int:
    """The mark that says a protection's number."""
    return number << ENCRYPTION_SHIFT


def guarded(device: Device) -> list[Guarded]:
    """The layer-3 services of a device of which something is encrypted."""
    circuits = {circuit.service for circuit in device.vpws}
    found: dict[str, list[Protection]] = {}
    for one in device.protections:
        if not one.vxlan and one.service not in circuits:
            found.setdefault(one.service, []).append(one)
    return [_guarded(name, protections) for name, protections in found.items()]


def _guarded(name: str, protections: list[Protection]) -> Guarded:
    ranked = sorted(protections, key=lambda one: (-GRADES.index(one.grade), not one.whole))
    own = next((word(one.number) for one in ranked if one.whole), 0)
    applications = [one for one in ranked if not one.whole]
    return Guarded(name, list(ranked[0].ports), own, word(ranked[0].number), applications)


def matches(device: Device, one: Protection) -> list[str]:
    """What packets of an application, or with a data identifier, look like to nft: a rule each."""
    if one.identifier:
        return identified.matches(device, one.identifier)
    ports = ", ".join(map(str, one.app_ports))
    return [f"{one.protocol} {side} {{ {ports} }}" for side in ("dport", "sport")]


def expected(guarded: Guarded, one: Protection) -> list[int]:
    """The marks with which packets of an application, or with an identifier, may go on to the ends of their service."""
    if not one.identifier:
        return guarded.marks
    enough = GRADES.index(one.grade)
    return sorted(word(other.number) for other in guarded.applications if GRADES.index(other.grade) >= enough)


def own_addresses(device: Device, version: int) -> list[str]:
    """The device's addresses in services that are encrypted."""
    return _addresses(device, version, {one.name for one in guarded(device) if one.own}, inside=True)


def clear_addresses(device: Device, version: int) -> list[str]:
    """The device's addresses in services of which nothing is encrypted."""
    return _addresses(device, version, {one.name for one in guarded(device)}, inside=False)


def _addresses(device: Device, version: int, services: set[str], *, inside: bool) -> list[str]:
    ports = [name for vrf in device.vrfs if (vrf.service in services) == inside for name in vrf.ports]
    found = [address.partition("/")[0] for name in ports for address in device.port(name).addresses]
    return [address for address in found if (":" in address) == (version == 6)]


def mark_of(device: Device, service: str) -> int:
    """The mark of a layer-2 service's packets on a device; 0 when they need no encryption."""
    return next((word(one.number) for one in device.protections if one.service == service and one.whole), 0)


def vxlan_marks(device: Device) -> list[int]:
    """The marks that decrypted VXLAN may have."""
    return [word(one.number) for one in device.protections if one.vxlan]


def vnis(device: Device) -> list[int]:
    """The VXLANs that are encrypted."""
    return sorted({vni for one in device.protections for vni in one.vnis})


def reqid(number: int) -> int:
    """What ties the policies of a protection with SM4 to its states."""
    return _REQID + number


def dummy(device: Device) -> str:
    """Interface that holds the ends of tunnels; tasks of different methods each have their own beside each other."""
    return "enc0" if device.role else f"enc-{device.protections[0].method}"


def local_prefix(device: Device, one: Protection) -> str:
    """The source of what a protection encrypts."""
    return f"{device.evpn[0].vtep}/128" if one.vxlan and device.evpn else device.srv6.prefix


def policies(device: Device) -> str:
    """The XFRM policies of a device that need no key, as `ip -batch` takes them.

    What has the mark of a protection meets its tunnel or is blocked. What has been decrypted is let in and on whatever
    it turns out to be, which a kernel with policies of either kind would refuse otherwise; nothing must be decrypted by
    them (`level use`): the packet filter says who must be.
    """
    lines = []
    for one in device.protections:
        local = local_prefix(device, one)
        mark = "" if one.vxlan else f" mark {word(one.number):#x} mask {ENCRYPTION_MASK:#x}"
        if one.method == "sm4":
            lines += [_sm4(one, tunnel, local, mark) for tunnel in one.tunnels]
        if mark:
            where = f"dir out src {local} dst {device.srv6.block}{mark}"
            lines.append(f"xfrm policy update {where} priority {BLOCK_PRIORITY} action block")
    for anything, nobody in (("::/0", "::"), ("0.0.0.0/0", "::")):
        for direction in ("in", "fwd"):
            template = f"tmpl src {nobody} dst {nobody} proto esp mode tunnel level use"
            where = f"dir {direction} src {anything} dst {anything}"
            lines.append(f"xfrm policy update {where} priority {USE_PRIORITY} {template}")
    return "\n".join(lines) + "\n"


def _sm4(one: Protection, tunnel: Tunnel, local: str, mark: str) -> str:
    template = f"tmpl src {one.address} dst {tunnel.address} proto esp reqid {reqid(one.number)} mode tunnel"
    where = f"dir out src {local} dst {tunnel.prefix}{mark}"
    return f"xfrm policy update {where} priority {SM4_PRIORITY} {template}"
