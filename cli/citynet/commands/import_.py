"""`citynet import`: a starting design from a topology that another tool wrote."""

from __future__ import annotations

import enum
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citynet.commands.common import JsonOption, QuietOption, print_json
from citynet.errors import CitynetError, Exit

if TYPE_CHECKING:
    from citynet.imports.importing import Imported

MOST_LINES = 20
"""Lines of what was left out that are printed for people; `--json` has all."""
app = typer.Typer(no_args_is_help=True, help="Make a starting design from an existing topology.")


class Domains(enum.StrEnum):
    """The domains laid over a topology."""

    GOVERNMENT = "government"
    CROSS = "cross"
    BOTH = "both"


FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="file to read", show_default=False)]
OutputOption = Annotated[Path | None, typer.Option("--output", "-o", help="folder for the design; ./CITY when absent")]
DomainOption = Annotated[Domains, typer.Option("--domain", help="whose routers; both: one of each at every place")]
CityOption = Annotated[str, typer.Option("--city", help="short name of the city; made from the file's when absent")]
FactorOption = Annotated[
    float, typer.Option("--route-factor", min=1, max=10, help="km of fibre for each km of air line, where unknown")
]
LenientOption = Annotated[bool, typer.Option("--lenient", help="leave out single things that are wrong")]
ForceOption = Annotated[bool, typer.Option("--force", help="put it in place of a design that is there")]


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="import")


@app.command("graphml")
def graphml(  # noqa: PLR0917 - Typer's way
    file: FileArgument,
    output: OutputOption = None,
    domain: DomainOption = Domains.GOVERNMENT,
    city: CityOption = "",
    route_factor: FactorOption = 1.4,
    lenient: LenientOption = False,
    force: ForceOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """GraphML, as the Internet Topology Zoo publishes it: nodes become sites with a router, edges fibres and links."""
    result = _read("graphml", [file], domain, city, route_factor, [], lenient)
    return _place(result, output, force=force, as_json=json, quiet=quiet)


@app.command("gnpy")
def gnpy(  # noqa: PLR0917 - Typer's way
    file: FileArgument,
    output: OutputOption = None,
    domain: DomainOption = Domains.GOVERNMENT,
    city: CityOption = "",
    lenient: LenientOption = False,
    force: ForceOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """GNPy's topology JSON: ROADMs become sites with a router, chains of fibres and amplifiers fibres and links."""
    result = _read("gnpy", [file], domain, city, 1.4, [], lenient)
    return _place(result, output, force=force, as_json=json, quiet=quiet)


@app.command("netbox-csv")
def netbox_csv(  # noqa: PLR0917 - Typer's way
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="exports of sites, devices, cables", show_default=False)
    ],
    output: OutputOption = None,
    domain: DomainOption = Domains.GOVERNMENT,
    city: CityOption = "",
    role: Annotated[
        list[str] | None, typer.Option("--role", metavar="WORD=ROLE", help="what a role of the NetBox means")
    ] = None,
    route_factor: FactorOption = 1.4,
    lenient: LenientOption = False,
    force: ForceOption = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """CSV exports of NetBox, in any order: sites, devices by their roles, cables as links and fibres."""
    result = _read("netbox-csv", files, domain, city, route_factor, role or [], lenient)
    return _place(result, output, force=force, as_json=json, quiet=quiet)


def _read(  # noqa: PLR0917
    kind: str, files: list[Path], domain: Domains, city: str, factor: float, roles: list[str], lenient: bool
) -> Imported:
    from rich.console import Console

    from citynet.imports import importing, starting
    from citynet.imports.draft import Options

    if city:
        starting.check_name(city, "--city")
    domains = ("government", "cross") if domain is Domains.BOTH else (str(domain),)
    with Console(stderr=True).status("reading"):  # nothing is shown when that is no terminal
        return importing.read(kind, files, Options(city, domains, factor), roles, lenient=lenient)


def _place(result: Imported, output: Path | None, *, force: bool, as_json: bool, quiet: bool) -> int:
    """Write the design, check it, tell what became of the source."""
    from citynet import build
    from citynet.imports import placing

    folder = output or Path(result.draft.city)
    placing.put(folder, result.texts, force=force)
    wrong = ""
    try:
        build.check(folder)
    except CitynetError as error:
        wrong = str(error)
    if as_json:
        print_json(
            {
                "ok": not wrong,
                "city": result.draft.city,
                "files": [str(folder / path) for path in result.texts],
                "check": wrong,
                **result.report.as_dict(),
            }
        )
    elif not quiet:
        sys.stdout.write("\n".join(_lines(result, folder)) + "\n")
    if wrong and not as_json:
        sys.stderr.write(f"the design is written, and this is still wrong with it:\n{wrong}\n")
    return Exit.CHECK_FAILED if wrong else Exit.OK


def _lines(result: Imported, folder: Path) -> list[str]:
    report: Any = result.report
    lines = [", ".join(f"{key} {count}" for key, count in report.taken.items())]
    if report.guessed:
        lines.append("chosen, because the source does not say it:")
        lines += [f"  {len(of)} x  {what}" for what, of in report.guessed.items()]
    if report.left_out:
        lines.append("left out:")
        lines += [f"  {one}" for one in report.left_out[:MOST_LINES]]
        more = len(report.left_out) - MOST_LINES
        lines += [f"  and {more} more; --json has all"] if more > 0 else []
    lines.append(f"written: {', '.join(str(folder / path) for path in result.texts)}")
    lines.append(f"next: citynet check {folder}")
    return lines
