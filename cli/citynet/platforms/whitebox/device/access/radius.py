"""RADIUS packets: read, made, signed and verified (RFC 2865, 3579, 5176). No secret is ever printed.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import struct
from typing import List, Optional, Tuple

ACCESS_REQUEST, ACCESS_ACCEPT, ACCESS_REJECT, ACCESS_CHALLENGE = 1, 2, 3, 11
DISCONNECT_REQUEST, DISCONNECT_ACK, DISCONNECT_NAK = 40, 41, 42
COA_REQUEST, COA_ACK, COA_NAK = 43, 44, 45

USER_NAME, NAS_IP_ADDRESS, SERVICE_TYPE, FILTER_ID, REPLY_MESSAGE, SESSION_TIMEOUT = 1, 4, 6, 11, 18, 27
CALLING_STATION_ID, NAS_IDENTIFIER, PROXY_STATE, ACCT_SESSION_ID = 31, 32, 33, 44
EVENT_TIMESTAMP, MESSAGE_AUTHENTICATOR, NAS_PORT_ID, ERROR_CAUSE = 55, 80, 87, 101

AUTHORIZE_ONLY = 17
"""Service-Type of a request about somebody who has proved who it is already (RFC 5176, 3)."""

MISSING_ATTRIBUTE, NAS_MISMATCH, INVALID_REQUEST, NO_SESSION = 402, 403, 404, 503
"""Causes of errors (RFC 5176, 3.5)."""

LOCAL_PORT, SERVER_PORT, AUTHORIZATION_PORT = 18120, 1812, 3799
"""The first of those where the agent takes hostapd's requests; those of the protocol (RFC 2865, RFC 5176)."""
MOST = 4096
"""Octets of a packet at most (RFC 2865, 3)."""
_HEADER, _NOTHING = 20, bytes(16)


class Malformed(Exception):  # noqa: N818 - it is what people are told
    """A packet that is none, or that the secret did not sign."""


class Packet:
    """A packet; attributes in order, each with its type and value."""

    def __init__(
        self, code: int, identifier: int, authenticator: bytes, attributes: Optional[List[Tuple[int, bytes]]] = None
    ) -> None:
        self.code, self.identifier, self.authenticator = code, identifier, authenticator
        self.attributes = attributes or []

    def all(self, kind: int) -> List[bytes]:
        """The values of every attribute of a type."""
        return [value for one, value in self.attributes if one == kind]

    def text(self, kind: int) -> str:
        """The first attribute of a type as text; empty when there is none."""
        found = self.all(kind)
        return found[0].decode("utf-8", "replace") if found else ""

    def number(self, kind: int) -> Optional[int]:
        """The first attribute of a type as a number; None when there is none."""
        found = self.all(kind)
        return int.from_bytes(found[0], "big") if found and len(found[0]) == 4 else None


def parse(data: bytes) -> Packet:
    """Read a packet.

    Raises:
        Malformed: It is none.
    """
    if len(data) < _HEADER:
        raise Malformed("shorter than a header")
    code, identifier, length = struct.unpack_from("!BBH", data)
    if not _HEADER <= length <= min(len(data), MOST):
        raise Malformed("its length is not what it says")
    attributes = []
    at = _HEADER
    while at < length:
        size = data[at + 1] if at + 1 < length else 0
        if size < 2 or at + size > length:
            raise Malformed("an attribute that is cut off")
        attributes.append((data[at], data[at + 2 : at + size]))
        at += size
    return Packet(code, identifier, data[4:_HEADER], attributes)


def _packed(packet: Packet, authenticator: bytes) -> bytes:
    body = b"".join(struct.pack("BB", kind, len(value) + 2) + value for kind, value in packet.attributes)
    return struct.pack("!BBH", packet.code, packet.identifier, _HEADER + len(body)) + authenticator + body


def _message_authenticator(packet: Packet, authenticator: bytes, secret: bytes) -> bytes:
    """RFC 3579, 3.2: over the whole packet, in which it stands as zeros itself."""
    blank = [(kind, _NOTHING if kind == MESSAGE_AUTHENTICATOR else value) for kind, value in packet.attributes]
    return hmac.new(secret, _packed(Packet(packet.code, packet.identifier, b"", blank), authenticator), "md5").digest()


def signed(packet: Packet, secret: bytes, request: bytes = _NOTHING) -> bytes:
    """A request of RFC 5176, or the answer to the request with that authenticator, as it goes on the wire.

    The message authenticator comes first, so that nobody can append to what is before it.
    """
    rest = [(kind, value) for kind, value in packet.attributes if kind != MESSAGE_AUTHENTICATOR]
    packet = Packet(packet.code, packet.identifier, b"", [(MESSAGE_AUTHENTICATOR, _NOTHING), *rest])
    packet.attributes[0] = (MESSAGE_AUTHENTICATOR, _message_authenticator(packet, request, secret))
    made = _packed(packet, request)
    return made[:4] + hashlib.md5(made + secret).digest() + made[_HEADER:]  # noqa: S324 - RFC 2865 has no other


def request(identifier: int, attributes: List[Tuple[int, bytes]], secret: bytes) -> bytes:
    """An Access-Request without credentials, signed by its message authenticator, as it goes on the wire."""
    authenticator = os.urandom(16)
    packet = Packet(ACCESS_REQUEST, identifier, authenticator, [(MESSAGE_AUTHENTICATOR, _NOTHING), *attributes])
    packet.attributes[0] = (MESSAGE_AUTHENTICATOR, _message_authenticator(packet, authenticator, secret))
    return _packed(packet, authenticator)


def verify(packet: Packet, secret: bytes, request: bytes = _NOTHING) -> None:
    """See that the secret signed a request of RFC 5176, or the answer to the request with that authenticator.

    Raises:
        Malformed: It did not, or the message authenticator is missing (which RFC 3579 allows, and forgers like).
    """
    told = packet.all(MESSAGE_AUTHENTICATOR)
    wanted = hashlib.md5(_packed(packet, request) + secret).digest()  # noqa: S324 - as above
    if not hmac.compare_digest(wanted, packet.authenticator):
        raise Malformed("the secret did not sign it")
    if len(told) != 1 or not hmac.compare_digest(told[0], _message_authenticator(packet, request, secret)):
        raise Malformed("no message authenticator that the secret made")


def mac_of(text: str) -> str:
    """A MAC address as Linux writes it, of one as RADIUS does (RFC 3580, 3.21); empty when it is none."""
    digits = "".join(one for one in text.lower() if one in "0123456789abcdef")
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2)) if len(digits) == 12 else ""
