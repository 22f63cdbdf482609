"""What FRR says about its neighbours, read through vtysh."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any


def vtysh(*commands: str) -> str:
    """The output of some show commands."""
    argv = ["vtysh"]
    for command in commands:
        argv += ["-c", command]
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout


NEIGHBOURS = "show isis neighbor json"
SESSIONS = "show bgp vrf all neighbors json"


def ask_all(*commands: str) -> list[Any]:
    """The JSON answers of some show commands, then version and running configuration as text, by one vtysh.

    Every vtysh connects to all daemons, so one is better than five. An answer that is no JSON is empty.
    """
    text = vtysh(*commands, "show version", "show running-config")
    answers: list[Any] = []
    decoder = json.JSONDecoder()
    for _ in commands:
        text = text.lstrip()
        try:
            answer, end = decoder.raw_decode(text)
        except ValueError:
            answer, end = {}, 0
        answers.append(answer)
        text = text[end:]
    return [*answers, text]


def ask(command: str) -> dict[str, Any]:
    """The JSON answer of one show command; empty when FRR is not there."""
    try:
        answer: dict[str, Any] = json.loads(vtysh(command))
    except ValueError:
        return {}
    return answer


def adjacencies(answer: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """IS-IS neighbours: port, neighbour, state; from an answer had already, or asked for now."""
    answer = ask(NEIGHBOURS) if answer is None else answer
    circuits = [circuit for area in answer.get("areas", []) for circuit in area.get("circuits", []) if "adj" in circuit]
    return [
        {"port": item.get("interface", ""), "neighbor": item["adj"], "state": item.get("state", "")}
        for item in circuits
    ]


def sessions(answer: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """BGP neighbours of every VRF: address, VRF, state, whether the daemon signs."""
    found = []
    for vrf, peers in (ask(SESSIONS) if answer is None else answer).items():
        if not isinstance(peers, dict):
            continue
        for address, peer in peers.items():
            if isinstance(peer, dict) and "bgpState" in peer:
                found.append(
                    {
                        "address": address,
                        "vrf": "" if vrf == "default" else vrf,
                        "state": peer["bgpState"],
                        "authenticated": bool(
                            peer.get("authenticationEnabled") or peer.get("peerAuthenticationEnabled")
                        ),
                    }
                )
    return found


def signed_ports(running: str) -> list[str]:
    """Interfaces whose IS-IS hellos are signed, by the running configuration (the key itself is not kept)."""
    return [
        name
        for name, lines in interfaces(running).items()
        if any(re.match(r" isis password md5 \S", line) for line in lines)
    ]


def interfaces(running: str) -> dict[str, list[str]]:
    """The lines of each interface's section."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in running.splitlines():
        if line.startswith("interface "):
            name = line.split()[1]
            found.setdefault(name, [])
        elif not line.startswith(" "):
            name = ""
        elif name:
            found[name].append(line)
    return found
