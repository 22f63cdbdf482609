"""The lab machine's own program: `python3 -m guest up | apply … | undo … | status | light`, in JSON lines."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from . import faulting, light, lines, nodes, state
from .system import GuestError


def main() -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="guest")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("up")
    commands.add_parser("status")
    commands.add_parser("light")
    for name in ("apply", "undo"):
        fault = commands.add_parser(name)
        fault.add_argument("kind")
        fault.add_argument("target")
        fault.add_argument("options", nargs="?", default="{}", type=json.loads)
    asked = parser.parse_args()
    try:
        if asked.command == "light":
            light.serve()
            return 0
        with state.alone():
            _run(asked)
    except (GuestError, OSError) as error:
        state.say(error=str(error))
        return 1
    return 0


def _run(asked: argparse.Namespace) -> None:
    if asked.command == "up":
        _up()
    elif asked.command == "status":
        wiring = state.wiring()
        state.say(
            nodes={name: bool(nodes.pid(name)) for name in wiring.nodes},
            faults=[asdict(fault) for fault in state.faults()],
        )
    else:
        change = faulting.apply if asked.command == "apply" else faulting.undo
        change(state.Fault(asked.kind, asked.target, asked.options))


def _up() -> None:
    wiring = state.wiring()
    dead = {fault.target for fault in state.faults() if fault.kind == "kill"}
    names = [name for name in wiring.nodes if not nodes.pid(name) and name not in dead]
    nodes.start(wiring, names, tell=lambda name: state.say(node=name), wire=lines.lay)


if __name__ == "__main__":
    sys.exit(main())
