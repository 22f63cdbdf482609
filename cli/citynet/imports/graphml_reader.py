"""GraphML → its nodes and edges with the line of each. Entities are refused: a topology needs none, attacks do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from xml.parsers import expat

from citynet.imports import sources
from citynet.imports.report import Report, Where

if TYPE_CHECKING:
    from pathlib import Path

_OWNERS = {"graph", "node", "edge", "hyperedge"}
_TEXTS = {"data", "default", "NodeLabel", "EdgeLabel"}
"""Elements whose text counts; the labels are those that yEd draws."""


MOST_KEYS = 1000
"""Most keys that a file may declare; the Internet Topology Zoo has some 50."""


class _RefusedError(Exception):
    """The file declares entities, or keys without end."""


@dataclass(slots=True)
class Element:
    """A graph, node, edge or hyperedge; `data` by the name of the key in lower case."""

    kind: str
    line: int
    attributes: dict[str, str]
    data: dict[str, str] = field(default_factory=dict)
    ends: list[str] = field(default_factory=list)
    has_graph: bool = False

    def get(self, *names: str) -> str:
        """The first of these data that is not empty."""
        return next((self.data[name] for name in names if self.data.get(name)), "")


@dataclass(slots=True)
class GraphMl:
    """All elements of a file in its order; defaults of the keys are filled in."""

    elements: list[Element] = field(default_factory=list)

    def of(self, *kinds: str) -> list[Element]:
        """The elements of these kinds."""
        return [element for element in self.elements if element.kind in kinds]


def read(file: Path, report: Report) -> GraphMl | None:
    """Read a GraphML file; None when that cannot be, which the report then tells."""
    found = sources.content(file, report)
    if found is None:
        return None
    collector = _Collector()
    parser = collector.parser
    try:
        parser.Parse(found, True)  # noqa: FBT003 - expat's own signature
    except expat.ExpatError as error:
        report.wrong(Where(str(file), error.lineno), f"is no XML: {expat.ErrorString(error.code)}")
        return None
    except _RefusedError as error:
        report.wrong(Where(str(file), parser.CurrentLineNumber), str(error), "GraphML as tools write it")
        return None
    except (ValueError, LookupError) as error:  # an encoding that Python does not know, or text it cannot hold
        report.wrong(Where(str(file), parser.CurrentLineNumber), f"is no XML: {error}")
        return None
    graph = collector.finished()
    if not graph.of("graph"):
        report.wrong(Where(str(file)), "holds no <graph>", "GraphML")
        return None
    return graph


class _Collector:
    """Expat's handlers."""

    def __init__(self) -> None:
        self.graph = GraphMl()
        self.keys: dict[str, tuple[str, str]] = {}
        self.defaults: dict[tuple[str, str], str] = {}
        self.owners: list[Element] = []
        self.texts: list[str] | None = None
        self.key, self.is_default = "", False
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self.characters
        self.parser.EntityDeclHandler = self.refuse
        self.parser.ExternalEntityRefHandler = self.refuse

    def refuse(self, *_: Any) -> int:
        """An entity is declared or asked for."""
        raise _RefusedError("declares or asks for an XML entity")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        local = name.rpartition(":")[2]
        if local in _OWNERS:
            self.open(local, attributes)
        elif local == "endpoint" and self.owners:
            self.owners[-1].ends.append(attributes.get("node", ""))
        elif local == "key":
            self.key = attributes.get("id", "")
            if len(self.keys) >= MOST_KEYS:
                raise _RefusedError(f"declares more than {MOST_KEYS} keys")
            self.keys[self.key] = (attributes.get("for", "all"), attributes.get("attr.name", "").lower())
        if self.texts is not None:
            self.keep("".join(self.texts))  # a label's text stands before the elements inside it
            self.texts = None
        if local in _TEXTS:
            self.texts = []
            self.is_default = local == "default"
            if local != "default":
                self.key = attributes.get("key", "") if local == "data" else local

    def open(self, local: str, attributes: dict[str, str]) -> None:
        """A graph, node or edge begins."""
        if local == "graph" and self.owners:
            self.owners[-1].has_graph = True
        ends = [attributes.get("source", ""), attributes.get("target", "")] if local == "edge" else []
        element = Element(local, self.parser.CurrentLineNumber, attributes, ends=ends)
        self.graph.elements.append(element)
        self.owners.append(element)

    def characters(self, text: str) -> None:
        """Text goes on."""
        if self.texts is not None:
            self.texts.append(text)

    def end(self, name: str) -> None:
        """An element ends."""
        local = name.rpartition(":")[2]
        if local in _OWNERS and self.owners:
            self.owners.pop()
        elif local in _TEXTS and self.texts is not None:
            self.keep("".join(self.texts))
            self.texts = None

    def keep(self, text: str) -> None:
        """The text of an element is whole."""
        if self.is_default:
            self.defaults[self.keys.get(self.key, ("all", self.key))] = text.strip()
        elif self.owners and text.strip():
            name = self.keys.get(self.key, ("", ""))[1] or self.key.lower()
            self.owners[-1].data.setdefault(name, text.strip())

    def finished(self) -> GraphMl:
        """Everything, defaults filled in."""
        for (kind, name), text in self.defaults.items():
            for element in self.graph.elements:
                if text and kind in {element.kind, "all"}:
                    element.data.setdefault(name, text)
        return self.graph
