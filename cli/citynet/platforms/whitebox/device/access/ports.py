"""The ports of a device: to each its authenticator, and what asks the servers for that.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Union

from .charon import Charon
from .hostapd import Authenticator
from .radius import LOCAL_PORT, Packet
from .relay import Asked, Relay, Servers
from .tunnels import TunnelPort, Tunnels

Answered = Callable[[str, Asked, Packet], None]


class Port:
    """A port: its authenticator, and what asks the servers for that."""

    def __init__(
        self, told: Dict[str, Any], authenticator: Union[Authenticator, TunnelPort], relay: Union[Relay, TunnelPort]
    ) -> None:
        self.name, self.interface = told["port"], told["interface"]
        self.authenticator, self.relay = authenticator, relay
        self.retry, self.hail, self.plugged = 0.0, 0.0, False


def make(settings: Dict[str, Any], servers: Servers, answered: Answered) -> Dict[str, Port]:
    """The ports of the settings; `answered` hears of each accept and reject, and at which port."""
    found, tunnels = {}, Tunnels(settings)
    for number, told in enumerate(settings["ports"]):

        def heard(asked: Asked, packet: Packet, name: str = told["port"]) -> None:
            answered(name, asked, packet)

        if "tunnel" in told:
            both = TunnelPort(told, settings["address"], tunnels, servers, heard)
            found[told["port"]] = Port(told, both, both)
            continue
        relay = LOCAL_PORT + number
        authenticator = Authenticator(told["port"], settings["device"], settings["address"], relay, settings["secret"])
        found[told["port"]] = Port(told, authenticator, Relay(relay, servers, heard))
    return found


def stop_strays(kept: Dict[str, Any], ports: List[Dict[str, Any]]) -> None:
    """End authenticators of ports that are none any more, as an earlier run wrote them down."""
    names = [one["port"] for one in ports if "tunnel" not in one]
    for name in kept.get("ports", {}):
        if name not in names:
            Authenticator(name, "", "", 0, "").stop()
    if len(names) == len(ports):
        Charon("").stop()
