"""The channel between key agents: which key, by its ID, is to be prepared, used and retired. Never a key.

Each agent listens at its loopback, with certificates on both sides: who speaks is who stands in his certificate, and
who is spoken to must have the certificate of the device that is meant. A message is one line of JSON. It may get lost
with its connection, so whoever needs an effect says it again, and every message may come twice.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import threading
from typing import Any, Callable, Dict, List, Optional, Tuple

from .base import Trouble

VERBS = ("announce", "ready", "lost", "switch", "switched", "ask")
"""Of the master: announce (take and prepare this key), switch (send under it). Of the other: ready (prepared), lost
(not to be had: another one, please), switched, ask (rotate, please)."""
_ID = re.compile(r"([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?")
_NAME = re.compile(r"[A-Za-z0-9._/-]{0,200}")
_LINE_LIMIT, _CONNECT_S, _WAITING, _IDLE_S = 1024, 5.0, 256, 300.0

Heard = Callable[[str, str, str, str], None]
"""Called with the sender's device, the verb, the tunnel's name without its peer (empty of a line), the key's ID."""


class Channel:
    """Both directions, in a thread of their own."""

    def __init__(self, device: str, settings: Dict[str, Any], pki: Dict[str, str], heard: Heard) -> None:
        self._device, self._pki, self._heard = device, pki, heard
        self._address, self._port = settings["address"], settings["port"]
        self.peers: Dict[str, str] = settings.get("peers", {})
        self._loop = asyncio.new_event_loop()
        self._queues: Dict[str, asyncio.Queue[bytes]] = {}
        self._tasks: List[asyncio.Task[None]] = []
        """Held here, as the loop itself holds tasks weakly only."""
        self.failure = ""
        self._thread = threading.Thread(target=self._work, name="channel", daemon=True)
        self._thread.start()

    def say(self, peer: str, verb: str, name: str, key_id: str) -> None:
        """Tell a peer something; it is lost when he cannot be reached."""
        line = json.dumps({"verb": verb, "name": name, "key_id": key_id}).encode() + b"\n"
        self._call(self._put, peer, line)

    def follow(self, settings: Dict[str, Any]) -> None:
        """Where the peers are from now on."""
        self.peers = settings.get("peers", {})

    def stop(self) -> None:
        """End it."""
        self._call(self._loop.stop)
        self._thread.join(_CONNECT_S)

    def _call(self, call: Callable[..., Any], *arguments: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:  # it has ended
            return

    def _work(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._tasks.append(self._loop.create_task(self._listen()))
        try:
            self._loop.run_forever()
        finally:
            tasks = asyncio.all_tasks(self._loop)
            for task in tasks:
                task.cancel()
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
            self._loop.close()

    async def _listen(self) -> None:
        """Listen for ever; the address may come later than the agent."""
        while True:
            try:
                context = self._context(ssl.PROTOCOL_TLS_SERVER)
                server = await asyncio.start_server(
                    self._serve,
                    self._address,
                    self._port,
                    ssl=context,
                    limit=_LINE_LIMIT,
                    ssl_handshake_timeout=_CONNECT_S,
                )
            except (OSError, Trouble) as error:
                self.failure = f"the agents' channel does not listen: {getattr(error, 'strerror', None) or error}"
                await asyncio.sleep(1.0)
                continue
            self.failure = ""
            async with server:
                await server.serve_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take messages of one peer until he ends."""
        sender = name_of(writer.get_extra_info("peercert") or {})
        try:
            while sender in self.peers:
                line = await asyncio.wait_for(reader.readuntil(b"\n"), _IDLE_S)
                self._heard(sender, *message_of(line))
        except (OSError, ValueError, EOFError, asyncio.LimitOverrunError, asyncio.TimeoutError):
            pass
        except asyncio.CancelledError:  # the channel ends
            return
        finally:
            writer.close()

    def _put(self, peer: str, line: bytes) -> None:
        if peer not in self._queues:
            self._queues[peer] = asyncio.Queue(_WAITING)
            self._tasks.append(self._loop.create_task(self._send(peer, self._queues[peer])))
        if not self._queues[peer].full():
            self._queues[peer].put_nowait(line)

    async def _send(self, peer: str, queue: asyncio.Queue[bytes]) -> None:
        """Send what is queued for a peer; a connection is kept while it lasts."""
        open_: Optional[Tuple[asyncio.StreamReader, asyncio.StreamWriter]] = None
        while True:
            line = await queue.get()
            try:
                if open_ is None or open_[1].is_closing() or open_[0].at_eof():
                    open_ = await asyncio.wait_for(self._connect(peer), _CONNECT_S)
                open_[1].write(line)
                await asyncio.wait_for(open_[1].drain(), _CONNECT_S)
            except (OSError, Trouble, asyncio.TimeoutError):
                if open_ is not None:
                    open_[1].close()
                open_ = None

    async def _connect(self, peer: str) -> Tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        address = self.peers.get(peer)
        if address is None:
            raise Trouble(f"no address of {peer}")
        return await asyncio.open_connection(
            address,
            self._port,
            ssl=self._context(ssl.PROTOCOL_TLS_CLIENT),
            server_hostname=peer,
            local_addr=(self._address, 0),
        )

    def _context(self, protocol: int) -> ssl.SSLContext:
        """Certificates on both sides, of the one authority."""
        context = ssl.SSLContext(protocol)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        if protocol == ssl.PROTOCOL_TLS_CLIENT:
            context.hostname_checks_common_name = False
        context.load_verify_locations(self._pki["ca"])
        context.load_cert_chain(self._pki["certificate"], self._pki["key"])
        return context


def name_of(certificate: Dict[str, Any]) -> str:
    """The device in a certificate: its only DNS name, which is its common name, too; empty when it is not so."""
    names = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    common = [value for part in certificate.get("subject", ()) for kind, value in part if kind == "commonName"]
    return names[0] if len(names) == 1 and names == common else ""


def message_of(line: bytes) -> Tuple[str, str, str]:
    """Verb, name and key ID of a message; ValueError when it is none."""
    found = json.loads(line)
    if not isinstance(found, dict) or set(found) != {"verb", "name", "key_id"}:
        raise ValueError("no message")
    verb, name, key_id = found["verb"], found["name"], found["key_id"]
    if verb not in VERBS or not isinstance(name, str) or not isinstance(key_id, str):
        raise ValueError("no message")
    if not _NAME.fullmatch(name) or not _ID.fullmatch(key_id):
        raise ValueError("no message")
    return verb, name, key_id
