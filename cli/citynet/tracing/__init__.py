"""Where the packets of a data identifier went, and where they were lost: from what devices counted, hop by hop."""

from __future__ import annotations

from citynet.tracing.hops import Flow, Hop, Leg, Place, flows
from citynet.tracing.states import Traced, traced

__all__ = ["Flow", "Hop", "Leg", "Place", "Traced", "flows", "traced"]
