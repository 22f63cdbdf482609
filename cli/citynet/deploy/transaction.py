"""One transaction on one device, from this side: commit over one connection, confirm over a new one."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from citynet.deploy.health import Expected, Health
from citynet.deploy.program import DeviceProgramError, ask
from citynet.deploy.ssh import Connection, Target, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterable

_ANSWER_LIMIT_S = 600.0
_RETRY_S = 1.0
UNNOTICED = frozenset({"fence"})
"""Parts of a device that have no bearing on its adjacencies and sessions. They can be changed alone, too."""


@dataclass(slots=True)
class Job:
    """What to bring to a device.

    Attributes:
        identifier: Of the transaction; unique.
        owner: Who deploys; the same owner may supersede a transaction of his that was never confirmed.
        files: Templates by path on the device.
        secrets: Values of the secrets in them.
        confirm_s: After how many seconds without confirmation the device goes back by itself.
        check: Only compare.
        expected: Neighbours that the device should see, looked at when there is nothing to change.
        run: Facts about the run that the device remembers (digests, time).
        only: Names of the parts to look at; empty for the whole device.
        scope: Of a transaction that carries one technology only: its name, its lines of FRR, and the files that a
            device which is managed whole has in their place.
    """

    identifier: str
    owner: str
    files: dict[str, str]
    secrets: dict[str, str] = field(repr=False)
    confirm_s: int = 60
    check: bool = False
    expected: Expected | None = None
    run: dict[str, str] = field(default_factory=dict)
    scope: dict[str, Any] | None = None
    only: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Outcome:
    """How it went on one device.

    Attributes:
        status: `changed`, `unchanged`, `failed` or `unreachable`; in check mode `changed` means that it would.
        reason: Why it failed.
        diff: Masked difference.
        parts: Parts of the configuration that were touched.
        notes: Remarks of the device's own checks.
        went_back: Whether the device is back at its former configuration after a failure.
        health: What a device sees of its neighbours that is unchanged, or was changed in what they do not notice.
    """

    device: str
    status: str
    reason: str = ""
    diff: str = ""
    parts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    went_back: bool = False
    check: bool = False
    seconds: float = 0.0
    health: Health | None = None


def unnoticed(parts: Iterable[str]) -> bool:
    """Whether a change of these parts leaves what a device says to its neighbours as it was."""
    return {*parts} <= UNNOTICED


def run(target: Target, job: Job) -> Outcome:
    """Bring one device to its configuration, or see what that would change; never raises for the device's sake."""
    started = time.monotonic()
    outcome = Outcome(target.name, "failed", check=job.check)
    try:
        _transact(target, job, outcome)
    except UnreachableError as error:
        outcome.status, outcome.reason = "unreachable", str(error)
    except DeviceProgramError as error:
        outcome.reason = str(error)
    outcome.seconds = round(time.monotonic() - started, 2)
    return outcome


def _transact(target: Target, job: Job, outcome: Outcome) -> None:
    request: dict[str, Any] = {
        "action": "diff" if job.check else "commit",
        "id": job.identifier,
        "owner": job.owner,
        "files": job.files,
        "secrets": job.secrets,
        "confirm_s": job.confirm_s,
        "run": job.run,
    }
    if job.only:
        request["only"] = job.only
    if job.scope is not None:
        request["scope"] = job.scope
    if job.expected is not None:
        request["expect"] = asdict(job.expected)
    with Connection(target) as connection:
        answer = ask(connection, "transaction", request, _ANSWER_LIMIT_S)
    if "health" in answer:
        outcome.health = Health(**answer["health"])
    outcome.diff = answer.get("diff", "")
    outcome.parts = answer.get("parts", [])
    outcome.notes = answer.get("notes", [])
    if answer["status"] == "failed":
        outcome.reason, outcome.went_back = answer["reason"], answer.get("went_back", False)
    elif answer["status"] == "applied":
        _confirm(target, job, outcome)
    else:
        outcome.status = "changed" if answer["changed"] else "unchanged"


def _confirm(target: Target, job: Job, outcome: Outcome) -> None:
    """A new connection is the proof that the device can still be managed; a device that cannot goes back by itself."""
    deadline = time.monotonic() + job.confirm_s
    request: dict[str, Any] = {"action": "confirm", "id": job.identifier}
    if job.expected is not None and not job.only and unnoticed(outcome.parts):
        # Neighbours cannot have noticed: asked now, it saves another login.
        request["expect"] = asdict(job.expected)
    while True:
        try:
            with Connection(target) as connection:
                answer = ask(connection, "settle", request, job.confirm_s)
            break
        except UnreachableError as error:
            if time.monotonic() > deadline:
                outcome.status, outcome.went_back = "failed", True
                outcome.reason = f"not reachable after the commit, so it goes back by itself: {error}"
                return
            time.sleep(_RETRY_S)
    outcome.status = "changed" if answer["status"] == "confirmed" else "failed"
    if "health" in answer:
        outcome.health = Health(**answer["health"])
    outcome.reason = answer.get("reason", "")
    outcome.went_back = outcome.status == "failed"
