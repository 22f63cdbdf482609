"""Texts on the device: secrets filled in and masked again, digests, differences.

A template holds `@secret(NAME)` where a value belongs. Whatever leaves the device goes through `Mask` first.
"""

from __future__ import annotations

import difflib
import hashlib
import re

PLACEHOLDER = re.compile(r"@secret\(([A-Za-z0-9_./-]+)\)")

# Words of FRR and Linux configurations after which a value must not be shown even when nobody told us its name.
_SENSITIVE = re.compile(
    r"(?P<head>\b(?:password|passwd|secret|psk|key-string|(?:area|domain)-password|md5|authentication-key)(?:\s*[=:]\s*|\s+)"
    r"(?:(?:md5|clear|hmac-sha-256|\d)\s+)*)(?!@secret\(|<hidden>)(?P<value>\S+)",
    re.IGNORECASE,
)
_NO_VALUES = frozenset({"md5", "clear", "encryption", "authenticate", "{", "send-only"})


def digest(text: str) -> str:
    """SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def fill(template: str, values: dict[str, str]) -> str:
    """The template with every placeholder replaced by its value; KeyError names one that has none."""
    return PLACEHOLDER.sub(lambda found: values[found.group(1)], template)


class Mask:
    """Hides secrets in texts: known values by name, former values by their place, and the rest by keyword."""

    def __init__(self, values: dict[str, str], templates: list[str]) -> None:
        self._values = sorted(values.items(), key=lambda item: -len(item[1]))
        self._places: list[tuple[re.Pattern[str], str]] = []
        seen = set()
        for template in templates:
            for line in template.splitlines():
                if PLACEHOLDER.search(line) and line not in seen:
                    seen.add(line)
                    self._places.append((place(line), line.strip()))

    def text(self, text: str) -> str:
        """The text without any secret value."""
        return "\n".join(self.line(line) for line in text.split("\n"))

    def line(self, line: str) -> str:
        """One line without any secret value; a value that is about to change is marked as the former one."""
        for name, value in self._values:
            if value and value in line:
                line = line.replace(value, f"@secret({name})")
        if "@secret(" not in line:
            for place, template in self._places:
                found = place.match(line)
                if found:
                    return f"{found.group(1)}{template}{found.group(2)} (former value)"
        return _SENSITIVE.sub(_hide, line)


def place(line: str) -> re.Pattern[str]:
    """Matches a line that differs from the template's line only in the secret, with or without a leading 'no'."""
    parts = PLACEHOLDER.split(line.strip())
    literal = [re.escape(part) for part in parts[::2]]
    if not any(literal):
        # A line of nothing but a secret, as in a PEM file: not just any word of another file is a former value of it.
        return re.compile(r"^(\s*[-+]?)[A-Za-z0-9+/=]{64,}(\s*)$")
    return re.compile(r"^(\s*(?:[-+] ?)?(?:no )?)" + r"\S+".join(literal) + r"(\s*)$")


def _hide(found: re.Match[str]) -> str:
    if found.group("value").lower() in _NO_VALUES:
        return found.group(0)
    return found.group("head") + "<hidden>"


def difference(old: str, new: str, old_name: str, new_name: str) -> str:
    """Unified difference of two texts, empty when they are equal."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, lineterm="")
    return "\n".join(lines)
