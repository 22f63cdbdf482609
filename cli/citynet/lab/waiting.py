"""Waiting for conditions of other processes that give nothing to wait on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def until(condition: Callable[[], bool], limit_s: float, step_s: float = 0.02) -> bool:
    """Look again and again until the condition holds; False when it still does not after `limit_s`."""
    end = time.monotonic() + limit_s
    while not condition():
        if time.monotonic() >= end:
            return False
        time.sleep(step_s)
    return True
