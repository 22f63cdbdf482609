"""Keys from keys: HKDF (RFC 5869) with HMAC-SM3 (GB/T 32905-2016), and that HMAC itself.

The one module that needs more than the standard library: `cryptography` (Debian: python3-cryptography).
Python 3.9 and later.
"""

from __future__ import annotations

import uuid

from .base import Key, Trouble

try:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.hashes import SM3
    from cryptography.hazmat.primitives.hmac import HMAC
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF
except ImportError as error:
    raise Trouble("python3-cryptography is missing: no keys of SM4 can be derived") from error


def hkdf(secret: bytes, salt: bytes, label: bytes, length: int = 32) -> bytes:
    """So many bytes of a secret, for the use that the label says."""
    try:
        return HKDF(SM3(), length, salt=salt or None, info=label).derive(secret)
    except UnsupportedAlgorithm as error:
        raise Trouble("python3-cryptography has no SM3 here: no keys of SM4 can be derived") from error


def hmac_sm3(key: bytes, text: bytes) -> bytes:
    """32 bytes that only who has the key can make."""
    made = HMAC(key, SM3())
    made.update(text)
    return made.finalize()


def direction(key: Key, ends: bytes, label: bytes, length: int) -> bytes:
    """What one direction of a tunnel has of a key: of its value and ID, and both addresses in order."""
    return hkdf(key.value, uuid.UUID(key.id).bytes, label + ends, length)
