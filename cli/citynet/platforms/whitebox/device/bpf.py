"""Programs for the kernel (eBPF): instructions, and how they get there.

Instructions: kernel, Documentation/bpf/standardization/instruction-set.rst; helpers and commands: linux/bpf.h.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import platform
import struct
from typing import Any, Dict, Optional, Sequence, Union

from .system import StepError

CONTEXT, STACK = 6, 10
"""Registers: what the program is run for (by our habit), and the end of its stack."""
CLASSIFIER, ACTION = 3, 4
"""Types of programs: what `tc filter … bpf` and `tc filter … action bpf` run."""
_SYSCALL = {"x86_64": 321, "aarch64": 280}
_PROG_LOAD, _OBJ_PIN = 5, 6
_LOG_BYTES = 65_536


def insn(code: int, dst: int = 0, src: int = 0, off: int = 0, imm: int = 0) -> bytes:
    """One instruction."""
    return struct.pack("<BBhi", code, dst | src << 4, off, imm if imm < 1 << 31 else imm - (1 << 32))


def put(register: int, value: int) -> bytes:
    """A number into a register."""
    return insn(0xB7, register, imm=value)


def copy(register: int, source: int) -> bytes:
    """A register into another."""
    return insn(0xBF, register, source)


def call(helper: int) -> bytes:
    """Call a helper of the kernel by its number."""
    return insn(0x85, imm=helper)


def load_field(register: int, field: int) -> bytes:
    """A field of the context (struct __sk_buff) into a register."""
    return insn(0x61, register, CONTEXT, field)


def leave(value: int) -> bytes:
    """End the program with an answer."""
    return put(0, value) + insn(0x95)


class Jump:
    """A jump to a label when a register compares to a number: `code` is the kind of comparison, 0x05 is any case."""

    def __init__(self, to: str, code: int = 0x05, register: int = 0, value: int = 0) -> None:
        self.to, self.code, self.register, self.value = to, code, register, value


EQUAL, DIFFERENT, LESS, DIFFERENT_32 = 0x15, 0x55, 0xA5, 0x56
"""Comparisons of a jump; without a sign, of 64 bits or of the low 32."""


def assemble(pieces: Sequence[Union[bytes, Jump, str]]) -> bytes:
    """One program of instructions, jumps forward, and labels (each a string where it stands)."""
    at, places = 0, {}
    for piece in pieces:
        if isinstance(piece, str):
            places[piece] = at
        else:
            at += len(piece) // 8 if isinstance(piece, bytes) else 1
    code = b""
    for piece in pieces:
        if isinstance(piece, bytes):
            code += piece
        elif isinstance(piece, Jump):
            code += insn(piece.code, piece.register, off=places[piece.to] - len(code) // 8 - 1, imm=piece.value)
    return code


def tag_of(program: bytes) -> str:
    """The name by which the kernel shows a program: the first 8 bytes of its SHA-256."""
    return hashlib.sha256(program).hexdigest()[:16]


def command(number: int, attributes: bytes) -> int:
    """What bpf(2) answers to one of its commands.

    Raises:
        OSError: The kernel refuses.
    """
    done = _call(number, ctypes.c_char_p(attributes), len(attributes))
    if done < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), "bpf")
    return done


def answered(number: int, request: ctypes.Array[ctypes.c_char]) -> int:
    """Do one of the commands of bpf(2) that write into their request; 0, or the number of the error."""
    return ctypes.get_errno() if _call(number, request, len(request)) < 0 else 0


def _call(number: int, request: Any, size: int) -> int:
    entry = _SYSCALL.get(platform.machine())
    if entry is None:
        raise OSError(0, f"no number of the system call bpf is known for {platform.machine()}")
    return int(ctypes.CDLL(None, use_errno=True).syscall(entry, number, request, size))


def load(program: bytes, name: str, kind: int = CLASSIFIER) -> int:
    """Give a program to the kernel; the descriptor that holds it.

    Raises:
        OSError: The kernel refuses it; the message ends with what its verifier said.
    """
    code, log = ctypes.create_string_buffer(program, len(program)), ctypes.create_string_buffer(_LOG_BYTES)
    licence = ctypes.create_string_buffer(b"GPL")

    def attributes(level: int, text: Optional[ctypes.Array[ctypes.c_char]]) -> bytes:
        where = ctypes.addressof(text) if text is not None else 0
        head = (kind, len(program) // 8, ctypes.addressof(code), ctypes.addressof(licence))
        tail = (level, _LOG_BYTES if text is not None else 0, where, 0, 0, name.encode()[:15])
        return struct.pack("<IIQQIIQII16s", *head, *tail)

    try:
        return command(_PROG_LOAD, attributes(0, None))
    except OSError as error:
        try:
            return command(_PROG_LOAD, attributes(1, log))
        except OSError:
            said = log.value.decode(errors="replace").strip().splitlines()[-2:]
            raise OSError(error.errno, f"{error.strerror}; {' / '.join(said)}", "bpf") from error


def pin(descriptor: int, path: str) -> None:
    """Give a loaded program a name in a BPF file system, for `tc` to find it."""
    name = ctypes.create_string_buffer(path.encode())
    command(_OBJ_PIN, struct.pack("<QII", ctypes.addressof(name), descriptor, 0))


@contextlib.contextmanager
def pinned(descriptors: Dict[str, int], folder: str) -> Any:
    """Loaded programs under names in a folder that `tc` can find, as long as it looks; they are closed afterwards."""
    os.makedirs(folder, exist_ok=True)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"bpf", folder.encode(), b"bpf", 0, None):
        raise StepError(f"no BPF file system: {os.strerror(ctypes.get_errno())}")
    try:
        for name, descriptor in descriptors.items():
            pin(descriptor, f"{folder}/{name}")
        yield
    finally:
        for descriptor in descriptors.values():
            os.close(descriptor)
        libc.umount2(folder.encode(), 2)
