"""What path policies say of each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from citynet.design.types import City


def circular(city: City, policy: str | None) -> bool:
    """Whether a policy is, over others, disjoint from one that was looked at before: then nothing can be chosen."""
    seen: list[str] = []
    while policy is not None and policy in city.paths and policy not in seen:
        seen.append(policy)
        policy = city.paths[policy].disjoint_from
    return policy in seen
