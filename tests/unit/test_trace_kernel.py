"""The programs that count identifiers, run by this machine's kernel on packets of all shapes (BPF_PROG_TEST_RUN)."""

from __future__ import annotations

import ctypes
import ipaddress
import os
import struct
import sys
import time
from typing import TYPE_CHECKING

import pytest

from citynet.platforms.whitebox.device import bpf, trace_probes, trace_programs, trace_ways
from citynet.platforms.whitebox.device.bpf_maps import ARRAY, HASH, OLDEST_GOES, Table
from citynet.platforms.whitebox.device.trace_programs import COLOUR, IN, OUT
from citynet.platforms.whitebox.marks import OUTER_COLOUR
from fence_packets import packets

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE, FAR, NUMBER, STRANGER = 7, 3, 1001, 1002
_TEST_RUN = 10


def _lacks() -> str:
    try:
        os.close(bpf.load(bpf.leave(0), "try"))
    except OSError as error:
        return f"the kernel takes no programs from here: {error.strerror}"
    return ""


LACK = _lacks()
pytestmark = pytest.mark.skipif(bool(LACK), reason=LACK)


MADE: list[Counting] = []


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    """Gives back what a test loaded: there are hundreds, and other tests wait by select, which knows 1,024."""
    yield
    while MADE:
        for descriptor in MADE.pop().descriptors:
            os.close(descriptor)


class Counting:
    """The programs of a device with number HERE, in the kernel, on no interface."""

    def __init__(
        self, octets: int = 4, headers: tuple[int, ...] = (60, 0), period_ns: int = 2_000_000_000, every: int = 0
    ) -> None:
        shape = trace_programs.Shape(3, headers, octets, HERE, period_ns)
        shape.every = every
        self.way = shape.way
        self.ways = Table(OLDEST_GOES, shape.way.size, 8, 64, "ways")
        self.key, size = shape.key, shape.key.size
        self.counts, self.strangers = Table(HASH, size, 32, 64, "counts"), Table(OLDEST_GOES, size, 32, 64, "strangers")
        self.allowed, self.clock = Table(HASH, octets, 4, 4, "allowed"), Table(ARRAY, 4, 8, 1, "clock")
        self.allowed.set(NUMBER.to_bytes(octets, "big"), bytes(4))
        tables = (self.counts, self.strangers, self.allowed, self.clock, self.ways)
        code = trace_programs.programs(shape, trace_programs.Tables(*(table.descriptor for table in tables)))
        self.programs = {place: bpf.load(one, "trace") for place, one in code.items()}
        self.descriptors = [*self.programs.values(), *(table.descriptor for table in tables)]
        MADE.append(self)

    def run(self, kind: str, way: int, packet: bytes) -> bytes:
        """The frame as it is afterwards."""
        frame = bytes(12) + b"\x86\xdd" + packet
        source, target = ctypes.create_string_buffer(frame, len(frame)), ctypes.create_string_buffer(8192)
        head = (self.programs[kind, way], 0, len(frame), 8192, ctypes.addressof(source), ctypes.addressof(target))
        request = struct.pack("<IIIIQQII", *head, 1, 0) + bytes(40)
        asked = ctypes.create_string_buffer(request, len(request))
        assert not bpf.answered(_TEST_RUN, asked)
        assert struct.unpack_from("<i", asked, 4)[0] == -1  # on to the next filter
        return target.raw[14 : struct.unpack_from("<I", asked, 12)[0]]

    def seen(self, table: Table) -> list[tuple[int, int, int, tuple[int, ...]]]:
        """Identifier, device of entry, direction, and what was counted."""
        found = []
        for key, value in table.items().items():
            identifier, _, node, way = self.key.unpack(key)
            found.append((int.from_bytes(identifier, "big"), node, way, struct.unpack("<4Q", value)))
        return sorted(found)

    def told(self) -> dict[trace_ways.Way, int]:
        """Packets by the way of which their traces told."""
        found = self.ways.items().items()
        return {trace_ways.way_of(*self.way.unpack(key), HERE): int.from_bytes(n, sys.byteorder) for key, n in found}


@pytest.fixture(scope="module")
def inner() -> dict[str, bytes]:
    return packets("fd11::2", "fd11:0:0:1::2", NUMBER)


def outer(inside: bytes, how: str = "segments", node: int = FAR, second: int = 0, following: int = 41) -> bytes:
    """A packet as one router sends it to another."""
    segments = struct.pack("!BBBBBBH", following, 2, 4, 0, 0, 0, 0) + bytes(16)
    options = struct.pack("!BBBB4x", 43, 0, 1, 4)
    first, between = {
        "segments": (43, segments),
        "two segments": (43, struct.pack("!BB", following, 4) + segments[2:] + bytes(16)),
        "reduced": (following, b""),
        "options": (0, options + segments),
        "options, reduced": (0, struct.pack("!BBBB4x", following, 0, 1, 4)),
        "fragment": (44, struct.pack("!BBHI", following, 0, 0, 7)),
    }[how]
    ends = ipaddress.IPv6Address(f"fd01:1:{node:x}::1").packed + ipaddress.IPv6Address("fd01:1:9:fe00::").packed
    size = len(between) + len(inside)
    return struct.pack("!BBHHBB", 0x60, second, 0, size, first, 64) + ends + between + inside


COUNTED = {
    *("labelled", "labelled-hop", "both-headers", "repeated", "padded", "routing-next", "fragment-next"),
    *("tagged-tunnel", "tagged-gre", "tagged-esp", "nothing-next"),
}


@pytest.mark.parametrize("how", ["segments", "two segments", "reduced", "options", "options, reduced", "fragment"])
def test_whose_first_option_is_an_identifier_is_counted(inner: dict[str, bytes], how: str) -> None:
    for name, packet in inner.items():
        counting = Counting()
        for way in (IN, OUT):
            assert counting.run("link", way, outer(packet, how)) == outer(packet, how), name
        octets = struct.unpack_from("!H", packet, 4)[0] + 40
        counted = name in COUNTED and how != "fragment"
        wanted = [(NUMBER, FAR, way, (1, octets, 0, 0)) for way in (IN, OUT)] if counted else []
        assert counting.seen(counting.counts) == wanted, name
        assert not counting.seen(counting.strangers), name


def test_edges_look_at_packets_without_outer_header(inner: dict[str, bytes]) -> None:
    for name, packet in inner.items():
        counting = Counting()
        assert counting.run("attachment", IN, packet) == packet
        counting.run("attachment", IN, outer(packet))
        found = counting.seen(counting.counts)
        assert [one[:3] for one in found] == ([(NUMBER, HERE, IN)] if name in COUNTED else []), name


def test_each_colour_is_counted_apart(inner: dict[str, bytes]) -> None:
    counting, packet = Counting(), inner["labelled"]
    for second in (0, COLOUR, COLOUR | 0x7F, 0x40, COLOUR):
        counting.run("link", IN, outer(packet, second=second))
    size = len(packet)
    assert counting.seen(counting.counts) == [(NUMBER, FAR, IN, (2, 2 * size, 3, 3 * size))]


@pytest.mark.parametrize("second", [0x00, 0x40, 0x7F, 0x80, 0xFF])
def test_the_device_of_entry_paints_by_the_clock_and_touches_nothing_else(inner: dict[str, bytes], second: int) -> None:
    """Periods of 1,000 hours, so that none ends meanwhile."""
    counting, hour = Counting(period_ns=1000 * 3600 * 10**9), 3600 * 10**9
    for colour in (0, 1):
        wanted = (1000 * colour + 500) * hour - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
        counting.clock.set(bytes(4), struct.pack("<q", wanted))
        got = counting.run("link", OUT, outer(inner["labelled"], node=HERE, second=second))
        assert got == outer(inner["labelled"], node=HERE, second=second & 0x7F | colour << 7)
        assert counting.seen(counting.counts)[0][3][2 * colour] == 1
    untouched = outer(inner["untagged"], node=HERE, second=second)
    assert counting.run("link", OUT, untouched) == untouched


@pytest.mark.parametrize(("kind", "way"), [("link", IN), ("link", OUT), ("border", IN), ("attachment", OUT)])
def test_what_does_not_belong_here_is_told_apart(inner: dict[str, bytes], kind: str, way: int) -> None:
    counting, packet = Counting(), packets("fd11::2", "fd11:0:0:1::2", STRANGER)["labelled"]
    for _ in range(2):
        counting.run(kind, way, outer(packet) if kind == "link" else packet)
    (found,) = counting.seen(counting.strangers)
    assert (found[0], found[2], found[3][0] + found[3][2]) == (STRANGER, way, 2)
    assert not counting.seen(counting.counts)


def test_what_a_host_makes_up_is_the_fences_matter() -> None:
    counting = Counting()
    for number in range(2000, 2100):
        counting.run("attachment", IN, packets("fd11::2", "fd11:0:0:1::2", number)["labelled"])
    assert not counting.seen(counting.strangers)
    assert not counting.seen(counting.counts)


def test_made_up_identifiers_push_out_each_other_and_nothing_else(inner: dict[str, bytes]) -> None:
    counting = Counting()
    counting.run("link", IN, outer(inner["labelled"]))
    for number in range(2000, 3000):
        counting.run("link", IN, outer(packets("fd11::2", "fd11:0:0:1::2", number)["labelled"]))
    assert 0 < len(counting.seen(counting.strangers)) <= 256
    counting.run("link", IN, outer(inner["labelled"]))
    assert counting.seen(counting.counts)[0][3][0] == 2


@pytest.mark.parametrize("octets", [4, 8, 16])
def test_identifiers_of_every_length(octets: int) -> None:
    counting, number = Counting(octets, headers=(60,)), NUMBER
    body = struct.pack("!BBBB", 17, {4: 0, 8: 1, 16: 2}[octets], 3, octets) + number.to_bytes(octets, "big")
    packet = struct.pack("!IHBB", 6 << 28, 64, 60, 64) + bytes(32) + body.ljust(64, b"\0")
    counting.run("link", IN, outer(packet))
    counting.run("link", IN, outer(packet[:6] + b"\0" + packet[7:]))  # the other header, which is not agreed upon
    assert counting.seen(counting.counts) == [(number, FAR, IN, (1, 104, 0, 0))]


def passed(packet: bytes, *nodes: int) -> bytes:
    """A packet with a trace, as the kernels of some devices leave it (RFC 9197, 4.4.1)."""
    changed = bytearray(packet)
    for number, node in enumerate(nodes, 1):
        left = trace_probes.MOST_HOPS - number
        struct.pack_into("!H", changed, 40 + 10, 1 << 11 | left)
        struct.pack_into("!I", changed, 40 + 16 + 4 * left, (64 - number) << 24 | node)
    return bytes(changed)


@pytest.mark.parametrize("octets", [4, 8, 16])
@pytest.mark.parametrize("how", ["segments", "two segments", "reduced"])
def test_a_packet_that_enters_gets_a_trace_and_tells_its_way(octets: int, how: str) -> None:
    giving, size = Counting(octets, every=1), {4: 0, 8: 1, 16: 2}[octets]
    body = struct.pack("!BBBB", 17, size, 3, octets) + NUMBER.to_bytes(octets, "big")
    inside = struct.pack("!IHBB", 6 << 28, 64, 60, 64) + bytes(32) + body.ljust(64, b"\0")
    sent = outer(inside, how, node=HERE)
    got = giving.run("link", OUT, sent)
    room = trace_probes.options()
    colour = bytes([got[1]])
    length = struct.pack("!H", len(sent) - 40 + len(room))
    trace = bytes([sent[6]]) + room[1:]
    assert got == sent[:1] + colour + sent[2:4] + length + b"\0" + sent[7:40] + trace + sent[40:]
    assert [one[:3] for one in giving.seen(giving.counts)] == [(NUMBER, HERE, OUT)]
    # Another device, of another number, sent it here by the third 16 bits of where it goes.
    came = passed(got, 4, 9)
    came = came[:12] + struct.pack("!H", FAR) + came[14:28] + struct.pack("!H", HERE) + came[30:]
    reading = Counting(octets, every=1)
    for _ in range(3):
        assert reading.run("link", IN, came) == came
    assert reading.told() == {(NUMBER, (FAR, 4, 9, HERE)): 3}
    assert [(one[1], sum(one[3][::2])) for one in reading.seen(reading.counts)] == [(FAR, 3)]
    assert reading.run("link", OUT, came) == came  # not from here
    on_its_way = came[:28] + struct.pack("!H", 9) + came[30:]
    reading.run("link", IN, on_its_way)
    assert reading.told() == {(NUMBER, (FAR, 4, 9, HERE)): 3}


@pytest.mark.parametrize("how", ["options", "options, reduced"])
def test_options_that_are_there_stay_alone(inner: dict[str, bytes], how: str) -> None:
    counting = Counting(every=1)
    sent = outer(inner["labelled"], how, node=HERE)
    got = counting.run("link", OUT, sent)
    assert got[2:] == sent[2:]
    counting.run("link", IN, sent[:28] + struct.pack("!H", HERE) + sent[30:])
    assert not counting.told()


def test_one_packet_in_so_many_gets_a_trace(inner: dict[str, bytes]) -> None:
    counting, sent = Counting(every=10), outer(inner["labelled"], node=HERE)
    longer = sum(len(counting.run("link", OUT, sent)) > len(sent) for _ in range(2000))
    print(f"{longer} of 2000 packets")
    assert 100 < longer < 300  # 200, and 13.4 is the standard deviation
    assert not any(len(counting.run("link", OUT, outer(inner["untagged"], node=HERE))) > 400 for _ in range(100))


def test_short_packets_and_others_are_left_alone() -> None:
    counting = Counting()
    for packet in (b"\x60", bytes(60), outer(b"", "reduced"), outer(bytes(20), following=4)):
        for kind, way in counting.programs:
            assert counting.run(kind, way, packet.ljust(46, b"\0"))
    assert not counting.seen(counting.counts)


def test_the_bit_is_the_one_that_the_platform_names() -> None:
    assert OUTER_COLOUR == COLOUR << 16
