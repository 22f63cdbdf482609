"""The fence of a device that is managed whole: its table, replaced alone, while the rest of the packet filter stays."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .nftables_scope import ScopedNftables

if TYPE_CHECKING:
    from .part import Texts

SCOPE = "fence"
"""Also the scope of a router with this technology only: file and table are the same."""
_TABLE = re.compile(r"^table inet citynet_(?:fence|access) \{\n.*?^\}\n", re.MULTILINE | re.DOTALL)


class Fence(ScopedNftables):
    """The table of the fence. When a device starts, its packet filter's own file brings it along."""

    name = "fence"

    def __init__(self) -> None:
        super().__init__(SCOPE)

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Put the new table in the place of the old one, or take it away; no packet meets neither or a half of it."""
        self.replace(texts)


def without_fence(rules: str) -> str:
    """A loaded ruleset without the tables of fence and access, which are matters of their own."""
    return _TABLE.sub("", rules)
