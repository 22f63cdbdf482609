"""What the path agents of a running lab tell."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from citynet.lab.running import Lab

STATE = "/run/citynet/paths.json"


def path_states(lab: Lab) -> dict[str, dict[str, Any]]:
    """The paths of every device that has any, by its name; a device whose agent says nothing has none."""
    states = {}
    for name, device in lab.plan.devices.items():
        if device.paths:
            text = lab.node(name, f"cat {STATE} 2>/dev/null || true").strip()
            states[name] = json.loads(text)["paths"] if text else {}
    return states
