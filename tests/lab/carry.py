"""Run inside a lab's namespaces: one transaction with files of the test's choice, to its end or only to the commit.

Reads JSON from the standard input and writes the outcome as JSON. With `die`, prints `committed` after the commit and
then waits to be killed, as a controller that is lost at the worst moment.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

from citynet.deploy import program, transaction
from citynet.deploy.ssh import Connection, Target


def main() -> None:
    told = json.loads(sys.stdin.readline())
    target = Target(
        told["name"],
        told["address"],
        key=Path(told["key"]),
        known_hosts=Path(told["known_hosts"]),
        connect_limit_s=30,
    )
    job = transaction.Job(told["id"], "test", told["files"], told["secrets"], told["confirm_s"])
    job.scope = told.get("scope")
    if not told["die"]:
        print(json.dumps(dataclasses.asdict(transaction.run(target, job))))
        return
    request = {"action": "commit", **{name: told[name] for name in ("id", "files", "secrets", "confirm_s")}}
    if job.scope:
        request["scope"] = job.scope
    with Connection(target) as connection:
        answer = program.ask(connection, "transaction", {**request, "owner": "test"}, 120)
    assert answer["status"] == "applied", answer
    print("committed", flush=True)
    sys.stdin.read()


main()
