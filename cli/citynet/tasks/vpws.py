"""Point-to-point layer-2 services of a router: frames of a port come out of a port of another router (End.DX2)."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import pydantic
from pydantic import Field

from citynet.plan.model import PortKind, Vpws
from citynet.tasks.base import Interface, Ipv6, Prefix6, Task, Word

if TYPE_CHECKING:
    from citynet.plan.model import Device

_SID_BITS = 64


class Circuit(Interface):
    """A port, the SID by which frames come out of it, and that of the other end."""

    service: Word
    sid: Ipv6
    remote: Ipv6
    vlan: Annotated[int, Field(ge=0, le=4094)] = 0


class VpwsService(Task):
    """All point-to-point services of a router; see `plan.model.Vpws`.

    A port carries one circuit, as in a plan. A SID has the function in its bits 48 to 63 (f3216) and nothing after:
    the kernel's route to it is a /64.
    """

    technology: ClassVar[str] = "vpws"
    sections: ClassVar[tuple[str, ...]] = ("layer2",)

    prefix: Prefix6
    source_address: Ipv6
    circuits: Annotated[list[Circuit], Field(min_length=1)]

    @pydantic.model_validator(mode="after")
    def _fits(self) -> Self:
        locator = ipaddress.IPv6Network(self.prefix)
        wrong = [text for one in self.circuits for text in self._wrong(one, locator)]
        for what, values in (
            ("sid", [one.sid for one in self.circuits]),
            ("interface", [one.name for one in self.circuits]),
        ):
            wrong += [f"{what} {value} stands twice" for value in sorted({v for v in values if values.count(v) > 1})]
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    @staticmethod
    def _wrong(circuit: Circuit, locator: ipaddress.IPv6Network) -> list[str]:
        found = []
        if ipaddress.IPv6Address(circuit.sid) not in locator:
            found.append(f"{circuit.service}: sid {circuit.sid} is not in {locator}")
        if ipaddress.IPv6Address(circuit.remote) in locator:
            found.append(f"{circuit.service}: remote {circuit.remote} is this router's own")
        found += [
            f"{circuit.service}: {text} has more than locator and function ({_SID_BITS} bits)"
            for text in (circuit.sid, circuit.remote)
            if int(ipaddress.IPv6Address(text)) % (1 << (128 - _SID_BITS))
        ]
        return found

    def fill(self, device: Device) -> None:
        """The ports, and the circuits on them."""
        device.srv6.prefix, device.srv6.source_address = self.prefix, self.source_address
        for one in self.circuits:
            port = one.port(PortKind.ATTACHMENT)
            port.vlan = one.vlan
            device.ports.append(port)
            device.vpws.append(Vpws(one.service, port.interface, one.sid, "", one.remote))
