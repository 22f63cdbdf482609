"""One technology on one router, told by a task rather than by a plan.

What a task says becomes the same `citynet.plan.model.Device` that the planner would make, with that technology only,
and is rendered by the same templates. The registry is explicit: a new technology is a new file and a line here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pydantic

from citynet.errors import CitynetError, Exit
from citynet.tasks.access import AccessPorts
from citynet.tasks.evpn import EvpnService
from citynet.tasks.fence import FenceAcl
from citynet.tasks.ipsec import IpsecTunnels
from citynet.tasks.l3vpn import L3vpnService
from citynet.tasks.macsec import MacsecLink
from citynet.tasks.paths import Srv6Paths
from citynet.tasks.qkd import QkdKeys
from citynet.tasks.sentry import SentryTask
from citynet.tasks.slices import FlexeClients
from citynet.tasks.sm4 import Sm4Tunnels
from citynet.tasks.srv6 import Srv6Locator
from citynet.tasks.tags import EdgeTags
from citynet.tasks.trace import HopTrace
from citynet.tasks.underlay import UnderlayTask
from citynet.tasks.vpws import VpwsService

if TYPE_CHECKING:
    from citynet.tasks.base import Task

TASKS: dict[str, type[Task]] = {
    "underlay": UnderlayTask,
    "srv6_locator": Srv6Locator,
    "l3vpn_service": L3vpnService,
    "flexe_client": FlexeClients,
    "srv6_path": Srv6Paths,
    "vpws_service": VpwsService,
    "evpn_service": EvpnService,
    "macsec_link": MacsecLink,
    "ipsec_tunnel": IpsecTunnels,
    "sm4_tunnel": Sm4Tunnels,
    "qkd_key": QkdKeys,
    "fence_acl": FenceAcl,
    "sentry": SentryTask,
    "access_port": AccessPorts,
    "edge_tag": EdgeTags,
    "hop_trace": HopTrace,
}
"""By the name of the module in the collection."""


class TaskError(CitynetError):
    """What a task says cannot be meant; the message names every option that is wrong."""

    exit_code = Exit.BAD_INPUT


def task(module: str, options: dict[str, Any]) -> Task:
    """The task of a module, checked.

    Args:
        module: Its name in the collection.
        options: As Ansible has them; those that were not given are None.

    Raises:
        TaskError: Options are wrong.
    """
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return TASKS[module].model_validate(given)
    except pydantic.ValidationError as error:
        raise TaskError("; ".join(_problem(one) for one in error.errors(include_input=False))) from None


def _problem(found: Any) -> str:
    place = ".".join(str(part) for part in found["loc"])
    return f"{place}: {found['msg']}" if place else str(found["msg"])
