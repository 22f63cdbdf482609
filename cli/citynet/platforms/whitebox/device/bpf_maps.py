"""Tables that programs in the kernel and this device's own share (eBPF maps); linux/bpf.h has commands and layouts."""

from __future__ import annotations

import ctypes
import errno
import struct
from typing import Dict, Optional

from . import bpf

HASH, ARRAY, OLDEST_GOES = 1, 2, 9
"""Kinds: a hash table, numbered places, and a hash table in which new entries push out the oldest ones."""
_CREATE, _LOOK_UP, _UPDATE, _DELETE, _NEXT_KEY, _LOOK_UP_BATCH = 0, 1, 2, 3, 4, 24
_BATCH = 256
_AS_NEEDED = 1
"""Memory is taken when there is something to keep, not for all that there could be."""


class Table:
    """One table; keys and values are bytes of fixed sizes."""

    def __init__(self, kind: int, key: int, value: int, entries: int, name: str) -> None:
        flags = _AS_NEEDED if kind == HASH else 0
        head = struct.pack("<IIIIIII", kind, key, value, entries, flags, 0, 0)
        self.descriptor = bpf.command(_CREATE, head + name.encode()[:15].ljust(16, b"\0") + bytes(28))
        self._key, self._value = key, value

    def set(self, key: bytes, value: bytes) -> None:
        """Put a value at a key, whether there is one or not."""
        places = ctypes.create_string_buffer(key, len(key)), ctypes.create_string_buffer(value, len(value))
        at = [ctypes.addressof(place) for place in places]
        bpf.command(_UPDATE, struct.pack("<IIQQQ", self.descriptor, 0, at[0], at[1], 0))

    def get(self, key: bytes) -> Optional[bytes]:
        """The value at a key; None when there is none."""
        value = ctypes.create_string_buffer(self._value)
        return value.raw if self._ask(_LOOK_UP, key, value) else None

    def delete(self, key: bytes) -> None:
        """Take a key away; it need not be there."""
        self._ask(_DELETE, key, None)

    def items(self) -> Dict[bytes, bytes]:
        """All there is, by batches: two system calls for up to 256 entries."""
        keys = ctypes.create_string_buffer(_BATCH * self._key)
        values = ctypes.create_string_buffer(_BATCH * self._value)
        token = ctypes.create_string_buffer(max(self._key, 8))
        found: Dict[bytes, bytes] = {}
        start = 0
        while True:
            where = [ctypes.addressof(one) for one in (token, keys, values)]
            request = struct.pack("<QQQQIIQQ", start, *where, _BATCH, self.descriptor, 0, 0)
            # The kernel writes back how many there were, so the request must be memory of its own.
            asked = ctypes.create_string_buffer(request, len(request))
            done = bpf.answered(_LOOK_UP_BATCH, asked)
            count = struct.unpack_from("<I", asked, 32)[0]
            if done in (0, errno.ENOENT):
                for at in range(count):
                    key = keys.raw[at * self._key : (at + 1) * self._key]
                    found[key] = values.raw[at * self._value : (at + 1) * self._value]
            if done:
                if done == errno.ENOENT:
                    return found
                raise OSError(done, "a table cannot be read", "bpf")
            start = where[0]

    def empty(self) -> bool:
        """Whether nothing is in it; cheaper than reading it."""
        key = ctypes.create_string_buffer(self._key)
        return not self._call(_NEXT_KEY, 0, ctypes.addressof(key))

    def _ask(self, number: int, key: bytes, value: Optional[ctypes.Array[ctypes.c_char]]) -> bool:
        place = ctypes.create_string_buffer(key, len(key))
        return self._call(number, ctypes.addressof(place), ctypes.addressof(value) if value is not None else 0)

    def _call(self, number: int, key: int, value: int) -> bool:
        request = struct.pack("<IIQQQ", self.descriptor, 0, key, value, 0)
        done = bpf.answered(number, ctypes.create_string_buffer(request, len(request)))
        if done not in (0, errno.ENOENT):
            raise OSError(done, "a table cannot be asked", "bpf")
        return not done
