"""Identifiers of what a city's optical network consists of: made of its names, so they stay the same for ever."""

from __future__ import annotations

import uuid

_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:citynet:optical")


def identifier(city: str, kind: str, *names: str) -> str:
    """The UUID (RFC 4122, version 5) of something of that kind and name in a city."""
    return str(uuid.uuid5(_SPACE, "/".join((city, kind, *names))))


def topology(city: str) -> str:
    """The one topology of a city."""
    return identifier(city, "topology")


def link(city: str, fibre: str) -> str:
    """A fibre, which TAPI calls a link."""
    return identifier(city, "link", fibre)


def node_edge_point(city: str, fibre: str, site: str) -> str:
    """The end of a fibre at a site."""
    return identifier(city, "nep", fibre, site)


def client_edge_point(sip: str) -> str:
    """The edge point of an optical node behind a service interface point."""
    return str(uuid.uuid5(uuid.UUID(sip), "nep"))
