"""`citynet import`: what each format becomes, and what is said of a source that is wrong.

`tests/data/imports/cases/NAME` has the sources, the command that reads them, what it prints and the design it writes;
`tests/data/imports/bad/NAME` has sources that are refused, and the text of the refusal.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from citynet import build
from citynet.__main__ import main
from citynet.design.reader import MAX_BYTES
from citynet.errors import InputError, Problem
from citynet.imports import importing, writing
from citynet.imports.draft import Options
from citynet.imports.placing import FOR_GIT
from tree import ROOT

DATA = ROOT / "tests" / "data" / "imports"
CASES = sorted(path.name for path in (DATA / "cases").iterdir())
BAD = sorted(path.name for path in (DATA / "bad").iterdir())
BOTH = ("government", "cross")


def run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> int:
    """Run a case's command in a copy of its folder."""
    work = tmp_path / "work"
    shutil.copytree(folder, work, ignore=shutil.ignore_patterns("expected", "*.txt"))
    monkeypatch.chdir(work)
    return main(["import", *shlex.split((folder / "command.txt").read_text(encoding="utf-8")), *more])


def written(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in FOR_GIT
    }


@pytest.mark.parametrize("case", CASES)
def test_a_source_becomes_this_design(
    case: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    update: bool,
) -> None:
    folder = DATA / "cases" / case
    assert run(folder, tmp_path, monkeypatch, "--output", "city") == 0
    printed, got = capsys.readouterr(), written(tmp_path / "work" / "city")
    if update:
        shutil.rmtree(folder / "expected", ignore_errors=True)
        shutil.copytree(tmp_path / "work" / "city", folder / "expected")
        (folder / "stdout.txt").write_text(printed.out, encoding="utf-8")
    assert got == written(folder / "expected")
    assert printed.out == (folder / "stdout.txt").read_text(encoding="utf-8")
    assert printed.err == ""


@pytest.mark.parametrize("case", CASES)
def test_the_design_can_be_planned(case: str, tmp_path: Path) -> None:
    shutil.copytree(DATA / "cases" / case / "expected", tmp_path / "city")
    build.check(tmp_path / "city")
    build.build(tmp_path / "city")


@pytest.mark.parametrize("case", CASES)
def test_the_sketch_of_services_holds(case: str, tmp_path: Path) -> None:
    """Who takes the '#' away as the comment says has participants, services and an interconnect that pass."""
    shutil.copytree(DATA / "cases" / case / "expected", tmp_path / "city")
    file = next(
        path for path in sorted((tmp_path / "city").rglob("*.yml")) if "services: {}" in path.read_text("utf-8")
    )
    text = file.read_text(encoding="utf-8").replace("participants: {}\nservices: {}\n", "")
    file.write_text(re.sub(r"^#(?! )|^#(?=  )", "", text, flags=re.MULTILINE), encoding="utf-8")
    city = build.check(tmp_path / "city").city
    domains = {
        domain for domain in city.domains if any(d.domain == domain and d.role == "edge" for d in city.devices.values())
    }
    assert {service.domain for service in city.services.values()} == domains
    borders = {device.domain for device in city.devices.values() if device.role == "border"}
    assert bool(city.interconnects) == (len(borders) == 2)


@pytest.mark.parametrize("case", BAD)
def test_a_bad_source_is_refused_whole(
    case: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    update: bool,
) -> None:
    folder = DATA / "bad" / case
    assert run(folder, tmp_path, monkeypatch) == 2
    printed = capsys.readouterr()
    if update:
        (folder / "stderr.txt").write_text(printed.err, encoding="utf-8")
    assert printed.err == (folder / "stderr.txt").read_text(encoding="utf-8")
    assert printed.out == ""
    left = sorted(path.name for path in (tmp_path / "work").iterdir())
    assert left == sorted(path.name for path in folder.iterdir() if path.suffix != ".txt"), "nothing is written"


@pytest.mark.parametrize("case", ["graphml-everything", "gnpy-everything", "netbox-everything"])
def test_lenient_leaves_out_what_is_wrong(
    case: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(DATA / "bad" / case, tmp_path, monkeypatch, "--lenient", "--json", "--output", "city") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["ok"]
    refused = {
        line.split(": ")[0] for line in (DATA / "bad" / case / "stderr.txt").read_text(encoding="utf-8").splitlines()
    }
    told = {f"{one['file']}:{one['line']}" for one in answer["left_out"]}
    assert {place for place in refused if ":" in place} <= told, "each fault is told of, with its line"


@pytest.mark.parametrize(
    ("kind", "content", "says"),
    [
        ("graphml", b"", "is empty"),
        ("graphml", b" \n\t", "is empty"),
        ("graphml", b"\xff\xfe\x00", "is no XML"),
        ("graphml", b'<?xml version="1.0" encoding="klingon"?><graphml/>', "is no XML"),
        ("graphml", b'<?xml version="1.0" encoding="utf-8"?>\n<graphml>\xe9</graphml>', "is no XML"),
        ("graphml", b"<graphml><graph/></graphml>", "holds no nodes"),
        ("graphml", b"<graphml>" + b"".join(b'<key id="%d"/>' % n for n in range(1001)), "more than 1000 keys"),
        ("graphml", b"x" * (MAX_BYTES + 1), "is too large"),
        ("gnpy", b"", "is empty"),
        ("gnpy", b"\xef\xbb\xbf", "is no JSON"),
        ("gnpy", b'{"elements": "\xe9"}', "is not UTF-8"),
        ("gnpy", '{"elements": []}'.encode("utf-16"), "is not UTF-8"),
        ("gnpy", b'{"elements": ' + b"[" * 100_000, "is no JSON"),
        ("gnpy", b'{"elements": [{"uid": ' + b"1" * 10_000 + b"}]}", "is no JSON"),
        ("gnpy", b"x" * (MAX_BYTES + 1), "is too large"),
        ("netbox-csv", b"", "is empty"),
        ("netbox-csv", b"\n\n,,\n", "has no header"),
        ("netbox-csv", "Name,Role,Site\n核心,PE,一\n".encode("gb18030"), "is not UTF-8"),
        ("netbox-csv", b"Name,Role,Site\n" + b"a" * 200_000 + b",PE,One\n", "is no CSV"),
        ("netbox-csv", b"x" * (MAX_BYTES + 1), "is too large"),
    ],
)
def test_malformed_files(tmp_path: Path, kind: str, content: bytes, says: str) -> None:
    file = tmp_path / "source"
    file.write_bytes(content)
    with pytest.raises(InputError) as caught:
        importing.read(kind, [file], Options(), [])
    assert any(says in problem.what for problem in caught.value.problems), caught.value


@pytest.mark.parametrize("kind", ["graphml", "gnpy", "netbox-csv"])
@pytest.mark.parametrize("name", ["nowhere", ".", "a\0b"])
def test_files_that_cannot_be_read(tmp_path: Path, kind: str, name: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        importing.read(kind, [tmp_path / name], Options(), [])


@pytest.mark.parametrize("kind", ["graphml", "gnpy"])
def test_one_file_only(tmp_path: Path, kind: str) -> None:
    with pytest.raises(InputError, match="one file too many"):
        importing.read(kind, [tmp_path / "a", tmp_path / "b"], Options(), [])


def test_lengths_and_losses_of_a_chain_add_up() -> None:
    result = importing.read("gnpy", [DATA / "cases" / "gnpy" / "coast.json"], Options(), [])
    fibres = {fibre.name: fibre for fibre in result.draft.fibres}
    # Two fibres: (80 + 70) km x 0.2 dB/km, four connectors of 0.5 dB, 1 dB of padding and a lumped loss of 0.5 dB.
    assert fibres["aveiro--braga"].length_km == pytest.approx(150)
    assert fibres["aveiro--braga"].loss_db == pytest.approx(30 + 2 + 1 + 0.5)
    # The way of 151 km, not that of 150: 30.2 dB, four connectors, and the fused element's 1.5 dB.
    assert fibres["braga--coimbra"].length_km == pytest.approx(151)
    assert fibres["braga--coimbra"].loss_db == pytest.approx(30.2 + 2 + 1.5)
    assert fibres["aveiro--coimbra-2"].loss_db is None, "a fibre without coefficient has a loss that nobody knows"
    assert fibres["coimbra--viseu-2"].loss_db is None, "1,100 dB is more than a design takes"


def test_cables_run_through_panels() -> None:
    folder = DATA / "cases" / "netbox"
    files = [folder / f"{name}.csv" for name in ("sites", "devices", "cables")]
    links = importing.read("netbox-csv", files, Options(), []).draft.links["government"]
    through = [link for link in links if {link.a, link.b} == {"xn-core-1", "xs-core-1"}]
    assert [link.fibres for link in through] == [["exchange-north--exchange-south"]]


@pytest.mark.parametrize(
    ("cables", "links"),
    [
        (["r1,,odf,", "odf,,r2,"], 1),  # a panel with two cables is a way through
        (["r1,,odf,", "odf,,r2,", "odf,,r3,"], 0),  # with three, nobody knows which goes on in which
        (["r1,,odf,front 1", "odf,rear 1,r2,", "odf,rear 2,r3,"], 1),  # unless their ports say so
        (["r1,,odf,front 1", "odf,rear 2,r2,", "odf,rear 3,r3,"], 0),
        (["r1,,odf,", "odf,,odf2,", "odf2,,r2,"], 1),  # two panels in a row
        (["r1,,odf,", "odf,,r1,"], 0),  # and back to where it began
        (["r1,,srv,", "srv,,r2,"], 0),  # a server is no way through
        (['r1,,"r2,r3",', "r1,,r2,"], 2),  # a breakout, and a second cable to one of its ends
    ],
)
def test_ways_through_panels(tmp_path: Path, cables: list[str], links: int) -> None:
    rows = ["r1,PE,One", "r2,PE,One", "r3,PE,One", "odf,ODF,One", "odf2,ODF,One", "srv,Server,One"]
    devices, lines = tmp_path / "devices.csv", tmp_path / "cables.csv"
    devices.write_text("\n".join(["Name,Role,Site", *rows]), encoding="utf-8")
    lines.write_text("\n".join(["Device A,Termination A,Device B,Termination B", *cables]), encoding="utf-8")
    draft = importing.read("netbox-csv", [lines, devices], Options(), []).draft
    assert len(draft.links["government"]) == links


@pytest.mark.parametrize("case", ["zoo", "gnpy", "netbox-both"])
def test_both_domains_share_fibres_and_nothing_else(case: str) -> None:
    city = build.check(DATA / "cases" / case / "expected").city
    domain_of = {name: device.domain for name, device in city.devices.items()}
    pairs = {domain: set() for domain in BOTH}
    for link in city.links:
        one, other = link.between
        assert domain_of[one] == domain_of[other] in BOTH
        ends = frozenset(name.split("-", 1)[1] for name in link.between)
        pairs[domain_of[one]].add((ends, tuple(link.fibres)))
    assert pairs["government"] == pairs["cross"]


def test_names_that_yaml_reads_otherwise_are_quoted(tmp_path: Path) -> None:
    labels = ["no", "yes", "on", "off", "true", "null", "n", "y", "Norway", "nan"]
    nodes = "".join(f'<node id="{n}"><data key="label">{label}</data></node>' for n, label in enumerate(labels))
    edges = "".join(f'<edge source="0" target="{n}"/>' for n in range(1, len(labels)))
    file = tmp_path / "net.graphml"
    file.write_text(f"<graphml><graph>{nodes}{edges}</graph></graphml>", encoding="utf-8")
    result = importing.read("graphml", [file], Options(), [])
    for name, text in result.texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert set(build.check(tmp_path / "design.yml").city.sites) == {label.lower() for label in labels}


def test_a_line_break_in_the_name_of_a_file_stays_in_the_comment(tmp_path: Path) -> None:
    file = tmp_path / "net\ncity: evil.graphml"
    shutil.copy(DATA / "cases" / "yed" / "village.graphml", file)
    result = importing.read("graphml", [file], Options(), [])
    assert re.findall("^city: .*", result.texts["design.yml"], re.MULTILINE) == ["city: net-city-evil"]


@pytest.mark.parametrize(("size", "files"), [(writing.SMALL, 1), (writing.SMALL + 1, 6)])
def test_a_large_design_is_split(tmp_path: Path, size: int, files: int) -> None:
    nodes = "".join(f'<node id="{n}"/>' for n in range(size))
    edges = "".join(f'<edge source="{n}" target="{n + 1}"/>' for n in range(size - 1))
    file = tmp_path / "line.graphml"
    file.write_text(f"<graphml><graph>{nodes}{edges}</graph></graphml>", encoding="utf-8")
    assert len(importing.read("graphml", [file], Options(), []).texts) == files


def test_twice_is_the_same() -> None:
    files = [DATA / "cases" / "zoo" / "harbour.graphml"]
    first, second = (importing.read("graphml", files, Options(domains=BOTH), []).texts for _ in range(2))
    assert first == second


@pytest.mark.parametrize(("ends", "links"), [(2, 1), (3, 3), (4, 6), (5, 5), (64, 64)])
def test_a_junction_joins_its_ends(tmp_path: Path, ends: int, links: int) -> None:
    """Each with each up to four, in a ring beyond; every link rides two fibres that meet in the junction."""
    nodes = "".join(f'<node id="{n}"/>' for n in range(ends))
    points = "".join(f'<endpoint node="{n}"/>' for n in range(ends))
    file = tmp_path / "bus.graphml"
    file.write_text(f"<graphml><graph>{nodes}<hyperedge>{points}</hyperedge></graph></graphml>", encoding="utf-8")
    draft = importing.read("graphml", [file], Options(), []).draft
    assert len(draft.fibres) == ends
    assert [len(link.fibres) for link in draft.links["government"]] == [2] * links


def test_junctions_that_touch_are_one(tmp_path: Path) -> None:
    key = '<key id="h" for="node" attr.name="hyperedge"/>'
    nodes = "".join(f'<node id="{n}"/>' for n in "ab") + "".join(
        f'<node id="{n}"><data key="h">1</data></node>' for n in "xyz"
    )
    edges = "".join(f'<edge source="{a}" target="{b}"/>' for a, b in ("ax", "xy", "yz", "zb", "ab"))
    file = tmp_path / "net.graphml"
    file.write_text(f"<graphml>{key}<graph>{nodes}{edges}</graph></graphml>", encoding="utf-8")
    draft = importing.read("graphml", [file], Options(), []).draft
    assert [link.fibres for link in draft.links["government"]] == [["a--b"]], "the direct way wins"


def test_chains_that_branch_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citynet.imports.gnpy.MOST_STEPS", 100)
    elements = [{"uid": f"r{n}", "type": "Roadm"} for n in range(40)] + [
        {"uid": f"f{n}", "type": "Fused"} for n in range(10)
    ]
    joined = [(f"r{n}", f"f{n % 10}") for n in range(40)] + [
        (f"f{a}", f"f{b}") for a in range(10) for b in range(10) if a != b
    ]
    file = tmp_path / "net.json"
    connections = [{"from_node": a, "to_node": b} for a, b in joined]
    file.write_text(json.dumps({"elements": elements, "connections": connections}), encoding="utf-8")
    with pytest.raises(InputError, match="branch without end"):
        importing.read("gnpy", [file], Options(), [])


def test_check_still_finding_something_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_: Path) -> None:
        raise InputError([Problem("design.yml", 1, "something is odd")])

    monkeypatch.setattr(build, "check", broken)
    assert run(DATA / "cases" / "yed", tmp_path, monkeypatch) == 1
    assert "something is odd" in capsys.readouterr().err
