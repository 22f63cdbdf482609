"""Layer-3 services of a router encrypted with SM4 and SM3 towards other routers."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import pydantic
from pydantic import Field

from citynet.design.grades import suite
from citynet.design.types.words import Level
from citynet.plan.model import KeyAgent, Port, PortKind, Protection, Tunnel
from citynet.tasks.base import Ipv6, KeySource, Part, PortName, Prefix6, Secret, Task, Word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Device

_PortNumber = Annotated[int, Field(ge=1, le=65535)]
_SHORTEST = 32


class Sm4Peer(Part):
    """The other end of a tunnel, and the secret that the two share where keys are not from QKD."""

    peer: Word
    remote: Ipv6
    remote_prefix: Prefix6
    secret: Secret | None = None
    master: bool = False


class Sm4Protection(Part):
    """A service, or an application of it, and to whom it is encrypted; see `plan.model.Protection`."""

    service: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,30}$")]
    application: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,30}$")] | None = None
    protocol: Literal["tcp", "udp"] | None = None
    ports: list[_PortNumber] = Field(default_factory=list)
    number: Annotated[int, Field(ge=1, le=2047)]
    interfaces: Annotated[list[PortName], Field(min_length=1)]
    local: Ipv6
    replay_window: Annotated[int, Field(ge=0, le=4096)] = 64
    key_source: KeySource = "vault"
    tunnels: Annotated[list[Sm4Peer], Field(min_length=1)]

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.service}.{self.application}" if self.application else self.service

    def planned(self) -> Protection:
        """The same as the plan has it."""
        grade = suite("light", Level.L2, "national")
        return Protection(
            name=self.name,
            service=self.service,
            number=self.number,
            grade="full" if self.application else "strong",
            method=grade.method,
            ike="",
            esp=grade.esp,
            integrity_bits=grade.integrity_bits,
            source=self.key_source,
            ppk=False,
            ml_kem=False,
            address=self.local,
            ports=list(self.interfaces),
            protocol=self.protocol or "",
            app_ports=list(self.ports),
            replay_window=self.replay_window,
            tunnels=[
                Tunnel(
                    name=f"{self.name}--{one.peer}",
                    peer=one.peer,
                    address=one.remote,
                    prefix=one.remote_prefix,
                    master=one.master,
                    secret=_name(self, one) if one.secret else "",
                )
                for one in self.tunnels
            ],
        )


class Sm4Tunnels(Task):
    """All services of a router that are encrypted with SM4."""

    technology: ClassVar[str] = "sm4"
    sections: ClassVar[tuple[str, ...]] = ("encryption", "keys")

    prefix: Prefix6
    links: Annotated[list[PortName], Field(min_length=1)]
    protections: Annotated[list[Sm4Protection], Field(min_length=1)]
    rotate_s: Annotated[int, Field(ge=5, le=86_400)] = 3600
    hold_s: Annotated[int, Field(ge=0, le=604_800)] = 14_400

    @pydantic.model_validator(mode="after")
    def _fits(self) -> Self:
        if wrong := list(self._wrong()):
            raise ValueError("; ".join(wrong))
        return self

    def _wrong(self) -> Iterator[str]:
        locator = ipaddress.IPv6Network(self.prefix)
        for one in self.protections:
            marked = {"application": bool(one.application), "protocol": bool(one.protocol), "ports": bool(one.ports)}
            missing = [option for option, given in marked.items() if not given]
            if missing and len(missing) < len(marked):
                yield f"{one.name}: {', '.join(marked)} belong together, expected {' and '.join(missing)}, too"
            if ipaddress.IPv6Address(one.local) not in locator:
                yield f"{one.name}: local {one.local} is not in {locator}"
            yield from self._wrong_tunnels(one, locator)
        for what, values in (
            ("protection", [one.name for one in self.protections]),
            ("number", [str(one.number) for one in self.protections]),
            ("local", [one.local for one in self.protections]),
            ("secret of", [f"{_name(one, far)}" for one in self.protections for far in one.tunnels]),
        ):
            yield from (f"{what} {value} stands twice" for value in sorted({v for v in values if values.count(v) > 1}))
        secrets = [far.secret for one in self.protections for far in one.tunnels if far.secret]
        if len(set(secrets)) < len(secrets):
            yield "two tunnels have the same secret; each needs one of its own"

    @staticmethod
    def _wrong_tunnels(one: Sm4Protection, locator: ipaddress.IPv6Network) -> Iterator[str]:
        for far in one.tunnels:
            prefix = ipaddress.IPv6Network(far.remote_prefix)
            if ipaddress.IPv6Address(far.remote) not in prefix:
                yield f"{one.name}: remote {far.remote} of {far.peer} is not in its remote_prefix {prefix}"
            if prefix.overlaps(locator):
                yield f"{one.name}: remote_prefix {prefix} of {far.peer} overlaps this router's own {locator}"
            if one.key_source == "qkd" and far.secret:
                yield f"{one.name}: keys with {far.peer} are from QKD, expected no secret"
            elif one.key_source == "vault" and len(far.secret or "") < _SHORTEST:
                length = len(far.secret or "")
                yield f"{one.name}: the secret with {far.peer} has {length} characters, expected {_SHORTEST} or more"

    def fill(self, device: Device) -> None:
        """The lines that must not see anything in the clear, and the protections."""
        device.srv6.prefix = self.prefix
        device.ports = [Port(name, PortKind.LINK, "", "neighbor", "port") for name in self.links]
        device.protections = [one.planned() for one in self.protections]
        device.keys = KeyAgent("", "", "", self.rotate_s, self.hold_s)

    def secrets(self) -> dict[str, str]:
        """What keys are agreed upon with."""
        return {_name(one, far): far.secret for one in self.protections for far in one.tunnels if far.secret}


def _name(one: Sm4Protection, far: Sm4Peer) -> str:
    return f"sm4/{one.name.replace('.', '/')}/{far.peer}"
