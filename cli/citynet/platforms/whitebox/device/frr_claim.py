"""What one technology claims of FRR's configuration beside lines of other owners.

Lines are told apart as FRR's reload tool has them: by the contexts they stand in. A claim owns the lines that it
brought; those that were there before it came stay when it goes. In the file a claim is a block of its own between two
comments, because FRR takes a context that is opened twice as one. `write memory` in vtysh dissolves the block; the
claim is still met then, and what it no longer has is taken out line by line.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any, Optional

from .frr_changes import CONFIGURATION, Entry, entries, parse, reload_tool
from .system import StepError
from .texts import PLACEHOLDER, fill, place

# Which daemon a context is for, where it is not one that always runs.
_DAEMONS = (
    (re.compile(r"^router isis ", re.MULTILINE), "isisd"),
    (re.compile(r"^router bgp ", re.MULTILINE), "bgpd"),
    (re.compile(r"^(?:bfd$| isis bfd$| neighbor \S+ bfd$)", re.MULTILINE), "bfdd"),
)


class Claim:
    """The claim of one scope: what it has, what it had, and what others have.

    Args:
        scope: Its name.
        fragment: The lines, as a template.
        secrets: Values of the secrets in it.
        owned: Entries that this scope brought earlier, as templates.
        others: Entries that other scopes claim.
    """

    def __init__(
        self, scope: str, fragment: str, secrets: dict[str, str], owned: list[Entry], others: set[Entry]
    ) -> None:
        self._scope = scope
        self._fragment = fragment
        self.claimed = entries(parse(fragment)) if fragment else []
        self._owned = owned
        self._others = others
        self._filled = [(keys, fill(line, secrets) if line else line) for keys, line in self.claimed]
        mine = set(self.claimed)
        self._stale = [entry for entry in owned if entry not in mine and entry not in others]

    @property
    def daemons(self) -> list[str]:
        """Daemons that must run for it."""
        return [daemon for pattern, daemon in _DAEMONS if pattern.search(self._fragment)]

    def goal(self, config: Any) -> Any:
        """A configuration with the claim met: what is stale taken out, what is claimed put in, the rest as it was."""
        contexts: dict[tuple[str, ...], list[str]] = OrderedDict(
            (keys, list(context.lines)) for keys, context in config.contexts.items()
        )
        for keys, lines in contexts.items():
            lines[:] = [line for line in lines if not self._goes(keys, line)]
        for keys in self._hollow(contexts):
            contexts.pop(keys)
        for keys, line in self._filled:
            lines = contexts.setdefault(keys, [])
            if line is not None and line not in lines:
                lines.append(line)
        tool = reload_tool()
        wanted = tool.Config(None)
        wanted.contexts = OrderedDict((keys, tool.Context(keys, lines)) for keys, lines in contexts.items())
        return wanted

    def _hollow(self, contexts: dict[tuple[str, ...], list[str]]) -> set[tuple[str, ...]]:
        """Stale contexts in which nothing is left, neither lines nor contexts that stay."""
        hollow: set[tuple[str, ...]] = set()
        stale = (keys for keys, line in self._stale if line is None and keys in contexts)
        for keys in sorted(stale, key=len, reverse=True):
            within = {other for other in contexts if other[: len(keys)] == keys and other != keys}
            if not contexts[keys] and within <= hollow:
                hollow.add(keys)
        # FRR 10.7 answers `no segment-routing srv6` in BGP by `no srv6-only` in there; empty, it is not shown.
        return {keys for keys in hollow if keys[-1] != "segment-routing srv6" or keys[:-1] in hollow}

    def _goes(self, keys: tuple[str, ...], line: str) -> bool:
        """Whether a line is stale, or holds a former value of a secret that is claimed."""
        if (keys, line) in self._filled:
            return False
        return any(
            keys == contexts and template is not None and _matches(template, line)
            for contexts, template in [*self._stale, *(one for one in self.claimed if _secret(one[1]))]
        )

    def owned(self, before: set[Entry]) -> list[Entry]:
        """What it owns once it is committed, `before` being what was there when it came."""
        earlier = set(self._owned)
        return [
            template
            for template, filled in zip(self.claimed, self._filled)  # noqa: B905 - Python 3.9 knows no strict
            if template in earlier or filled not in before or template in self._others
        ]

    def in_file(self, text: str) -> str:
        """The file with the claim met, secrets of the claim as placeholders.

        Raises:
            StepError: The file is laid out in a way that cannot be told apart.
        """
        base = self._without_block(text)
        former = parse(base)
        wanted = set(entries(self.goal(former)))
        goes = set(entries(former)) - wanted
        result = _without(base, goes) if goes else base
        here = set(entries(former)) - goes
        if not set(self._filled) <= here:
            result = self._with_block(text, result, moved=bool(goes))
        if goes and set(entries(parse(_without(base, goes)))) != here:
            raise StepError(f"{CONFIGURATION} is not laid out as FRR writes it; run `write memory` in vtysh once")
        return result

    @property
    def _marks(self) -> tuple[str, str]:
        return f"! citynet {self._scope}: begin, kept by citynet", f"! citynet {self._scope}: end"

    def _block(self) -> str:
        first, last = self._marks
        return f"{first}\n{self._fragment.rstrip()}\n{last}\n"

    def _pattern(self) -> re.Pattern[str]:
        first, last = self._marks
        return re.compile(rf"^{re.escape(first)}\n.*?^{re.escape(last)}\n", re.MULTILINE | re.DOTALL)

    def _without_block(self, text: str) -> str:
        return self._pattern().sub("", text)

    def _with_block(self, text: str, result: str, *, moved: bool) -> str:
        """The block where it stood before, or else at the end."""
        if not moved and self._pattern().search(text):
            return self._pattern().sub(lambda _: self._block(), text, count=1)
        return (result if result.endswith("\n") or not result else result + "\n") + self._block()


def _secret(line: Optional[str]) -> bool:
    return line is not None and bool(PLACEHOLDER.search(line))


def _matches(template: str, line: str) -> bool:
    return bool(place(template).match(line)) if _secret(template) else template == line


class _Node:
    """A line of the file and the lines that are indented deeper below it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.children: list[_Node] = []

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


def _without(text: str, goes: set[Entry]) -> str:
    root = _tree(text)
    _prune(root, (), goes)
    return "".join(line + "\n" for line in _lines(root))


def _tree(text: str) -> _Node:
    root = _Node("")
    stack: list[tuple[int, _Node]] = [(-1, root)]
    for line in text.splitlines():
        node = _Node(line)
        depth = len(line) - len(line.lstrip())
        while stack[-1][0] >= depth:
            stack.pop()
        stack[-1][1].children.append(node)
        stack.append((depth, node))
    return root


def _prune(node: _Node, keys: tuple[str, ...], goes: set[Entry]) -> None:
    kept: list[_Node] = []
    closing = False
    for child in node.children:
        # A context that goes takes its `exit` and the `!` after it along.
        if closing and (child.words.startswith("exit") or child.words == "!"):
            closing = child.words != "!"
            continue
        closing = False
        _prune(child, (*keys, child.words), goes)
        says = [one for one in child.children if one.words not in ("", "!") and not one.words.startswith("exit")]
        if (keys, child.words) in goes or (((*keys, child.words), None) in goes and not says):
            closing = bool(child.children) or ((*keys, child.words), None) in goes
        else:
            kept.append(child)
    node.children = kept


def _lines(node: _Node) -> list[str]:
    return [line for child in node.children for line in (child.text, *_lines(child))]
