"""Trusted access: who gets on with which right, and what that depends on."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from citynet.design.base import Ipv4Address, Measured, Strict, Whole
from citynet.design.types.fences import Window
from citynet.design.types.words import TITLE, Name

DeviceState = Literal["healthy", "outdated", "compromised"]
"""What is known of a participant's device; one of which nobody has said anything is healthy."""


class AccessServer(Measured):
    """An authentication server (RADIUS, RFC 2865)."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")] = Field(
        description="the name that its certificate must have"
    )
    address: Ipv4Address = Field(description="its address in the management network")
    port: Whole = Field(1812, ge=1, le=65535, description="UDP port on which it answers")


class AccessRole(Strict):
    """What participants' devices get that have this role, where and when its conditions hold.

    A device has the rights of all its roles together; one without any does not get on.
    """

    title: str = Field("", description=TITLE)
    participants: list[Name] = Field(default_factory=list, description="whose hosts have it, of `participants`")
    hosts: list[Name] = Field(default_factory=list, description="and single hosts, by name")
    services: list[Name] = Field(default_factory=list, description="services that it gives access to; all when absent")
    identifiers: list[Name] = Field(
        default_factory=list, description="data identifiers that may be put on packets, of `identifiers`"
    )
    zones: list[Name] = Field(default_factory=list, description="zones to get on in; any when absent")
    devices: list[Name] = Field(default_factory=list, description="edge devices to get on at; any when absent")
    windows: list[Window] = Field(default_factory=list, description="when it holds; always when absent")
    states: list[DeviceState] = Field(
        default=["healthy"], description="states of the participant's device with which it holds"
    )


class AccessTask(Strict):
    """More identifiers for some roles while a task is on."""

    title: str = Field("", description=TITLE)
    roles: Annotated[list[Name], Field(min_length=1)] = Field(description="who does it, of `roles`")
    identifiers: Annotated[list[Name], Field(min_length=1)] = Field(description="data identifiers that it needs")
    windows: list[Window] = Field(default_factory=list, description="when it is on; always when absent")


class Access(Measured):
    """How participants' devices get on where a service asks for it.

    With `access: required` by 802.1X with EAP-TLS, with `access: ike` by IKEv2 with a certificate.
    """

    servers: list[AccessServer] = Field(
        default_factory=list, description="authentication servers, the preferred one first; the lab has one of its own"
    )
    recheck_s: Annotated[Whole, Field(ge=30, le=86400)] = Field(
        600, description="seconds after which a server is asked again about who is on"
    )
    hold_s: Annotated[Whole, Field(ge=0, le=86400)] = Field(
        900, description="seconds that who is on stays beyond that while no server answers; nobody new gets on then"
    )
    roles: dict[Name, AccessRole] = Field(default_factory=dict, description="rights of participants' devices")
    tasks: dict[Name, AccessTask] = Field(default_factory=dict, description="more rights while something is done")
