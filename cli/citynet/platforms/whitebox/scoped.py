"""One technology's text as a router takes it that is not managed whole: files of its own, and lines of FRR."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from citynet.platforms.whitebox import PLATFORM
from citynet.platforms.whitebox.device import circuits, key_agent
from citynet.platforms.whitebox.device.frr_changes import CONFIGURATION, DAEMONS
from citynet.platforms.whitebox.device.key_agent import SETTINGS as KEYS
from citynet.platforms.whitebox.device.network import INTERFACES, POLICY, SYSCTL
from citynet.platforms.whitebox.device.nftables_scope import FOLDER, table_of
from citynet.platforms.whitebox.device.services import NFTABLES
from citynet.platforms.whitebox.device.xfrm import FILE as XFRM
from citynet.platforms.whitebox.sections import FILES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from citynet.plan.model import Device

# What FRR shows by itself of its profile `datacenter`, which a whole device has; under the profile `traditional` it is
# accepted and never shown.
_ECHO = re.compile(r"^ *use-underlays-nexthop-weight\n", re.MULTILINE)

_STANZA = re.compile(r"^iface \S+\n(?:[ \t]+.*\n)*", re.MULTILINE)
_MADE = re.compile(r"^[ \t]+(?:address|vrf|vrf-table|link-type|vxlan-id|bridge-ports) ", re.MULTILINE)


@dataclass(slots=True)
class ScopedText:
    """What one scope brings.

    Attributes:
        name: Of the scope.
        files: Templates of whole files, by path on the router; another scope has the same text or none.
        frr: Lines for FRR, a template.
        owns: The files that a device which is managed whole has in their place.
    """

    name: str
    files: dict[str, str] = field(default_factory=dict)
    frr: str = ""
    owns: list[str] = field(default_factory=list)


def render(device: Device, sections: Sequence[str], name: str) -> ScopedText:
    """The text of some sections of a device, under the name of a scope."""
    found = nothing(sections, name)
    for path, text in _joined(device, sections).items():
        if path == CONFIGURATION:
            found.frr = _ECHO.sub("", text)
        elif path != DAEMONS and re.sub(r"^#.*$", "", text, flags=re.MULTILINE).strip():
            # The daemons that are wanted follow from the lines for FRR.
            found.files[_own(path, name)] = _sharing(text) if path == INTERFACES else text
    chains = "".join(PLATFORM.render_filter(device, section) for section in sections)
    if chains.strip():
        found.files[f"{FOLDER}/citynet-{name}.nft"] = f"table inet {table_of(name)} {{\n{chains}}}\n"
        found.owns.append(NFTABLES)
    return found


def _joined(device: Device, sections: Sequence[str]) -> dict[str, str]:
    """What the sections contribute together, per file."""
    found: dict[str, str] = {}
    for section in sections:
        for path, text in PLATFORM.render_section(device, section).items():
            found[path] = found.get(path, "") + text
    return found


def _sharing(text: str) -> str:
    """Interfaces to which the scope gives no address keep those that others gave them (ifupdown2 would purge them)."""
    return _STANZA.sub(lambda found: found[0] if _MADE.search(found[0]) else found[0] + "    address-purge no\n", text)


def nothing(sections: Sequence[str], name: str) -> ScopedText:
    """The text of a scope that is to have nothing any more."""
    return ScopedText(name, owns=[file.path for file in FILES if not set(sections).isdisjoint(file.technologies)])


def _own(path: str, name: str) -> str:
    """A file of the scope's own where the device as a whole has one for all technologies."""
    own = {
        INTERFACES: f"{INTERFACES}-{name}",
        POLICY: POLICY.replace(".json", f"-{name}.json"),
        SYSCTL: SYSCTL.replace(".conf", f"-{name}.conf"),
        circuits.FILE: circuits.file_of(name),
        KEYS: key_agent.file_of(name),
        XFRM: XFRM.replace(".batch", f"-{name}.batch"),
    }
    return own.get(path, path)
