"""The JSON Schema of a design file (draft 2020-12): from the types, then adjusted to what the reader takes.

The types speak of a whole design whose ranges, profiles and defaults are expanded. An editor looks at one file as it
is written; each adjustment here is one such difference.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, Literal

import yaml

from citynet import __version__
from citynet.design import ranges, types

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Node = dict[str, Any]
Language = Literal["en", "zh"]

LENDERS = {
    "SiteProfile": "Site",
    "DeviceProfile": "Device",
    "DeviceUse": "Device",
    "ParticipantProfile": "Participant",
    "DeviceDefaults": "Device",
    "LinkDefaults": "Link",
    "ServiceDefaults": "Service",
}
"""What a key means in a profile or in defaults, it means in the type that they lend to."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RANGE = r"\[[0-9]{1,5}-[0-9]{1,5}\]"
_NAME = re.compile(r"\^\[a-z\]\[a-z0-9-\]\{0,(\d+)\}\$")
_FEW_RANGES = rf"(?!(?:[^\[]*\[){{{ranges.DEPTH + 1}}})"
_NAME_SAYS = "expected lower-case letters, digits and '-', a letter first; ranges such as [01-13] may stand in it"
_V4 = rf"(?:[0-9]|{_RANGE})+(?:\.(?:[0-9]|{_RANGE})+){{3}}"
_V6 = rf"(?:[0-9A-Fa-f:.]|{_RANGE})*:(?:[0-9A-Fa-f:.]|{_RANGE})*"
_LENGTH = rf"(?:[0-9]|{_RANGE})+"
_ADDRESSES = {
    "ipv4": (rf"^{_V4}$", "expected an IPv4 address such as 172.20.1.1"),
    "ipv4network": (rf"^{_V4}(?:/(?:{_LENGTH}|{_V4}))?$", "expected an IPv4 prefix such as 10.1.0.0/16"),
    "ipv6network": (rf"^{_V6}(?:/{_LENGTH})?$", "expected an IPv6 prefix such as fd01:1::/32"),
}
_NUMBERS = {"integer": rf"^[-+]?(?:[0-9_]|{_RANGE})+$", "number": rf"^[-+]?(?:[0-9_.]|{_RANGE})+(?:[eE][-+]?[0-9]+)?$"}
_SWITCHES = r"^(?:[Yy]es|YES|[Nn]o|NO|[Oo]n|ON|[Oo]ff|OFF)$"


def json_schema(language: Language = "en", *, override: bool = False) -> Node:
    """The schema of one file of a design.

    Args:
        language: Of the descriptions.
        override: Whether it is for files in `design/override`, which hold parts of entries and nulls.
    """
    defs = described(language)
    _add_examples(defs)
    adjusted = {name: _overriding(_adjusted(node)) if override else _adjusted(node) for name, node in defs.items()}
    city = adjusted.pop("City")
    del city["title"]
    city.pop("required", None)
    title = "citynet override file" if override else "citynet design file"
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": f"written by `citynet schema` of citynet {__version__}",
        "title": title,
        **city,
        "$defs": dict(sorted(adjusted.items())),
    }


def described(language: Language = "en") -> dict[str, Node]:
    """The types as they are, by name, each key with its description; values of an enum in `enumDescriptions`."""
    city = types.City.model_json_schema()
    defs: dict[str, Node] = {"City": city, **city.pop("$defs")}
    for name, node in defs.items():
        node["description"], *values = node["description"].split("\n\nAttributes:\n")
        if values:
            meaning = dict(re.findall(r"^ +([\w-]+): (.+)$", values[0], re.MULTILINE))
            node["enumDescriptions"] = [meaning[value] for value in node["enum"]]
        for key, child in node.get("properties", {}).items():
            child["title"] = f"{name}.{key}"
            if "description" not in child and name in LENDERS:
                child["description"] = defs[LENDERS[name]]["properties"][key]["description"]
    if language != "en":
        _translate(defs, texts(language)["types"])
    return defs


@cache
def texts(name: str) -> Any:
    """The texts of the reference page in a language; `examples` for the examples."""
    file = resources.files("citynet.design") / f"reference.{name}.yml"
    return yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506


def section(node: Node) -> str:
    """The name of the type that a section of a design holds; empty for a plain key."""
    node = next((part for part in node.get("anyOf", []) if part != {"type": "null"}), node)
    several = node.get("additionalProperties") or node.get("items") or node
    (inner,) = node.get("patternProperties", {"": several}).values()
    return str(inner.get("$ref", "")).rpartition("/")[2]


def places(defs: dict[str, Node]) -> Iterator[tuple[str, Node, str]]:
    """Everything that has a description: its path, the node that holds it, and the name of a lender's key or ''."""
    for name, node in defs.items():
        yield name, node, ""
        lender = LENDERS.get(name, "")
        lent = defs[lender]["properties"] if lender else {}
        for key, child in node.get("properties", {}).items():
            yield f"{name}.{key}", child, f"{lender}.{key}" if key in lent else ""


def _translate(defs: dict[str, Node], table: dict[str, str]) -> None:
    for path, node, lent in places(defs):
        node["description"] = table[path] if path in table or not lent else table[lent]
        if "enumDescriptions" in node:
            node["enumDescriptions"] = [table[f"{path}.{value}"] for value in node["enum"]]


def _add_examples(defs: dict[str, Node]) -> None:
    """Give each key the first value that it has in the examples; keys that are lent have the one of their lender."""
    for text in texts("examples").values():
        for holder, key, value in _values(yaml.load(text, Loader=_LOADER), defs["City"], defs):  # noqa: S506
            holder["properties"][key].setdefault("examples", [value])
    for key, child in defs["City"]["properties"].items():
        if "examples" not in child:
            child["examples"] = [yaml.load(texts("examples")[section(child)], Loader=_LOADER)[key]]  # noqa: S506
    for name, lender in LENDERS.items():
        for key, child in defs[name]["properties"].items():
            lent = defs[lender]["properties"].get(key, {})
            if "examples" not in child and "examples" in lent:
                child["examples"] = lent["examples"]


def _values(value: Any, node: Node, defs: dict[str, Node]) -> Iterator[tuple[Node, str, Any]]:
    """Every plain value in an example: the type it belongs to, its key, itself."""
    node = resolved(node, defs)
    if isinstance(value, list):
        for item in value:
            yield from _values(item, node.get("items", {}), defs)
    elif isinstance(value, dict):
        (others,) = node.get("patternProperties", {"": node.get("additionalProperties")}).values()
        for key, inner in value.items():
            child = node["properties"][key] if "properties" in node else others
            if "properties" in node and not resolved(child, defs).keys() & {"properties", "patternProperties"}:
                yield node, key, inner
            yield from _values(inner, child, defs)


def resolved(node: Node, defs: dict[str, Node]) -> Node:
    """The type that a node refers to, or the node itself."""
    for part in node.get("anyOf", []):
        if part != {"type": "null"}:
            return resolved(part, defs)
    return defs[node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def _adjusted(node: Node) -> Node:
    """A node and all below it, adjusted."""
    node = _with_children(node, _adjusted)
    for adjustment in (_name, _address, _number, _switch, _short_list, _keys, _optional, _from_profile):
        node = adjustment(node)
    return node


def _with_children(node: Node, change: Callable[[Node], Node]) -> Node:
    changed = dict(node)
    for key in ("properties", "patternProperties"):
        if key in node:
            changed[key] = {name: change(child) for name, child in node[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            changed[key] = change(node[key])
    if "anyOf" in node:
        changed["anyOf"] = [change(child) for child in node["anyOf"]]
    return changed


def _name(node: Node) -> Node:
    """A name may have ranges; each counts as one character here, since what it expands to may be as short."""
    found = _NAME.fullmatch(node.get("pattern", ""))
    return {**node, **_name_pattern(found[1])} if found else node


def _name_pattern(length: str) -> Node:
    pattern = rf"^{_FEW_RANGES}[a-z](?:[a-z0-9-]|{_RANGE}){{0,{length}}}$"
    return {"pattern": pattern, "patternErrorMessage": _NAME_SAYS}


def _address(node: Node) -> Node:
    """Addresses may have ranges too; the formats that pydantic names are no standard ones."""
    if node.get("format") not in _ADDRESSES:
        return node
    pattern, says = _ADDRESSES[node["format"]]
    return {**{k: v for k, v in node.items() if k != "format"}, "pattern": pattern, "patternErrorMessage": says}


def _number(node: Node) -> Node:
    """A number may be text, since only text can hold a range."""
    if node.get("type") not in _NUMBERS or "enum" in node:
        return node
    says = "expected a number; ranges such as [01-13] may stand in it"
    return {
        **node,
        "type": [node["type"], "string"],
        "pattern": _NUMBERS[node["type"]],
        "patternErrorMessage": says,
    }


def _switch(node: Node) -> Node:
    """The reader takes YAML 1.1's `yes` and `on`; to an editor of YAML 1.2 they are text."""
    if node.get("type") != "boolean":
        return node
    return {
        **node,
        "type": ["boolean", "string"],
        "pattern": _SWITCHES,
        "patternErrorMessage": "expected true or false",
    }


def _short_list(node: Node) -> Node:
    """A list with a range in it may be short: it expands."""
    if node.get("minItems", 0) < 2:
        return node
    rest = {key: value for key, value in node.items() if key != "minItems"}
    no_range = {"not": {"contains": {"type": "string", "pattern": _RANGE}}}
    return {**rest, "minItems": 1, "if": no_range, "then": {"minItems": node["minItems"]}}


def _keys(node: Node) -> Node:
    """The keys of a mapping of named things are names, so that ranges may stand there as well."""
    if "patternProperties" not in node:
        return node
    ((pattern, child),) = node["patternProperties"].items()
    rest = {key: value for key, value in node.items() if key != "patternProperties"}
    found = _NAME.fullmatch(pattern)
    assert found, f"keys are no names: {pattern}"
    return {**rest, "propertyNames": _name_pattern(found[1]), "additionalProperties": child}


def _optional(node: Node) -> Node:
    """`X or null` as one node, which editors show better than two; no default then."""
    parts = [part for part in node.get("anyOf", []) if part != {"type": "null"}]
    if len(parts) != 1:
        return node
    rest = {key: value for key, value in node.items() if key not in {"anyOf", "default"}}
    return _or_null({**parts[0], **rest})


def _or_null(node: Node) -> Node:
    if "type" not in node:
        outer: Node = {key: node[key] for key in ("title", "description", "default", "examples") if key in node}
        return {**outer, "anyOf": [{k: v for k, v in node.items() if k not in outer}, {"type": "null"}]}
    kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
    more = {"enum": [*node["enum"], None]} if "enum" in node and None not in node["enum"] else {}
    return {**node, "type": [*(kind for kind in kinds if kind != "null"), "null"], **more}


def _from_profile(node: Node) -> Node:
    """What must be said may be said by a profile."""
    if "profile" not in node.get("properties", {}) or "required" not in node:
        return node
    rest = {key: value for key, value in node.items() if key != "required"}
    return {**rest, "if": {"not": {"required": ["profile"]}}, "then": {"required": node["required"]}}


def _overriding(node: Node) -> Node:
    """What stands in an override file: a part of an entry, or null to take it away."""
    node = _with_children(node, _overriding)
    if "properties" in node:
        node = {key: value for key, value in node.items() if key not in {"required", "if", "then"}}
        node["properties"] = {
            name: _or_null(child) if "anyOf" not in child else child for name, child in node["properties"].items()
        }
    if isinstance(node.get("additionalProperties"), dict):
        node["additionalProperties"] = _or_null(node["additionalProperties"])
    return node
