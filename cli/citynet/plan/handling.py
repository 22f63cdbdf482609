"""What packets with a data identifier have on their way through a service, by the plan: path, slice, encryption."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from citynet.plan.model import Device, PathTo, Plan, Protection


@dataclass(frozen=True, slots=True)
class Handling:
    """How packets are handled on the way through one service.

    Attributes:
        service: The service.
        path: The name of the path that they take; empty when it is IS-IS's.
        way: The devices of the path.
        slice: The slice that they travel in; empty without one.
        protection: What encrypts them from end to end; empty when nothing does.
        grade: Its grade.
    """

    service: str
    path: str
    way: list[str]
    slice: str
    protection: str
    grade: str

    @property
    def text(self) -> str:
        """For people."""
        path = f"path {self.path} ({'>'.join(self.way)})" if self.path else "the shortest way"
        encryption = f"encryption {self.grade} ({self.protection})" if self.grade else "in the clear but for its lines"
        return f"{path}, {f'slice {self.slice}' if self.slice else 'no slice'}, {encryption}"


def handling(plan: Plan, service: str, first: Device, last: Device, identifier: int) -> Handling:
    """What the devices do with packets of a service from the one to the other.

    Args:
        plan: The plan.
        service: The service.
        first: Where they enter.
        last: Where they leave, another device.
        identifier: The number that they carry; 0 for none.
    """
    path = path_of(first, last, service, identifier)
    protection = _protection(first, last, service, identifier)
    return Handling(
        service,
        path.policy if path else "",
        path.primary[0].name.split(">") if path else [],
        slice_of(plan, first, service, identifier),
        protection.name if protection else "",
        protection.grade if protection else "",
    )


def path_of(first: Device, last: Device, service: str, identifier: int) -> PathTo | None:
    """The path on which packets go: that of their identifier, or of the service; None when IS-IS leads them."""
    for number in dict.fromkeys((identifier, 0)):
        for steering in first.steering:
            if (steering.service, steering.identifier) == (service, number):
                for to in steering.to:
                    if to.far == last.name:
                        return next(path for path in first.paths if path.name == to.path)
    return None


def slice_of(plan: Plan, first: Device, service: str, identifier: int) -> str:
    """The slice that packets get where they enter."""
    ports = {port for vrf in first.vrfs if vrf.service == service for port in vrf.ports}
    entries = [entry for entry in first.slice_entries if entry.port in ports]
    number = next((entry.identifiers.get(identifier, entry.number) for entry in entries), 0)
    here = (one for one in plan.slices.values() if one.domain == first.domain and one.number == number)
    return next((one.name for one in here), "")


def _protection(first: Device, last: Device, service: str, identifier: int) -> Protection | None:
    mine = [one for one in first.protections if one.service == service]
    mine = [one for one in mine if any(tunnel.peer == last.name for tunnel in one.tunnels)]
    own = (one for one in mine if identifier and one.identifier == identifier)
    return next(own, None) or next((one for one in mine if one.whole), None)
