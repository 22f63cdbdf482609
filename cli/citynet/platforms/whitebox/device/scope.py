"""A transaction of one technology on a device that is otherwise not managed by citynet.

A scope has whole files and a claim to lines of FRR. Files that other scopes have too, such as programs, stay until
the last of them goes. What it committed is remembered under `scopes/`, apart from that of other scopes and of the
device as a whole; a device has either scopes or a whole.
"""

from __future__ import annotations

import glob
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .access_agent import AccessTable, table_of_scope
from .compare import PARTS, Comparison, Memory, PartialComparison
from .fence import Fence
from .frr import Frr
from .frr_claim import Claim
from .frr_scope import ScopedFrr
from .key_agent import KeyAgent
from .layer2 import Layer2
from .network import Interfaces, Sysctl, interface_names
from .network_scope import BESIDE, ScopedInterfaces
from .nftables_scope import ScopedNftables
from .services import Nftables
from .system import StepError, mode_of, read_json, remove
from .xfrm import Xfrm

if TYPE_CHECKING:
    from .frr_changes import Entry
    from .part import Part

# Parts that are each scope's own; all others are one for the whole device.
_OF_SCOPES = (Interfaces, Sysctl, Nftables, Fence, AccessTable, Frr, Layer2, Xfrm, KeyAgent)
# What may have to be put back after a transaction that nobody confirmed.
EVERY_PART: tuple[Part, ...] = (*PARTS, ScopedInterfaces(), ScopedNftables(), ScopedFrr())


def comparison(request: dict[str, Any], state: str) -> Comparison:
    """What a request would change: of the whole device, of some parts of it, or of one scope."""
    if request.get("scope"):
        return ScopedComparison(request, state)
    scopes = _scopes(state)
    if scopes:
        raise StepError(
            f"this device has {', '.join(sorted(scopes))} by tasks of their own; remove them (state: absent) "
            "before it is managed whole"
        )
    memory = Memory(f"{state}/committed.json")
    if request.get("only"):
        return PartialComparison(request, memory, request["only"])
    return Comparison(request, memory)


class ScopedComparison(Comparison):
    """The comparison of one scope.

    `request["scope"]` has its `name`, its `frr` lines (a template), and in `owns` the files that a device which is
    managed whole has in their place.
    """

    def __init__(self, request: dict[str, Any], state: str) -> None:
        scope = request["scope"]
        self._name: str = scope["name"]
        self._fragment: str = scope["frr"]
        self._place = f"{state}/scopes/{self._name}.json"
        _refuse_whole(scope["owns"], state)
        found = read_json(self._place, {})
        others = {name: one for name, one in _scopes(state).items() if name != self._name}
        interfaces = ScopedInterfaces(self._name, found.get("running", {}).get(ScopedInterfaces.name))
        _refuse_taken(request["files"].get(interfaces.file, ""), others)
        self._frr = self._claim(request["secrets"], found, others)
        parts: list[Part] = [interfaces, Sysctl(f"/etc/sysctl.d/60-citynet-{self._name}.conf")]
        parts += [Xfrm(self._name), table_of_scope(self._name), Layer2(self._name), KeyAgent(self._name)]
        parts += [part for part in PARTS if not isinstance(part, _OF_SCOPES)]
        shared = self._frr.texts()
        files = {**request["files"], **shared}
        super().__init__({**request, "files": files}, self._memory_beside(others), (*parts, self._frr))
        self._shared = set(shared)

    def _memory_beside(self, others: dict[str, Any]) -> Memory:
        """What this scope had, without the files that must stay because others have them too."""
        memory = Memory(self._place)
        theirs = {path for one in others.values() for path in one.get("files", {})}
        memory.files = {path: text for path, text in memory.files.items() if path not in theirs}
        return memory

    def _claim(self, secrets: dict[str, str], found: dict[str, Any], others: dict[str, Any]) -> ScopedFrr:
        owned = _entries(found, "owned")
        if not self._fragment and not owned:
            return ScopedFrr()
        claimed = {entry for one in others.values() for entry in _entries(one, "claimed")}
        return ScopedFrr(Claim(self._name, self._fragment, secrets, owned, claimed))

    def memory(self, request: dict[str, Any]) -> dict[str, Any]:
        """What this scope has; shared files are not among it."""
        content = super().memory(request)
        content["files"] = {path: text for path, text in content["files"].items() if path not in self._shared}
        return {**content, **self._frr.remembered()}

    def answer(self) -> dict[str, Any]:
        """The comparison, in which parts have their usual names."""
        answer = super().answer()
        return {**answer, "parts": [name.replace(BESIDE, "") for name in answer["parts"]]}

    def remember(self, request: dict[str, Any]) -> None:
        """Keep what this scope has, or forget the scope when it has nothing any more."""
        if request["files"] or self._fragment:
            os.makedirs(os.path.dirname(self._place), mode=0o700, exist_ok=True)
            super().remember(request)
        else:
            remove(self._place)

    def _mode(self, path: str) -> int:
        wanted = super()._mode(path)
        former = mode_of(path) if path in self._frr.paths else None
        return wanted if former is None else wanted & former


def _entries(memory: dict[str, Any], which: str) -> list[Entry]:
    return [(tuple(keys), line) for keys, line in memory.get(which, [])]


def _scopes(state: str) -> dict[str, Any]:
    return {Path(file).stem: read_json(file, {}) for file in sorted(glob.glob(f"{state}/scopes/*.json"))}


def _refuse_whole(owns: list[str], state: str) -> None:
    whole = Memory(f"{state}/committed.json")
    taken = [path for path in owns if path in whole.files]
    if taken:
        raise StepError(
            f"this device is managed whole by citynet, which has {', '.join(taken)}: "
            "change its design and deploy that instead"
        )


def _refuse_taken(text: str, others: dict[str, Any]) -> None:
    for name, one in others.items():
        theirs = one.get("running", {}).get(ScopedInterfaces.name, {}).get("before", {})
        taken = [port for port in interface_names(text) if port in theirs]
        if taken:
            raise StepError(f"{', '.join(taken)} belongs to {name} on this device")
