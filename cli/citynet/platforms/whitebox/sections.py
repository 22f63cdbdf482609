"""Which technology writes into which file, in order, and when a device has it at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet.platforms.whitebox.device import sentries
from citynet.platforms.whitebox.device.access_agent import MODULES as ACCESS_PROGRAMS
from citynet.platforms.whitebox.device.access_agent import PKI as ACCESS_PKI
from citynet.platforms.whitebox.device.access_agent import SHARED as ACCESS_SHARED
from citynet.platforms.whitebox.device.key_agent import MODULES as KEY_PROGRAMS
from citynet.platforms.whitebox.device.path_agent import MODULES as PATH_PROGRAMS
from citynet.platforms.whitebox.device.program import ROOT
from citynet.platforms.whitebox.device.refusals import MODULES as REFUSAL_PROGRAMS
from citynet.platforms.whitebox.device.tracing import MODULES as TRACE_PROGRAMS
from citynet.platforms.whitebox.ike import has_tunnels

if TYPE_CHECKING:
    from collections.abc import Callable

    from citynet.plan.model import Device


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """A file of the device and the technologies whose sections make it, in order.

    Its text comes from the templates of `folder`; or, as it is, from a program among those that run on devices.
    """

    path: str
    folder: str
    technologies: tuple[str, ...]
    program: str = ""


_PKI_FOLDERS = ("pki_ca", "pki_certificate", "pki_key")
FILES = (
    ConfigFile("/etc/network/ifupdown2/policy.d/citynet.json", "ifupdown2", ("l3vpn",)),
    ConfigFile(
        "/etc/network/interfaces.d/citynet",
        "interfaces",
        ("underlay", "macsec", "srv6", "l3vpn", "layer2", "encryption"),
    ),
    ConfigFile(
        "/etc/sysctl.d/60-citynet.conf", "sysctl", ("underlay", "macsec", "srv6", "l3vpn", "interconnect", "layer2")
    ),
    ConfigFile("/etc/citynet/xfrm.batch", "xfrm", ("encryption",)),
    ConfigFile("/etc/systemd/system/citynet-xfrm.service", "systemd", ("encryption",)),
    ConfigFile("/etc/nftables.conf", "nftables", ("protection",)),
    ConfigFile("/etc/nftables.d/citynet-fence.nft", "fence", ("fence",)),
    ConfigFile("/etc/nftables.d/citynet-access.nft", "access", ("access",)),
    ConfigFile("/etc/citynet/slices.batch", "tc", ("slices",)),
    ConfigFile("/etc/frr/daemons", "daemons", ("underlay",)),
    ConfigFile("/etc/frr/frr.conf", "frr", ("system", "srv6", "underlay", "l3vpn", "evpn")),
    ConfigFile("/etc/citynet/paths.json", "path_settings", ("paths",)),
    ConfigFile("/etc/systemd/system/citynet-paths.service", "systemd", ("paths",)),
    *(ConfigFile(f"/usr/local/lib/citynet/paths/{name}.py", "", ("paths",), f"paths/{name}") for name in PATH_PROGRAMS),
    ConfigFile("/usr/local/lib/citynet/paths/keeping.py", "", ("paths",), "keeping"),
    ConfigFile("/etc/ulogd.conf", "ulogd", ("interconnect",)),
    ConfigFile("/etc/citynet/refusals.json", "refusals", ("refusals",)),
    ConfigFile("/etc/systemd/system/citynet-refusals.service", "systemd", ("refusals",)),
    *(ConfigFile(f"/usr/local/lib/citynet/refusals/{name}.py", "", ("refusals",), name) for name in REFUSAL_PROGRAMS),
    ConfigFile("/etc/citynet/layer2.json", "layer2", ("layer2",)),
    ConfigFile("/etc/systemd/system/citynet-layer2.service", "systemd", ("layer2",)),
    ConfigFile("/etc/swanctl/conf.d/citynet.conf", "swanctl", ("ipsec",)),
    ConfigFile("/etc/swanctl/x509ca/citynet.pem", "pki_ca", ("ipsec",)),
    ConfigFile("/etc/swanctl/x509/citynet.pem", "pki_certificate", ("ipsec",)),
    ConfigFile("/etc/swanctl/private/citynet.pem", "pki_key", ("ipsec",)),
    ConfigFile("/etc/strongswan.d/citynet.conf", "strongswan", ("ipsec",)),
    ConfigFile("/usr/local/lib/citynet/ike_daemon.sh", "ike_daemon", ("ipsec",)),
    ConfigFile("/etc/systemd/system/strongswan.service.d/citynet.conf", "systemd", ("ipsec",)),
    ConfigFile("/etc/citynet/keys.json", "key_settings", ("keys",)),
    ConfigFile("/etc/citynet/pki/ca.pem", "pki_ca", ("keys",)),
    ConfigFile("/etc/citynet/pki/device.pem", "pki_certificate", ("keys",)),
    ConfigFile("/etc/citynet/pki/device.key", "pki_key", ("keys",)),
    ConfigFile("/etc/systemd/system/citynet-keys.service", "systemd", ("keys",)),
    *(ConfigFile(f"/usr/local/lib/citynet/keys/{name}.py", "", ("keys",), f"keys/{name}") for name in KEY_PROGRAMS),
    ConfigFile("/usr/local/lib/citynet/keys/keeping.py", "", ("keys",), "keeping"),
    *(
        ConfigFile(f"/usr/local/lib/citynet/layer2/{name}.py", "", ("layer2",), name)
        for name in ("system", "bpf", "frames", "circuits", "loops")
    ),
    ConfigFile("/etc/citynet/access.json", "access_settings", ("access",)),
    *(ConfigFile(path, folder, ("access",)) for path, folder in zip(ACCESS_PKI, _PKI_FOLDERS, strict=True)),
    ConfigFile("/etc/systemd/system/citynet-access.service", "systemd", ("access",)),
    *(
        ConfigFile(f"/usr/local/lib/citynet/access/{name}.py", "", ("access",), f"access/{name}")
        for name in ACCESS_PROGRAMS
    ),
    *(ConfigFile(f"/usr/local/lib/citynet/access/{name}.py", "", ("access",), path) for name, path in ACCESS_SHARED),
    ConfigFile("/etc/citynet/tags.json", "tags", ("tags",)),
    ConfigFile("/etc/systemd/system/citynet-tags.service", "systemd", ("tags",)),
    *(
        ConfigFile(f"/usr/local/lib/citynet/tags/{name}.py", "", ("tags",), name)
        for name in ("system", "bpf", "tag_programs", "tags")
    ),
    ConfigFile(sentries.CONFIGURATION, "sentry", ("sentry",)),
    ConfigFile(sentries.RULES, "sentry_rules", ("sentry",)),
    ConfigFile(sentries.SETTINGS, "sentry_settings", ("sentry",)),
    ConfigFile(sentries.UNIT, "systemd", ("sentry",)),
    *(ConfigFile(f"{ROOT}/sentry/{name}.py", "", ("sentry",), name) for name in sentries.MODULES),
    ConfigFile("/etc/citynet/trace.json", "trace", ("trace",)),
    ConfigFile("/etc/systemd/system/citynet-trace.service", "systemd", ("trace",)),
    *(ConfigFile(f"/usr/local/lib/citynet/tracing/{name}.py", "", ("trace",), name) for name in TRACE_PROGRAMS),
)

_WHEN: dict[str, Callable[[Device], bool]] = {
    "slices": lambda device: bool(device.sliced_ports),
    "paths": lambda device: bool(device.steering),
    "interconnect": lambda device: bool(device.guards or device.exits),
    "tags": lambda device: bool(device.tags),
    "layer2": lambda device: bool(device.vpws or device.evpn),
    "evpn": lambda device: device.bgp.evpn,
    "macsec": lambda device: bool(device.macsec),
    "encryption": lambda device: bool(device.protections),
    "ipsec": has_tunnels,
    "fence": lambda device: device.fence is not None,
    "access": lambda device: device.access is not None,
    "keys": lambda device: device.keys is not None,
    "sentry": lambda device: device.sentry is not None,
    "trace": lambda device: device.trace is not None,
    "refusals": lambda device: device.refusals is not None,
}


def applies(technology: str, device: Device) -> bool:
    """Whether the device has the technology; what is not listed above every device has."""
    when = _WHEN.get(technology)
    return when is None or when(device)
