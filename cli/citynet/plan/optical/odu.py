"""ODU kinds and rates (ITU-T G.709/Y.1331, 2020, clause 12.2 and table 7-8), and what slots services take in them."""

from __future__ import annotations

import math
from typing import NamedTuple

ODU_KBPS = {
    "ODU0": 1_244_160.0,
    "ODU1": 2_498_775.126,
    "ODU2": 10_037_273.924,
    "ODU2e": 10_399_525.316,
    "ODU3": 40_319_218.983,
    "ODU4": 104_794_445.815,
}
ODUC1_KBPS = 105_258_138.053
SLOT_GBPS, BIG_SLOT_GBPS = 1.25, 5.0
"""Tributary slots of ODU4, and those of ODUCn."""
BIG_SLOT_KBPS = ODUC1_KBPS / 20
PAYLOAD = 238 / 239
"""Share of an ODUflex that its client gets (OPUflex, clause 12.2.2)."""
ODU0_PAYLOAD_KBPS = 1_238_954.310
IMP_SLOT_KBPS = 5_156_250.0
"""A client of ODUflex(IMP, s) has s × 5 156 250 kbit/s (table 7-2)."""
ODU4_SLOT_KBPS = 1_301_467.133
_GFP = ((8, 1_249_177.230), (32, 1_254_470.354), (80, 1_301_467.133))
_NATURAL = {1: "ODU0", 10: "ODU2e", 40: "ODU3", 100: "ODU4"}
"""Clients of these rates in Gbit/s have an ODU of their own."""
FINE_BELOW_MBPS = 1000
"""What is slower rides in fine grain."""


class Server(NamedTuple):
    """The high-order ODU of a wavelength: its kind, number and size of tributary slots, rate in kbit/s."""

    odu: str
    slots: int
    slot_gbps: float
    kbps: float


class Client(NamedTuple):
    """The low-order ODU of a service: layer, kind, rate in kbit/s."""

    layer: str
    odu: str
    kbps: float


def server(rate_gbps: int) -> Server:
    """What a wavelength of that rate carries: ODU4, or ODUCn of n × 100 Gbit/s."""
    if rate_gbps == 100:
        return Server("ODU4", 80, SLOT_GBPS, ODU_KBPS["ODU4"])
    n = rate_gbps // 100
    return Server(f"ODUC{n}", 20 * n, BIG_SLOT_GBPS, round(n * ODUC1_KBPS, 3))


def client(rate_mbps: int, fine_slot_mbps: float) -> Client:
    """The smallest ODU that carries a service of that rate."""
    if rate_mbps < FINE_BELOW_MBPS:
        slots = math.ceil(rate_mbps / fine_slot_mbps)
        return Client("fgOTN", f"fgODUflex({slots})", round(slots * fine_slot_mbps * 1000, 3))
    whole = rate_mbps // 1000
    if rate_mbps % 1000 == 0 and whole in _NATURAL:
        odu = _NATURAL[whole]
        return Client("ODU", odu, ODU_KBPS[odu])
    if whole >= 100:
        pieces = math.ceil(rate_mbps * 1000 / (BIG_SLOT_GBPS * 1e6))
        return Client("ODUflex", f"ODUflex(IMP,{pieces})", round(pieces * IMP_SLOT_KBPS / PAYLOAD, 3))
    return _flexible(rate_mbps * 1000)


def _flexible(kbps: float) -> Client:
    """ODUflex(GFP,n): n slots of the rate that table 7-8 gives for so many."""
    for most, per_slot in _GFP:
        n = math.ceil(kbps / (per_slot * PAYLOAD))
        if n <= most:
            return Client("ODUflex", f"ODUflex(GFP,{n})", round(n * per_slot, 3))
    raise ValueError(f"{kbps} kbit/s are no ODUflex(GFP)")


def slots_in(one: Client, into: Server) -> int:
    """Tributary slots that a low-order ODU takes (G.709, clauses 19 and 20)."""
    if one.odu == into.odu:
        return into.slots
    if one.odu.startswith("ODUflex(IMP"):
        return int(one.odu[12:-1]) * int(BIG_SLOT_GBPS / into.slot_gbps)
    if into.slot_gbps == BIG_SLOT_GBPS:
        return math.ceil(one.kbps / BIG_SLOT_KBPS - 1e-9)
    if one.odu.startswith("ODUflex(GFP"):
        return int(one.odu[12:-1])
    return math.ceil(one.kbps / ODU4_SLOT_KBPS - 1e-9)
