"""The lab's key servers, seen from outside: their certificates, what runs them, faults of theirs."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import citynet
from citynet.errors import DeviceError, InputError, Lack, LackingError, Problem, did_you_mean
from citynet.files import write_whole
from citynet.lab import secret_values
from citynet.lab.asking import ASK
from citynet.plan.encryption.keys import FIRST_PORT, LAB_SERVERS

if TYPE_CHECKING:
    from citynet.lab.running import Lab
    from citynet.plan.model import KeyServer, Plan

FOLDER = "keyservers"  # in the lab's folder: certificates
CONTROL, IMPOSTOR, CONTROL_PORT = "lab-control", "kme-impostor", FIRST_PORT - 1  # `server.CONTROL`: the same
KINDS = ("kme", "dry")
"""Faults of key servers: no answer; no keys."""


def address(plan: Plan) -> str:
    """The management address that they share."""
    return str(ipaddress.IPv4Network(plan.management_prefix)[LAB_SERVERS])


def servers(plan: Plan) -> dict[str, KeyServer]:
    """Those that the lab has to run, by name: the design may name others that are there already."""
    return {server.name: server for server in plan.key_servers.values() if server.address == address(plan)}


def require() -> None:
    """See that what they are made of is there.

    Raises:
        LackingError: A package is missing.
    """
    from importlib.util import find_spec  # noqa: PLC0415

    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        install = "pip install 'citynet[optical]'"
        raise LackingError([Lack(f"the Python package {name}", "a lab with key servers", install) for name in missing])


def prepare(folder: Path, plan: Plan, secrets: Path) -> list[str]:
    """Make their certificates, signed by the authority of the devices; the command that runs them.

    Raises:
        InputError: The secrets have no authority that can sign.
    """
    authority = secret_values.authority_of(secrets, secret_values.known(secrets))
    home = folder / FOLDER
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(home / "ca.pem", authority.certificate_pem)
    for name in (*servers(plan), CONTROL, IMPOSTOR):
        signed = authority.sign_host(name)
        write_whole(home / f"{name}.pem", signed.certificate_pem)
        write_whole(home / f"{name}.key", signed.key_pem, mode=0o600)
    package = str(Path(citynet.__file__).resolve().parent.parent)
    run = f"import sys; sys.path.insert(0, {package!r}); import runpy; sys.argv[1:] = [{str(folder)!r}]; "
    return [sys.executable, "-c", run + "runpy.run_module('citynet.lab.keyservers', run_name='__main__')"]


def strike(lab: Lab, kind: str, name: str, value: Any) -> None:
    """Order a fault of a key server; an empty value takes it back.

    Raises:
        InputError: The lab runs no such key server.
        DeviceError: They did not answer.
    """
    known = servers(lab.plan)
    if name not in known:
        where, hint = f"lab {lab.name}", did_you_mean(name, known)
        raise InputError([Problem(where, 0, f"no key server '{name}'", "the name of a key server of the lab", hint)])
    ask(lab, "/lab/fault", {"kind": kind, "server": name, "value": value})


def state(lab: Lab) -> dict[str, Any]:
    """Each key server: faults in force, requests so far, keys that wait for the other end."""
    found: dict[str, Any] = ask(lab, "/lab/state", None)["servers"]
    return found


def ask(lab: Lab, path: str, body: dict[str, Any] | None, timeout_s: float = 20.0) -> dict[str, Any]:
    """One request to what only the lab's key servers have."""
    home = lab.state_dir / FOLDER
    told = {
        "url": f"https://{address(lab.plan)}:{CONTROL_PORT}{path}",
        "ca": str(home / "ca.pem"),
        "certificate": str(home / f"{CONTROL}.pem"),
        "key": str(home / f"{CONTROL}.key"),
        "name": CONTROL,
        "body": body,
        "timeout": timeout_s,
    }
    done = subprocess.run(
        lab.enter([sys.executable, "-I", "-c", ASK]),
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise DeviceError({"key-servers": said[-1] if said else "no answer"})
    found: dict[str, Any] = json.loads(done.stdout)
    return found
