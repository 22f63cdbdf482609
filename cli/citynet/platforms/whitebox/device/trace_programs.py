"""Programs for the kernel that count packets with data identifiers where they pass, hop by hop.

Packets are counted in blocks (alternate marking, RFC 9341): the device where they enter the network writes a bit, the
colour, into the outer IPv6 header, which turns with every period; all others count what has one colour apart from what
has the other. So each knows how many packets of one block passed, however long they are under way. Where there is no
outer header (before the first router's encapsulation, behind the last one's) the packet's colour and the number of
the device where it entered stand beside it in the kernel (`tc_index`), which forwarding leaves alone.

Four programs: in and out, at lines between routers (outer header) and at edges (none).

Where asked to, the device of entry gives one packet in so many of its own a trace to fill on its way (IOAM6): a
hop-by-hop header behind the outer header, which is this device's own (RFC 8200, 4) and ends with the tunnel. The
kernels that it passes write into it; the device that it is sent to keeps what it says, by identifier and entry.
"""

from __future__ import annotations

import struct
from typing import Dict, List, Sequence, Tuple, Union

from . import bpf, trace_probes

COLOUR = 0x80
"""In the second byte of the outer IPv6 header: a bit of DSCP (`marks.OUTER_COLOUR` of the platform)."""
NODES = 0x7FFF
"""Numbers of devices that fit beside the colour; larger ones are cut to that many bits."""
IN, OUT = 0, 1
COUNTERS = struct.Struct("<QQQQ")
"""A value: packets and octets of the inner IPv6 packets of one colour, and of the other."""

Pieces = List[Union[bytes, bpf.Jump, str]]
_ETHERNET, _IPV6, _BEFORE_TRACE = 14, 40, 8
_HOP_BY_HOP, _INSIDE, _ROUTING = 0, 41, 43
# Helpers by number (enum bpf_func_id), and fields of the context (struct __sk_buff).
_LOOK_UP, _UPDATE, _NOW, _RANDOM, _STORE_BYTES, _LOAD_BYTES, _ADJUST_ROOM, _CHECK_MTU = 1, 2, 5, 7, 9, 26, 50, 163
_IFINDEX, _BESIDE, _SEGMENTS = 40, 44, 164
_NEXT_FILTER, _DROP, _ONLY_NEW, _RECOMPUTE_SUM = (1 << 32) - 1, 2, 1, 1
# What stands where below the end of the stack: the outer header's second byte, its next header, the number of the
# device that it is sent to; an IPv6 header with what begins behind it, a key, a value, a trace or the key of a way.
_SECOND, _NEXT, _SENT_TO, _HEADER, _KEY, _VALUE, _TRACE = -8, -7, -6, -72, -96, -128, -240
_BYTE, _HALF, _WORD, _DOUBLE = 0x71, 0x69, 0x61, 0x79
_TO_BYTE, _TO_HALF, _TO_WORD = 0x73, 0x6B, 0x63
_AND, _OR, _LEFT, _RIGHT, _ADD, _ADD_REGISTER, _DIVIDE, _REST = 0x57, 0x4F, 0x67, 0x77, 0x07, 0x0F, 0x3F, 0x97
_ADD_IN_MEMORY = 0xDB
_BIG_ENDIAN = 0xDC
_XOR = 0xAF


class Tables:
    """The tables of the programs, by descriptor.

    `counts` has a value for each identifier that may be here, interface, device of entry and direction; `strangers`
    the same for all others; `allowed` what may be here; `clock` what makes the kernel's time that of the day; `ways`
    packets by what their traces say.
    """

    def __init__(self, counts: int, strangers: int, allowed: int, clock: int, ways: int) -> None:
        self.counts, self.strangers, self.allowed, self.clock, self.ways = counts, strangers, allowed, clock, ways


class Shape:
    """How packets carry identifiers, the number of this device, and how long a period is.

    Of `every` packets that enter here one gets a trace; none when 0.
    """

    every = 0

    def __init__(self, option: int, headers: Sequence[int], octets: int, node: int, period_ns: int) -> None:
        self.option, self.headers, self.octets = option, headers, octets
        self.node, self.period_ns = node & NODES, period_ns

    @property
    def key(self) -> struct.Struct:
        """A key: identifier, interface, device of entry, direction."""
        return struct.Struct(f"={self.octets}sIHH")

    @property
    def way(self) -> struct.Struct:
        """The key of a way: identifier, device of entry, the trace as it came."""
        return struct.Struct(f"={self.octets}sHxx{len(trace_probes.options()) - _BEFORE_TRACE}s")


def programs(shape: Shape, tables: Tables) -> Dict[Tuple[str, int], bytes]:
    """The programs by kind of port and direction; an attachment says nothing of strangers, as its fence judges them."""
    return {
        ("link", IN): _line_in(shape, tables),
        ("link", OUT): _line_out(shape, tables),
        ("attachment", IN): _edge_in(shape, tables, strangers=False),
        ("border", IN): _edge_in(shape, tables, strangers=True),
        ("attachment", OUT): _edge_out(shape, tables),
        ("border", OUT): _edge_out(shape, tables),
    }


def _line_in(shape: Shape, tables: Tables) -> bytes:
    code = [*_outer(shape), *_identified(shape), bpf.insn(_TO_WORD, bpf.CONTEXT, 7, _BESIDE)]
    return _whole([*code, *_count(shape, tables, IN), *_keep_way(shape, tables)], forget=True)


def _line_out(shape: Shape, tables: Tables) -> bytes:
    code = [*_outer(shape), *_identified(shape), _moved(1, 7, 1), bpf.Jump("count", bpf.DIFFERENT, 1, shape.node)]
    # It entered here. Its colour is beside it; if not (what a tunnel gave up here), that of now.
    code += [bpf.load_field(2, _BESIDE), _moved(1, 2, 1), bpf.Jump("know", bpf.EQUAL, 1, shape.node)]
    code += [*_now(shape, tables), bpf.copy(2, 0), "know", bpf.insn(_AND, 2, imm=1)]
    code += [bpf.copy(1, 7), bpf.insn(_AND, 1, imm=1), bpf.insn(_XOR, 1, 2), bpf.Jump("count", bpf.EQUAL, 1, 0)]
    paint = [bpf.put(7, shape.node << 1), bpf.insn(_OR, 7, 2), bpf.insn(_LEFT, 2, imm=7)]
    paint += [_read(_BYTE, 1, _SECOND), bpf.insn(_AND, 1, imm=COLOUR - 1), bpf.insn(_OR, 1, 2)]
    paint += [bpf.insn(_TO_BYTE, bpf.STACK, 1, _SECOND), bpf.copy(1, bpf.CONTEXT), bpf.put(2, _ETHERNET + 1)]
    paint += [bpf.copy(3, bpf.STACK), bpf.insn(_ADD, 3, imm=_unsigned(_SECOND)), bpf.put(4, 1)]
    paint += [bpf.put(5, _RECOMPUTE_SUM), bpf.call(_STORE_BYTES)]
    return _whole([*code, *paint, "count", *_count(shape, tables, OUT), *_give_trace(shape)])


def _edge_in(shape: Shape, tables: Tables, *, strangers: bool) -> bytes:
    code = [bpf.copy(bpf.CONTEXT, 1), *_load(bpf.put(2, _ETHERNET), _size(shape)), *_identified(shape)]
    code += [*_now(shape, tables), bpf.put(7, shape.node << 1), bpf.insn(_OR, 7, 0)]
    code += [bpf.insn(_TO_WORD, bpf.CONTEXT, 7, _BESIDE), *_count(shape, tables, IN, strangers=strangers)]
    return _whole(code, forget=True)


def _edge_out(shape: Shape, tables: Tables) -> bytes:
    code = [bpf.copy(bpf.CONTEXT, 1), *_load(bpf.put(2, _ETHERNET), _size(shape)), *_identified(shape)]
    code += [bpf.load_field(7, _BESIDE), _moved(1, 7, 1), bpf.Jump("known", bpf.DIFFERENT, 1, 0)]
    return _whole([*code, *_now(shape, tables), bpf.copy(7, 0), "known", *_count(shape, tables, OUT)])


def _whole(code: Pieces, *, forget: bool = False) -> bytes:
    """With what happens to a packet that has no identifier: nothing may stand beside it when it comes in."""
    forgotten = [bpf.put(1, 0), bpf.insn(_TO_WORD, bpf.CONTEXT, 1, _BESIDE)] if forget else []
    ends: Pieces = ["alone", *forgotten, bpf.leave(_NEXT_FILTER), "broken", bpf.leave(_DROP)]
    used = {piece.to for piece in code if isinstance(piece, bpf.Jump)}
    return bpf.assemble([*code, "end", bpf.leave(_NEXT_FILTER), *(ends if "broken" in used else ends[:-2])])


def _size(shape: Shape) -> int:
    """An IPv6 header, an extension header's first two bytes, its option's, the identifier."""
    return _IPV6 + 4 + shape.octets


def _outer(shape: Shape) -> Pieces:
    """The outer header: register 7 gets the device of entry and the colour, the stack the packet inside.

    That follows at once, behind a routing header, or behind hop-by-hop options and a routing header (RFC 8200, 4.1).
    """
    size = _size(shape)
    code: Pieces = [bpf.copy(bpf.CONTEXT, 1), *_load(bpf.put(2, _ETHERNET), size)]
    code += [_read(_HALF, 7, _HEADER + 12), bpf.insn(_BIG_ENDIAN, 7, imm=16), bpf.insn(_AND, 7, imm=NODES)]
    code += [bpf.insn(_LEFT, 7, imm=1), _read(_BYTE, 1, _HEADER + 1), bpf.insn(_TO_BYTE, bpf.STACK, 1, _SECOND)]
    code += [bpf.insn(_RIGHT, 1, imm=7), bpf.insn(_OR, 7, 1), bpf.put(9, _ETHERNET + _IPV6)]
    code += [_read(_BYTE, 1, _HEADER + 6), *_kept(shape), bpf.Jump("inside", bpf.EQUAL, 1, _INSIDE)]
    code += [bpf.Jump("routing", bpf.EQUAL, 1, _ROUTING), bpf.Jump("alone", bpf.DIFFERENT, 1, _HOP_BY_HOP)]
    code += [*_skip(_HEADER + _IPV6), bpf.Jump("inside", bpf.EQUAL, 1, _INSIDE)]
    code += [bpf.Jump("alone", bpf.DIFFERENT, 1, _ROUTING), *_load(bpf.copy(2, 9), 2, _HEADER + _IPV6)]
    code += ["routing", *_skip(_HEADER + _IPV6), bpf.Jump("alone", bpf.DIFFERENT, 1, _INSIDE)]
    return [*code, "inside", *_load(bpf.copy(2, 9), size)]


def _kept(shape: Shape) -> Pieces:
    """Keep of the outer header what is asked for later, when another one is in its place."""
    if not shape.every:
        return []
    return [
        bpf.insn(_TO_BYTE, bpf.STACK, 1, _NEXT),
        _read(_HALF, 2, _HEADER + 28),
        bpf.insn(_TO_HALF, bpf.STACK, 2, _SENT_TO),
    ]


def _skip(place: int) -> Pieces:
    """Register 9 behind an extension header on the stack, and what follows it in register 1."""
    code = _read(_BYTE, 1, place + 1) + bpf.insn(_ADD, 1, imm=1) + bpf.insn(_LEFT, 1, imm=3)
    return [code + bpf.insn(_ADD_REGISTER, 9, 1) + _read(_BYTE, 1, place)]


def _identified(shape: Shape) -> Pieces:
    """On only when the IPv6 packet on the stack begins with an identifier: the key gets it, register 8 the length."""
    first = len(shape.headers) - 1
    code: Pieces = [_read(_BYTE, 1, _HEADER + 6)]
    code += [bpf.Jump("header", bpf.EQUAL, 1, header) for header in shape.headers[:first]]
    code += [bpf.Jump("alone", bpf.DIFFERENT, 1, shape.headers[first]), "header", _read(_HALF, 1, _HEADER + 42)]
    code += [bpf.Jump("alone", bpf.DIFFERENT, 1, shape.option | shape.octets << 8)]
    for at in range(0, shape.octets, 4):
        code += [_read(_WORD, 1, _HEADER + 44 + at), bpf.insn(_TO_WORD, bpf.STACK, 1, _KEY + at)]
    code += [_read(_HALF, 8, _HEADER + 4), bpf.insn(_BIG_ENDIAN, 8, imm=16), bpf.insn(_ADD, 8, imm=_IPV6)]
    return code


def _now(shape: Shape, tables: Tables) -> Pieces:
    """The colour of now into register 0."""
    code = bpf.call(_NOW) + _from_table(1, tables.clock, 2) + bpf.insn(_DOUBLE, 1, 1) + bpf.insn(_ADD_REGISTER, 0, 1)
    period = bpf.insn(0x18, 1, imm=shape.period_ns & 0xFFFF_FFFF) + bpf.insn(0, imm=shape.period_ns >> 32)
    return [code + period + bpf.insn(_DIVIDE, 0, 1) + bpf.insn(_AND, 0, imm=1)]


def _count(shape: Shape, tables: Tables, direction: int, *, strangers: bool = True) -> Pieces:
    """Count the packet of register 7 (device of entry, colour), its length in register 8."""
    place = _KEY + shape.octets
    code: Pieces = [bpf.load_field(1, _IFINDEX), bpf.insn(_TO_WORD, bpf.STACK, 1, place), _moved(1, 7, 1)]
    code += [bpf.insn(_TO_HALF, bpf.STACK, 1, place + 4), bpf.insn(0x6A, bpf.STACK, off=place + 6, imm=direction)]
    code += [_look(tables.counts), bpf.Jump("found", bpf.DIFFERENT, 0, 0), _look(tables.allowed)]
    code += [bpf.Jump("stranger", bpf.EQUAL, 0, 0), *_new(tables.counts), bpf.Jump("found", bpf.DIFFERENT, 0, 0)]
    code += [bpf.Jump("end"), "stranger"]
    if strangers:
        code += [_look(tables.strangers), bpf.Jump("found", bpf.DIFFERENT, 0, 0), *_new(tables.strangers)]
        code += [bpf.Jump("found", bpf.DIFFERENT, 0, 0)]
    code += [bpf.Jump("end"), "found", bpf.copy(1, 7), bpf.insn(_AND, 1, imm=1), bpf.insn(_LEFT, 1, imm=4)]
    code += [bpf.insn(_ADD_REGISTER, 0, 1), bpf.load_field(2, _SEGMENTS), bpf.Jump("joined", bpf.DIFFERENT, 2, 0)]
    return [*code, bpf.put(2, 1), "joined", bpf.insn(_ADD_IN_MEMORY, 0, 2, 0), bpf.insn(_ADD_IN_MEMORY, 0, 8, 8)]


def _give_trace(shape: Shape) -> Pieces:
    """Room for a trace behind the outer header, in one packet in so many of those that entered here.

    By chance, as a flow may have a rhythm of its own. Not in what has hop-by-hop options already, in several segments
    joined to one, or where it would become too long for the line.
    """
    if not shape.every:
        return []
    data = trace_probes.options()
    code: Pieces = [_moved(1, 7, 1), bpf.Jump("end", bpf.DIFFERENT, 1, shape.node), bpf.load_field(1, _SEGMENTS)]
    code += [bpf.Jump("end", bpf.DIFFERENT, 1, 0), bpf.call(_RANDOM), bpf.insn(_REST, 0, imm=shape.every)]
    code += [bpf.Jump("end", bpf.DIFFERENT, 0, 0), bpf.insn(0x62, bpf.STACK, off=_VALUE, imm=0)]
    code += [bpf.copy(1, bpf.CONTEXT), bpf.put(2, 0), _on_stack(3, _VALUE), bpf.put(4, len(data)), bpf.put(5, 0)]
    code += [bpf.call(_CHECK_MTU), bpf.Jump("end", bpf.DIFFERENT, 0, 0)]
    code += [*_load(bpf.put(2, _ETHERNET), _IPV6), _read(_BYTE, 9, _HEADER + 6)]
    code += [bpf.Jump("end", bpf.EQUAL, 9, _HOP_BY_HOP), _read(_HALF, 8, _HEADER + 4), bpf.insn(_BIG_ENDIAN, 8, imm=16)]
    code += [bpf.insn(_ADD, 8, imm=len(data)), bpf.insn(_BIG_ENDIAN, 8, imm=16)]
    code += [bpf.insn(_TO_HALF, bpf.STACK, 8, _HEADER + 4), bpf.insn(0x72, bpf.STACK, off=_HEADER + 6, imm=_HOP_BY_HOP)]
    code += [
        bpf.insn(0x62, bpf.STACK, off=_TRACE + at, imm=struct.unpack_from("<I", data, at)[0])
        for at in range(0, len(data), 4)
    ]
    code += [bpf.insn(_TO_BYTE, bpf.STACK, 9, _TRACE), bpf.copy(1, bpf.CONTEXT), bpf.put(2, len(data)), bpf.put(3, 0)]
    code += [bpf.put(4, 0), bpf.call(_ADJUST_ROOM), bpf.Jump("end", bpf.DIFFERENT, 0, 0)]
    return [*code, *_store(_ETHERNET + 4, _HEADER + 4, 3), *_store(_ETHERNET + _IPV6, _TRACE, len(data))]


def _keep_way(shape: Shape, tables: Tables) -> Pieces:
    """Count by its trace a packet that has one, at the device that the outer header is sent to."""
    if not shape.every:
        return []
    data, key = trace_probes.options(), shape.way
    trace = _TRACE + key.size - len(data) + _BEFORE_TRACE
    code: Pieces = [_read(_BYTE, 1, _NEXT), bpf.Jump("end", bpf.DIFFERENT, 1, _HOP_BY_HOP), _read(_HALF, 1, _SENT_TO)]
    code += [bpf.insn(_BIG_ENDIAN, 1, imm=16), bpf.insn(_AND, 1, imm=NODES)]
    code += [bpf.Jump("end", bpf.DIFFERENT, 1, shape.node), *_load(bpf.put(2, _ETHERNET + _IPV6), _BEFORE_TRACE)]
    code += [_read(_BYTE, 1, _HEADER + 1), bpf.Jump("end", bpf.DIFFERENT, 1, data[1])]
    code += [_read(_WORD, 1, _HEADER + 4), bpf.Jump("end", bpf.DIFFERENT_32, 1, struct.unpack_from("<I", data, 4)[0])]
    for at in range(0, shape.octets, 4):
        code += [_read(_WORD, 1, _KEY + at), bpf.insn(_TO_WORD, bpf.STACK, 1, _TRACE + at)]
    code += [_moved(1, 7, 1), bpf.insn(_TO_WORD, bpf.STACK, 1, _TRACE + shape.octets)]
    code += [*_load(bpf.put(2, _ETHERNET + _IPV6 + _BEFORE_TRACE), len(data) - _BEFORE_TRACE, trace)]
    code += [_read(_HALF, 1, trace), bpf.Jump("end", bpf.DIFFERENT, 1, struct.unpack_from("<H", data, 8)[0])]
    code += [_read(_WORD, 1, trace + 4), bpf.Jump("end", bpf.DIFFERENT_32, 1, struct.unpack_from("<I", data, 12)[0])]
    code += [_look(tables.ways, _TRACE), bpf.Jump("again", bpf.DIFFERENT, 0, 0)]
    code += [bpf.insn(0x7A, bpf.STACK, off=_VALUE, imm=1), _from_table(1, tables.ways, 1), _on_stack(2, _TRACE)]
    code += [_on_stack(3, _VALUE), bpf.put(4, 0), bpf.call(_UPDATE), bpf.Jump("end"), "again", bpf.put(2, 1)]
    return [*code, bpf.insn(_ADD_IN_MEMORY, 0, 2, 0)]


def _new(table: int) -> Pieces:
    """Zeros at the key, unless somebody was faster, and the place of the value in register 0."""
    zeros = b"".join(bpf.insn(0x7A, bpf.STACK, off=_VALUE + at, imm=0) for at in range(0, COUNTERS.size, 8))
    code = zeros + _from_table(1, table, 1) + _on_stack(2, _KEY) + _on_stack(3, _VALUE) + bpf.put(4, _ONLY_NEW)
    return [code + bpf.call(_UPDATE) + _look(table)]


def _look(table: int, key: int = _KEY) -> bytes:
    return _from_table(1, table, 1) + _on_stack(2, key) + bpf.call(_LOOK_UP)


def _from_table(register: int, table: int, kind: int) -> bytes:
    """A table (1), or the place of its first value (2), by descriptor; the kernel leaves both out of programs' tags."""
    return bpf.insn(0x18, register, kind, imm=table) + bpf.insn(0)


def _on_stack(register: int, place: int) -> bytes:
    return bpf.copy(register, bpf.STACK) + bpf.insn(_ADD, register, imm=_unsigned(place))


def _load(place: bytes, size: int, to: int = _HEADER) -> Pieces:
    """Bytes of the packet, from the place that register 2 gets, onto the stack."""
    code = bpf.copy(1, bpf.CONTEXT) + place + _on_stack(3, to) + bpf.put(4, size) + bpf.call(_LOAD_BYTES)
    return [code, bpf.Jump("alone", bpf.DIFFERENT, 0, 0)]


def _store(at: int, place: int, size: int) -> Pieces:
    """Bytes from the stack into the packet, whose length is right by then."""
    code = bpf.copy(1, bpf.CONTEXT) + bpf.put(2, at) + _on_stack(3, place) + bpf.put(4, size)
    return [code + bpf.put(5, _RECOMPUTE_SUM) + bpf.call(_STORE_BYTES), bpf.Jump("broken", bpf.DIFFERENT, 0, 0)]


def _read(size: int, register: int, place: int) -> bytes:
    return bpf.insn(size, register, bpf.STACK, place)


def _moved(register: int, source: int, bits: int) -> bytes:
    return bpf.copy(register, source) + bpf.insn(_RIGHT, register, imm=bits)


def _unsigned(value: int) -> int:
    return value & 0xFFFF_FFFF
