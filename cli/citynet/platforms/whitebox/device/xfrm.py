"""Policies of encrypted services that need no key: they close what has none yet, and let in what was decrypted.

A device that is managed whole has one file of them, otherwise each scope has its own. Key exchange daemons have
policies beside ours, with other priorities; those are left alone.
"""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import glob
import ipaddress
import os
from typing import Any

from .part import Part, Texts
from .system import StepError, booted_with_systemd, must, read, run

FILE = "/etc/citynet/xfrm.batch"
UNIT = "/etc/systemd/system/citynet-xfrm.service"
PRIORITIES = frozenset({"1000", "3999999999", "4000000000"})
"""Priorities of our policies; nobody else's have them."""
_PREFIX = "xfrm policy update "
_KEY = ("dir", "src", "dst", "mark", "mask")


class Xfrm(Part):
    """The policies: added and changed one by one, so that what passes by the others goes on."""

    name = "xfrm"
    commands = {"ip": "iproute2"}  # noqa: RUF012

    def __init__(self, scope: str = "") -> None:
        self._file = FILE.replace(".batch", f"-{scope}.batch") if scope else FILE
        self.paths = (self._file, UNIT)

    def validate(self, texts: Texts) -> None:
        """Every line is a policy of ours."""
        facts(texts.get(self._file, ""))

    def drift(self, texts: Texts, memory: Any) -> str:
        """The policies in the kernel against those of the file."""
        wanted, there = facts(texts.get(self._file, "")), live()
        wrong = [f"-{fact}" for fact in sorted(set(wanted) - set(there))]
        wrong += [f"+{fact}" for fact in sorted(set(there) - set(wanted) - set(_configured()))]
        return "\n".join(["--- policies as committed", "+++ policies as running", *wrong]) if wrong else ""

    def snapshot(self, texts: Texts) -> Any:
        """Nothing: the files say it all."""
        return None

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Bring the kernel to what the files on disk say."""
        _follow()

    def check(self, texts: Texts) -> list[str]:
        """Read them back."""
        missing = sorted(set(facts(texts.get(self._file, ""))) - set(live()))
        if missing:
            raise StepError("policies of encrypted services are not as configured, missing: " + ", ".join(missing))
        return []

    def memory(self, texts: Texts) -> Any:
        """Nothing: the file says it all."""
        return None

    def restore(self, snapshot: Any) -> None:
        """The former files are back, or none."""
        _follow()


def facts(text: str) -> dict[str, str]:
    """Each policy of a file as the kernel shows it, and the line that makes it."""
    found = {}
    for line in text.splitlines():
        if not line.startswith(_PREFIX):
            raise StepError(f"{FILE}: {line!r} is no line that makes a policy")
        found[_fact(line[len(_PREFIX) :].split())] = line
    return found


def live() -> dict[str, str]:
    """Our policies in the kernel, and what is needed to name one when it goes."""
    found = {}
    for block in _blocks(must(["ip", "xfrm", "policy", "list"])):
        if "priority" in block and block[block.index("priority") + 1] in PRIORITIES:
            fact = _fact(block)
            found[fact] = fact[: fact.index(" action ")]
    return found


def _blocks(text: str) -> list[list[str]]:
    """The words of each policy; one begins at the margin."""
    found: list[list[str]] = []
    for line in text.splitlines():
        if line[:1].strip():
            found.append([])
        if found:
            found[-1] += line.split()
    return found


def _fact(words: list[str]) -> str:
    """A policy in one wording: its selector, what it does, and its template."""
    start = words.index("tmpl") if "tmpl" in words else len(words)
    said = dict(zip(words[:start:2], words[1:start:2]))  # noqa: B905
    template = dict(zip(words[start + 1 :: 2], words[start + 2 :: 2]))  # noqa: B905
    said = {"action": "allow", **said}
    template = {"reqid": "0", "level": "required", **template}
    said["src"], said["dst"] = _prefix(said["src"]), _prefix(said["dst"])
    value, _, mask = said.get("mark", "0").partition("/")  # shown as value/mask, told as two words
    said["mark"], said["mask"] = f"{int(value, 0):#x}", f"{int(mask or said.get('mask', '0'), 0):#x}"
    template["reqid"] = template["reqid"].split("(")[0]
    parts = [f"{word} {said[word]}" for word in (*_KEY, "action", "priority")]
    if start < len(words):
        parts += [f"{word} {template[word]}" for word in ("src", "dst", "proto", "reqid", "mode", "level")]
    return " ".join(parts)


def _prefix(text: str) -> str:
    return str(ipaddress.ip_network(text))


def _configured() -> dict[str, str]:
    """What all files on disk say."""
    found: dict[str, str] = {}
    for file in [FILE, *sorted(glob.glob(FILE.replace(".batch", "-*.batch")))]:
        found.update(facts(read(file) or ""))
    return found


def _follow() -> None:
    wanted, there = _configured(), live()
    lines = [line for fact, line in wanted.items() if fact not in there]
    # One of ours that only has another template or action now is changed in place; what has none any more goes.
    kept = {_key(fact) for fact in wanted}
    lines += [f"xfrm policy delete {key}" for fact, key in there.items() if _key(fact) not in kept]
    if lines:
        must(["ip", "-batch", "-"], "\n".join(lines) + "\n")
    if booted_with_systemd() and os.path.exists(UNIT):
        run(["systemctl", "enable" if wanted else "disable", "citynet-xfrm"])


def _key(fact: str) -> str:
    words = fact.split()
    return " ".join(words[: words.index("action")] + words[words.index("priority") :][:2])
