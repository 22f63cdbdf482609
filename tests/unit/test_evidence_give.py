"""Records taken in from a stream, looked up, and given out as JSON, CSV and IPFIX."""

from __future__ import annotations

import csv
import ipaddress
import json
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any, get_args

import pytest

import evidence_town
from citynet.__main__ import main
from citynet.commands.evidence_options import ClassName
from citynet.design.types.words import DataClass
from citynet.evidence.ipfix import documented
from citynet.evidence.record import ADAPTER, Verdict
from citynet.evidence.store import Store
from citynet.evidence.verifying import verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["evidence", *map(str, words)])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four records that differ in what can be asked for."""
    clock = evidence_town.Clock()
    other = evidence_town.record(0).source.model_copy(
        update={"participant": "医院", "address": "fd12::2", "port": None}
    )
    denied = evidence_town.record(0).policies[0].model_copy(update={"policy": "fence", "result": Verdict.DENY})
    with Store.create(tmp_path / "store", clock=clock) as store:
        store.append([evidence_town.record(0), evidence_town.record(1, identifier=4026531840, data_class="core")])
        there = evidence_town.record(0).destination.model_copy(update={"address": "fd11::2", "port": None})
        store.append(
            [
                evidence_town.record(
                    2, source=other, destination=there, protocol=58, icmp_type=128, icmp_code=0, border="b"
                ),
                evidence_town.record(
                    3,
                    start=evidence_town.NOON + evidence_town.DAY,
                    end=evidence_town.NOON + evidence_town.DAY + 5,
                    policies=[*evidence_town.record(0).policies, denied],
                    direction="outward",
                ),
            ]
        )
    return tmp_path / "store"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], [0, 1, 2, 3]),
        (["--participant", "医院"], [2]),
        (["--participant", "data-bureau"], [0, 1, 2, 3]),
        (["--participant", "bureau"], []),
        (["--identifier", "4026531840"], [1]),
        (["--identifier", "0"], [0, 2, 3]),
        (["--class", "core"], [1]),
        (["--border", "b"], [2]),
        (["--unmatched"], [3]),
        (["--since", "2026-11-27"], [3]),
        (["--until", "2026-11-27"], [0, 1, 2]),
        (["--until", "2026-11-26T04:00:00.000001Z"], [0]),
        (["--since", "2026-11-26", "--until", "2026-11-27", "--class", "public"], [0, 2]),
    ],
)
def test_records_are_looked_up(
    folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: list[int]
) -> None:
    code, out, err = run(capsys, "show", folder, "--json", *words)
    assert (code, err) == (0, "")
    assert [item["load"]["bytes_sent"] for item in json.loads(out)] == expected
    code, out, err = run(capsys, "export", folder, *words)
    assert (code, err) == (0, "")
    assert [item["load"]["bytes_sent"] for item in json.loads(out)["records"]] == expected


def test_a_table_for_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "show", folder, "--last", 2)
    assert code == 0
    heading, one, other = out.splitlines()
    assert heading.split()[:4] == ["seq", "time", "border", "way"]
    assert "医院 fd12::2" in one
    assert "icmpv6" in one
    assert "exchange 10.12.0.2:1027" in other
    assert other.rstrip().endswith("interconnect:allow-1 allow fence:allow-1 deny")


def test_one_record_with_all_that_it_says(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "show", folder, "--seq", 2)
    said = json.loads(out)
    assert (code, said["start"]) == (0, "2026-11-26T12:00:00.000000+08:00")
    assert said["source"]["participant"] == "exchange"
    assert len(said["hash"]) == 64
    assert run(capsys, "show", folder, "--seq", 4) == (
        2,
        "",
        "--seq: 4 is neither record nor event, expected the number of one, below 8\n",
    )


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            ["--since", "yesterday"],
            "--since: 'yesterday' is no time, expected a date or time such as 2026-11-26 or 2026-11-26T08:00\n",
        ),
        (
            ["--until", "2026-13-01"],
            "--until: '2026-13-01' is no time, expected a date or time such as 2026-11-26 or 2026-11-26T08:00\n",
        ),
    ],
)
def test_times_that_are_none(folder: Path, capsys: pytest.CaptureFixture[str], words: list[str], expected: str) -> None:
    assert run(capsys, "show", folder, *words) == (2, "", expected)


def test_the_words_for_classes_are_those_of_designs() -> None:
    assert set(get_args(ClassName)) == {str(name) for name in DataClass}


@pytest.mark.parametrize("command", ["show", "export", "verify", "seal"])
def test_a_folder_that_is_no_store(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    assert run(capsys, command, tmp_path / "none") == (
        2,
        "",
        f"{tmp_path}/none: is no evidence store, expected a folder with a head and days\n",
    )


def test_a_table_for_a_spreadsheet(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "out/records.csv"
    assert run(capsys, "export", folder, "--format", "csv", "-o", output) == (
        0,
        f"4 records and events: {output}\n",
        "",
    )
    with output.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["bytes_sent"] for row in rows] == ["0", "1", "2", "3"]
    assert rows[2]["source_participant"] == "医院"
    assert rows[2]["source_port"] == ""
    assert rows[3]["policies"] == "interconnect:allow-1=allow fence:allow-1=deny"
    assert rows[0]["path"] == "cross-pe-west cross-border gov-border gov-pe-west"
    assert list(output.parent.iterdir()) == [output]


def test_nothing_is_given_out_of_a_store_that_does_not_hold(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (day,) = folder.glob("*.jsonl")
    day.write_bytes(day.read_bytes().replace(b'"bytes_sent":1,', b'"bytes_sent":9,'))
    code, out, err = run(capsys, "export", folder, "-o", tmp_path / "out.json")
    assert (code, out) == (1, "")
    assert err == (
        f"{day.name}:4: edited: number 3 does not follow from the line before: it was changed, or that one with its "
        "hash\nnothing is given out\n"
    )
    assert not (tmp_path / "out.json").exists()
    code, out, _ = run(capsys, "export", folder, "--unverified")
    assert (code, len(json.loads(out)["records"])) == (0, 4)


# A reader of IPFIX of its own, written from RFC 7011 and RFC 5610; it knows none of the writer's tables.

TYPES = {"octetArray": 0, "boolean": 11, "string": 13}


class Ipfix:
    """Templates met so far; records and options records that were read."""

    def __init__(self, data: bytes) -> None:
        self.templates: dict[int, list[tuple[int, int, int]]] = {}
        self.scopes: dict[int, int] = {}
        self.records: list[dict[tuple[int, int], bytes]] = []
        self.options: list[dict[tuple[int, int], bytes]] = []
        self.sequences: list[int] = []
        while data:
            version, length, _, sequence, domain = struct.unpack_from(">HHIII", data)
            assert (version, domain) == (10, 0)
            assert sequence == len(self.records) + len(self.options)
            self.sequences.append(sequence)
            self._sets(data[16:length])
            data = data[length:]

    def _sets(self, data: bytes) -> None:
        while data:
            number, length = struct.unpack_from(">HH", data)
            body = data[4:length]
            if number in {2, 3}:
                self._templates(body, options=number == 3)
            else:
                (self.options if number in self.scopes else self.records).extend(self._data(number, body))
            data = data[length:]

    def _templates(self, data: bytes, *, options: bool) -> None:
        while data:
            number, count = struct.unpack_from(">HH", data)
            data = data[4:]
            if options:
                self.scopes[number] = struct.unpack_from(">H", data)[0]
                data = data[2:]
            fields = []
            for _ in range(count):
                element, length = struct.unpack_from(">HH", data)
                data, enterprise = data[4:], 0
                if element & 0x8000:
                    enterprise = struct.unpack_from(">I", data)[0]
                    data = data[4:]
                fields.append((enterprise, element & 0x7FFF, length))
            self.templates[number] = fields

    def _data(self, number: int, data: bytes) -> Iterator[dict[tuple[int, int], bytes]]:
        while data:
            found = {}
            for enterprise, element, fixed in self.templates[number]:
                length = fixed
                if fixed == 0xFFFF:
                    length, data = data[0], data[1:]
                    if length == 255:
                        length, data = struct.unpack_from(">H", data)[0], data[2:]
                assert length <= len(data)
                found[enterprise, element], data = data[:length], data[length:]
            yield found


def ntp(octets: bytes) -> int:
    seconds, fraction = struct.unpack(">II", octets)
    assert fraction % 2048 == 0  # RFC 7011, 6.1.9
    return (seconds - 2_208_988_800) * 1_000_000 + (fraction * 1_000_000 >> 32)


def number(octets: bytes) -> int:
    return int.from_bytes(octets, "big")


def exported(folder: Path, tmp_path: Path, *words: object) -> Ipfix:
    output = tmp_path / "records.ipfix"
    command = ["evidence", "export", folder, "--format", "ipfix", "-o", output, "--quiet", *words]
    assert main([str(word) for word in command]) == 0
    return Ipfix(output.read_bytes())


def test_ipfix_says_what_its_own_elements_are(folder: Path, tmp_path: Path) -> None:
    read = exported(folder, tmp_path)
    told = {number(item[0, 303]): (item[0, 341].decode(), item[0, 339][0]) for item in read.options}
    assert {number(item[0, 346]) for item in read.options} == {32473}
    assert told == {n: (name, TYPES[kind]) for n, name, kind in documented()}
    used = {element for fields in read.templates.values() for enterprise, element, _ in fields if enterprise == 32473}
    assert used == set(told)


def test_ipfix_read_back_is_what_was_recorded(folder: Path, tmp_path: Path) -> None:
    read = exported(folder, tmp_path)
    assert main(["evidence", "export", str(folder), "-o", str(tmp_path / "records.json"), "--quiet"]) == 0
    recorded = json.loads((tmp_path / "records.json").read_text(encoding="utf-8"))["records"]
    assert len(read.records) == 4
    names = {name: (32473, element) for element, name, _ in documented()}
    for got, record in zip(read.records, recorded, strict=True):
        text = {name: got[key].decode(errors="replace") for name, key in names.items() if key in got}
        version = 4 if (0, 8) in got else 6
        source, destination = (got[0, 8], got[0, 12]) if version == 4 else (got[0, 27], got[0, 28])
        assert str(ipaddress.ip_address(source)) == record["source"]["address"]
        assert str(ipaddress.ip_address(destination)) == record["destination"]["address"]
        assert number(got[0, 148]) == record["seq"]
        assert number(got[0, 7]) == (record["source"]["port"] or 0)
        assert number(got[0, 11]) == (record["destination"]["port"] or 0)
        assert number(got[0, 4]) == record["protocol"]
        assert number(got[0, 32 if version == 4 else 139]) == (record["icmp_type"] or 0) * 256 + (
            record["icmp_code"] or 0
        )
        assert number(got[0, 61]) == (record["direction"] == "outward")
        assert number(got[0, 85]) == record["load"]["bytes_sent"]
        assert number(got[29305, 85]) == record["load"]["bytes_returned"]
        assert number(got[0, 86]) == record["load"]["packets_sent"]
        assert number(got[29305, 86]) == record["load"]["packets_returned"]
        assert text["citynetSourceParticipant"] == record["source"]["participant"]
        assert text["citynetDestinationParticipant"] == record["destination"]["participant"]
        assert text["citynetBorder"] == record["border"]
        assert text["citynetDataClass"] == record["data_class"]
        assert text["citynetDataLabels"].split() == record["labels"]
        assert text["citynetPath"].split() == record["path"]
        assert number(got[names["citynetDataIdentifier"]]) == record["identifier"]
        assert got[names["citynetChainHash"]].hex() == record["hash"]
        assert text["citynetPolicyResults"].split() == [
            f"{item['policy']}:{item['rule']}={item['result']}" for item in record["policies"]
        ]


@pytest.mark.parametrize("moment", [0, 1, 999_999, 1_795_665_600_000_001, 1_795_665_600_999_999])
def test_ipfix_keeps_each_microsecond(tmp_path: Path, moment: int) -> None:
    with Store.create(tmp_path / "store") as store:
        store.append([evidence_town.record(0, start=moment, end=moment + 7)])
    (got,) = exported(tmp_path / "store", tmp_path).records
    assert (ntp(got[0, 154]), ntp(got[0, 155])) == (moment, moment + 7)


def test_many_records_are_many_messages(tmp_path: Path) -> None:
    long = "长" * 110
    with Store.create(tmp_path / "store") as store:
        store.append([evidence_town.record(i, path=[long] * 3) for i in range(300)])
    read = exported(tmp_path / "store", tmp_path, "--enterprise", 99999)
    assert [number(got[0, 85]) for got in read.records] == list(range(300))
    assert len(read.sequences) > 3
    assert read.records[7][99999, 16].decode().split() == [long] * 3


def append(folder: Path, text: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "citynet", "evidence", "append", str(folder), *words]
    return subprocess.run(command, input=text, capture_output=True, check=False)


def test_records_from_a_stream_are_acknowledged(tmp_path: Path) -> None:
    lines = [ADAPTER.dump_json(evidence_town.record(number)) for number in range(5)]
    done = append(tmp_path / "store", b"\n".join(lines))
    assert (done.returncode, done.stderr) == (0, b"")
    receipts = [line.split() for line in done.stdout.decode().splitlines()]
    assert sum(int(count) for _, _, count in receipts) == 5
    report = verify(tmp_path / "store")
    assert (report.verdict, report.records) == ("intact", 5)
    assert receipts[-1][:2] == [str(report.seq), report.digest]


def test_records_from_a_stream_that_are_none(tmp_path: Path) -> None:
    good = evidence_town.record(1)
    values: dict[str, Any] = json.loads(ADAPTER.dump_json(good))
    bad = [{**values, "protocol": "tcp"}, {**values, "extra": 1}, {**values, "source": {"address": "10.0.0.256"}}]
    text = b"\n".join([json.dumps(values).encode(), *(json.dumps(item).encode() for item in bad), b"{"])
    done = append(tmp_path / "store", text)
    assert done.returncode == 2
    lines = done.stderr.decode().splitlines()
    assert lines[0] == "standard input:2: is no record: protocol: Input should be a valid integer"
    assert lines[1] == "standard input:3: is no record: extra: Extra inputs are not permitted"
    assert lines[2].startswith("standard input:4: is no record: source.address: ")
    assert verify(tmp_path / "store").records == 0


def test_records_that_are_none_of_this_version_are_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (day,) = folder.glob("*.jsonl")
    day.write_bytes(day.read_bytes().replace(b'"bytes_sent":1,', b'"bytes_sent":X,'))
    assert run(capsys, "show", folder) == (
        1,
        "",
        f"{day}:4: is no record of this version; see `citynet evidence verify`\n",
    )
