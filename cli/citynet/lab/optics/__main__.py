"""`python -m citynet.lab.optics FOLDER`: the optical controller of the lab in that folder, until it is ended.

Started by the lab's supervisor inside the lab's namespaces, so that it ends with the lab.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from citynet.lab.optics import base, controller, serving
from citynet.lab.optics.certificates import Certificates
from citynet.lab.optics.light import Light
from citynet.lab.optics.sensing import Sensing
from citynet.lab.optics.server import application
from citynet.lab.optics.switch import Switch
from citynet.lab.running import INSIDE, Lab


async def main(folder: Path) -> None:
    """Serve, sense, and switch lines."""
    lab = Lab.at(folder)
    os.environ[INSIDE] = lab.name  # this process is where the lab's management network is
    switch = Switch(lab)
    light = Light(base.of_plan(lab.plan), serving.LoopClock(), switch.tell)
    sensing = Sensing(light)
    server = serving.server(
        application(light, sensing, switch.answers),
        controller.address(lab.plan),
        controller.PORT,
        Certificates(folder / controller.FOLDER),
    )
    await asyncio.gather(switch.run(), _sense(sensing), _serve(server, switch))


async def _sense(sensing: Sensing) -> None:
    while True:
        sensing.sample()
        await asyncio.sleep(sensing.light.base.settings.sample_ms / 1000)


async def _serve(server: serving.Server, switch: Switch) -> None:
    await switch.ready.wait()  # who is answered must find that lines obey
    await server.serve()
    raise SystemExit  # told to end


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
