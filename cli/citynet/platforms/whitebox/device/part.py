"""A part of a device's configuration: the files it owns, and how they come into force."""

from __future__ import annotations

from typing import Any

Texts = dict[str, str]  # path -> the whole text, secrets filled in


class Part:
    """One part; subclasses say how it is validated, applied, checked, watched for drift and put back."""

    name = ""
    paths: tuple[str, ...] = ()
    commands: dict[str, str] = {}  # noqa: RUF012 (never changed) - command -> package that brings it
    owner = ""

    def mine(self, texts: Texts) -> Texts:
        """Those of the texts that belong to this part."""
        return {path: text for path, text in texts.items() if path in self.paths}

    def validate(self, texts: Texts) -> None:
        """Raise StepError when the texts can be seen to be wrong before anything is touched."""

    def drift(self, texts: Texts, memory: Any) -> str:
        """How what is running differs from what was committed: text for people, empty when it does not."""
        raise NotImplementedError

    def snapshot(self, texts: Texts) -> Any:
        """What must be remembered of the running state to come back to it."""
        raise NotImplementedError

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Bring the files on disk into force; `changed` names those that differ from before."""
        raise NotImplementedError

    def check(self, texts: Texts) -> list[str]:
        """Raise StepError when what is running is not what was meant; otherwise remarks for people."""
        raise NotImplementedError

    def memory(self, texts: Texts) -> Any:
        """What `drift` compares with next time."""
        raise NotImplementedError

    def restore(self, snapshot: Any) -> None:
        """Bring the former files, back on disk already, into force."""
        raise NotImplementedError
