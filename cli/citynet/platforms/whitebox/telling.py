"""How the packet filter hands on what it drops, so that it can be written down which flows were refused.

A chain that drops marks the packet with the number of its reason, asks the chain `told`, and drops: whatever `told`
does, the packet is gone. `told` hands so many packets a second to the group of the program that writes them down, and
counts the rest. Sources are spread over some limits, so that a flood from one place does not hide all the others.
"""

from __future__ import annotations

GROUP = 27
"""Of nfnetlink_log; the only one that is used here."""
LIMITS, RATE, BURST = 8, 25, 50
"""Packets a second of each of so many shares of all sources, and how many may come at once."""
UNTOLD = "untold"
"""The counter of what is dropped and not handed on."""
_SEED = 0x636E
_SOURCE = "@nh,96,32"
"""The source of an IPv4 packet; of an IPv6 packet what tells apart the networks of one /32."""


def asking(mark: int) -> str:
    """What stands before a drop."""
    return f"meta mark set {mark:#x} jump told"


def counter() -> str:
    """The counter of what is not told, in a table."""
    return f'counter {UNTOLD} {{ comment "dropped, and not written down, since it came too fast" }}'


def told() -> list[str]:
    """The rules of the chain `told`."""
    limit = f"limit rate {RATE}/second burst {BURST} packets log group {GROUP} return"
    shares = [f"jhash {_SOURCE} mod {LIMITS} seed {_SEED:#x} {share} {limit}" for share in range(LIMITS)]
    return [*shares, f"counter name {UNTOLD}"]
