"""`citynet show`: look at a plan."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from citynet.commands.common import DesignArgument, JsonOption, print_json, table
from citynet.errors import InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from citynet.plan.model import Plan

WHAT = (
    "devices",
    "lines",
    "services",
    "slices",
    "hosts",
    "sentries",
    "encryption",
    "optical",
    "config",
    "capabilities",
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("show")(show)


def show(
    design: DesignArgument,
    what: Annotated[str, typer.Argument(help=" | ".join(WHAT))] = "devices",
    name: Annotated[str, typer.Argument(help="device, for `config`")] = "",
    json: JsonOption = False,
) -> None:
    """Show what a design becomes: devices, lines, services, hosts, sentries, encryption, light, files and so on."""
    from citynet import build

    if what not in WHAT:
        raise InputError(
            [Problem("show", 0, f"nothing is called '{what}'", " | ".join(WHAT), did_you_mean(what, WHAT))]
        )
    planned, _ = build.plan(design)
    if what == "config":
        _config(planned, name, as_json=json)
        return
    if what == "encryption":
        _encryption(planned, as_json=json)
        return
    if what == "optical":
        _optical(planned, as_json=json)
        return
    headings, rows = _ROWS[what](planned)
    if json:
        print_json([dict(zip(headings, row, strict=True)) for row in rows])
    else:
        table("", headings, rows)


def _config(planned: Plan, name: str, *, as_json: bool) -> None:
    from citynet.platforms import platform

    device = planned.devices.get(name)
    if device is None:
        raise InputError(
            [
                Problem(
                    "show config", 0, f"no device '{name}'", "a device of the plan", did_you_mean(name, planned.devices)
                )
            ]
        )
    files = platform(device.platform).render(device).files
    if as_json:
        print_json(files)
    else:
        sys.stdout.write("".join(f"==> {path} <==\n{text}\n" for path, text in files.items()))


def _optical(planned: Plan, *, as_json: bool) -> None:
    from citynet.reports import optical

    light = optical.light_of(planned)
    if as_json:
        print_json(planned.as_dict()["optical"])
        return
    for title, headings, rows in optical.tables(light):
        table(title, headings, rows)
        sys.stdout.write("\n")
    sys.stdout.write(optical.figures(light) + "\n")


def _encryption(planned: Plan, *, as_json: bool) -> None:
    from citynet.reports import encryption

    shown = list(encryption.tables(planned))
    if as_json:
        print_json(
            {
                title.partition(" (")[0]: [dict(zip(headings, row, strict=True)) for row in rows]
                for title, headings, rows in shown
            }
        )
        return
    for title, headings, rows in shown:
        table(title, headings, rows)
        sys.stdout.write("\n")


def _devices(planned: Plan) -> tuple[list[str], list[list[str]]]:
    return (
        ["device", "domain", "role", "site", "plane", "loopback", "locator", "management", "ports", "vrfs"],
        [
            [
                d.name,
                d.domain,
                d.role,
                d.site,
                d.plane,
                d.underlay.loopback,
                d.srv6.prefix,
                d.management,
                str(len(d.ports)),
                " ".join(vrf.name for vrf in d.vrfs),
            ]
            for d in planned.devices.values()
        ],
    )


def _lines(planned: Plan) -> tuple[list[str], list[list[str]]]:
    return (
        ["line", "kind", "a", "b", "fibres", "km", "delay µs", "risk groups"],
        [
            [
                line.name,
                line.kind,
                f"{line.a.node}:{line.a.port}",
                f"{line.b.node}:{line.b.port}",
                " ".join(line.fibres),
                f"{line.length_km:g}",
                f"{line.delay_us:g}",
                " ".join(line.risk_groups),
            ]
            for line in planned.lines.values()
        ],
    )


def _services(planned: Plan) -> tuple[list[str], list[list[str]]]:
    return (
        ["service", "kind", "domain", "vrf", "data class", "rt", "hosts"],
        [[s.name, s.kind, s.domain, s.vrf, s.data_class, s.rt, " ".join(s.hosts)] for s in planned.services.values()],
    )


def _slices(planned: Plan) -> tuple[list[str], list[list[str]]]:
    from citynet.reports.calendars import rows

    return rows(planned)


def _hosts(planned: Plan) -> tuple[list[str], list[list[str]]]:
    return (
        ["host", "participant", "service", "device", "port", "addresses", "management"],
        [
            [h.name, h.participant, h.service, h.device, h.port.peer_port, " ".join(h.port.addresses), h.management]
            for h in planned.hosts.values()
        ],
    )


def _sentries(planned: Plan) -> tuple[list[str], list[list[str]]]:
    from citynet.platforms.whitebox import watching

    watched = [(d, d.sentry, one) for d in planned.devices.values() if d.sentry for one in d.sentry.watches]
    return (
        [
            "device",
            "guard",
            "kind",
            "inside",
            "outside",
            "rules made",
            "rules given",
            "expected",
            "largest MB",
            "blocked",
        ],
        [
            [
                device.name,
                one.name,
                one.kind,
                one.inside,
                one.outside,
                str(sum(rule.watch in {"", one.name} for rule in watching.rules(sentry))),
                str(len(sentry.rules)),
                " ".join(f"{port}/{protocol}" for port, protocol in one.expected),
                str(one.largest_mb or ""),
                " ".join([*one.blocked_addresses, *one.blocked_names]),
            ]
            for device, sentry, one in watched
        ],
    )


def _capabilities(planned: Plan) -> tuple[list[str], list[list[str]]]:
    from citynet.platforms import platform

    used = sorted({device.platform for device in planned.devices.values()})
    return (
        ["platform", "technology", "supported", "by", "limits"],
        [
            [name, c.technology, "yes" if c.supported else "no", c.means, c.limits]
            for name in used
            for c in platform(name).capabilities
        ],
    )


_ROWS = {
    "devices": _devices,
    "lines": _lines,
    "services": _services,
    "slices": _slices,
    "hosts": _hosts,
    "sentries": _sentries,
    "capabilities": _capabilities,
}
