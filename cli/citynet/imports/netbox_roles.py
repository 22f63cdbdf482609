"""What the roles of a NetBox mean here."""

from __future__ import annotations

import re
from enum import StrEnum

from citynet.design.types import Role
from citynet.errors import InputError, Problem, did_you_mean


class Other(StrEnum):
    """Kinds of device that do not route."""

    PASSIVE = "passive"
    SKIP = "skip"


Meaning = Role | Other
WORDS: list[tuple[Meaning, str]] = [
    (Other.PASSIVE, "patch panel patchpanel odf splice closure cassette passive 配线架 光配 光交"),
    (Other.SKIP, "server pdu ups console storage camera phone printer ap wlan oob management bmc host kvm 服务器 摄像"),
    (Role.BORDER, "border firewall fw asbr gateway peering interconnect igw 边界 防火墙 互联 出口"),
    (Role.OPTICAL, "optical roadm dwdm wdm cwdm otn mux ila oadm transponder muxponder 光传输 波分 光层"),
    (Role.CORE, "core backbone p supercore 核心 骨干"),
    (Role.AGGREGATION, "aggregation aggregate agg distribution dist metro spine 汇聚"),
    (Role.EDGE, "edge access pe leaf tor cpe ce bng olt 接入 边缘"),
]
"""The first entry with a word of the role counts: an 'edge firewall' is a border, a 'core patch panel' is passive."""
PLAIN = "router switch routing switching l3 路由 交换"
"""Words that say that a device routes, and not where it stands."""
_TOKEN = re.compile(r"[a-z0-9]+")
CHOICES = [str(role) for role in Role] + [str(other) for other in Other]


class Roles:
    """The table, with entries of the user's own before all others.

    Args:
        own: `WORD=role` each.

    Raises:
        InputError: One of them is malformed.
    """

    def __init__(self, own: list[str]) -> None:
        problems: list[Problem] = []
        self.own: dict[str, Meaning] = {}
        for text in own:
            word, sign, role = (part.strip() for part in text.partition("="))
            if not word or not sign or role not in CHOICES:
                problems.append(
                    Problem("--role", 0, f"'{text}'", f"WORD=ROLE, a role of {', '.join(CHOICES)}", _near(role))
                )
            else:
                self.own[word.lower()] = Role(role) if role in list(Role) else Other(role)
        if problems:
            raise InputError(problems)

    def meaning(self, text: str) -> Meaning | None:
        """What a role means; None when it is not known. `Role.EDGE` for a plain router, see `is_plain`."""
        tokens = set(_TOKEN.findall(text.lower()))
        for word, meaning in self.own.items():
            if word in {text.lower(), *tokens} or (not word.isascii() and word in text):
                return meaning
        for meaning, words in WORDS:
            if _has(text, tokens, words):
                return meaning
        return Role.EDGE if self.is_plain(text) else None

    def is_plain(self, text: str) -> bool:
        """Whether it says only that the device routes."""
        tokens = set(_TOKEN.findall(text.lower()))
        known = any(word in {text.lower(), *tokens} for word in self.own)
        return not known and _has(text, tokens, PLAIN) and not any(_has(text, tokens, words) for _, words in WORDS)


def _has(text: str, tokens: set[str], words: str) -> bool:
    for word in words.split(" "):
        if word in tokens or (not word.isascii() and word in text):
            return True
    return "patch panel" in words and "patch" in tokens


def _near(role: str) -> str:
    hint = did_you_mean(role, CHOICES)
    return hint if hint.startswith("did") else ""
