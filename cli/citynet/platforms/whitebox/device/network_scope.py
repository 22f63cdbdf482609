"""Interfaces of one scope on a device that citynet does not manage whole: others are not even looked at."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .network import INTERFACES, POLICY, Interfaces, interface_names, prepare_tables, present, put_back
from .system import must, read

if TYPE_CHECKING:
    from .part import Texts


# So that a transaction that nobody confirmed is put back by the part that made it.
BESIDE = " beside others"
_FREE = re.compile(r"^iface (\S+)\n(?:[ \t]+.*\n)*?[ \t]+address-purge no$", re.MULTILINE)


class ScopedInterfaces(Interfaces):
    """VRFs and ports of one scope, by an ifupdown2 file of its own.

    What a port was before the scope took it is remembered, so that it can be that again.
    """

    name = f"interfaces{BESIDE}"

    def __init__(self, scope: str = "", memory: Any = None) -> None:
        self.file = f"{INTERFACES}-{scope}"
        self.paths = (POLICY.replace(".json", f"-{scope}.json"), self.file)
        self._before: dict[str, Any] = dict((memory or {}).get("before", {}))

    def drift(self, texts: Texts, memory: Any) -> str:
        """Compare with what ran after the last commit."""
        return super().drift(texts, (memory or {}).get("lines"))

    def _running(self, texts: Texts) -> list[str]:
        """Facts about the scope's interfaces, without addresses that others may give them."""
        free = set(_FREE.findall(self._text(texts)))
        return [fact for fact in super()._running(texts) if " address " not in fact or fact.split()[0] not in free]

    def snapshot(self, texts: Texts) -> Any:
        """Every interface that the scope has, had or takes, as it is."""
        names = list(dict.fromkeys([*self._before, *interface_names(self._text(texts))]))
        found = {name: present(name) for name in names}
        for name in names:
            self._before.setdefault(name, found[name])
        return {"path": self.file, "present": found}

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Ifupdown2 brings the scope's interfaces to what its file says; those it gives up are what they were."""
        names = interface_names(self._text(texts))
        for name in [name for name in self._before if name not in names]:
            put_back(name, self._before.pop(name))
        if names:
            prepare_tables()
            must(["ifup", *names])

    def memory(self, texts: Texts) -> Any:
        """Facts to compare with, and what the ports were before."""
        return {"lines": self._running(texts), "before": self._before}

    def restore(self, snapshot: Any) -> None:
        """Every interface is again what it was; those of the former file are ifupdown2's to bring up."""
        prepare_tables()
        kept = interface_names(read(snapshot["path"]) or "")
        for name, was in snapshot["present"].items():
            if name not in kept:
                put_back(name, was)
        if kept:
            must(["ifup", *kept])
