"""Keys of a lab's routers, as their key agents tell of them: IDs, ages and alarms; other keys on demand."""

from __future__ import annotations

import json
import shlex
import time
from typing import TYPE_CHECKING, Any

from citynet.errors import DeviceError, InputError, Problem, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.lab.running import Lab

_STATE = "/run/citynet/keys.json"
_ASK = """
import json, socket, sys
with socket.socket(socket.AF_UNIX) as found:
    found.settimeout(15)
    found.connect("/run/citynet/keys.sock")
    found.sendall(sys.argv[1].encode() + b"\\n")
    print(found.makefile().readline())
"""


def devices(lab: Lab, device: str = "") -> list[str]:
    """Those whose agent is asked: one, or all that have keys.

    Raises:
        InputError: No such device, or it has no keys.
    """
    known = [name for name, planned in lab.plan.devices.items() if planned.keys is not None]
    if device and device not in known:
        what, hint = f"no device '{device}' with keys", did_you_mean(device, known)
        raise InputError([Problem(f"lab {lab.name}", 0, what, "a device where something is encrypted", hint)])
    return [device] if device else known


def status(lab: Lab, device: str = "") -> dict[str, dict[str, Any]]:
    """The agents' states, by device.

    Raises:
        DeviceError: A device does not answer, or its agent does not run.
    """
    found = {}
    for name in devices(lab, device):
        text = lab.node(name, f"cat {_STATE} 2>/dev/null || true")
        if not text.strip():
            raise DeviceError({name: "its key agent does not run: `citynet deploy` starts it"})
        found[name] = json.loads(text)
    return found


def rotate(lab: Lab, device: str = "", user: str = "") -> dict[str, dict[str, str]]:
    """Have keys replaced: by device, the lines and tunnels that change, with the IDs of the keys before.

    Raises:
        DeviceError: An agent does not answer, or knows no such line or tunnel.
    """
    found = {}
    for name in devices(lab, device):
        order = json.dumps({"verb": "rotate", "name": user})
        answer = json.loads(lab.node(name, shlex.join(["python3", "-I", "-c", _ASK, order])) or "{}")
        if "error" in answer:
            raise DeviceError({name: answer["error"]})
        found[name] = answer["rotating"]
    return found


def rows(found: dict[str, dict[str, Any]]) -> Iterator[list[str]]:
    """A row for each line and tunnel: device, its name, peer, state, ID of its key, age, alarms."""
    for device, state in found.items():
        alarms = [alarm["alarm"] for alarm in state["alarms"]]
        for name, user in state["users"].items():
            taken = user.get("taken") or user.get("since") or 0
            age = f"{time.time() - taken:.0f} s" if taken and user.get("key_id") else ""
            own = [alarm for alarm in alarms if alarm.startswith((name, "key"))]
            yield [device, name, user["peer"], user["state"], user.get("key_id", ""), age, "; ".join(own)]
