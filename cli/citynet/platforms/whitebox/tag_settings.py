"""What a device is told of identifiers that it gives to flows, as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from citynet.tagging.option import Tag

if TYPE_CHECKING:
    from citynet.plan.model import Device, EdgeTag


def settings(device: Device) -> str:
    """The tags of each attachment, in order; the first header that may hold the option is the one that it gets."""
    value = {
        "header": device.identifiers[0].headers[0],
        "attachments": [
            {
                "interface": interface,
                "tags": [_tag(device, tag) for tag in device.tags if interface in tag.interfaces],
            }
            for interface in dict.fromkeys(name for tag in device.tags for name in tag.interfaces)
        ],
    }
    return json.dumps(value, indent=1) + "\n"


def most_bytes(device: Device) -> int:
    """By how much packets of hosts grow: the extension header, and for IPv4 an IPv6 header before it."""
    return 40 + len(Tag(1, device.identifiers[0].option, bits=device.identifiers[0].bits).data)


def _tag(device: Device, tag: EdgeTag) -> dict[str, Any]:
    option = device.identifiers[0]
    return {
        "identifier": tag.identifier,
        "data": Tag(tag.identifier, option.option, bits=option.bits).data.hex(),
        "protocol": tag.protocol,
        "ports": tag.ports,
        "prefixes": [prefix for prefix in tag.prefixes if ":" in prefix],
        "ipv4_prefixes": [prefix for prefix in tag.prefixes if ":" not in prefix],
        "blocks": tag.blocks,
    }
