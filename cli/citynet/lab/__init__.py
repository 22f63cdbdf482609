"""The lab room: kernel, image, machine, wiring, nodes and faults."""

from __future__ import annotations

from citynet.lab.running import Lab

__all__ = ["Lab"]
