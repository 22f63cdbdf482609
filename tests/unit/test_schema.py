"""The JSON Schema takes what the reader takes, refuses what it refuses for form, and explains every key."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import BaseModel, ValidationError

from bench.city import SHAPES
from citynet.design import ranges, schema, types
from citynet.errors import Exit
from tree import ROOT

WHOLE = Draft202012Validator(schema.json_schema())
OVERRIDE = Draft202012Validator(schema.json_schema(override=True))
GOOD = sorted(
    [
        *(ROOT / "labs").glob("*/design.yml"),
        *(ROOT / "labs").glob("*/design/*.yml"),
        *(ROOT / "tests" / "golden" / "cases").glob("*/design.yml"),
        *(path for path in (ROOT / "tests" / "lab").glob("*.yml") if not path.name.endswith("routers.yml")),
    ]
)
VALUES = (
    *(
        "x",
        "x-1",
        "X",
        "",
        "1",
        "10",
        "1_000",
        "1e3",
        "5.5",
        "-3",
        "+5",
        "yes",
        "On",
        "L2",
        "A",
        "tcp",
        "core",
        "city",
        "user",
    ),
    *(
        0,
        1,
        -1,
        10,
        100,
        5000,
        1.5,
        5.0,
        1e9,
        True,
        False,
        None,
        [],
        ["a"],
        ["a", "b"],
        ["a", "b", "c"],
        [1],
        [8443],
        {},
    ),
    *("10.0.0.0/8", "10.0.0.0/255.0.0.0", "10.1.1.1", "fd01::/32", "fd01:1::", "::/0", "::ffff:10.0.0.0/104"),
)
WRONG_FORM = ("unknown-key", "wrong-type", "missing-key", "everything")


def problems(validator: Draft202012Validator, content: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(content)]


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "citynet", "schema", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def nodes(schema_of: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    types = {"City": schema_of, **schema_of["$defs"]}
    keys = [(f"{name}.{key}", node) for name, of in types.items() for key, node in of.get("properties", {}).items()]
    return [*types.items(), *keys]


@pytest.mark.parametrize("validator", [WHOLE, OVERRIDE])
def test_it_is_a_schema(validator: Draft202012Validator) -> None:
    Draft202012Validator.check_schema(validator.schema)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_of_a_good_design_is_valid(path: Path) -> None:
    assert problems(WHOLE, read(path)) == []


@pytest.mark.parametrize("shape", ["ring", "city"])
def test_the_bench_cities_are_valid(shape: str) -> None:
    assert problems(WHOLE, yaml.safe_load(SHAPES[shape](100))) == []


@pytest.mark.parametrize("case", WRONG_FORM)
def test_wrong_form_is_refused(case: str) -> None:
    assert problems(WHOLE, read(ROOT / "tests" / "errors" / "cases" / f"{case}.yml"))


@pytest.mark.parametrize(
    "text",
    [
        "devices: {'acc[001-100]-[01-10]': {domain: cross, role: edge, site: 's[001-100]'}}",
        "devices: {a: {profile: access}}",
        "participants: {'a[1-9]': {profile: bureau, title: 'Bureau [1-9]'}}",
        "rings: {a: {devices: ['r[1-9]'], closed: no}}",
        "rings: {a: {devices: ['r[1-9]'], closed: 'off'}}",  # what an editor of YAML 1.2 makes of off
        "links: [{between: ['a-[1-2]'], rate_gbps: 400}]",
        "services: {'s[1-9]': {domain: cross, vrf: 'v[1-9]', ipv4: '10.[1-9].0.0/16', ipv6: 'fd0[1-9]::/48'}}",
        "domains: {cross: {asn: '6500[1-2]', locators: 'fd02:2::/32', router_ids: 10.0.0.0/16}}",
        "devices: {'r[1-9]': {role: core, site: a, plane: null, management: '172.20.1.[1-9]'}}",
        "sites: {'s[1-9]': {place: {lat: '30.[1-9]', lon: 114}}}",
        "services: {a: {domain: cross, vrf: a, ipv4: 10.0.0.0/16, ipv6: 'fd01::/48', bandwidth_mbps: 10_000}}",
        "title: x",
    ],
)
def test_what_is_written_short_is_valid(text: str) -> None:
    content = yaml.safe_load(text)
    found = [problem for problem in problems(WHOLE, content) if not problem.endswith("'ends' is a required property")]
    assert found == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("devices: {a: {domain: cross, site: a}}", "$.devices.a"),  # no profile could say its role
        ("devices: {a: {role: cor, site: a}}", "$.devices.a.role"),
        ("devices: {'a[1-2][1-2][1-2][1-2]': {role: core, site: a}}", "$.devices"),
        ("devices: {A: {role: core, site: a}}", "$.devices"),
        ("domains: {other: {asn: 1, locators: 'fd01::/32', router_ids: 10.0.0.0/16}}", "$.domains"),
        ("domains: {cross: {asn: 0, locators: 'fd01::/32', router_ids: 10.0.0.0/16}}", "$.domains.cross.asn"),
        ("domains: {cross: {asn: 1, locators: 10.0.0.0/32, router_ids: 10.0.0.0/16}}", "$.domains.cross.locators"),
        ("management: {prefix: somewhere}", "$.management.prefix"),
        ("rings: {a: {devices: [r1]}}", "$.rings.a.devices"),
        ("links: [{between: [a, b, c]}]", "$.links[0].between"),
        ("links: [{between: [a, b], rate_gbps: 7}]", "$.links[0].rate_gbps"),
        ("rings: {a: {devices: [a, b], closed: maybe}}", "$.rings.a.closed"),
        ("places: {}", "$"),
    ],
)
def test_what_the_reader_refuses_for_form(text: str, path: str) -> None:
    assert [problem.split(": ")[0] for problem in problems(WHOLE, yaml.safe_load(text))] == [path]


@pytest.mark.parametrize(
    "text",
    [
        "fibres: {hubs: {length_km: 5}}",
        "devices: {gov-pe-east: null}",
        "devices: {gov-pe-east: {plane: null}}",
        "domains: {cross: {underlay: null, defaults: {links: {metric: null}}}}",
        "interconnects: null",
        "links: []",
    ],
)
def test_an_override_holds_parts_and_nulls(text: str) -> None:
    assert problems(OVERRIDE, yaml.safe_load(text)) == []


@pytest.mark.parametrize("text", ["fibres: {hubs: {length: 5}}", "fibres: {hubs: {length_km: far}}"])
def test_an_override_is_still_checked(text: str) -> None:
    assert problems(OVERRIDE, yaml.safe_load(text))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_key_is_explained(language: schema.Language) -> None:
    for path, node in nodes(schema.json_schema(language)):
        assert node.get("description"), path
        assert "Attributes:" not in node["description"], path
        if "enum" in node and "." not in path:
            assert len(node["enumDescriptions"]) == len(node["enum"]), path
            assert all(node["enumDescriptions"]), path


def test_every_plain_key_has_an_example() -> None:
    for path, node in nodes(schema.json_schema()):
        if "." in path and "$ref" not in json.dumps(node):
            assert node.get("examples"), f"{path} stands in no example of reference.examples.yml"


def test_examples_are_valid_where_they_stand() -> None:
    whole = WHOLE.schema
    for path, node in nodes(whole):
        for example in node.get("examples", []):
            assert problems(Draft202012Validator({**node, "$defs": whole["$defs"]}), example) == [], path


def test_every_description_has_its_chinese_and_no_chinese_is_left_over() -> None:
    needed = set[str]()
    for path, node, lent in schema.places(schema.described()):
        needed |= {path} if not lent else set()
        needed |= {f"{path}.{value}" for value in node["enum"]} if "enumDescriptions" in node else set()
    assert needed == set(schema.texts("zh")["types"])


def examples_of(node: dict[str, Any]) -> dict[str, Any]:
    """An entry made of the examples of its keys, ranges expanded."""
    found = {key: child["examples"][0] for key, child in node["properties"].items() if "examples" in child}
    return {
        key: [name for item in value for name in ranges.expand(item)] if key in {"sites", "devices"} else value
        for key, value in found.items()
        if key != "profile"
    }


def accepts(model: type[BaseModel], value: Any) -> bool:
    try:
        model.model_validate(value)
    except ValidationError:
        return False
    return True


def odd(node: dict[str, Any], value: Any) -> bool:
    """What the types take and an editor had better mark: `true` as a number, a number as an address or as `true`."""
    kinds = json.dumps(node)
    if isinstance(value, bool):
        return '"boolean"' not in kinds
    return str(value).isdigit() and '"integer"' not in kinds and '"number"' not in kinds


@pytest.mark.parametrize("name", [name for name, node in WHOLE.schema["$defs"].items() if "properties" in node])
def test_what_a_type_takes_the_schema_takes(name: str) -> None:
    node = WHOLE.schema["$defs"][name]
    validator, model, entry = (
        WHOLE.evolve(schema={**node, "$defs": WHOLE.schema["$defs"]}),
        getattr(types, name),
        examples_of(node),
    )
    assert accepts(model, entry)
    for key, child in node["properties"].items():
        for value in VALUES:
            if not odd(child, value) and accepts(model, {**entry, key: value}):
                assert problems(validator, {**entry, key: value}) == [], (key, value)


def test_nothing_is_in_the_way_of_a_file_with_few_sections() -> None:
    assert "required" not in WHOLE.schema
    assert WHOLE.schema["additionalProperties"] is False


def test_the_command_prints_and_writes(tmp_path: Path) -> None:
    printed = run("--language", "zh", "--override")
    assert json.loads(printed.stdout) == schema.json_schema("zh", override=True)
    file = tmp_path / "new" / "schema.json"
    written = run("--output", str(file))
    assert written.stdout == f"{file} written\n"
    assert json.loads(file.read_text(encoding="utf-8")) == schema.json_schema()
    assert run("-o", str(file), "--quiet").stdout == ""


def test_what_cannot_be_written_is_bad_input(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("--output", str(tmp_path / "file" / "schema.json"))
    assert done.returncode == Exit.BAD_INPUT
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
