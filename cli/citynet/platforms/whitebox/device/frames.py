"""A program for the kernel that puts every Ethernet frame of a port into an IPv6 packet (H.Encaps.L2.Red, RFC 8986).

The kernel's own `l2encap` routes sees only what is routed, so never ARP. This is eBPF on the port's ingress instead: it
writes an outer Ethernet header for a helper interface, an IPv6 header with next header 143, and lets the helper
interface receive the packet. From there it is forwarded like any other: IS-IS, steered paths and slices apply.
Instructions: kernel, Documentation/bpf/standardization/instruction-set.rst; helpers: linux/bpf.h.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import socket
import struct
from typing import Optional

ETHERNET = 143
"""Next header of a packet that carries an Ethernet frame (RFC 8986, section 10.1)."""
HOP_LIMIT = 64
_OUTER = 14 + 40
_SYSCALL = {"x86_64": 321, "aarch64": 280}
_PROG_LOAD, _OBJ_PIN, _SCHED_CLS = 5, 6, 3
_CONTEXT, _STACK = 6, 10
# Helpers by number (enum bpf_func_id).
_STORE_BYTES, _VLAN_PUSH, _REDIRECT, _GET_HASH, _CHANGE_HEAD = 9, 18, 23, 34, 43
# Fields of struct __sk_buff.
_LEN, _MARK, _VLAN_PRESENT = 0, 8, 20
_SHOT, _INGRESS = 2, 1
_LOG_BYTES = 65_536


def _insn(code: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> bytes:
    return struct.pack("<BBhi", code, dst | src << 4, off, imm if imm < 1 << 31 else imm - (1 << 32))


def _set(register: int, value: int) -> bytes:
    return _insn(0xB7, register, imm=value)


def _copy(register: int, source: int) -> bytes:
    return _insn(0xBF, register, source)


def _call(helper: int) -> bytes:
    return _insn(0x85, imm=helper)


def _load(register: int, field: int) -> bytes:
    return _insn(0x61, register, _CONTEXT, field)


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
        tag = _copy(1, _CONTEXT) + _set(2, 0x0081) + _set(3, 0) + _call(_VLAN_PUSH)
        code = _copy(_CONTEXT, 1) + _copy(1, _CONTEXT) + _call(_GET_HASH)
        code += _copy(8, 0) + _insn(0x57, 8, imm=0xFFF) + _insn(0x47, 8, imm=6 << 28)
        code += _insn(0xDC, 8, imm=32)  # to network order
        code += _load(0, _VLAN_PRESENT) + _insn(0x15, 0, off=len(tag) // 8) + tag
        body = _load(7, _LEN) + _insn(0x17, 7, imm=_OUTER) + _insn(0xDC, 7, imm=16)
        body += _insn(0x6A, _STACK, off=base, imm=struct.unpack_from("<H", header)[0])
        body += b"".join(
            _insn(0x62, _STACK, off=base + at, imm=struct.unpack_from("<I", header, at)[0]) for at in range(2, 54, 4)
        )
        body += _insn(0x63, _STACK, 8, base + 14) + _insn(0x6B, _STACK, 7, base + 18)
        body += _copy(1, _CONTEXT) + _set(2, 0) + _copy(3, _STACK) + _insn(0x07, 3, imm=base)
        body += _set(4, _OUTER) + _set(5, 0) + _call(_STORE_BYTES)
        body += _set(1, self.mark) + _insn(0x63, _CONTEXT, 1, _MARK)
        body += _set(1, index) + _set(2, _INGRESS) + _call(_REDIRECT) + _insn(0x95)
        code += _copy(1, _CONTEXT) + _set(2, _OUTER) + _set(3, 0) + _call(_CHANGE_HEAD)
        return code + _insn(0x55, 0, off=len(body) // 8) + body + _set(0, _SHOT) + _insn(0x95)


def tag_of(program: bytes) -> str:
    """The name by which the kernel shows a program: the first 8 bytes of its SHA-256."""
    return hashlib.sha256(program).hexdigest()[:16]


def _bpf(command: int, attributes: bytes) -> int:
    number = _SYSCALL.get(platform.machine())
    if number is None:
        raise OSError(0, f"no number of the system call bpf is known for {platform.machine()}")
    libc = ctypes.CDLL(None, use_errno=True)
    done = libc.syscall(number, command, ctypes.c_char_p(attributes), len(attributes))
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "bpf")
    return int(done)


def load(program: bytes, name: str) -> int:
    """Give a program to the kernel; the descriptor that holds it.

    Raises:
        OSError: The kernel refuses it; the message ends with what its verifier said.
    """
    code, log = ctypes.create_string_buffer(program, len(program)), ctypes.create_string_buffer(_LOG_BYTES)
    licence = ctypes.create_string_buffer(b"GPL")

    def attributes(level: int, text: Optional[ctypes.Array[ctypes.c_char]]) -> bytes:
        where = ctypes.addressof(text) if text is not None else 0
        head = (_SCHED_CLS, len(program) // 8, ctypes.addressof(code), ctypes.addressof(licence))
        tail = (level, _LOG_BYTES if text is not None else 0, where, 0, 0, name.encode()[:15])
        return struct.pack("<IIQQIIQII16s", *head, *tail)

    try:
        return _bpf(_PROG_LOAD, attributes(0, None))
    except OSError as error:
        try:
            return _bpf(_PROG_LOAD, attributes(1, log))
        except OSError:
            said = log.value.decode(errors="replace").strip().splitlines()[-2:]
            raise OSError(error.errno, f"{error.strerror}; {' / '.join(said)}", "bpf") from error


def pin(descriptor: int, path: str) -> None:
    """Give a loaded program a name in a BPF file system, for `tc` to find it."""
    name = ctypes.create_string_buffer(path.encode())
    _bpf(_OBJ_PIN, struct.pack("<QII", ctypes.addressof(name), descriptor, 0))
