"""Links: two devices each, and never two domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.links import all_links
from citynet.design.rules.registry import rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.errors import Problem


@rule("link")
def link_ends(design: Design) -> Iterator[Problem]:
    """A link joins two different devices, and no other link joins the same two.

    Ports and addresses are kept per pair of devices. For more capacity raise `rate_gbps`; for another way between the
    same sites put a second device there.
    """
    seen = set[tuple[str, str]]()
    for loc, one, other, *_ in all_links(design.city):
        pair = (one, other) if one < other else (other, one)
        if one == other:
            yield design.source.problem(loc, f"a link joins '{one}' to itself", "two devices")
        elif pair in seen:
            yield design.source.problem(loc, f"'{one}' and '{other}' are linked twice", "one link between two devices")
        seen.add(pair)


@rule("isolation")
def isolation(design: Design) -> Iterator[Problem]:
    """A link stays inside one domain; the domains meet at interconnects only.

    The government domain and the cross domain are physically apart (report, 4.1). What must pass between them passes an
    interconnect, whose guard lets through what it lists and nothing else.
    """
    devices = design.city.devices
    for loc, one, other, *_ in all_links(design.city):
        optical = [name for name in (one, other) if name in devices and devices[name].domain is None]
        if optical:
            yield design.source.problem(
                loc, f"a link ends at '{optical[0]}', which is in no domain", "two devices of one domain"
            )
        elif one in devices and other in devices and devices[one].domain != devices[other].domain:
            yield design.source.problem(
                loc,
                f"a link joins '{one}' ({devices[one].domain}) and '{other}' ({devices[other].domain})",
                "two devices of one domain",
                "the domains meet at interconnects only",
            )
