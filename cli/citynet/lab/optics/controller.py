"""The lab's optical controller, seen from outside: where it is, how it is entered, faults on its fibres."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import citynet
from citynet.errors import DeviceError, InputError, Lack, LackingError, Problem, did_you_mean
from citynet.lab.optics.certificates import Certificates, make

if TYPE_CHECKING:
    from citynet.lab.running import Lab
    from citynet.plan.model import Plan

PORT = 8443
FOLDER = "optics"  # in the lab's folder: its certificates
KINDS = ("cut", "bend", "tap", "repair")
"""What can happen to a fibre: no light; slow loss; a tap; as good as new."""

_ASK = """
import json, ssl, sys, urllib.request
told = json.load(sys.stdin)
context = ssl.create_default_context(cafile=told["ca"])
context.load_cert_chain(told["certificate"], told["key"])
body = json.dumps(told["body"]).encode() if told["body"] is not None else None
request = urllib.request.Request(told["url"], body, {"Content-Type": "application/json"})
opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
with opener.open(request, timeout=told["timeout"]) as answer:
    sys.stdout.write(answer.read().decode())
"""


@dataclass(frozen=True, slots=True)
class Where:
    """How the lab's controller is entered, from inside the lab's management network."""

    url: str
    certificates: Certificates

    def as_dict(self) -> dict[str, str]:
        """As Ansible variables take it."""
        return {
            "url": self.url,
            "ca": str(self.certificates.ca),
            "certificate": str(self.certificates.certificate("client")),
            "key": str(self.certificates.key("client")),
        }


def wanted(plan: Plan) -> bool:
    """Whether a lab of this plan has an optical controller."""
    return plan.optical is not None and bool(plan.optical.fibres)


def address(plan: Plan) -> str:
    """Its management address: the third of the management prefix."""
    return str(ipaddress.IPv4Network(plan.management_prefix)[3])


def where(lab: Lab) -> Where:
    """How the controller of a lab is entered."""
    return Where(f"https://{address(lab.plan)}:{PORT}", Certificates(lab.state_dir / FOLDER))


def require() -> None:
    """See that what the controller is made of is there.

    Raises:
        LackingError: A package is missing.
    """
    from importlib.util import find_spec  # noqa: PLC0415

    missing = [name for name in ("httpx", "starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        install = "pip install 'citynet[optical]'"
        raise LackingError([Lack(f"the Python package {name}", "a lab with light", install) for name in missing])


def prepare(folder: Path, plan: Plan) -> list[str]:
    """Make its certificates; the command that runs it."""
    make(folder / FOLDER, folder.name, address(plan))
    package = str(Path(citynet.__file__).resolve().parent.parent)
    run = f"import sys; sys.path.insert(0, {package!r}); import runpy; sys.argv[1:] = [{str(folder)!r}]; "
    return [sys.executable, "-c", run + "runpy.run_module('citynet.lab.optics', run_name='__main__')"]


def strike(lab: Lab, kind: str, fibre: str) -> dict[str, Any]:
    """Do something to a fibre; when it was done and which event was the first.

    Raises:
        InputError: No such fibre, or no light in this lab.
        DeviceError: The controller did not answer.
    """
    optical = lab.plan.optical
    if optical is None:
        what = f"lab {lab.name} has no light"
        raise InputError([Problem(f"lab {lab.name}", 0, what, "a design with the section 'optical'")])
    if fibre not in optical.fibres:
        hint = did_you_mean(fibre, optical.fibres)
        raise InputError([Problem(f"lab {lab.name}", 0, f"no fibre '{fibre}'", "the name of a fibre", hint)])
    return ask(lab, "/lab/fault", {"kind": kind, "fibre": fibre})


def state(lab: Lab, since: int = 0) -> dict[str, Any]:
    """Fibres with their power, circuits, events from number `since` on, and when lines obeyed."""
    return ask(lab, f"/lab/state?since={since}", None)


def ask(lab: Lab, path: str, body: dict[str, Any] | None, timeout_s: float = 20.0) -> dict[str, Any]:
    """One request to what only the lab's controller has."""
    place = where(lab)
    told = place.as_dict() | {"url": place.url + path, "body": body, "timeout": timeout_s}
    done = subprocess.run(
        lab.enter([sys.executable, "-I", "-c", _ASK]),
        input=json.dumps(told),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()
        raise DeviceError({"optical-controller": said[-1] if said else "no answer"})
    found: dict[str, Any] = json.loads(done.stdout)
    return found
