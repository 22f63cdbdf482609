"""Flows and events as an IPFIX file: messages of RFC 7011 one after the other, as RFC 5655 has them in files.

The first message carries the templates, and the types and names of this project's own elements (RFC 5610), so that a
reader needs nothing but the file. What IANA has an element for uses it; the way back of a flow uses the reverse
elements of RFC 5103.
"""

from __future__ import annotations

import ipaddress
import json
import struct
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from citynet.evidence.reading import Found
from citynet.evidence.record import MICROSECONDS, Direction, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from citynet.evidence.reading import Happened
    from citynet.evidence.record import Party, Record

EXAMPLE_ENTERPRISE = 32473
"""The number that RFC 5612 keeps for documents and examples: this project has none of its own."""
REVERSE = 29305
"""The enterprise number of the reverse elements (RFC 5103, 6.1)."""

_VERSION = 10
_TEMPLATES, _OPTIONS_TEMPLATES = 2, 3
_TYPES_TEMPLATE, _IPV4_TEMPLATE, _IPV6_TEMPLATE, _EVENT_TEMPLATE = 256, 257, 258, 259
_VARIABLE = 0xFFFF
_MOST_OCTETS = 60_000
"""Of one message; its length field holds 65,535 at most."""
_NTP_EPOCH_S = 2_208_988_800
"""Seconds from 1900-01-01 (dateTimeMicroseconds counts from there, RFC 7011, 6.1.9) to 1970-01-01."""
_STRING, _BOOLEAN, _OCTETS = 13, 11, 0
"""Types in RFC 5610, 3.1."""
_TYPES = {_STRING: "string", _BOOLEAN: "boolean", _OCTETS: "octetArray"}
_TRUE, _FALSE = b"\x01", b"\x02"
"""Of a boolean (RFC 7011, 6.1.5)."""
_NO_PORT = 0
_STATUS = {Outcome.CROSSED: 64, Outcome.REFUSED: 130}
"""forwardingStatus (RFC 7270, 4.12): forwarded; dropped by an access list."""


@dataclass(slots=True, frozen=True)
class Element:
    """An information element in a template, and how the value of a flow or event is written.

    Attributes:
        number: Its id, without the bit that says that an enterprise number follows.
        length: In octets; `_VARIABLE` for one that states its own.
        pack: The value's octets.
        enterprise: 0: one of IANA's; -1: this project's.
        name: This project's name for it.
        kind: Its type in RFC 5610.
    """

    number: int
    length: int
    pack: Callable[[Any], bytes]
    enterprise: int = 0
    name: str = ""
    kind: int = _STRING


def _string(text: str) -> bytes:
    return _variable(text.encode())


def _variable(value: bytes) -> bytes:
    """Octets with their length before them (RFC 7011, 7)."""
    if len(value) < 255:
        return bytes([len(value)]) + value
    return b"\xff" + struct.pack(">H", len(value)) + value


def _time(moment: int) -> bytes:
    """µs since 1970 as dateTimeMicroseconds: NTP's 64 bits, of which the last 11 are 0 (RFC 7011, 6.1.9).

    Rounded up, so that a reader who rounds down has the same µs again.
    """
    seconds, rest = divmod(moment, MICROSECONDS)
    return struct.pack(">II", seconds + _NTP_EPOCH_S, -(-(rest << 21) // MICROSECONDS) << 11)


def _party(number: int, end: str, name: str) -> Element:
    def pack(found: Found) -> bytes:
        party: Party = getattr(found.record, end)
        return _string(str(getattr(party, name)))

    return Element(number, _VARIABLE, pack, -1, f"citynet{end.capitalize()}{name.capitalize()}")


def _icmp(record: Record) -> bytes:
    return struct.pack(">BB", record.icmp_type or 0, record.icmp_code or 0)


def _policies(record: Record) -> str:
    return " ".join(f"{item.policy}:{item.rule}={item.result}" for item in record.policies)


_OWN = (
    *(_party(1 + i, "source", name) for i, name in enumerate(("participant", "kind", "host", "domain", "zone"))),
    *(_party(6 + i, "destination", name) for i, name in enumerate(("participant", "kind", "host", "domain", "zone"))),
    Element(11, _VARIABLE, lambda f: _string(f.record.border), -1, "citynetBorder"),
    Element(12, _VARIABLE, lambda f: _string(f.record.crossing), -1, "citynetCrossing"),
    Element(13, _VARIABLE, lambda f: _string(" ".join(f.record.labels)), -1, "citynetDataLabels"),
    Element(14, _VARIABLE, lambda f: _string(f.record.data_class or ""), -1, "citynetDataClass"),
    Element(15, 16, lambda f: f.record.identifier.to_bytes(16, "big"), -1, "citynetDataIdentifier", _OCTETS),
    Element(16, _VARIABLE, lambda f: _string(" ".join(f.record.path)), -1, "citynetPath"),
    Element(17, _VARIABLE, lambda f: _string(f.record.path_basis), -1, "citynetPathBasis"),
    Element(18, _VARIABLE, lambda f: _string(_policies(f.record)), -1, "citynetPolicyResults"),
    Element(19, _VARIABLE, lambda f: _variable(bytes.fromhex(f.digest)), -1, "citynetChainHash", _OCTETS),
    Element(
        26, 16, lambda f: f.record.answer_identifier.to_bytes(16, "big"), -1, "citynetAnswerDataIdentifier", _OCTETS
    ),
)
"""This project's elements for flows; numbers are never used again for another."""
_COMMON = {element.number: element for element in _OWN}

_OWN_OF_EVENTS = (
    Element(20, _VARIABLE, lambda f: _string(f.event.event), -1, "citynetEventKind"),
    Element(21, 1, lambda f: _TRUE if f.event.alarm else _FALSE, -1, "citynetEventAlarm", _BOOLEAN),
    Element(22, _VARIABLE, lambda f: _string(f.event.subject), -1, "citynetEventSubject"),
    Element(23, _VARIABLE, lambda f: _string(f.event.verdict), -1, "citynetEventVerdict"),
    Element(24, _VARIABLE, lambda f: _string(f.event.reason), -1, "citynetEventReason"),
    Element(25, _VARIABLE, lambda f: _string(json.dumps(f.event.detail, ensure_ascii=False)), -1, "citynetEventDetail"),
)
_OF_EVENTS = (
    Element(148, 8, lambda f: struct.pack(">Q", f.seq)),  # flowId: the number in the chain
    Element(324, 8, lambda f: _time(f.event.time)),  # observationTimeMicroseconds
    replace(_COMMON[11], pack=lambda f: _string(f.event.device)),
    replace(_COMMON[15], pack=lambda f: f.event.identifier.to_bytes(16, "big")),
    *_OWN_OF_EVENTS,
    _COMMON[19],
)


def _template(version: int) -> tuple[Element, ...]:
    """Elements of a record of an IP version; IANA's first."""
    wide, addresses, icmp = (4, (8, 12), 32) if version == 4 else (16, (27, 28), 139)
    return (
        Element(148, 8, lambda f: struct.pack(">Q", f.seq)),  # flowId: the number in the chain
        Element(154, 8, lambda f: _time(f.record.start)),  # flowStartMicroseconds
        Element(155, 8, lambda f: _time(f.record.end)),  # flowEndMicroseconds
        Element(addresses[0], wide, lambda f: ipaddress.ip_address(f.record.source.address).packed),
        Element(addresses[1], wide, lambda f: ipaddress.ip_address(f.record.destination.address).packed),
        Element(7, 2, lambda f: struct.pack(">H", f.record.source.port or _NO_PORT)),  # sourceTransportPort
        Element(11, 2, lambda f: struct.pack(">H", f.record.destination.port or _NO_PORT)),  # destinationTransportPort
        Element(4, 1, lambda f: bytes([f.record.protocol])),  # protocolIdentifier
        Element(icmp, 2, lambda f: _icmp(f.record)),  # icmpTypeCodeIPv4, icmpTypeCodeIPv6
        Element(
            61, 1, lambda f: bytes([f.record.direction is Direction.OUTWARD])
        ),  # flowDirection: 0 ingress, 1 egress
        Element(89, 1, lambda f: bytes([_STATUS[f.record.outcome]])),  # forwardingStatus
        Element(85, 8, lambda f: struct.pack(">Q", f.record.load.bytes_sent)),  # octetTotalCount
        Element(86, 8, lambda f: struct.pack(">Q", f.record.load.packets_sent)),  # packetTotalCount
        Element(85, 8, lambda f: struct.pack(">Q", f.record.load.bytes_returned), REVERSE),
        Element(86, 8, lambda f: struct.pack(">Q", f.record.load.packets_returned), REVERSE),
        *_OWN,
    )


_ELEMENTS = {_IPV4_TEMPLATE: _template(4), _IPV6_TEMPLATE: _template(6), _EVENT_TEMPLATE: _OF_EVENTS}


class Writer:
    """Writes messages to a file.

    Args:
        out: The file.
        at: Export time of all messages, s since 1970 UTC.
        domain: Observation domain (RFC 7011, 3.1).
        enterprise: Private enterprise number of this project's elements.
    """

    def __init__(self, out: BinaryIO, at: int, domain: int = 0, enterprise: int = EXAMPLE_ENTERPRISE) -> None:
        self._out = out
        self._at = at
        self._domain = domain
        self._enterprise = enterprise
        self._sent = 0
        self._sets: list[tuple[int, bytearray]] = []
        self._octets = 0
        self._waiting = 0
        self._head()

    def add(self, found: Found | Happened) -> None:
        """One flow or event."""
        if isinstance(found, Found):
            number = _IPV6_TEMPLATE if ":" in found.record.source.address else _IPV4_TEMPLATE
        else:
            number = _EVENT_TEMPLATE
        self._put(number, b"".join(element.pack(found) for element in _ELEMENTS[number]))

    def end(self) -> None:
        """Write what waits."""
        if not self._sets:
            return
        body = b"".join(struct.pack(">HH", number, 4 + len(data)) + data for number, data in self._sets)
        header = struct.pack(">HHIII", _VERSION, 16 + len(body), self._at, self._sent & 0xFFFFFFFF, self._domain)
        self._out.write(header + body)
        self._sent += self._waiting
        self._sets, self._octets, self._waiting = [], 0, 0

    def _put(self, number: int, data: bytes) -> None:
        if self._octets + len(data) > _MOST_OCTETS:
            self.end()
        if not self._sets or self._sets[-1][0] != number:
            self._sets.append((number, bytearray()))
            self._octets += 4
        self._sets[-1][1].extend(data)
        self._octets += len(data)
        self._waiting += 1

    def _head(self) -> None:
        """Templates, and what this project's elements are: a message of their own."""
        templates = b"".join(
            struct.pack(">HH", number, len(elements)) + b"".join(self._field(element) for element in elements)
            for number, elements in _ELEMENTS.items()
        )
        scope, fields = ((346, 4), (303, 2)), ((339, 1), (341, _VARIABLE))
        options = struct.pack(">HHH", _TYPES_TEMPLATE, len(scope) + len(fields), len(scope))
        options += b"".join(struct.pack(">HH", *item) for item in (*scope, *fields))
        self._sets = [(_TEMPLATES, bytearray(templates)), (_OPTIONS_TEMPLATES, bytearray(options))]
        for element in (*_OWN, *_OWN_OF_EVENTS):
            said = struct.pack(">IHB", self._enterprise, element.number, element.kind) + _string(element.name)
            self._put(_TYPES_TEMPLATE, said)
        self.end()

    def _field(self, element: Element) -> bytes:
        if not element.enterprise:
            return struct.pack(">HH", element.number, element.length)
        enterprise = self._enterprise if element.enterprise < 0 else element.enterprise
        return struct.pack(">HHI", 0x8000 | element.number, element.length, enterprise)


def to_ipfix(found: Iterable[Found | Happened], at: int, out: BinaryIO, enterprise: int = EXAMPLE_ENTERPRISE) -> int:
    """Write an IPFIX file; how many records."""
    writer = Writer(out, at, enterprise=enterprise)
    number = 0
    for item in found:
        writer.add(item)
        number += 1
    writer.end()
    return number


def documented() -> Sequence[tuple[int, str, str]]:
    """This project's elements: number, name, type."""
    return [(item.number, item.name, _TYPES[item.kind]) for item in (*_OWN, *_OWN_OF_EVENTS)]
