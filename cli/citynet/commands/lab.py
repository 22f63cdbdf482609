"""`citynet lab`: build, up, status, exec, ssh, playbook, fault, down, list."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from citynet.commands.common import JsonOption, QuietOption, print_json, table

app = typer.Typer(no_args_is_help=True, help="Run a city on this machine: real routing daemons, no hardware.")

LabArgument = Annotated[str, typer.Argument(metavar="[LAB]", help="its name; not needed when one lab runs")]
NameOption = Annotated[str, typer.Option("--name", "-n", help="which lab; not needed when one lab runs")]
MirrorOption = Annotated[str, typer.Option(help="Debian archive to build from; CITYNET_MIRROR does the same")]


def register(parent: typer.Typer) -> None:
    """Add the group."""
    parent.add_typer(app, name="lab")


@app.command("build")
def build(mirror: MirrorOption = "", json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Build the lab's kernel and image, unless they are in the cache."""
    from citynet.lab import request, show

    with show.progress(hidden=json or quiet) as tell:
        built = request.build(tell, mirror=mirror or None)
    if json:
        print_json({"ok": True, "kernel": str(built.kernel), "image": str(built.image)})
    elif not quiet:
        sys.stdout.write(f"kernel {built.kernel}\nimage {built.image}\n")


@app.command("up")
def up(
    design: Annotated[Path, typer.Argument(help="design file or folder, or a plan.json", show_default=False)],
    name: Annotated[str, typer.Option("--name", "-n", help="name of the lab; the city's when absent")] = "",
    *,
    host: Annotated[str, typer.Option(help="uml: a kernel of its own; native: this machine's, as root")] = "uml",
    memory: Annotated[int, typer.Option(help="MiB for the machine; chosen from the design when 0", min=0)] = 0,
    mirror: MirrorOption = "",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Start a city: its routers blank but for their management, its hosts ready."""
    from citynet.lab import request, show

    asked = request.Up(design, name, host, memory, mirror or None)
    with show.progress(hidden=json or quiet) as tell:
        outcome = request.up(asked, tell)
    if json:
        print_json({"ok": True} | outcome.as_dict())
    elif not quiet:
        sys.stdout.write(outcome.text() + "\n")


@app.command("status")
def status(name: LabArgument = "", json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Which nodes run, and which faults are in force."""
    from citynet.lab import faults, request

    lab = request.find(name)
    nodes, now = faults.status(lab)
    if json:
        print_json(
            {
                "ok": all(nodes.values()),
                "lab": lab.name,
                "nodes": nodes,
                "memory_mib": lab.memory_used_mib(),
                "faults": [fault.as_dict() for fault in now],
            }
        )
    elif not quiet:
        down = [node for node, runs in nodes.items() if not runs]
        sys.stdout.write(
            f"lab {lab.name}: {len(nodes) - len(down)} of {len(nodes)} nodes run, {lab.memory_used_mib()} MiB in use\n"
        )
        if now:
            table(
                "faults in force",
                ["kind", "target", "options"],
                [[fault.kind, fault.target, fault.words()] for fault in now],
            )


@app.command("list")
def list_(json: JsonOption = False, quiet: QuietOption = False) -> None:
    """Every lab of this user."""
    from citynet.lab import request

    labs = request.overview()
    if json:
        print_json({"ok": True, "labs": labs})
    elif not quiet:
        table(
            "",
            ["lab", "state", "nodes", "design"],
            [[str(lab[key]) for key in ("name", "state", "nodes", "design")] for lab in labs],
        )


@app.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def exec_(node: str, command: list[str], name: NameOption = "") -> None:
    """Run a command in a node: `citynet lab exec NODE -- vtysh -c 'show ip route'`."""
    import shlex

    from citynet.lab import request

    words = command[1:] if command[0] == "--" else command
    if not words or command[0] in ("-n", "--name"):
        raise typer.BadParameter("expected citynet lab exec [-n LAB] NODE -- COMMAND, options before the node")
    lab = request.find(name)
    argv = lab.ssh(lab.address(node), shlex.join(words))
    os.execvp(argv[0], argv)  # noqa: S606 - replaced by ssh, so that signals, streams and exit code are its own


@app.command("ssh")
def ssh(node: str, name: NameOption = "") -> None:
    """Log in to a node."""
    from citynet.lab import request

    lab = request.find(name)
    argv = lab.ssh(lab.address(node), options=["-t"] if sys.stdin.isatty() else [])
    os.execvp(argv[0], argv)  # noqa: S606 - as above


@app.command("playbook", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def playbook(words: list[str], name: NameOption = "") -> None:
    """Run a playbook of yours on a lab's routers: `citynet lab playbook FILE -i VARIABLES --check`."""
    from citynet.deploy import playbook
    from citynet.lab import request

    argv, environment = playbook.command(request.find(name), words)
    os.execvpe(argv[0], argv, environment)  # noqa: S606 - as above


@app.command("down")
def down(name: LabArgument = "", json: JsonOption = False, quiet: QuietOption = False) -> None:
    """End a lab and remove what it left on this machine."""
    from citynet.lab import request

    lab = request.down(name)
    if json:
        print_json({"ok": True, "lab": lab})
    elif not quiet:
        sys.stdout.write(f"lab {lab} is down\n")


@app.command("fault")
def fault(
    kind: Annotated[
        str,
        typer.Argument(
            help="cut|silent|impair LINE; deaf NODE:PORT; kill|hang NODE; daemon NODE:DAEMON; cut|bend|tap|repair FIBRE"
            "; kme|dry KEY-SERVER"
        ),
    ] = "",
    target: Annotated[str, typer.Argument(help="a line, a node, NODE:PORT, NODE:DAEMON, a fibre or a key server")] = "",
    *,
    name: NameOption = "",
    undo: Annotated[bool, typer.Option("--undo", help="take it back; without KIND, take all back")] = False,
    delay_ms: Annotated[float, typer.Option(help="impair: one-way delay added", min=0, max=60000)] = 0.0,
    jitter_ms: Annotated[float, typer.Option(help="impair: how much the delay varies", min=0, max=60000)] = 0.0,
    loss_percent: Annotated[float, typer.Option(help="impair: packets lost each way", min=0, max=100)] = 0.0,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Break something, or take it back. Without words: what is in force."""
    from citynet.lab import faults, request

    lab = request.find(name)
    options = {"delay_ms": delay_ms, "jitter_ms": jitter_ms, "loss_percent": loss_percent}
    faults.change(lab, kind, target, {key: value for key, value in options.items() if value}, back=undo)
    now = faults.in_force(lab)
    if json:
        print_json({"ok": True, "faults": [one.as_dict() for one in now]})
    elif not quiet and now:
        table("faults in force", ["kind", "target", "options"], [[one.kind, one.target, one.words()] for one in now])
    elif not quiet:
        sys.stdout.write("no fault in force\n")
