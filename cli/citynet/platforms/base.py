"""What a platform is: a name, what it can do, and how a planned device becomes text."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from citynet.plan.model import Device

SECRET = re.compile(r"@secret\(([a-z0-9/_-]+)\)")
"""How rendered text names a secret; the deployer puts the value in its place, in memory only."""


@dataclass(frozen=True, slots=True)
class Capability:
    """What a platform makes of one technology; `limits` says what it lacks and what stands in for it."""

    technology: str
    supported: bool
    means: str
    limits: str = ""


@dataclass(slots=True)
class Rendered:
    """The whole configuration of one device: absolute path on the device → text."""

    device: str
    platform: str
    files: dict[str, str] = field(default_factory=dict)

    @property
    def secrets(self) -> list[str]:
        """Names of the secrets that the text asks for."""
        return sorted({name for text in self.files.values() for name in SECRET.findall(text)})

    def digests(self) -> dict[str, str]:
        """SHA-256 of each file, placeholders in place."""
        return {path: hashlib.sha256(text.encode()).hexdigest() for path, text in self.files.items()}


class Platform(Protocol):
    """A family of devices; one folder each under `platforms`."""

    name: str
    capabilities: tuple[Capability, ...]

    def render(self, device: Device) -> Rendered:
        """The whole configuration of a device."""
        ...

    def render_section(self, device: Device, technology: str) -> dict[str, str]:
        """What one technology contributes, per file; KeyError for a technology the platform does not know."""
        ...
