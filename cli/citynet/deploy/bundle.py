"""The program that runs on a device, and its request, as one text for the standard input of the device's Python.

Nothing of it stands in a command line, so nothing of it can be read from the device's process list. A device keeps what
its Python has compiled of the programs, under a digest of their text, in a folder that is root's alone.
"""

from __future__ import annotations

import importlib.resources
import json
import zlib
from functools import cache
from typing import Any

_PACKAGE = "citynet_device"
# In the order of their imports.
_SHARED = ("texts", "system", "maintenance", "part", "program", "sentries", "health", "settle")
_SMALL = ("health", "settle")
"""Programs that need nothing but what is shared."""
_MODULES = (
    *("network", "network_scope", "nftables_update", "nftables_scope", "fence", "access_agent", "services", "slices"),
    *("bpf", "frames", "circuits", "loops", "layer2", "tag_programs", "tags", "tagging"),
    *("bpf_maps", "trace_probes", "trace_programs", "trace_ways", "trace", "tracing"),
    *("frr_changes", "frr", "path_agent", "ipsec", "key_agent", "xfrm", "refusals", "compare"),
    *("frr_claim", "frr_scope", "scope", "backup", "transaction"),
)

CACHE = "/var/lib/citynet/programs"
"""Folder on a device with the compiled programs of its last transaction: to compile takes longer than to run them."""

BOOTSTRAP = f"""import hashlib,json,marshal,os,sys,types,zlib
p=json.loads(zlib.decompress(sys.stdin.buffer.read()))
d="{CACHE}"
f=d+"/"+hashlib.sha256((sys.version+json.dumps(p["modules"])).encode()).hexdigest()
try:
 s=os.stat(d)
 if s.st_uid!=os.geteuid() or s.st_mode&0o77: raise OSError
 with open(f,"rb") as h: c=marshal.load(h)
except (OSError,ValueError,EOFError,TypeError):
 c=[(n,compile(s,n+".py","exec")) for n,s in p["modules"]]
 if p["request"].get("action")=="commit":
  try:
   os.makedirs(d,0o700,exist_ok=True)
   for o in os.listdir(d): os.remove(d+"/"+o)
   with open(f+".new","wb") as h: marshal.dump(c,h)
   os.rename(f+".new",f)
  except OSError: pass
k=types.ModuleType("{_PACKAGE}");k.__path__=[];sys.modules["{_PACKAGE}"]=k
for n,s in c:
 f="{_PACKAGE}."+n;m=types.ModuleType(f);m.__package__="{_PACKAGE}";sys.modules[f]=m;exec(s,m.__dict__)
sys.exit(sys.modules["{_PACKAGE}."+p["main"]].main(p["request"]))"""


@cache
def _sources(main: str) -> list[tuple[str, str]]:
    folder = importlib.resources.files("citynet.platforms.whitebox.device")
    wanted = _SHARED if main in _SMALL else (*_SHARED, *_MODULES, *([main] if main not in _MODULES else []))
    return [(name, folder.joinpath(f"{name}.py").read_text(encoding="utf-8")) for name in wanted]


def pack(main: str, request: dict[str, Any]) -> bytes:
    """What to send for one request to the `transaction`, the `settle`, the `health` or the `drain` program."""
    return zlib.compress(json.dumps({"modules": _sources(main), "main": main, "request": request}).encode(), 1)
