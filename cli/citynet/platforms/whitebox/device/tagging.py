"""Data identifiers given at the edge: the kernel's filters, and the program that sets them again after a reboot."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

from typing import Any

from . import tags
from .part import Part, Texts
from .system import StepError, booted_with_systemd, must, run

PROGRAMS = tuple(f"/usr/local/lib/citynet/tags/{name}.py" for name in ("system", "bpf", "tag_programs", "tags"))
UNIT = "/etc/systemd/system/citynet-tags.service"


class Tags(Part):
    """What a file says of identifiers."""

    name = "tags"
    paths = (tags.FILE, UNIT, *PROGRAMS)
    commands = {"tc": "iproute2"}  # noqa: RUF012

    def validate(self, texts: Texts) -> None:
        """See that filters can be made of the file."""
        if tags.FILE in texts:
            try:
                tags.wanted(tags.settings_of(texts[tags.FILE]))
            except (ValueError, KeyError) as error:
                raise StepError(f"{tags.FILE}: {error}") from error

    def drift(self, texts: Texts, memory: Any) -> str:
        """Where the kernel differs."""
        if tags.FILE not in texts:
            return ""
        return "\n".join(tags.wrong(tags.settings_of(texts[tags.FILE])))

    def snapshot(self, texts: Texts) -> Any:
        """Nothing: the files say it all."""
        return None

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Bring the kernel to what the file on disk says."""
        _follow()
        if booted_with_systemd():
            must(["systemctl", "daemon-reload"])
            if tags.FILE in texts:
                must(["systemctl", "enable", "citynet-tags"])
            else:
                run(["systemctl", "disable", "citynet-tags"])

    def check(self, texts: Texts) -> list[str]:
        """Read it all back."""
        if tags.FILE in texts:
            differs = tags.wrong(tags.settings_of(texts[tags.FILE]))
            if differs:
                raise StepError("identifiers are not given as configured: " + "; ".join(differs[:5]))
        return []

    def memory(self, texts: Texts) -> Any:
        """Nothing: the file says it all."""
        return None

    def restore(self, snapshot: Any) -> None:
        """The former file is back, or none: bring the kernel to it."""
        _follow()


def _follow() -> None:
    try:
        tags.apply(tags.configured())
    except OSError as error:
        raise StepError(f"{error.filename or 'tags'}: {error.strerror}") from error
