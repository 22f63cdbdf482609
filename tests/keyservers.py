"""Key servers on this machine's loopback, for tests: real TLS, certificates of an authority of the test's own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from citynet.lab.authority import Authority
from citynet.lab.keyservers.pools import Network
from citynet.lab.keyservers.server import application
from citynet.lab.keyservers.serving import Serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOMES = {"kme-east": frozenset({"east", "third"}), "kme-west": frozenset({"west"})}
CLIENTS = ("east", "west", "third", "kme-impostor")


@dataclass
class Room:
    """What a test needs to know."""

    folder: Path
    network: Network
    ports: dict[str, int]
    serving: dict[str, Serving]
    loop: asyncio.AbstractEventLoop

    def settings(self, name: str) -> dict[str, str]:
        """Of a key server, as key agents have them."""
        return {"name": name, "url": f"https://127.0.0.1:{self.ports[name]}/api/v1/keys", "vrf": ""}

    def pki(self, who: str) -> dict[str, str]:
        """Of a device."""
        files = {"certificate": f"{who}.pem", "key": f"{who}.key"}
        return {"ca": str(self.folder / "ca.pem"), **{kind: str(self.folder / name) for kind, name in files.items()}}

    def pretend(self, name: str, as_name: str) -> None:
        """Give a key server another one's certificate."""
        done = threading.Event()
        self.loop.call_soon_threadsafe(lambda: (self.serving[name].pretend(as_name), done.set()))
        done.wait(5)


def write(folder: Path, signed: object, who: str) -> None:
    """Write a certificate and its key as files."""
    (folder / f"{who}.pem").write_text(signed.certificate_pem)  # type: ignore[attr-defined]
    (folder / f"{who}.key").write_text(signed.key_pem)  # type: ignore[attr-defined]


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Room]:
    """The key servers of `HOMES`; besides the good certificates `foreign` and `expired`, both of `east`, and those of
    `kme-east`."""
    authority = Authority.make("test")
    (folder / "ca.pem").write_text(authority.certificate_pem)
    for who in (*CLIENTS, *HOMES):
        write(folder, authority.sign_host(who), who)
    other = Authority.make("other")
    for who, end in (("east", ""), ("kme-east", "-kme-east")):
        write(folder, other.sign_host(who), f"foreign{end}")
        write(folder, authority.sign_host(who, life=timedelta(minutes=-10)), f"expired{end}")
    network = Network(HOMES, time.monotonic)
    ports = {name: free_port() for name in HOMES}
    serving = {
        name: Serving(application(network, network.servers[name]), "127.0.0.1", ports[name], folder, name)
        for name in HOMES
    }
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        await asyncio.gather(*(one.server.serve() for one in serving.values()))

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not all(one.server.started for one in serving.values()) and time.monotonic() < deadline:
        time.sleep(0.01)
    try:
        yield Room(folder, network, ports, serving, loop)
    finally:
        for one in serving.values():
            one.server.should_exit = one.server.force_exit = True
        thread.join(10)


def free_port() -> int:
    """A TCP port that nobody has."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
