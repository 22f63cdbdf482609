"""`citynet check`: is the design right?"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from citynet.commands.common import DesignArgument, JsonOption, QuietOption, print_json

if TYPE_CHECKING:
    import typer


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(design: DesignArgument, json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Read a design and report everything wrong with it, each with file, line and hint."""
    from citynet import build

    city = build.check(design).city
    counts = {
        "city": city.city,
        "domains": len(city.domains),
        "sites": len(city.sites),
        "devices": len(city.devices),
        "services": len(city.services),
        "participants": len(city.participants),
    }
    if json:
        print_json({"ok": True, **counts})
    elif not quiet:
        sys.stdout.write(", ".join(f"{key} {value}" for key, value in counts.items()) + ": no problem found\n")
