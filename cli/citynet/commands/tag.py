"""`citynet tag`: put a data identifier into what a program sends."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citynet.errors import InputError, Problem

if TYPE_CHECKING:
    from citynet.design.types import DataIdentifiers
    from citynet.tagging.option import Tag
    from citynet.tagging.privileges import Account


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="Data identifiers (APN-ID) in what programs send.")
    group.command("run", context_settings={"allow_interspersed_args": False})(run)
    app.add_typer(group, name="tag")


def run(  # noqa: PLR0917 - Typer's way
    command: Annotated[list[str], typer.Argument(metavar="-- CMD…", help="the program and its arguments")],
    apn: Annotated[str, typer.Option(help="the data identifier (APN-ID), decimal or 0x…", show_default=False)],
    design: Annotated[
        Path | None, typer.Option(help="take option, header and bits from this design's data_identifiers")
    ] = None,
    option: Annotated[int | None, typer.Option(help="type of the IPv6 option (3)", show_default=False)] = None,
    header: Annotated[
        str | None, typer.Option(help="destination or hop-by-hop (destination)", show_default=False)
    ] = None,
    bits: Annotated[
        int | None, typer.Option(help="length of the identifier: 32, 64 or 128 (32)", show_default=False)
    ] = None,
    ipv6_only: Annotated[bool, typer.Option("--ipv6-only", help="refuse IPv4 sockets instead of a note")] = False,
    icmp: Annotated[bool, typer.Option("--icmp", help="make tagged raw sockets for ICMPv6 (ping)")] = False,
    user: Annotated[str | None, typer.Option(help="run the program as this user (as root only)")] = None,
) -> int:
    """Run an unmodified program; every IPv6 packet of its TCP and UDP sockets carries the identifier."""
    from citynet.tagging.running import Settings, run

    tag = _tag(apn, _agreed(design), option, header, bits)
    return run(Settings(tag, command, ipv6_only, icmp, None if user is None else _account(user)))


def _agreed(design: Path | None) -> DataIdentifiers | None:
    if design is None:
        return None
    from citynet import build

    return build.check(design).city.data_identifiers


def _tag(apn: str, agreed: DataIdentifiers | None, option: int | None, header: str | None, bits: int | None) -> Tag:
    """The tag: what is told here counts before the design, and that before the defaults."""
    from citynet.tagging.option import Tag

    told: dict[str, Any] = {"option": option, "header": header, "bits": bits}
    if agreed is not None:
        place = "destination" if agreed.header == "any" else agreed.header
        from_design = {"option": agreed.option, "header": place, "bits": agreed.bits}
        told = {name: from_design[name] if value is None else value for name, value in told.items()}
    try:
        number = int(apn, 0)
    except ValueError as error:
        what = f"identifier '{apn}'"
        raise InputError([Problem("--apn", 0, what, "a number, decimal or hexadecimal as 0x…")]) from error
    try:
        return Tag(number, **{name: value for name, value in told.items() if value is not None})
    except ValueError as error:
        raise InputError([Problem("tag run", 0, one) for one in str(error).split("; ")]) from error


def _account(user: str) -> Account:
    import os
    import pwd

    from citynet.tagging.privileges import Account

    try:
        found = pwd.getpwnam(user)
    except KeyError as error:
        raise InputError([Problem("--user", 0, f"no user '{user}'", "one of this machine")]) from error
    if os.geteuid() != 0:
        raise InputError([Problem("--user", 0, "only root may run programs as others", "no --user, or sudo")])
    return Account(found.pw_name, found.pw_uid, found.pw_gid)
