"""Interfaces (ifupdown2) and kernel settings (sysctl)."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import errno
import glob
import json
import os
import re
from pathlib import Path
from typing import Any, Optional

from .part import Part, Texts
from .system import StepError, must, read, run
from .texts import difference

INTERFACES = "/etc/network/interfaces.d/citynet"
POLICY = "/etc/network/ifupdown2/policy.d/citynet.json"
SYSCTL = "/etc/sysctl.d/60-citynet.conf"
_DISABLE_IPV6 = "/proc/sys/net/ipv6/conf/{}/disable_ipv6"
_STANZA = re.compile(r"^\s*iface\s+(\S+)", re.MULTILINE)


class Interfaces(Part):
    """VRFs, loopback-like interfaces and ports, by ifupdown2."""

    name = "interfaces"
    file = INTERFACES
    paths: tuple[str, ...] = (POLICY, INTERFACES)
    commands = {"ifreload": "ifupdown2", "ip": "iproute2"}  # noqa: RUF012

    def drift(self, texts: Texts, memory: Any) -> str:
        """Compare addresses, VRF membership, MTU and administrative state with those after the last commit."""
        if memory is None:
            return "interfaces were never committed"
        return difference(
            "\n".join(self._running(texts)), "\n".join(memory), "interfaces as running", "interfaces as committed"
        )

    def snapshot(self, texts: Texts) -> Any:
        """Every interface of the new file, as it is."""
        return {name: present(name) for name in interface_names(self._text(texts))}

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Ifreload adds, changes and takes away until the interfaces are those of the files."""
        reload_all()

    def check(self, texts: Texts) -> list[str]:
        """See that every interface of our file is there, up, in its VRF and with its addresses."""
        running = set(self._running(texts))
        states = {fact.split()[0]: fact for fact in running if " mtu " in fact}
        missing = [fact for fact in _intended(self._text(texts), states) if fact not in running]
        if missing:
            raise StepError("interfaces are not as configured, missing: " + ", ".join(missing))
        return []

    def memory(self, texts: Texts) -> Any:
        """One line per interface of our file and fact about it."""
        return self._running(texts)

    def _text(self, texts: Texts) -> str:
        return texts.get(self.file, "")

    def _running(self, texts: Texts) -> list[str]:
        names = set(interface_names(self._text(texts)))
        lines = []
        for link in json.loads(must(["ip", "-j", "address", "show"])):
            if link.get("ifname") in names:
                lines.extend(_facts(link))
        return sorted(lines)

    def restore(self, snapshot: Any) -> None:
        """The former file is back: reload it, and make what no file is about any more what it was.

        Ifupdown2 leaves all as it is when no file is left that names an interface.
        """
        reload_all()
        kept = _configured()
        for name, was in (snapshot or {}).items():
            if name not in kept:
                put_back(name, was)


def _configured() -> set[str]:
    """Interfaces that some file of ifupdown2 configures, whosever it is."""
    files = ["/etc/network/interfaces", *glob.glob(f"{os.path.dirname(INTERFACES)}/*")]
    return {name for file in files for name in interface_names(read(file) or "")}


def reload_all() -> None:
    """Let ifupdown2 make everything as its files say."""
    prepare_tables()
    # ifupdown2 learns of what it made from the kernel's messages, and now and then looks before they have arrived: a
    # bridge's port "does not exist" then, though it was made a moment before. By the second time they have.
    if run(["ifreload", "-a"]).code != 0:
        must(["ifreload", "-a"])


def prepare_tables() -> None:
    """Make the folder that ifupdown2 takes for granted."""
    # ifupdown2 3.0 names VRF tables in there, and fails where iproute2 no longer makes the folder.
    os.makedirs("/etc/iproute2/rt_tables.d", exist_ok=True)


def interface_names(text: str) -> list[str]:
    """Interfaces that a file configures, in its order."""
    return list(dict.fromkeys(_STANZA.findall(text)))


def _facts(link: dict[str, Any]) -> list[str]:
    name = link["ifname"]
    state = "up" if "UP" in link.get("flags", []) else "down"
    facts = [f"{name} {state} mtu {link.get('mtu')} master {link.get('master', '-')}"]
    facts += [
        f"{name} address {entry['local']}/{entry['prefixlen']}"
        for entry in link.get("addr_info", [])
        if entry.get("scope") != "link"
    ]
    return facts


def _intended(text: str, states: dict[str, str]) -> list[str]:
    """Facts that the file promises, worded as `_facts` words them."""
    facts, name = [], ""
    for words in (line.split() for line in text.splitlines()):
        if len(words) < 2 or words[0].startswith("#"):
            continue
        if words[0] == "iface":
            name = words[1]
            if f"{name} up " not in states.get(name, ""):
                facts.append(f"{name} up")
        elif words[0] == "address":
            facts.append(f"{name} address {words[1]}")
        elif words[0] in ("vrf", "mtu"):
            promise = f" {'master' if words[0] == 'vrf' else 'mtu'} {words[1]}"
            if f"{promise} " not in states.get(name, "") + " ":
                facts.append(name + promise)
    return facts


def present(name: str) -> Optional[dict[str, Any]]:
    """What an interface is; None when it is not there."""
    output = run(["ip", "-j", "address", "show", "dev", name])
    if output.code != 0:
        return None
    (link,) = [entry for entry in json.loads(output.text) if entry]
    return {
        "up": "UP" in link["flags"],
        "mtu": link["mtu"],
        "master": link.get("master", ""),
        "alias": link.get("ifalias", ""),
        "disable_ipv6": (read(_DISABLE_IPV6.format(name)) or "").strip(),
        "addresses": [
            f"{entry['local']}/{entry['prefixlen']}"
            for entry in link.get("addr_info", [])
            if entry.get("scope") != "link"
        ],
    }


def put_back(name: str, was: Optional[dict[str, Any]]) -> None:
    """Make an interface what it was; one that was not there goes."""
    # So that ifupdown2 forgets it too; it works from what it remembers, not from the file.
    run(["ifdown", name])
    if was is None:
        run(["ip", "link", "delete", "dev", name])
        return
    if present(name) is None:
        return  # it was made by others, who took it away since
    master = ["master", was["master"]] if was["master"] else ["nomaster"]
    must(["ip", "link", "set", "dev", name, "down"])
    must(["ip", "link", "set", "dev", name, "alias", was["alias"], "mtu", str(was["mtu"]), *master])
    if was.get("disable_ipv6"):
        # Before its addresses come back, and although kernel settings stay otherwise: nobody would look for it there.
        Path(_DISABLE_IPV6.format(name)).write_text(was["disable_ipv6"], encoding="utf-8")
    must(["ip", "address", "flush", "dev", name, "scope", "global"])
    if was["up"]:
        must(["ip", "link", "set", "dev", name, "up"])
    for address in was["addresses"]:
        must(["ip", "address", "replace", address, "dev", name])


class Sysctl(Part):
    """Kernel settings; a name may hold a glob and then stands for every interface that is there."""

    name = "sysctl"

    def __init__(self, path: str = SYSCTL) -> None:
        self.paths = (path,)

    def _text(self, texts: Texts) -> str:
        return texts.get(self.paths[0], "")

    def drift(self, texts: Texts, memory: Any) -> str:
        """Compare each value with the kernel's."""
        lines = [
            line
            for path, now, wanted in _wrong(self._text(texts))
            for line in (f"-{path} = {now}", f"+{path} = {wanted}")
        ]
        return "\n".join(["--- kernel settings as running", "+++ kernel settings as intended", *lines]) if lines else ""

    def snapshot(self, texts: Texts) -> Any:
        """The present value of every setting that the new file touches."""
        return {path: _value(path) for path, _ in settings(self._text(texts), strict=False)}

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Write each setting whose value differs."""
        for path, _, wanted in _wrong(self._text(texts)):
            _set(path, wanted)

    def check(self, texts: Texts) -> list[str]:
        """Read every value back."""
        wrong = [f"{path} is {now!r}, expected {wanted!r}" for path, now, wanted in _wrong(self._text(texts))]
        if wrong:
            raise StepError("kernel settings did not take: " + "; ".join(wrong[:5]))
        return []

    def memory(self, texts: Texts) -> Any:
        """Nothing: the file says it all."""
        return None

    def restore(self, snapshot: Any) -> None:
        """Put the former values back; settings of interfaces that are gone are gone too."""
        for path, value in snapshot.items():
            if Path(path).exists() and _value(path) != value:
                _set(path, value, lasting=True)


def settings(text: str, *, strict: bool = True) -> list[tuple[str, str]]:
    """Every setting of the file as (path under /proc/sys, value); a later line overrides an earlier one.

    A setting that the kernel lacks is an error when `strict`: before interfaces are made, it need not be there yet.
    """
    wanted: dict[str, str] = {}
    for raw in text.splitlines():
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise StepError(f"{SYSCTL}: {line!r} is no setting, expected 'name = value'")
        for path in _paths(name.strip(), strict):
            wanted[path] = " ".join(value.split())
    return list(wanted.items())


def _paths(name: str, strict: bool) -> list[str]:  # noqa: FBT001
    # A leading '-' means that a missing setting is no error; names with a '/' first are taken literally (sysctl.d(5)).
    optional = name.startswith("-")
    bare = name.lstrip("-")
    first = re.search(r"[./]", bare)
    path = bare if first and first.group(0) == "/" else bare.translate(str.maketrans("./", "/."))
    found = sorted(glob.glob(f"/proc/sys/{path}"))
    if not found and strict and not optional and not glob.has_magic(path):
        raise StepError(f"{SYSCTL}: this kernel has no setting {bare}")
    return found


def _wrong(text: str) -> list[tuple[str, str, str]]:
    return [(path, now, wanted) for path, wanted in settings(text) if (now := _value(path)) != wanted]


def _value(path: str) -> str:
    return " ".join(Path(path).read_text(encoding="utf-8").split())


def _set(path: str, value: str, *, lasting: bool = False) -> None:
    """Write a setting; `lasting` for one that the kernel may refuse to take back (nf_hooks_lwtunnel, once it is on)."""
    try:
        Path(path).write_text(value + "\n", encoding="utf-8")
    except OSError as error:
        if lasting and error.errno == errno.EBUSY:
            return
        raise StepError(f"{path} = {value}: {error.strerror}") from error
