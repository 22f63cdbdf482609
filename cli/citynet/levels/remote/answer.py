"""Listen on TCP and UDP ports and send back whatever comes, until standard input ends; then say who was heard."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any, cast

HEARD: set[tuple[str, int, str]] = set()
"""Protocol, port and sender of whatever came, answered or not."""


def heard(protocol: str, port: int, sender: str) -> None:
    """Remember a sender; IPv4 comes to an IPv6 socket with a prefix."""
    HEARD.add((protocol, port, sender.removeprefix("::ffff:")))


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Send back what one connection brings."""
    heard("tcp", writer.get_extra_info("sockname")[1], writer.get_extra_info("peername")[0])
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    writer.close()


class Datagrams(asyncio.DatagramProtocol):
    """Send back each datagram."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer."""
        heard("udp", self.transport.get_extra_info("sockname")[1], addr[0])
        self.transport.sendto(data, addr)


async def serve(asked: dict[str, Any]) -> None:
    """Open every port that is free, say which, then wait."""
    loop = asyncio.get_running_loop()
    opened: dict[str, list[int]] = {"tcp": [], "udp": []}
    for port in asked["tcp"]:
        try:
            await asyncio.start_server(echo, None, port, backlog=64)
            opened["tcp"].append(port)
        except OSError:
            continue
    for port in asked["udp"]:
        for address in ("::", "0.0.0.0"):  # noqa: S104 - the first takes both versions, the second where there is but one
            try:
                await loop.create_datagram_endpoint(Datagrams, local_addr=(address, port))
            except OSError:
                continue
            opened["udp"] = sorted({*opened["udp"], port})
    sys.stdout.write(json.dumps(opened) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)
    sys.stdout.write(json.dumps(sorted(HEARD)) + "\n")


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
