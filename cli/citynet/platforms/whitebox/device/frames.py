"""A program for the kernel that puts every Ethernet frame of a port into an IPv6 packet (H.Encaps.L2.Red, RFC 8986).

The kernel's own `l2encap` routes sees only what is routed, so never ARP. This is eBPF on the port's ingress instead: it
writes an outer Ethernet header for a helper interface, an IPv6 header with next header 143, and lets the helper
interface receive the packet. From there it is forwarded like any other: IS-IS, steered paths and slices apply.
"""

from __future__ import annotations

import socket
import struct

from . import bpf

ETHERNET = 143
"""Next header of a packet that carries an Ethernet frame (RFC 8986, section 10.1)."""
HOP_LIMIT = 64
_OUTER = 14 + 40
# Helpers by number (enum bpf_func_id).
_STORE_BYTES, _VLAN_PUSH, _REDIRECT, _GET_HASH, _CHANGE_HEAD = 9, 18, 23, 34, 43
# Fields of struct __sk_buff.
_LEN, _MARK, _PROTOCOL, _VLAN_PRESENT = 0, 8, 16, 20
_OK, _SHOT, _INGRESS = 0, 2, 1
_PROTECTION_SHIFT = 21


class Encapsulation:
    """What the packets of one attachment look like.

    Attributes:
        source: Outer source address.
        sid: End.DX2 SID of the far end: the outer destination.
        mark: The packet's mark (fwmark) on this device.
    """

    def __init__(self, source: str, sid: str, mark: int = 0) -> None:
        self.source, self.sid, self.mark = source, sid, mark

    def header(self, mac: bytes) -> bytes:
        """The 54 bytes in front of the frame; length and flow label (a hash, RFC 6437) are still to be filled in."""
        first = struct.pack("!IHBB", 6 << 28, 0, ETHERNET, HOP_LIMIT)
        addresses = socket.inet_pton(socket.AF_INET6, self.source) + socket.inet_pton(socket.AF_INET6, self.sid)
        return mac + bytes(6) + b"\x86\xdd" + first + addresses

    def program(self, index: int, mac: bytes) -> bytes:
        """The instructions, for a helper interface with that number and MAC address."""
        header, base = self.header(mac), -4 - _OUTER
        # A tag waits outside of the frame's bytes; a second one, of priority only, pushes it in and is ignored later.
        tag = bpf.copy(1, bpf.CONTEXT) + bpf.put(2, 0x0081) + bpf.put(3, 0) + bpf.call(_VLAN_PUSH)
        code = bpf.copy(bpf.CONTEXT, 1) + bpf.copy(1, bpf.CONTEXT) + bpf.call(_GET_HASH)
        code += bpf.copy(8, 0) + bpf.insn(0x57, 8, imm=0xFFF) + bpf.insn(0x47, 8, imm=6 << 28)
        code += bpf.insn(0xDC, 8, imm=32)  # to network order
        code += bpf.load_field(0, _VLAN_PRESENT) + bpf.insn(0x15, 0, off=len(tag) // 8) + tag
        body = bpf.load_field(7, _LEN) + bpf.insn(0x17, 7, imm=_OUTER) + bpf.insn(0xDC, 7, imm=16)
        body += bpf.insn(0x6A, bpf.STACK, off=base, imm=struct.unpack_from("<H", header)[0])
        body += b"".join(
            bpf.insn(0x62, bpf.STACK, off=base + at, imm=struct.unpack_from("<I", header, at)[0])
            for at in range(2, 54, 4)
        )
        body += bpf.insn(0x63, bpf.STACK, 8, base + 14) + bpf.insn(0x6B, bpf.STACK, 7, base + 18)
        body += bpf.copy(1, bpf.CONTEXT) + bpf.put(2, 0) + bpf.copy(3, bpf.STACK) + bpf.insn(0x07, 3, imm=base)
        body += bpf.put(4, _OUTER) + bpf.put(5, 0) + bpf.call(_STORE_BYTES)
        body += bpf.put(1, self.mark) + bpf.insn(0x63, bpf.CONTEXT, 1, _MARK)
        body += bpf.put(1, index) + bpf.put(2, _INGRESS) + bpf.call(_REDIRECT) + bpf.insn(0x95)
        code += bpf.copy(1, bpf.CONTEXT) + bpf.put(2, _OUTER) + bpf.put(3, 0) + bpf.call(_CHANGE_HEAD)
        return code + bpf.insn(0x55, 0, off=len(body) // 8) + body + bpf.put(0, _SHOT) + bpf.insn(0x95)


def expecting(number: int, ethertype: int) -> bytes:
    """The instructions of a guard at a port's egress: only packets of one protection pass, and one kind of frames.

    Args:
        number: Of the protection, as the packet's mark says it: what came out of its tunnel here.
        ethertype: Of the frames that pass in any case.
    """
    code = bpf.insn(0x61, 0, 1, _MARK) + bpf.insn(0x77, 0, imm=_PROTECTION_SHIFT) + bpf.insn(0x15, 0, off=4, imm=number)
    code += bpf.insn(0x61, 2, 1, _PROTOCOL) + bpf.insn(0x15, 2, off=2, imm=socket.htons(ethertype))
    return code + bpf.put(0, _SHOT) + bpf.insn(0x95) + bpf.put(0, _OK) + bpf.insn(0x95)
