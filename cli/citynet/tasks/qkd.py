"""The key server of a router, and the agents of others with which it shares keys (ETSI GS QKD 014)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, ClassVar, Self

import pydantic
from pydantic import AfterValidator, Field

from citynet.plan.model import KeyAgent
from citynet.tasks.base import Ipv6, Part, PortName, Task, Word
from citynet.tasks.ipsec import Certificate, PrivateKey  # noqa: TC001 - pydantic needs them

if TYPE_CHECKING:
    from citynet.plan.model import Device

_URL = re.compile(r"https://(?:[0-9.]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?/api/v1/keys")


def _url(text: str) -> str:
    if not _URL.fullmatch(text):
        raise ValueError("is not https://ADDRESS[:PORT]/api/v1/keys")
    return text


class QkdPeer(Part):
    """Another router, and where its agent listens."""

    name: Word
    address: Ipv6


class QkdKeys(Task):
    """Where a router takes its keys from; see `plan.model.KeyAgent`."""

    technology: ClassVar[str] = "qkd"
    sections: ClassVar[tuple[str, ...]] = ("keys",)

    identity: Word
    server_name: Word
    server_url: Annotated[str, AfterValidator(_url)]
    ca: Certificate
    certificate: Certificate
    private_key: PrivateKey
    vrf: PortName | None = None
    channel: Ipv6 | None = None
    peers: list[QkdPeer] = Field(default_factory=list)
    rotate_s: Annotated[int, Field(ge=5, le=86_400)] = 3600
    hold_s: Annotated[int, Field(ge=0, le=604_800)] = 14_400

    @pydantic.model_validator(mode="after")
    def _fits(self) -> Self:
        if self.peers and not self.channel:
            raise ValueError("peers are told of keys by a channel: expected channel, this router's address, too")
        names = [one.name for one in self.peers]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"peer {twice[0]} stands twice")
        if self.identity in names:
            raise ValueError(f"{self.identity} is this router itself, no peer")
        return self

    def fill(self, device: Device) -> None:
        """The agent, with no lines or tunnels of its own: tasks that have some bring them beside it."""
        device.name = self.identity
        device.keys = KeyAgent(
            server=self.server_name,
            url=self.server_url,
            channel=self.channel or "",
            rotate_s=self.rotate_s,
            hold_s=self.hold_s,
            peers={one.name: one.address for one in self.peers},
            vrf=self.vrf or "",
        )

    def secrets(self) -> dict[str, str]:
        """Certificates and key."""
        own = {"certificate": self.certificate, "key": self.private_key}
        return {"pki/ca": self.ca, **{f"pki/{self.identity}/{what}": value for what, value in own.items()}}
