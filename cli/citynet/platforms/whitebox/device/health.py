"""Read one device once, or until what is expected of it holds: adjacencies and sessions, as FRR reports them."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from .maintenance import mark
from .sentries import trouble
from .system import StepError, must, process_of

MARK = "CITYNET "
_POLL_S = 1.0
# vtysh refuses a whole line of commands when one is for a daemon that does not run; not every device needs bgpd.
_COMMANDS = {"isisd": "show isis vrf all neighbor json", "bgpd": "show bgp vrf all summary json"}


def main(request: dict[str, Any]) -> int:
    """Answer with what is up and what of the expected is missing, at once when nothing is."""
    started = time.monotonic()
    while True:
        answer = look(request)
        waited = time.monotonic() - started
        if not answer["missing"] or waited >= float(request["deadline_s"]):
            break
        time.sleep(_POLL_S)
    answer["waited_s"] = round(waited, 1)
    sys.stdout.write(MARK + json.dumps(answer) + "\n")
    sys.stdout.flush()
    return 0


def look(request: dict[str, Any]) -> dict[str, Any]:
    """What is up now, and what of the expected is missing."""
    try:
        answers = _ask()
        adjacencies = sorted(_adjacencies(answers.get("isisd", {})))
        sessions = sorted(_sessions(answers.get("bgpd", {})))
    except (StepError, ValueError) as error:
        missing = [f"FRR does not answer: {error}"]
        return {"adjacencies": [], "sessions": [], "missing": missing, "drained": bool(mark())}
    missing = [f"IS-IS adjacency on {port}" for port in request["adjacencies"] if port not in adjacencies]
    missing += [f"BGP session with {peer}" for peer in request["sessions"] if peer not in sessions]
    missing += trouble()
    return {"adjacencies": adjacencies, "sessions": sessions, "missing": missing, "drained": bool(mark())}


def _ask() -> dict[str, Any]:
    """What each daemon that runs answers, all from one vtysh: starting it costs more than what it reads."""
    daemons = [name for name in _COMMANDS if process_of(f"/run/frr/{name}.pid", name) is not None]
    if not daemons:
        return {}
    text = must(["vtysh", *[word for name in daemons for word in ("-c", _COMMANDS[name])]])
    answers = []
    decoder = json.JSONDecoder()
    while text := text.strip():
        answer, end = decoder.raw_decode(text)
        answers.append(answer)
        text = text[end:]
    if len(answers) != len(daemons):
        raise StepError("not every daemon answers")
    return dict(zip(daemons, answers))  # noqa: B905 - Python 3.9 knows no strict


def _adjacencies(found: Any) -> set[str]:
    """Ports whose adjacency is up."""
    return {
        circuit.get("interface", "")
        for area in _every(found, "areas")
        for circuit in area.get("circuits", [])
        if circuit.get("state") == "Up"
    }


def _sessions(found: Any) -> set[str]:
    """`VRF/address` of peers with an established session; a peer counts when every address family of it does."""
    up: set[str] = set()
    down: set[str] = set()
    for vrf, families in found.items() if isinstance(found, dict) else []:
        for family in families.values() if isinstance(families, dict) else []:
            for address, peer in family.get("peers", {}).items() if isinstance(family, dict) else []:
                (up if peer.get("state") == "Established" else down).add(f"{vrf}/{address}")
    return up - down


def _every(found: Any, key: str) -> list[dict[str, Any]]:
    """All objects under `key`, whether FRR answers per VRF or not."""
    if isinstance(found, dict):
        return list(found.get(key, [])) + [
            item for value in found.values() if isinstance(value, dict) for item in _every(value, key)
        ]
    if isinstance(found, list):
        return [item for value in found for item in _every(value, key)]
    return []
