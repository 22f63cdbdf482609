"""A pyATS testbed from the plan: every device and host, by SSH, as Linux."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from citynet.levels.targets import nodes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from citynet.levels.access import Access
    from citynet.plan.model import Plan

SETTINGS = {"GRACEFUL_DISCONNECT_WAIT_SEC": 0, "POST_DISCONNECT_WAIT_SEC": 0}
"""pyATS waits ten seconds at each disconnect otherwise."""


def testbed(plan: Plan, access: Access, domains: Iterable[str]) -> dict[str, Any]:
    """The testbed as pyATS' loader takes it."""
    wanted = set(domains)
    devices = {
        name: {
            "os": "linux",
            "type": "linux",
            "alias": name,
            "custom": {"domain": node.domain, "management": node.management},
            "connections": {
                "defaults": {"class": "unicon.Unicon"},
                "cli": {
                    "command": f"env TERM=dumb ssh -tt -F {access.config} {name}",
                    "settings": SETTINGS,
                    "arguments": {"learn_hostname": True, "connection_timeout": 30},
                },
            },
        }
        for name, node in nodes(plan).items()
        if node.domain in wanted
    }
    return {"testbed": {"name": plan.city}, "devices": devices}
