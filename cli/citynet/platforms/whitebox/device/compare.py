"""What a request would change on this device, and doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import maintenance
from .access_agent import AccessAgent, AccessTable
from .fence import Fence
from .frr import Frr
from .ipsec import Ipsec
from .key_agent import KeyAgent
from .layer2 import Layer2
from .network import Interfaces, Sysctl
from .path_agent import Paths
from .refusals import Refusals
from .sentries import Sentries
from .services import Flows, Nftables
from .slices import Slices
from .system import StepError, lacking, mode_of, read, read_json, remove, write, write_json
from .tagging import Tags
from .texts import PLACEHOLDER, Mask, difference, digest, fill
from .tracing import Tracing
from .xfrm import Xfrm

if TYPE_CHECKING:
    from .part import Part, Texts

# In the order in which they come into force.
PARTS: tuple[Part, ...] = (
    *(Interfaces(), Sysctl(), Xfrm(), Nftables(), Fence(), AccessTable(), Slices(), Ipsec(), KeyAgent()),
    *(Frr(), Layer2(), Tags(), Tracing(), AccessAgent(), Flows(), Refusals(), Paths(), Sentries()),
)


class Memory:
    """What the last confirmed transaction left: files, running state, and where secrets stand."""

    def __init__(self, path: str) -> None:
        self._path = path
        content = self.content = read_json(self._path, {})
        self.files: dict[str, str] = content.get("files", {})
        self.running: dict[str, Any] = content.get("running", {})
        self.secret_lines: list[str] = content.get("secret_lines", [])

    def save(self, content: dict[str, Any]) -> None:
        """Replace it."""
        write_json(self._path, content)

    def store(self) -> None:
        """Write down what was changed in it."""
        self.save({**self.content, "files": self.files, "running": self.running})


class Comparison:
    """Intended files against those on disk, and what runs against what was committed."""

    def __init__(self, request: dict[str, Any], memory: Memory, parts: tuple[Part, ...] = PARTS) -> None:
        self._memory = memory
        self._known = parts
        self._templates: dict[str, str] = maintenance.held(request["files"])
        self.texts: Texts = {path: fill(text, request["secrets"]) for path, text in self._templates.items()}
        known = {path for part in parts for path in part.paths}
        for path in self.texts:
            if path not in known:
                raise StepError(f"{path} is no file that a transaction may carry")
        self.mask = Mask(request["secrets"], [*self._templates.values(), "\n".join(memory.secret_lines)])
        self.removed = sorted(set(memory.files) - set(self.texts))
        self._on_disk = {path: read(path) for path in [*self.texts, *self.removed]}
        self.changed_paths = {path for path, text in self.texts.items() if self._differs(path, text)}
        self.changed_paths |= {path for path in self.removed if self._on_disk[path] is not None}
        active = [part for part in parts if part.mine(self.texts) or any(path in part.paths for path in self.removed)]
        missing = lacking({command: package for part in active for command, package in part.commands.items()})
        self._missing = missing
        self._drift = {} if missing else {part.name: self._drift_of(part) for part in active}
        self.parts = [part for part in active if self._drift.get(part.name) or self.changed_paths & set(part.paths)]
        if any(part.name.startswith("interfaces") for part in self.parts):
            # New interfaces come with the kernel's defaults, and without filters.
            self.parts = [
                part
                for part in active
                if part in self.parts or part.name in ("sysctl", "keys", "layer2", "tags", "trace", "access")
            ]

    @property
    def changed(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.parts)

    def require_tools(self) -> None:
        """Raise StepError when the device lacks a program that its configuration needs."""
        if self._missing:
            raise StepError("this device lacks " + ", ".join(self._missing))

    def touched_paths(self) -> list[str]:
        """Every file of the parts that are touched, there or not."""
        return [path for part in self.parts for path in part.paths if path in self.texts or path in self.removed]

    def answer(self) -> dict[str, Any]:
        """The comparison for people: masked difference, parts, changed or not."""
        return {
            "status": "compared",
            "changed": self.changed,
            "parts": [part.name for part in self.parts],
            "files": sorted(self.changed_paths),
            "diff": self._difference(),
            "notes": maintenance.notes(),
        }

    def validate(self) -> None:
        """Everything that can be found wrong before anything is touched."""
        for part in self.parts:
            part.validate(part.mine(self.texts))

    def apply(self) -> list[str]:
        """Write files and bring them into force, part by part; the remarks of the checks."""
        notes: list[str] = []
        for path in sorted(self.changed_paths):
            self._install(path)
        for part in self.parts:
            part.apply(self.texts, self.changed_paths)
        for part in self.parts:
            notes += part.check(self.texts)
        return notes

    def memory(self, request: dict[str, Any]) -> dict[str, Any]:
        """What to remember once this is confirmed."""
        touched = {part.name for part in self.parts}
        running = {
            part.name: part.memory(self.texts)
            if part.name in touched or part.name not in self._memory.running
            else self._memory.running[part.name]
            for part in self._known
            if part.mine(self.texts)
        }
        lines = {line for text in self._templates.values() for line in text.splitlines() if PLACEHOLDER.search(line)}
        return {
            "files": {path: digest(text) for path, text in self.texts.items()},
            "running": running,
            "secret_lines": sorted(lines),
            "run": request.get("run", {}),
        }

    def remember(self, request: dict[str, Any]) -> None:
        """Keep what is committed now."""
        self._memory.save(self.memory(request))

    def _differs(self, path: str, text: str) -> bool:
        mode = mode_of(path)
        return self._on_disk[path] != text or (mode is not None and mode & ~self._mode(path) != 0)

    def _mode(self, path: str) -> int:
        if not PLACEHOLDER.search(self._templates[path]):
            return 0o644
        return 0o640 if self._owner(path) else 0o600

    def _owner(self, path: str) -> str:
        return next(part.owner for part in self._known if path in part.paths)

    def _install(self, path: str) -> None:
        if path in self.texts:
            write(path, self.texts[path], self._mode(path), self._owner(path))
        else:
            remove(path)

    def _drift_of(self, part: Part) -> str:
        if self.changed_paths & set(part.paths) or not part.mine(self.texts):
            return ""
        return part.drift(part.mine(self.texts), self._memory.running.get(part.name))

    def _difference(self) -> str:
        pieces = []
        for path in sorted(self.changed_paths):
            # The intended side is the template: it holds no value of ours, but lines of others perhaps.
            old = self.mask.text(self._on_disk[path] or "")
            new = self.mask.text(self._templates.get(path, ""))
            pieces.append(
                difference(
                    old,
                    new,
                    path if self._on_disk[path] is not None else "/dev/null",
                    path if path in self.texts else "/dev/null",
                )
                or f"{path}: permissions"
            )
        pieces += [
            f"{part.name}, as running:\n{self.mask.text(drift)}"
            for part in self.parts
            if (drift := self._drift.get(part.name))
        ]
        return "\n".join(pieces)


class PartialComparison(Comparison):
    """Some parts of a device that is managed whole; all others are neither looked at nor touched.

    A transaction for one part is quick, since nothing else has to be asked what it runs. It is refused where the other
    files are not what the device was brought to last: what is wanted then is more than this part.
    """

    def __init__(self, request: dict[str, Any], memory: Memory, names: list[str]) -> None:
        parts = tuple(part for part in PARTS if part.name in names)
        mine = {path for part in parts for path in part.paths}
        self._whole, self._files = dict(memory.content), dict(memory.files)
        self._refuse_others(request, mine)
        memory.files = {path: text for path, text in memory.files.items() if path in mine}
        files = {path: text for path, text in request["files"].items() if path in mine}
        super().__init__({**request, "files": files}, memory, parts)

    def _refuse_others(self, request: dict[str, Any], mine: set[str]) -> None:
        if not self._files:
            raise StepError("this device was never deployed whole, so there is nothing that a part could be added to")
        held = maintenance.held(request["files"])
        others = {path: digest(fill(text, request["secrets"])) for path, text in held.items() if path not in mine}
        before = {path: text for path, text in self._files.items() if path not in mine}
        changed = sorted(path for path in {*others, *before} if others.get(path) != before.get(path))
        if changed:
            raise StepError(f"more has changed than was asked for, so deploy all of it: {', '.join(changed)}")

    def memory(self, request: dict[str, Any]) -> dict[str, Any]:
        """What was remembered, with these parts as they are now."""
        found = super().memory(request)
        for part in self._known:
            self._files = {path: text for path, text in self._files.items() if path not in part.paths}
        running = {name: one for name, one in self._whole.get("running", {}).items() if name not in self._names()}
        return {
            **self._whole,
            "files": {**self._files, **found["files"]},
            "running": {**running, **found["running"]},
            "run": found["run"],
        }

    def _names(self) -> set[str]:
        return {part.name for part in self._known}
