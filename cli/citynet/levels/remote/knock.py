"""Try many flows at once and say what became of each."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import sys
from typing import Any


async def tcp(attempt: dict[str, Any], wait_s: float) -> str:
    """Connect; with `bytes`, also send that many and have them back."""
    any_address = "::" if ":" in attempt["destination"] else "0.0.0.0"  # noqa: S104 - of this host, to send from
    local = (any_address, attempt["source_port"]) if attempt.get("source_port") else None
    try:
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(attempt["destination"], attempt["port"], local_addr=local), wait_s
        )
    except TimeoutError:
        return "silent"
    except ConnectionRefusedError:
        return "refused"
    except OSError as error:
        return "denied" if error.errno else "silent"
    answer = "open"
    if attempt.get("bytes"):
        answer = await exchange(reader, writer, attempt["bytes"], wait_s)
    if attempt.get("abort"):
        # A reset ends the flow in the border's table within seconds, TIME-WAIT within minutes.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        return answer
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        await asyncio.wait_for(writer.wait_closed(), wait_s)
    return answer


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, size: int, wait_s: float) -> str:
    """Send bytes to an echo and read them back."""
    writer.write(b"c" * size)
    try:
        await asyncio.wait_for(writer.drain(), wait_s)
        await asyncio.wait_for(reader.readexactly(size), wait_s)
    except (TimeoutError, asyncio.IncompleteReadError, OSError):
        return "silent"
    return "open"


async def udp(attempt: dict[str, Any], wait_s: float) -> str:
    """Send a datagram to an echo; an ICMP 'port unreachable' also shows that it got there."""
    loop = asyncio.get_running_loop()
    family = socket.AF_INET6 if ":" in attempt["destination"] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)  # noqa: FBT003 - the library's own way
        try:
            if attempt.get("vrf"):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, attempt["vrf"].encode())
            sock.connect((attempt["destination"], attempt["port"]))
            await loop.sock_sendall(sock, b"citynet")
            await asyncio.wait_for(loop.sock_recv(sock, 64), wait_s)
        except TimeoutError:
            return "silent"
        except ConnectionRefusedError:
            return "refused"
        except OSError:
            return "denied"
        return "reply"


async def icmp(attempt: dict[str, Any], wait_s: float) -> str:
    """Ping twice."""
    process = await asyncio.create_subprocess_exec(
        "ping",
        "-n",
        "-q",
        "-c",
        "2",
        "-i",
        "0.1",
        "-W",
        str(wait_s),
        attempt["destination"],
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    return "reply" if await process.wait() == 0 else "silent"


HOW = {"tcp": tcp, "udp": udp, "icmp": icmp}


async def main(asked: dict[str, Any]) -> None:
    """Print the attempts with their answers: those listed, or every flow to every target."""
    attempts = asked.get("attempts") or [
        {"destination": address, "protocol": protocol, "port": port}
        for address in asked["targets"]
        for protocol, port in asked["flows"]
    ]
    gate = asyncio.Semaphore(200)

    async def one(attempt: dict[str, Any]) -> None:
        async with gate:
            attempt["answer"] = await HOW[attempt["protocol"]](attempt, asked["wait_s"])

    await asyncio.gather(*(one(attempt) for attempt in attempts))
    sys.stdout.write(json.dumps(attempts) + "\n")


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
