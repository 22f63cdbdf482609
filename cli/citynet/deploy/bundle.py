"""The program that runs on a device, and its request, as one text for the standard input of the device's Python.

Nothing of it stands in a command line, so nothing of it can be read from the device's process list.
"""

from __future__ import annotations

import importlib.resources
import json
from functools import cache
from typing import Any

_PACKAGE = "citynet_device"
# In the order of their imports.
_SHARED = ("texts", "system", "maintenance", "health")
_MODULES = (
    *("part", "network", "services", "slices", "frames", "circuits", "loops", "layer2"),
    *("frr_changes", "frr", "paths", "compare"),
    *("network_scope", "nftables_scope", "frr_claim", "frr_scope", "scope", "backup", "transaction"),
)

BOOTSTRAP = f"""import json,sys,types
p=json.load(sys.stdin)
k=types.ModuleType("{_PACKAGE}");k.__path__=[];sys.modules["{_PACKAGE}"]=k
for n,s in p["modules"]:
 f="{_PACKAGE}."+n;m=types.ModuleType(f);m.__package__="{_PACKAGE}";sys.modules[f]=m;exec(compile(s,n+".py","exec"),m.__dict__)
sys.exit(sys.modules["{_PACKAGE}."+p["main"]].main(p["request"]))"""


@cache
def _sources(main: str) -> list[tuple[str, str]]:
    folder = importlib.resources.files("citynet.platforms.whitebox.device")
    wanted = _SHARED if main == "health" else (*_SHARED, *_MODULES, *([main] if main not in _MODULES else []))
    return [(name, folder.joinpath(f"{name}.py").read_text(encoding="utf-8")) for name in wanted]


def pack(main: str, request: dict[str, Any]) -> bytes:
    """What to send for one request to the `transaction`, the `health` or the `drain` program."""
    return json.dumps({"modules": _sources(main), "main": main, "request": request}).encode()
