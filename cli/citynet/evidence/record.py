"""One flow that crossed a border or was refused: what the report lists for the regulator (监管数据, 3.2 Level 2).

参与方身份、数据标识/标签/分类分级、时间、源/目的、流向和路径、流量载荷、安全策略执行结果.
"""

from __future__ import annotations

import enum
import ipaddress
from functools import lru_cache
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter

from citynet.design.types.words import DataClass

SENSITIVITY = (DataClass.PUBLIC, DataClass.COMMERCIAL, DataClass.IMPORTANT, DataClass.CORE)
"""Classes of data, the least sensitive first."""

MICROSECONDS = 1_000_000


@lru_cache(maxsize=65_536)
def _address(text: str) -> str:
    if str(ipaddress.ip_address(text)) != text:
        raise ValueError("address is not in its short form")
    return text


Address = Annotated[str, AfterValidator(_address)]
Count = Annotated[int, Field(ge=0, lt=1 << 64)]
Port = Annotated[int, Field(ge=0, le=0xFFFF)]
Octet = Annotated[int, Field(ge=0, le=0xFF)]
Moment = Annotated[int, Field(ge=0, lt=1 << 53)]
"""Microseconds since 1970-01-01 00:00 UTC."""
Word = Annotated[str, Field(max_length=120)]
Identifier = Annotated[int, Field(ge=0, lt=1 << 128)]


class Part(BaseModel):
    """What a store keeps, or a part of it: taken as it is meant or not at all."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Direction(enum.StrEnum):
    """Which way the flow was opened, seen from the domain of the border that recorded it.

    Of a refused flow: whether it was to come in by a port of the device (from a host or another domain), or to go out.
    """

    INWARD = "inward"
    OUTWARD = "outward"


class Outcome(enum.StrEnum):
    """What became of the flow at the device.

    Attributes:
        CROSSED: it passed
        REFUSED: its packets were dropped
    """

    CROSSED = "crossed"
    REFUSED = "refused"


class Verdict(enum.StrEnum):
    """What a policy said of a flow.

    Attributes:
        ALLOW: it lets the flow pass
        DENY: it forbids the flow
        UNMATCHED: no rule of it speaks of the flow, which crossed nevertheless
    """

    ALLOW = "allow"
    DENY = "deny"
    UNMATCHED = "unmatched"


class Party(Part):
    """One end of a flow; all but the address is empty when the plan knows nobody at that address.

    Attributes:
        participant: Who it is, a name of the design.
        kind: Its part in the circulation of data: provider, user, operator, service, regulator.
        host: The host with the address.
        domain: The domain it is in.
        zone: The fence zone of its site.
        service: The service that it is attached to, which is the label of its data.
        device: The edge or border device that it hangs on.
        address: Its IP address, short form.
        port: Its TCP, UDP or SCTP port; None for protocols without any.
    """

    participant: Word = ""
    kind: Word = ""
    host: Word = ""
    domain: Word = ""
    zone: Word = ""
    service: Word = ""
    device: Word = ""
    address: Address
    port: Port | None = None


class Load(Part):
    """What the flow carried until it ended: IP octets and packets, with the opener and back."""

    bytes_sent: Count
    packets_sent: Count
    bytes_returned: Count
    packets_returned: Count


class PolicyResult(Part):
    """What one policy said: its kind (`interconnect`, `exit`, `fence`, …), its rule, and the result."""

    policy: Word
    rule: Word
    result: Annotated[Verdict, Field(strict=False)]
    detail: Word = ""


class Record(Part):
    """A flow at a border.

    Attributes:
        border: The device that saw it.
        crossing: Name of the interconnect or exit; empty when no rule there speaks of such a flow.
        direction: Which way it was opened, from the border's own domain.
        outcome: Whether it passed.
        start: When its first packet came, µs since 1970 UTC.
        end: When it ended.
        protocol: IP protocol number.
        icmp_type: Type of ICMP or ICMPv6; None for others.
        icmp_code: Its code.
        source: Who opened it.
        destination: Who answered.
        labels: Services whose data it carries.
        data_class: The most sensitive class of data of these services and identifiers; None when none is known.
        identifier: The data identifier (APN-ID) in the opener's packets, the first one; 0 when none was seen.
        answer_identifier: That in the answers.
        path: Devices in the order of the flow; a refused one ends at the device that refused it.
        path_basis: `ends`: only the devices at its ends and borders; `measured`: every hop, as seen.
        load: What it carried.
        policies: What each policy said.
    """

    border: Word
    crossing: Word
    direction: Annotated[Direction, Field(strict=False)]
    outcome: Annotated[Outcome, Field(strict=False)] = Outcome.CROSSED
    start: Moment
    end: Moment
    protocol: Octet
    icmp_type: Octet | None = None
    icmp_code: Octet | None = None
    source: Party
    destination: Party
    labels: Annotated[list[Word], Field(max_length=16)]
    data_class: Annotated[DataClass, Field(strict=False)] | None
    identifier: Identifier = 0
    answer_identifier: Identifier = 0
    path: Annotated[list[Word], Field(max_length=255)]
    path_basis: Literal["ends", "measured"] = "ends"
    load: Load
    policies: Annotated[list[PolicyResult], Field(max_length=64)]


ADAPTER: TypeAdapter[Record] = TypeAdapter(Record)
"""Text to records and back; it writes the fields in the order above, so that the same record gives the same bytes."""
