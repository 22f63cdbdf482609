"""The command `citynet`: every group of commands, errors turned into messages and exit codes."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from typing import Any

import typer

from citynet.errors import CitynetError, Exit, InputError, Lack, LackingError

GROUPS = (
    "init",
    "import_",
    "check",
    "schema",
    "plan",
    "path",
    "fence",
    "access",
    "prove",
    "explain",
    "render",
    "show",
    "docs",
    "keys",
    "lab",
    "doctor",
    "deploy",
    "drain",
    "tag",
    "trace",
    "verify",
    "evidence",
    "demo",
)
"""Modules of `citynet.commands`; each has `register(app)`."""
MOST_LINES = 200
"""Problems printed for people; a slip in a range can break thousands of names at once."""

# Typer has a click of its own, or uses the installed one, by its version; its public names lead to the right one.
_UsageError: Any = next(base for base in typer.BadParameter.__mro__ if base.__name__ == "ClickException")


def make_app() -> typer.Typer:
    """The Typer application with all groups."""
    app = typer.Typer(
        name="citynet",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help="One city network, two domains: design, plan, build, deploy and grade it.",
    )
    for group in GROUPS:
        import_module(f"citynet.commands.{group}").register(app)
    return app


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns its exit code (see `citynet.errors.Exit`)."""
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        result = make_app()(args=arguments, prog_name="citynet", standalone_mode=False)
    except CitynetError as error:
        return _report(error, as_json="--json" in arguments)
    except _UsageError as error:
        error.show()
        return Exit.BAD_INPUT
    except (typer.Abort, KeyboardInterrupt):
        sys.stderr.write("interrupted\n")
        return Exit.INTERRUPTED
    except BrokenPipeError:
        return Exit.OK
    except OSError as error:  # a full disk, a folder that may not be written, a file where a folder is meant
        lack = Lack(f"access to {error.filename or 'a file'} ({error.strerror})", "this command")
        return _report(LackingError([lack]), as_json="--json" in arguments)
    return int(result) if isinstance(result, int) else Exit.OK


def _report(error: CitynetError, *, as_json: bool) -> int:
    if as_json:
        problems = [problem.as_dict() for problem in error.problems] if isinstance(error, InputError) else []
        answer = {"ok": False, "error": str(error), "problems": problems}
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    else:
        lines = str(error).splitlines()
        more = [f"… and {len(lines) - MOST_LINES} more; --json has them all"] if len(lines) > MOST_LINES else []
        sys.stderr.write("".join(f"{line}\n" for line in lines[:MOST_LINES] + more))
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
