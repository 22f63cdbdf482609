"""What the lock keeps of light: routes, modes, slots. Each has a pool of its own, so nobody else can take it."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from citynet.plan.lock import Lock

Choice = TypeVar("Choice")

ZERO = 4096
"""The lock's numbers are not negative: slot k of G.694.1's grid, counted from 193.1 THz, is kept as k + 4096."""
MOST = 0xFFFFFFFF


def known(lock: Lock, pool: str, choices: Iterable[Choice], text: Callable[[Choice], str]) -> Choice | None:
    """The choice that the lock names, if it is still one."""
    number = lock.known(pool, "choice")
    if number is None:
        return None
    return next((choice for choice in choices if _number(text(choice)) == number), None)


def keep(lock: Lock, pool: str, text: str) -> None:
    """Keep a choice, as the CRC-32 of its text."""
    lock.take(pool, "choice", _number(text), _number(text))


def known_way(lock: Lock, lit: str) -> list[str]:
    """The fibres that a lit path had, in order; none when it is new."""
    held = lock.held(f"way/{lit}")
    return sorted(held, key=lambda fibre: held[fibre])


def keep_way(lock: Lock, lit: str, fibres: Iterable[str]) -> None:
    """Keep the fibres of a lit path, by their place in it."""
    for hop, fibre in enumerate(fibres, 1):
        lock.reserve(f"way/{lit}", fibre, hop)


def known_slot(lock: Lock, lit: str) -> int | None:
    """The first slot that a lit path had, by G.694.1's count from 193.1 THz."""
    number = lock.known(f"slot/{lit}", "first")
    return None if number is None else number - ZERO


def keep_slot(lock: Lock, lit: str, slot: int) -> None:
    """Keep the first slot of a lit path."""
    lock.take(f"slot/{lit}", "first", slot + ZERO, slot + ZERO)


def _number(text: str) -> int:
    return zlib.crc32(text.encode()) & MOST
