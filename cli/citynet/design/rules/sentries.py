"""Security sentries at interconnects and exits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design import rule_files
from citynet.design.rules.registry import rule
from citynet.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from citynet.design.model import Design
    from citynet.design.source import Loc
    from citynet.design.types import Allow, ExitFlow, Sentry


@rule("sentry")
def sentries(design: Design) -> Iterator[Problem]:
    """A sentry expects a protocol only on ports that its guard opens, and one on each.

    On any other port nothing passes, so that nothing could be looked into there.
    """
    for loc, sentry in rule_files.sentries(design.city):
        yield from _expected(design, loc, sentry)


def _expected(design: Design, loc: tuple[str, ...], sentry: Sentry) -> Iterator[Problem]:
    allow: Sequence[Allow | ExitFlow]
    if loc[0] == "interconnects":
        allow = design.city.interconnects[loc[1]].allow
    else:
        way_out = design.city.services[loc[1]].exit
        allow = way_out.allow if way_out else []
    open_ports = {(flow.protocol, port) for flow in allow for port in flow.ports}
    seen: dict[int, str] = {}
    for number, one in enumerate(sentry.expected):
        carriers = ("tcp", "udp") if one.protocol == "dns" else ("tcp",)
        where: Loc = (*loc, "expected", number)
        if not any((carrier, one.port) in open_ports for carrier in carriers):
            what = f"{one.protocol} is expected on port {one.port}, which the guard does not open"
            yield design.source.problem(where, what, f"a port that 'allow' opens to {' or '.join(carriers)}")
        if seen.setdefault(one.port, one.protocol) != one.protocol:
            what = f"port {one.port} is expected to speak both {seen[one.port]} and {one.protocol}"
            yield design.source.problem(where, what, "one protocol")


@rule("sentry-rules")
def rules(design: Design) -> Iterator[Problem]:
    """A file with rules of Suricata holds rules that only alarm, need nothing but themselves, and have own numbers.

    A sentry tells and stops nothing: what may pass is the guard's and the fence's to decide. The numbers 1900000 to
    1999999 are those of the rules that citynet makes from the plan. Suricata itself judges the rules on the device,
    before they take the place of the former ones.
    """
    numbers: dict[int, str] = {}
    done: set[str] = set()
    for loc, sentry in rule_files.sentries(design.city):
        file = rule_files.file_of(design.source, loc, sentry)
        if file is None or str(file) in done:
            continue
        done.add(str(file))
        found = rule_files.read(file)
        for fault in found.faults:
            if fault.line:
                yield Problem(str(file), fault.line, fault.what, fault.expected, fault.hint)
            else:
                yield design.source.problem((*loc, "rules"), fault.what, fault.expected, fault.hint)
        for number, line in found.numbers.items():
            if (first := numbers.setdefault(number, file.name)) != file.name:
                yield Problem(str(file), line, f"sid {number} stands in {first} as well", "a number of its own")
