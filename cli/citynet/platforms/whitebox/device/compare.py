"""What a request would change on this device, and doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import maintenance
from .frr import Frr
from .layer2 import Layer2
from .network import Interfaces, Sysctl
from .paths import Paths
from .services import Flows, Nftables
from .slices import Slices
from .system import StepError, lacking, mode_of, read, read_json, remove, write, write_json
from .texts import PLACEHOLDER, Mask, difference, digest, fill

if TYPE_CHECKING:
    from .part import Part, Texts

# In the order in which they come into force.
PARTS: tuple[Part, ...] = (Interfaces(), Sysctl(), Nftables(), Slices(), Frr(), Layer2(), Flows(), Paths())


class Memory:
    """What the last confirmed transaction left: files, running state, and where secrets stand."""

    def __init__(self, path: str) -> None:
        self._path = path
        content = self._content = read_json(self._path, {})
        self.files: dict[str, str] = content.get("files", {})
        self.running: dict[str, Any] = content.get("running", {})
        self.secret_lines: list[str] = content.get("secret_lines", [])

    def save(self, content: dict[str, Any]) -> None:
        """Replace it."""
        write_json(self._path, content)

    def store(self) -> None:
        """Write down what was changed in it."""
        self.save({**self._content, "files": self.files, "running": self.running})


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
            self.parts = [part for part in active if part in self.parts or part.name in ("sysctl", "layer2")]

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
        return 0o640 if PLACEHOLDER.search(self._templates[path]) else 0o644

    def _install(self, path: str) -> None:
        if path in self.texts:
            owner = next(part.owner for part in self._known if path in part.paths)
            write(path, self.texts[path], self._mode(path), owner)
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
