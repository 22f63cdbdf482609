"""What is decided about access, told: an event for each decision; and the state, for who looks.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Dict

try:  # on a device it stands beside this file, in the tree one folder up
    from .events import record  # type: ignore[import-not-found,import-untyped,unused-ignore]
except ImportError:
    from citynet.platforms.whitebox.device.events import record

STATE = "/run/citynet/access.json"


def tell(subject: str, verdict: str, reason: str, *, alarm: bool = False, **detail: Any) -> None:
    """Write a decision down as an event."""
    try:
        record("access", subject, verdict, alarm=alarm, reason=reason, detail=detail)
    except OSError:  # a full disk must not keep a port from being closed
        return


def keep(state: Dict[str, Any], path: str = STATE) -> None:
    """Write the state down, whole."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        Path(f"{path}.new").write_text(json.dumps(state, sort_keys=True), encoding="utf-8")
        os.replace(f"{path}.new", path)
    except OSError:
        return


def kept(path: str = STATE) -> Dict[str, Any]:
    """The state that an earlier run left; empty when there is none."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
