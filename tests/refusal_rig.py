"""The router of `fence_rig` with the program that writes down what it refuses.

Started by the tests as a process of its own, in namespaces of its own. Reads one request as JSON: a table of the fence,
settings of the program, and packets in hexadecimal, each from a host, to an address, some times. Answers with JSON: the
lines of flows, the events, and the counters of the table.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "cli")]

import fence_rig
from citynet.platforms.whitebox import telling
from citynet.platforms.whitebox.device import events, refusal_agent, system

SILENT_S = 1.5
"""The kernel gathers packets for a second at most."""


def lacks() -> str:
    """Why the rig cannot be built here; empty when it can."""
    rule = f"jhash @nh,96,32 mod 8 seed 1 0 log group {telling.GROUP}"
    words = f"nft add table inet t && nft add chain inet t c && nft add rule inet t c {rule}"
    done = subprocess.run([*fence_rig.UNSHARE, "sh", "-c", words], capture_output=True, text=True, check=False)
    return fence_rig.lacks() or (done.stderr.strip() if done.returncode else "")


def ask(request: dict[str, Any], limit_s: int = 120) -> dict[str, Any]:
    """What the rig answers."""
    words = [*fence_rig.UNSHARE, sys.executable, __file__]
    told = json.dumps(request)
    done = subprocess.run(words, input=told, capture_output=True, text=True, timeout=limit_s, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def send(packets: list[dict[str, Any]]) -> None:
    for one in packets:
        with fence_rig.Inside(one["from"]):
            sender = fence_rig.raw()
        content = bytes.fromhex(one["packet"])
        for _ in range(one.get("times", 1)):
            sender.sendto(content, (one["to"], 0))


def lines_of(path: str) -> list[dict[str, Any]]:
    file = Path(path)
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def main() -> None:
    request = json.load(sys.stdin)
    system._ENVIRONMENT.update(os.environ)
    fence_rig.build()
    fence_rig.run("mount", "-t", "tmpfs", "none", "/var/log")
    fence_rig.load(request["table"])
    agent = refusal_agent.Agent(request["settings"])
    send(request["packets"])
    while select.select([agent.log], [], [], SILENT_S)[0]:
        agent.step()
    agent.end()
    agent.tell_untold()
    answer = {
        "lines": lines_of(refusal_agent.LINES),
        "events": lines_of(events.FILE),
        "counters": fence_rig.counters(),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
