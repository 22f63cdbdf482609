"""Path policies: what they say of each other, and which data identifiers are steered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.policies import circular
from citynet.design.rules.registry import rule, warning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.errors import Problem


@rule("path-circle", "paths")
def path_circle(design: Design) -> Iterator[Problem]:
    """No path is disjoint from itself, nor in a circle of paths that are disjoint from each other.

    A path is chosen after the one that it must be disjoint from. Of two paths that shall share nothing, let one say so.
    """
    for name, policy in design.city.paths.items():
        if policy.disjoint_from is not None and circular(design.city, name):
            yield design.source.problem(
                ("paths", name, "disjoint_from"),
                f"path '{name}' is disjoint from '{policy.disjoint_from}', which waits for it in turn",
                "one of them first",
            )


@rule("data-identifier")
def data_identifier(design: Design) -> Iterator[Problem]:
    """A service steers a data identifier once, and the identifier is as long as `data_identifiers.bits` says.

    Two paths for one identifier would leave it open which is taken; one with neither path, slice nor encryption of its
    own does nothing.
    """
    bits = design.city.data_identifiers.bits
    for name, service in design.city.services.items():
        seen: set[int | str | None] = set()
        for number, steering in enumerate(service.steering):
            loc = ("services", name, "steering", number, "identifier")
            what = steering.identifier or steering.data
            if (steering.identifier is None) == (steering.data is None):
                yield design.source.problem(
                    ("services", name, "steering", number),
                    f"service '{name}' steers nothing, or two things at once",
                    "either 'identifier' or 'data'",
                )
            elif what in seen:
                yield design.source.problem(
                    loc, f"service '{name}' steers identifier {what} twice", "one entry for each"
                )
            seen.add(what)
            if steering.path is None and steering.slice is None and steering.encryption is None:
                yield design.source.problem(
                    ("services", name, "steering", number),
                    f"identifier {what} has nothing of its own in service '{name}'",
                    "'path', 'slice' or 'encryption'",
                )
            if (steering.identifier or 0) >> bits:
                yield design.source.problem(
                    loc, f"identifier {steering.identifier} is too large", f"a number of {bits} bits"
                )


@rule("service-tags")
def service_tags(design: Design) -> Iterator[Problem]:
    """Identifiers that the network gives are as long as `data_identifiers.bits` says; only TCP and UDP have ports."""
    bits = design.city.data_identifiers.bits
    for name, service in design.city.services.items():
        for number, tag in enumerate(service.tags):
            loc = ("services", name, "tags", number)
            if tag.identifier >> bits:
                what = f"identifier {tag.identifier} is too large"
                yield design.source.problem((*loc, "identifier"), what, f"a number of {bits} bits")
            if tag.ports and tag.protocol not in {"tcp", "udp"}:
                what = f"a tag of service '{name}' has ports, and its protocol is {tag.protocol}"
                yield design.source.problem((*loc, "ports"), what, "protocol tcp or udp, or no ports")


@warning("unused-path", "services", "paths")
def unused_paths(design: Design) -> Iterator[Problem]:
    """Every path is asked for by a service, or another path is disjoint from it.

    A path that nothing names is often a name misspelt elsewhere. Delete it, or use it.
    """
    used = {service.path for service in design.city.services.values()}
    used |= {item.path for service in design.city.services.values() for item in service.steering}
    used |= {policy.disjoint_from for policy in design.city.paths.values()}
    for name in design.city.paths:
        if name not in used:
            yield design.source.problem(("paths", name), f"no service asks for path '{name}'", "a service that does")
