"""Lines of a router encrypted by MACsec with pre-shared keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

import pydantic
from pydantic import Field

from citynet.plan.model import KeyAgent, MacsecPort, PortKind
from citynet.platforms.whitebox.device.keys.lines import wrong_cak, wrong_ckn
from citynet.tasks.base import UNNAMED, Interface, KeySource, Secret, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.plan.model import Device


class SecuredLine(Interface):
    """A port whose line is encrypted, and how."""

    key_source: KeySource = "vault"
    cak: Secret | None = None
    ckn: str | None = None
    master: bool = False
    cipher: Literal["gcm-aes-128", "gcm-aes-256"] = "gcm-aes-256"
    priority: Annotated[int, Field(ge=0, le=255)] = 128
    replay_window: Annotated[int, Field(ge=0, le=4096)] = 64
    fail: Literal["closed", "open"] = "closed"

    def wrong(self) -> Iterator[str]:
        """What is wrong with its keys."""
        if self.key_source == "vault":
            if self.master:
                yield "only keys from QKD have a master"
            yield from filter(None, (wrong_cak(self.cak or "", self.cipher), wrong_ckn(self.ckn or "")))
            return
        if self.cak or self.ckn:
            yield "keys from QKD bring their names with them, expected neither cak nor ckn"
        if self.neighbor == UNNAMED:
            yield "keys from QKD are for two names, expected neighbor, the other router's in its certificate"


class MacsecLink(Task):
    """All lines of a router that are encrypted; see `plan.model.MacsecPort`."""

    technology: ClassVar[str] = "macsec"
    sections: ClassVar[tuple[str, ...]] = ("macsec", "keys")

    lines: Annotated[list[SecuredLine], Field(min_length=1)]
    mtu: Annotated[int, Field(ge=1280, le=9216)] = 9000

    @pydantic.model_validator(mode="after")
    def _fits(self) -> Self:
        if wrong := list(self._wrong()):
            raise ValueError("; ".join(wrong))
        return self

    def _wrong(self) -> Iterator[str]:
        for one in self.lines:
            for problem in one.wrong():
                yield f"{one.name}: {problem}"
        for what, values in (
            ("interface", [one.name for one in self.lines]),
            ("CKN", [one.ckn.lower() for one in self.lines if one.ckn]),
        ):
            yield from (f"{what} {value} stands twice" for value in sorted({v for v in values if values.count(v) > 1}))
        given = [one.cak.lower() for one in self.lines if one.cak]
        if len(set(given)) < len(given):
            yield "two lines have the same CAK; each needs one of its own"

    def fill(self, device: Device) -> None:
        """The ports, and the keys of their lines."""
        device.underlay.mtu = self.mtu
        device.keys = KeyAgent("", "", "", 0, 0)
        for one in self.lines:
            port = one.port(PortKind.LINK)
            port.macsec = True
            device.ports.append(port)
            device.macsec.append(
                MacsecPort(
                    port=one.name,
                    interface=port.interface,
                    peer=one.neighbor,
                    cipher=one.cipher,
                    source=one.key_source,
                    secret=_secret(one.name) if one.cak else "",
                    master=one.master,
                    priority=one.priority,
                    replay_window=one.replay_window,
                    open=one.fail == "open",
                    ckn=(one.ckn or "").lower(),
                )
            )

    def secrets(self) -> dict[str, str]:
        """The CAKs."""
        return {_secret(one.name): one.cak for one in self.lines if one.cak}


def _secret(port: str) -> str:
    return f"macsec/{port}"
