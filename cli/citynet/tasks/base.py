"""What all tasks share: names and addresses that may stand in a configuration, and the way to text."""

from __future__ import annotations

import ipaddress
from abc import abstractmethod
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from citynet.plan.model import Bgp, Device, Port, PortKind, Srv6, Underlay

if TYPE_CHECKING:
    from collections.abc import Mapping

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,14}$")]
"""Of a VRF or locator: what Linux and FRR take as a name."""
PortName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$")]
Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
Secret = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,254}$")]
"""A key: printable, without spaces, so that it cannot end its word."""
KeySource = Literal["vault", "qkd"]
"""Where a key is from: the task itself says it, or the key server that the task `qkd_key` names."""
UNNAMED = "neighbor"
"""Who is at the other end of a line of which that is not said."""


def _interface(text: str) -> str:
    return str(ipaddress.ip_interface(text))


def _ipv4(text: str) -> str:
    return str(ipaddress.IPv4Address(text))


def _ipv6(text: str) -> str:
    return str(ipaddress.IPv6Address(text))


def _address(text: str) -> str:
    return str(ipaddress.ip_address(text))


def _prefix(text: str) -> str:
    return str(ipaddress.ip_network(text))


def _prefix6(text: str) -> str:
    return str(ipaddress.IPv6Network(text))


InterfaceAddress = Annotated[str, AfterValidator(_interface)]
Address = Annotated[str, AfterValidator(_address)]
Ipv4 = Annotated[str, AfterValidator(_ipv4)]
Ipv6 = Annotated[str, AfterValidator(_ipv6)]
Prefix = Annotated[str, AfterValidator(_prefix)]
Prefix6 = Annotated[str, AfterValidator(_prefix6)]


class Part(BaseModel):
    """Something inside a task."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Interface(Part):
    """A port, and who is at its other end."""

    name: PortName
    neighbor: Word = UNNAMED
    neighbor_port: Word = "port"

    def port(self, kind: PortKind, vrf: str = "", addresses: list[str] | None = None) -> Port:
        """The port as the plan has it."""
        return Port(self.name, kind, "", self.neighbor, self.neighbor_port, vrf, addresses or [])


class Task(Part):
    """One technology on one router. Subclasses have its options as fields."""

    technology: ClassVar[str]
    """Its name; also that of the platform's section, unless there are `sections`."""
    sections: ClassVar[tuple[str, ...]] = ()
    """The platform's sections that it takes, where these are several or shared with another technology."""
    instance: ClassVar[str] = ""
    """The option that tells apart several of it on one router; empty when there can be but one."""

    @classmethod
    def scope(cls, options: Mapping[str, Any]) -> str:
        """Under which name the router remembers it."""
        return f"{cls.technology}-{options[cls.instance]}" if cls.instance else cls.technology

    @classmethod
    def parts(cls) -> tuple[str, ...]:
        """The platform's sections that make its text."""
        return cls.sections or (cls.technology,)

    @abstractmethod
    def fill(self, device: Device) -> None:
        """Put the technology into a device that has nothing yet."""

    def secrets(self) -> dict[str, str]:
        """Values of the secrets in the text, by name."""
        return {}

    def device(self, name: str) -> Device:
        """The router with this technology only."""
        device = Device(
            name=name,
            domain="",
            site="",
            role="",
            plane="",
            platform="whitebox",
            management="",
            ports=[],
            underlay=Underlay(net="", loopback="", router_id="", secret=""),
            srv6=Srv6(locator="", prefix="", source_address=""),
            bgp=Bgp(0, "", ""),
        )
        self.fill(device)
        return device
