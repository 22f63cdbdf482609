"""`python -m citynet.lab.keyservers FOLDER`: the key servers of the lab in that folder, until they are ended.

Started by the lab's supervisor inside the lab's namespaces, so that they end with the lab.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from citynet.lab.keyservers import access
from citynet.lab.keyservers.pools import Network
from citynet.lab.keyservers.server import application, control
from citynet.lab.keyservers.serving import Serving
from citynet.plan import codec

if TYPE_CHECKING:
    from citynet.lab.keyservers.pools import Server
    from citynet.plan.model import Plan


async def main(folder: Path, plan: Plan) -> None:
    """Serve them all, and the control of faults."""
    planned, at, home = access.servers(plan), access.address(plan), folder / access.FOLDER
    network = Network({name: frozenset(server.devices) for name, server in planned.items()}, time.monotonic)
    serving = {
        name: Serving(application(network, network.servers[name]), at, server.port, home, name)
        for name, server in planned.items()
    }
    pretending: set[str] = set()

    def changed(server: Server) -> None:
        if server.impostor != (server.name in pretending):
            pretending.symmetric_difference_update({server.name})
            serving[server.name].pretend(access.IMPOSTOR if server.impostor else server.name)

    controls = Serving(control(network, changed), at, access.CONTROL_PORT, home, access.CONTROL)
    await asyncio.gather(*(one.server.serve() for one in (*serving.values(), controls)))


if __name__ == "__main__":
    where = Path(sys.argv[1])
    asyncio.run(main(where, codec.load(where / "plan.json")))
