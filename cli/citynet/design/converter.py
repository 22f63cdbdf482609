"""The nodes of one YAML file → plain values, ranges expanded, the place of each remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from citynet.design import ranges
from citynet.design.source import Loc, Place, Source
from citynet.errors import Findings, Problem

if TYPE_CHECKING:
    from citynet.design.ranges import Shape, Step

MAX_VALUES = 1_000_000
"""Values after expansion; bounds what aliases and ranges can blow up to. 10,000 devices take some 100,000."""
MAX_SCALAR = 100
"""Characters of a value that is no text; YAML would compute numbers of any length."""
MAX_DEPTH = 50
"""Mappings and lists inside each other; a design has eight."""
JOINED_DEPTH = 3
"""Sections of several files join at depth 1, those of `profiles` at depth 2; below that a name stands once."""
_STEP_HINT = "ranges that count in step, such as r[1-9] and s[11-19]"


class Converter:
    """Converts one file; what is wrong goes to `findings`, and the rest is converted all the same.

    Args:
        file: Its name for messages.
        source: Gets the places.
        findings: Gets the problems.
        before: What the files before it hold, which it joins; None when it wins over them (override files).
    """

    def __init__(self, file: str, source: Source, findings: Findings, *, before: dict[str, Any] | None) -> None:
        self.file, self.source, self.findings, self.before = file, source, findings, before
        self.shapes: dict[int, Shape] = {}
        self.faulty: set[int] = set()
        self.open_nodes: set[int] = set()
        self.constructor = yaml.constructor.SafeConstructor()
        self.budget = MAX_VALUES
        self.shape: Shape = ()

    def problem(self, node: yaml.Node, what: str, expected: str = "", hint: str = "", rule: str = "yaml") -> Problem:
        """A problem with what stands at a node."""
        return Problem(self.file, node.start_mark.line + 1, what, expected, hint, node.start_mark.column + 1, rule)

    def value(self, node: yaml.Node, loc: Loc, step: Step, key: yaml.Node | None = None) -> Any:
        """The value of a node in one step of the ranges around it; None for what cannot be had."""
        self.budget -= 1
        if self.budget <= 0:
            if self.budget == 0:
                self.findings.add(self.problem(node, "the design expands to too much", f"at most {MAX_VALUES} values"))
            return None
        if self.before is None or loc not in self.source.places:
            self.source.places[loc] = self.place_of(key or node)
        if isinstance(node, yaml.ScalarNode):
            return self.scalar(node, step)
        if id(node) in self.open_nodes:
            self.findings.add(self.problem(node, "contains itself"))
            return None
        if len(loc) > MAX_DEPTH:
            self.findings.add(self.problem(node, "is nested too deep", f"{MAX_DEPTH} levels at most"))
            return None
        self.open_nodes.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self.mapping(node, loc, step)
            return self.sequence(node, loc, step)  # type: ignore[arg-type] # the only kind left
        finally:
            self.open_nodes.discard(id(node))

    def place_of(self, node: yaml.Node) -> Place:
        """Where a node stands."""
        return Place(self.file, node.start_mark.line + 1, node.start_mark.column + 1)

    def scalar(self, node: yaml.ScalarNode, step: Step) -> Any:
        """A plain value; in texts the ranges that count in step are replaced."""
        if node.tag == "tag:yaml.org,2002:str":
            return self.picked(node, step) if step and "[" in node.value else node.value
        if len(node.value) > MAX_SCALAR:
            self.findings.add(self.problem(node, "a number or date is too long", f"at most {MAX_SCALAR} characters"))
            return None
        try:
            return self.constructor.construct_object(node)
        except (yaml.YAMLError, ValueError) as error:
            text = f"'{node.value[:60]}' cannot be read: {str(error).splitlines()[0]}"
            self.findings.add(self.problem(node, text))
            return None

    def picked(self, node: yaml.ScalarNode, step: Step) -> str:
        """The text in this step."""
        pairs = zip(self.shape_of(node), self.shape[: len(step)], strict=False)
        wrong = next((pair for pair in pairs if pair[0] != pair[1]), None)
        if wrong and not any(step):  # once is enough
            text = f"'{node.value}' counts to {wrong[0]} where {wrong[1]} are repeated"
            self.findings.add(self.problem(node, text, _STEP_HINT, rule="range"))
        return ranges.pick(node.value, step)

    def mapping(self, node: yaml.MappingNode, loc: Loc, step: Step) -> dict[str, Any]:
        """A mapping; a key with ranges stands for many."""
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.findings.add(self.problem(key_node, "a key is no plain text"))
                continue
            around = self.shape
            for inner, key in self.keys(key_node, step):
                here = (*loc, key)
                if key in result:
                    self.findings.add(self.twice(key_node, here))
                elif len(here) <= JOINED_DEPTH and self.clashes(here, value_node):
                    self.findings.add(self.in_two_files(key_node, here))
                else:
                    result[key] = self.value(value_node, here, inner, key_node)
            self.shape = around
        return result

    def twice(self, node: yaml.Node, loc: Loc) -> Problem:
        """The problem of a name given twice."""
        first = f"first in line {self.source.places[loc].line}"
        return self.problem(node, f"'{loc[-1]}' stands twice", "each name once", first, rule="duplicate")

    def clashes(self, loc: Loc, node: yaml.Node) -> bool:
        """Whether a file before this one gave what stands here, and the two cannot be joined."""
        old: Any = self.before
        for part in loc:
            if not isinstance(old, dict) or part not in old:
                return False
            old = old[part]
        joins = len(loc) == 1 or (loc[0] == "profiles" and len(loc) < JOINED_DEPTH)
        alike = isinstance(old, dict) if isinstance(node, yaml.MappingNode) else isinstance(old, list)
        return not (joins and alike and isinstance(node, yaml.CollectionNode))

    def in_two_files(self, node: yaml.Node, loc: Loc) -> Problem:
        """The problem of a name that two files give."""
        name = ": ".join(str(part) for part in loc)
        first = f"first in {self.source.places[loc]}"
        return self.problem(node, f"'{name}' stands in two files", "each name once", first, rule="duplicate")

    def keys(self, node: yaml.ScalarNode, step: Step) -> list[tuple[Step, str]]:
        """The keys that one stands for, each with its step."""
        if "[" not in node.value:
            return [(step, node.value)]
        own = self.shape_of(node)
        if id(node) in self.faulty:
            return []
        if step and own[: len(step)] != self.shape[: len(own)][: len(step)]:
            return [(step, self.picked(node, step))]
        if len(own) <= len(step):
            return [(step, ranges.pick(node.value, step))]
        self.shape = own
        return [(inner, ranges.pick(node.value, inner)) for inner in ranges.steps(own, step)]

    def sequence(self, node: yaml.SequenceNode, loc: Loc, step: Step) -> list[Any]:
        """A list; an item with ranges of its own is repeated."""
        result: list[Any] = []
        earlier = (self.before or {}).get(str(loc[0])) if len(loc) == 1 else None
        offset = len(earlier) if isinstance(earlier, list) else 0
        for item in node.value:
            around = self.shape
            own = self.shape_of(item)
            if id(item) in self.faulty:
                continue
            if len(own) > len(step) and own[: len(step)] == around[: len(step)]:
                self.shape = own
                inner = ranges.steps(own, step)
            else:
                inner = [step]
            for one in inner:
                result.append(self.value(item, (*loc, offset + len(result)), one))
            self.shape = around
        return result

    def shape_of(self, node: yaml.Node) -> Shape:
        """The longest shape of any text in a node; an item of a list is repeated by it. Each node is looked at once."""
        known = self.shapes.get(id(node))
        if known is not None:
            return known
        self.shapes[id(node)] = ()  # while it is being looked at: a node that contains itself ends here
        if isinstance(node, yaml.ScalarNode):
            try:
                found = ranges.shape(node.value)
            except ranges.RangeError as error:
                self.findings.add(self.problem(node, str(error), "a range such as [01-13]", rule="range"))
                self.faulty.add(id(node))
                found = ()
        else:
            found = self.longest(node)
        self.shapes[id(node)] = found
        return found

    def longest(self, node: yaml.Node) -> Shape:
        """The longest shape inside a mapping or list, of which all others are the beginning."""
        parts = [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else node.value
        shapes = [shape for shape in (self.shape_of(part) for part in parts) if shape]
        found = max(shapes, key=len, default=())
        if any(shape != found[: len(shape)] for shape in shapes):
            text = "ranges of different length in one entry"
            self.findings.add(self.problem(node, text, _STEP_HINT, rule="range"))
            return ()
        return found
