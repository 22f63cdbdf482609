"""IPsec of this device: strongSwan's daemon, its connections and its certificate."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import os
import re
import signal
from typing import Any

from .part import Part, Texts
from .system import StepError, booted_with_systemd, must, process_named, run, wait_for

CONNECTIONS = "/etc/swanctl/conf.d/citynet.conf"
CREDENTIALS = ("/etc/swanctl/x509ca/citynet.pem", "/etc/swanctl/x509/citynet.pem", "/etc/swanctl/private/citynet.pem")
SETTINGS = "/etc/strongswan.d/citynet.conf"
KEEPER = "/usr/local/lib/citynet/ike_daemon.sh"
DROP_IN = "/etc/systemd/system/strongswan.service.d/citynet.conf"
DAEMON, _SUPERVISOR = "charon-systemd", "citynet-ike"
_LIMIT_S = 60.0
"""For what takes a second, on a device that is just learning its routes, too."""
_SECTION = re.compile(r"^    (\S+) \{$", re.MULTILINE)
_NAME = re.compile(r"^(\S+): IKEv2", re.MULTILINE)


def connection(tunnel: str) -> str:
    """The name of a tunnel as strongSwan may have it: a dot would make it two."""
    return tunnel.replace(".", "/")


class Ipsec(Part):
    """The daemon goes on when connections change, and so do those that have not changed."""

    name = "ipsec"
    paths = (CONNECTIONS, *CREDENTIALS, SETTINGS, KEEPER, DROP_IN)
    commands = {"charon-systemd": "charon-systemd", "swanctl": "strongswan-swanctl"}  # noqa: RUF012

    def drift(self, texts: Texts, memory: Any) -> str:
        """Whether the daemon lives and has the connections of the file."""
        if CONNECTIONS not in texts:
            return ""
        if process_named(DAEMON) is None:
            return f"{DAEMON} does not run"
        wanted, there = _named(texts), _loaded()
        missing = [f"-connection {name}" for name in sorted(wanted - there)]
        return "\n".join([*missing, *(f"+connection {name}" for name in sorted(there - wanted))])

    def snapshot(self, texts: Texts) -> Any:
        """Whether it ran."""
        return process_named(DAEMON) is not None

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Start it, or tell it what has changed; end it when it has nothing to do."""
        if CONNECTIONS not in texts:
            _stop()
        elif changed & {SETTINGS, KEEPER, DROP_IN} or process_named(DAEMON) is None:
            _restart()
        else:
            _load(credentials=bool(changed & {*CREDENTIALS, CONNECTIONS}))

    def check(self, texts: Texts) -> list[str]:
        """See that it has taken all connections; what is not up is remarked by whoever brings it up."""
        if CONNECTIONS not in texts:
            return []
        if not wait_for(lambda: _named(texts) == _loaded(), _LIMIT_S):
            missing = sorted(_named(texts) - _loaded())
            raise StepError("IKE has not taken its connections: " + (", ".join(missing[:5]) or "others are there"))
        return []

    def memory(self, texts: Texts) -> Any:
        """Nothing: the file says it all."""
        return None

    def restore(self, snapshot: Any) -> None:
        """Let it work by the former files, or end it if it did not run."""
        if snapshot:
            _restart()
        else:
            _stop()


def _named(texts: Texts) -> set[str]:
    """The connections of the file."""
    before, _, _ = texts[CONNECTIONS].partition("\nsecrets {")
    return set(_SECTION.findall(before))


def _loaded() -> set[str]:
    """The connections that the daemon has."""
    found = run(["swanctl", "--list-conns"])
    return set(_NAME.findall(found.text)) if found.code == 0 else set()


def _load(*, credentials: bool) -> None:
    """Tell the daemon its connections; the key agent sees to the keys that it brought itself."""
    if credentials:
        must(["swanctl", "--load-creds", "--noprompt"])
    must(["swanctl", "--load-conns"])


def _restart() -> None:
    if booted_with_systemd():
        must(["systemctl", "daemon-reload"])
        must(["systemctl", "enable", "strongswan"])
        must(["systemctl", "restart", "strongswan"])
        return
    _stop()
    os.makedirs("/var/log/citynet", mode=0o750, exist_ok=True)
    must(["setsid", "-f", "sh", KEEPER])
    if not wait_for(lambda: bool(_loaded()), _LIMIT_S):
        raise StepError(f"{DAEMON} did not start, see /var/log/citynet/ike.log")


def _stop() -> None:
    if booted_with_systemd():
        run(["systemctl", "disable", "--now", "strongswan"])
        return
    for name in (_SUPERVISOR, DAEMON):
        _end(name)
        if not wait_for(lambda name=name: process_named(name) is None, _LIMIT_S):  # type: ignore[misc]
            raise StepError(f"{name} does not end")


def _end(name: str) -> None:
    process = process_named(name)
    if process is not None:
        try:
            os.kill(process, signal.SIGTERM)
        except ProcessLookupError:  # it went by itself
            return
