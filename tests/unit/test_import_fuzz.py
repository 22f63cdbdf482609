"""Whatever bytes a source holds: a design that passes its check, or problems with their places; never anything else."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from citynet import build
from citynet.errors import InputError, Problem
from citynet.imports import importing
from citynet.imports.draft import Options
from tree import ROOT

CASES = ROOT / "tests" / "data" / "imports" / "cases"
SEEDS = {
    "graphml": [CASES / "zoo" / "harbour.graphml", CASES / "yed" / "village.graphml"],
    "gnpy": [CASES / "gnpy" / "coast.json", CASES / "gnpy-yang" / "p2p.json"],
}
KINDS = ["graphml", "gnpy", "netbox-csv"]
TRIES = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-200, 200),
    st.floats(),
    st.sampled_from(
        ["Roadm", "Fiber", "Fused", "Edfa", "Transceiver", "km", "a", "b", "c", "", "中", "\ud800", "1e999"]
    ),
)
KEYS = st.sampled_from(["uid", "type", "params", "length", "length_units", "loss_coef", "lumped_losses", "metadata"])
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=12
)
UIDS = st.sampled_from("abcdef")
ELEMENT = st.fixed_dictionaries(
    {"uid": UIDS, "type": st.sampled_from(["Roadm", "Transceiver", "Fiber", "RamanFiber", "Fused", "Edfa"])},
    optional={
        "params": st.fixed_dictionaries(
            {},
            optional={
                "length": SCALARS | st.floats(0, 9e3),
                "length_units": st.sampled_from(["km", "m"]),
                "loss_coef": SCALARS,
                "con_in": SCALARS,
            },
        ),
        "metadata": st.fixed_dictionaries(
            {
                "location": st.fixed_dictionaries(
                    {}, optional={"city": SCALARS, "latitude": SCALARS, "longitude": SCALARS}
                )
            }
        ),
    },
)
CONNECTION = st.fixed_dictionaries({"from_node": UIDS, "to_node": UIDS})
CELLS = st.sampled_from(
    ["r1", "r2", "r3", "One", "Two", "", "core", "PE", "ODF", "5 km", "-1", "nan", "a,b", 'x"y', "Retired"]
)
HEADERS = {
    "sites": ["Name", "Slug", "Status", "Latitude", "Longitude"],
    "devices": ["Name", "Status", "Site", "Role"],
    "cables": ["Label", "Device A", "Termination A", "Device B", "Termination B", "Status", "Length"],
}


def try_it(kind: str, contents: list[bytes], lenient: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [folder / f"source-{number}" for number in range(len(contents))]
        for file, content in zip(files, contents, strict=True):
            file.write_bytes(content)
        problems: list[Problem] = []
        result = None
        try:
            result = importing.read(kind, files, Options(domains=("government", "cross")), [], lenient=lenient)
        except InputError as error:
            problems = error.problems
        assert all(problem.file.startswith(name) for problem in problems)
        assert all(len(str(problem)) < 1000 and problem.what.isprintable() for problem in problems)
        assert (result is None) == bool(problems)
        if result is None:
            return
        for path, text in result.texts.items():
            (folder / path).parent.mkdir(exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
        build.check(folder)
        json.dumps(result.report.as_dict(), ensure_ascii=False).encode()


@pytest.mark.parametrize("kind", KINDS)
@TRIES
@given(content=st.binary(max_size=300), lenient=st.booleans())
@example(content=b"<graphml><graph><node id='\xf3\xa0\x80\x81'/></graph></graphml>", lenient=False)
@example(content=b'{"elements":[],"connections":[]}', lenient=True)
@example(content=b"Name,Role,Site\n,,\n", lenient=True)
def test_any_bytes(kind: str, content: bytes, lenient: bool) -> None:
    try_it(kind, [content], lenient)


@pytest.mark.parametrize("kind", SEEDS)
@TRIES
@given(data=st.data())
def test_a_good_file_with_a_piece_changed(kind: str, data: st.DataObject) -> None:
    good = data.draw(st.sampled_from(SEEDS[kind])).read_bytes()
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 60)))
    piece = data.draw(
        st.binary(max_size=8) | st.sampled_from([b"<node>", b"</data>", b'"', b"[", b"}", b"-1", b"1e999"])
    )
    try_it(kind, [good[:start] + piece + good[end:]], data.draw(st.booleans()))


@TRIES
@given(elements=st.lists(JSON, max_size=6), connections=st.lists(JSON, max_size=4), lenient=st.booleans())
def test_any_json(elements: list[object], connections: list[object], lenient: bool) -> None:
    try_it("gnpy", [json.dumps({"elements": elements, "connections": connections}).encode()], lenient)


@TRIES
@given(elements=st.lists(ELEMENT, max_size=8), connections=st.lists(CONNECTION, max_size=12), lenient=st.booleans())
def test_any_chains(elements: list[object], connections: list[object], lenient: bool) -> None:
    try_it("gnpy", [json.dumps({"elements": elements, "connections": connections}).encode()], lenient)


@TRIES
@given(
    nodes=st.lists(st.tuples(UIDS, st.sampled_from(["", "0", "1"]), SCALARS, SCALARS), max_size=6),
    edges=st.lists(st.lists(UIDS, min_size=2, max_size=4), max_size=10),
    lenient=st.booleans(),
)
def test_any_graph(nodes: list[tuple[str, str, object, object]], edges: list[list[str]], lenient: bool) -> None:
    def data(key: str, value: object) -> str:
        return "" if value is None else f'<data key="{key}">{str(value).encode("ascii", "ignore").decode()}</data>'

    keys = "".join(
        f'<key id="{key}" attr.name="{name}" for="node"/>'
        for key, name in (("h", "hyperedge"), ("x", "Latitude"), ("y", "Longitude"))
    )
    text = "".join(f'<node id="{n}">{data("h", h)}{data("x", x)}{data("y", y)}</node>' for n, h, x, y in nodes)
    for ends in edges:
        points = "".join(f'<endpoint node="{end}"/>' for end in ends)
        text += (
            f'<edge source="{ends[0]}" target="{ends[1]}"/>' if len(ends) == 2 else f"<hyperedge>{points}</hyperedge>"
        )
    try_it("graphml", [f"<graphml>{keys}<graph>{text}</graph></graphml>".encode()], lenient)


@TRIES
@given(
    tables=st.fixed_dictionaries(
        {
            kind: st.lists(st.lists(CELLS, min_size=len(columns), max_size=len(columns)), max_size=8)
            for kind, columns in HEADERS.items()
        }
    ),
    lenient=st.booleans(),
)
def test_any_tables(tables: dict[str, list[list[str]]], lenient: bool) -> None:
    def line(cells: list[str]) -> str:
        return ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)

    contents = ["\n".join(map(line, [HEADERS[kind], *rows])).encode() for kind, rows in tables.items()]
    try_it("netbox-csv", contents, lenient)
