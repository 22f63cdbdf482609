"""Programs for the kernel that put a data identifier into packets, and take it out again.

It stands in an extension header of its own right behind the IPv6 header. Where packets come in from a host, a filter
chooses them and `tagging` makes room for the header. Where they leave to a host, `untagging` takes it out. A router
that finds such a packet too big says so with the length that it saw; `untagging` corrects that to what the sender must
keep to, as it does not know that its packets become longer.

IPv4 has no place for an identifier: `wrapping` puts such a packet whole into an IPv6 one with the extension header. Its
addresses follow from those of the IPv4 packet, as the ends of a service are numbered alike in both (`blocks`).
`untagging` unwraps it, if the addresses inside are those outside: nobody can hide others in a packet of his own.
"""

from __future__ import annotations

import ipaddress
import struct
from typing import List, Sequence, Tuple, Union

from . import bpf

Pieces = List[Union[bytes, bpf.Jump, str]]

_ETHERNET, _IPV6 = 14, 40
_EXTENSION = _ETHERNET + _IPV6
_QUOTED = _EXTENSION + 8
"""Where the packet stands that an ICMPv6 error is about (RFC 4443, section 3.2)."""
_HOP_BY_HOP, _IPV4, _ROUTING, _ICMPV6, _DESTINATION = 0, 4, 43, 58, 60
_TOO_BIG, _LEAST_MTU = 2, 1280
# Helpers by number (enum bpf_func_id).
_STORE_BYTES, _REPLACE_SUM, _LOAD_BYTES, _ADJUST_ROOM = 9, 11, 26, 50
_BEHIND_NETWORK_HEADER, _BEFORE_NETWORK_HEADER, _RECOMPUTE_SUM = 0, 1, 1
_BECOMES_IPV6, _BECOMES_IPV4 = 1 << 2, 1 << 7
"""Flags of adjusting room: what the packet is afterwards (enum of BPF_FUNC_skb_adjust_room; the latter Linux 6.3)."""
_TYPE_IPV4, _TYPE_IPV6 = 0x0800, 0x86DD
_NEXT_FILTER, _DROP = (1 << 32) - 1, 2
# What stands where below the end of the stack: IPv6 header, ICMPv6 header, extension header, next header of a quote.
_HEADER, _ICMP, _OPTIONS, _NEXT = -40, -48, -72, -80
_LENGTH, _NEXT_HEADER, _HOP_LIMIT, _FROM, _TO = _HEADER + 4, _HEADER + 6, _HEADER + 7, _HEADER + 8, _HEADER + 24
_INNER, _TYPE = -104, -112
_INNER_LENGTH, _INNER_FROM, _INNER_TO = _INNER + 2, _INNER + 12, _INNER + 16
_BYTE, _HALF, _WORD, _DOUBLE = 0x71, 0x69, 0x61, 0x79
"""Loads from memory."""


def tagging(header: int, data: bytes) -> bytes:
    """The program that puts an extension header in front of all others.

    What has an extension header already is left as it is: its sender may have put an identifier there, and whether it
    may use that one is judged later. So are packets of neighbour discovery, and those to groups and to this link only.

    Args:
        header: Its number: 60, destination options, or 0, hop-by-hop options.
        data: The extension header; the first byte, the next header, is filled in.
    """
    code: Pieces = [
        bpf.copy(bpf.CONTEXT, 1),
        *_load(bpf.put(2, _ETHERNET), _HEADER, _IPV6),
        _read(_BYTE, 7, _NEXT_HEADER),
    ]
    code += [bpf.Jump("alone", bpf.EQUAL, 7, number) for number in (_HOP_BY_HOP, _ROUTING, _DESTINATION)]
    code += [bpf.Jump("through", bpf.DIFFERENT, 7, _ICMPV6), _read(_BYTE, 1, _HOP_LIMIT)]
    code += [bpf.Jump("alone", bpf.EQUAL, 1, 255), "through", _read(_BYTE, 1, _TO)]  # RFC 4861, section 7.1
    code += [bpf.Jump("alone", bpf.EQUAL, 1, first) for first in (0xFE, 0xFF)]
    code += [_read(_HALF, 8, _LENGTH), bpf.Jump("alone", bpf.EQUAL, 8, 0), *_lengthen(len(data))]
    code += [bpf.insn(0x72, bpf.STACK, off=_NEXT_HEADER, imm=header)]
    code += [bpf.insn(0x62, bpf.STACK, off=_OPTIONS + at, imm=word) for at, word in _words(data)]
    code += [bpf.insn(0x73, bpf.STACK, 7, _OPTIONS), _adjust(len(data)), bpf.Jump("drop", bpf.DIFFERENT, 0, 0)]
    code += [_store(_ETHERNET + 4, _LENGTH, 3), _store(_EXTENSION, _OPTIONS, len(data))]
    return bpf.assemble([*code, "alone", bpf.leave(_NEXT_FILTER), "drop", bpf.leave(_DROP)])


def wrapping(header: int, data: bytes, blocks: Sequence[str]) -> bytes:
    """The program that puts IPv4 packets into IPv6 packets with an extension header; see `tagging`.

    What does not go from one end of the service to another is left as it is: to routers, broadcasts, to and from other
    networks.

    Args:
        header: As of `tagging`.
        data: As of `tagging`.
        blocks: The service's blocks, IPv4 and IPv6.
    """
    code: Pieces = [bpf.copy(bpf.CONTEXT, 1), *_load(bpf.put(2, _ETHERNET), _INNER, 20)]
    for place, there in ((_INNER_FROM, _FROM), (_INNER_TO, _TO)):
        code += [*_mapped(place, blocks, "alone"), _keep(7, there), _keep(8, there + 8)]
    code += [_read(_DOUBLE, 1, _FROM), bpf.insn(0x1F, 1, 7), bpf.Jump("alone", bpf.EQUAL, 1, 0)]
    order = bpf.insn(0xDC, 9, imm=16)
    code += [_read(_HALF, 9, _INNER_LENGTH), order + bpf.insn(0x07, 9, imm=len(data)) + order]
    code += [bpf.insn(0x62, bpf.STACK, off=_HEADER, imm=0x60), bpf.insn(0x6B, bpf.STACK, 9, _LENGTH)]
    code += [bpf.insn(0x72, bpf.STACK, off=_NEXT_HEADER, imm=header), bpf.insn(0x72, bpf.STACK, off=_HOP_LIMIT, imm=64)]
    code += [bpf.insn(0x62, bpf.STACK, off=_OPTIONS + at, imm=word) for at, word in _words(data)]
    code += [bpf.insn(0x72, bpf.STACK, off=_OPTIONS, imm=_IPV4)]
    code += [*_become(_TYPE_IPV6, _IPV6 + len(data), _BECOMES_IPV6), _store(_ETHERNET, _HEADER, _IPV6)]
    code += [_store(_EXTENSION, _OPTIONS, len(data))]
    return bpf.assemble([*code, "alone", bpf.leave(_NEXT_FILTER), "drop", bpf.leave(_DROP)])


def _mapped(place: int, blocks: Sequence[str], otherwise: str) -> Pieces:
    """The IPv6 address that goes with an IPv4 address on the stack, its halves in registers 7 and 8 as in packets.

    Addresses of no end (outside of the block, a /28's network, router, and broadcast) have none: `otherwise`.
    """
    block4, block6 = ipaddress.IPv4Network(blocks[0]), ipaddress.IPv6Network(blocks[1])
    rest = 32 - block4.prefixlen
    high = int(block6.network_address) >> 64
    code: Pieces = [_read(_WORD, 8, place), bpf.insn(0xDC, 8, imm=32)]
    code += [bpf.copy(1, 8) + bpf.insn(0x77, 1, imm=rest)]
    code += [bpf.Jump(otherwise, bpf.DIFFERENT, 1, int(block4.network_address) >> rest)]
    code += [bpf.copy(7, 8) + bpf.insn(0x57, 7, imm=(1 << rest) - 1) + bpf.insn(0x77, 7, imm=4)]
    code += [bpf.insn(0x57, 8, imm=15), bpf.Jump(otherwise, bpf.LESS, 8, 2), bpf.Jump(otherwise, bpf.EQUAL, 8, 15)]
    code += [bpf.insn(0x18, 1, imm=_unsigned(high)) + bpf.insn(0, imm=high >> 32), bpf.insn(0x0F, 7, 1)]
    return [*code, bpf.insn(0xDC, 7, imm=64), bpf.insn(0xDC, 8, imm=64)]


def _keep(register: int, place: int) -> bytes:
    return bpf.insn(0x7B, bpf.STACK, register, place)


def _become(kind: int, size: int, flag: int) -> Pieces:
    """Room in front of the network header, or less of it, and the new type of the frame."""
    code = bpf.copy(1, bpf.CONTEXT) + bpf.put(2, _unsigned(size)) + bpf.put(3, _BEFORE_NETWORK_HEADER)
    code += bpf.put(4, flag) + bpf.call(_ADJUST_ROOM)
    swapped = struct.unpack("<H", struct.pack(">H", kind))[0]
    return [
        code,
        bpf.Jump("drop", bpf.DIFFERENT, 0, 0),
        bpf.insn(0x6A, bpf.STACK, off=_TYPE, imm=swapped),
        _store(_ETHERNET - 2, _TYPE, 2),
    ]


def _unwrap(size: int, blocks: Sequence[str]) -> Pieces:
    """Take IPv6 header and extension header off an IPv4 packet, if its addresses are those outside."""
    if not blocks:
        return []
    code: Pieces = ["wrapped", *_load(bpf.put(2, _EXTENSION + size), _INNER, 20)]
    for place, there in ((_INNER_FROM, _FROM), (_INNER_TO, _TO)):
        code += _mapped(place, blocks, "drop")
        for register, half in ((7, there), (8, there + 8)):
            code += [_read(_DOUBLE, 1, half), bpf.insn(0x1F, 1, register), bpf.Jump("drop", bpf.DIFFERENT, 1, 0)]
    return [*code, *_become(_TYPE_IPV4, -_IPV6 - size, _BECOMES_IPV4), bpf.Jump("alone")]


def untagging(header: int, data: Sequence[bytes], blocks: Sequence[str] = ()) -> bytes:
    """The program that takes out extension headers, and unwraps IPv4 packets.

    See `tagging` for `header` and `data`, which are of one length, and `wrapping` for `blocks`.
    """
    size = len(data[0])
    code: Pieces = [
        bpf.copy(bpf.CONTEXT, 1),
        *_load(bpf.put(2, _ETHERNET), _HEADER, _IPV6),
        _read(_BYTE, 7, _NEXT_HEADER),
    ]
    code += [bpf.put(9, _EXTENSION), bpf.Jump("look", bpf.EQUAL, 7, header)]
    code += [bpf.Jump("alone", bpf.DIFFERENT, 7, _ICMPV6), *_load(bpf.put(2, _EXTENSION), _ICMP, 8)]
    code += [_read(_BYTE, 1, _ICMP), bpf.Jump("alone", bpf.DIFFERENT, 1, _TOO_BIG)]
    code += [*_load(bpf.put(2, _QUOTED + 6), _NEXT, 1), _read(_BYTE, 1, _NEXT)]
    code += [bpf.Jump("alone", bpf.DIFFERENT, 1, header), bpf.put(9, _QUOTED + _IPV6)]
    code += ["look", *_load(bpf.copy(2, 9), _OPTIONS, size), *_one_of(data)]
    code += ["found", bpf.Jump("told", bpf.EQUAL, 9, _QUOTED + _IPV6)]
    code += [_read(_BYTE, 7, _OPTIONS)]
    code += [bpf.Jump("wrapped", bpf.EQUAL, 7, _IPV4)] if blocks else []
    code += [bpf.insn(0x73, bpf.STACK, 7, _NEXT_HEADER), _read(_HALF, 8, _LENGTH)]
    code += [
        *_lengthen(-size),
        _adjust(-size),
        bpf.Jump("drop", bpf.DIFFERENT, 0, 0),
        _store(_ETHERNET + 4, _LENGTH, 3),
    ]
    code += [bpf.Jump("alone"), *_unwrap(size, blocks), "told", *_tell_less(size)]
    return bpf.assemble([*code, "alone", bpf.leave(_NEXT_FILTER), "drop", bpf.leave(_DROP)])


def _load(place: bytes, to: int, size: int) -> Pieces:
    """Bytes of the packet, from the place that register 2 gets, onto the stack."""
    code = bpf.copy(1, bpf.CONTEXT) + place + bpf.copy(3, bpf.STACK) + bpf.insn(0x07, 3, imm=_unsigned(to))
    return [code + bpf.put(4, size) + bpf.call(_LOAD_BYTES), bpf.Jump("alone", bpf.DIFFERENT, 0, 0)]


def _store(place: int, source: int, size: int) -> bytes:
    code = bpf.copy(1, bpf.CONTEXT) + bpf.put(2, place) + bpf.copy(3, bpf.STACK)
    code += bpf.insn(0x07, 3, imm=_unsigned(source)) + bpf.put(4, size) + bpf.put(5, _RECOMPUTE_SUM)
    return code + bpf.call(_STORE_BYTES)


def _read(size: int, register: int, place: int) -> bytes:
    return bpf.insn(size, register, bpf.STACK, place)


def _lengthen(size: int) -> Pieces:
    """The length in the IPv6 header, in register 8, changed and back on the stack."""
    order = bpf.insn(0xDC, 8, imm=16)
    return [order + bpf.insn(0x07, 8, imm=_unsigned(size)) + order + bpf.insn(0x6B, bpf.STACK, 8, _LENGTH)]


def _adjust(size: int) -> bytes:
    """Room behind the IPv6 header; of segments that were joined (GRO), each becomes that much smaller."""
    code = bpf.copy(1, bpf.CONTEXT) + bpf.put(2, _unsigned(size)) + bpf.put(3, _BEHIND_NETWORK_HEADER) + bpf.put(4, 0)
    return code + bpf.call(_ADJUST_ROOM)


def _one_of(data: Sequence[bytes]) -> Pieces:
    """On to `found` when the extension header on the stack is one of these, else to `alone`."""
    length, option = struct.unpack_from("<BH", data[0], 1)
    code: Pieces = [_read(_BYTE, 1, _OPTIONS + 1), bpf.Jump("alone", bpf.DIFFERENT, 1, length)]
    code += [_read(_HALF, 1, _OPTIONS + 2), bpf.Jump("alone", bpf.DIFFERENT, 1, option)]
    for number, one in enumerate(data):
        for at, word in _words(one)[1:]:
            code += [_read(_WORD, 1, _OPTIONS + at), bpf.Jump(f"not {number}", bpf.DIFFERENT_32, 1, word)]
        code += [bpf.Jump("found"), f"not {number}"]
    return [*code, bpf.Jump("alone")]


def _tell_less(size: int) -> Pieces:
    """The MTU in the error on the stack, less the size of the header; no link has one under 1280 (RFC 8200, 5)."""
    order = bpf.insn(0xDC, 8, imm=32)
    code: Pieces = [_read(_WORD, 7, _ICMP + 4), bpf.copy(8, 7) + order + bpf.insn(0x07, 8, imm=_unsigned(-size))]
    code += [bpf.Jump("alone", bpf.LESS, 8, _LEAST_MTU), order + bpf.insn(0x63, bpf.STACK, 8, _ICMP + 4)]
    code += [_store(_EXTENSION + 4, _ICMP + 4, 4), bpf.copy(1, bpf.CONTEXT) + bpf.put(2, _EXTENSION + 2)]
    return [*code, bpf.copy(3, 7) + bpf.copy(4, 8) + bpf.put(5, 4) + bpf.call(_REPLACE_SUM)]


def _words(data: bytes) -> List[Tuple[int, int]]:
    return [(at, struct.unpack_from("<I", data, at)[0]) for at in range(0, len(data), 4)]


def _unsigned(value: int) -> int:
    return value & 0xFFFF_FFFF
