"""Client of a key server: ETSI GS QKD 014 V1.1.1 over TLS with certificates on both sides.

Keys leave the server's pool when they are delivered (5.3, 5.4), so a request whose answer got lost is never sent again:
`KmeTrouble.spent` says that a key may be gone, and whoever needs one asks for a new one with an ID of its own. Whatever
the server says that the standard does not know is refused, and no answer is quoted in words for people but its message.

Standard library only, Python 3.9 and later.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import re
import socket
import ssl
import time
from typing import Any, Dict, List, Optional, Set, Tuple
from urllib.parse import quote, urlsplit

from .base import Key, Trouble

TIMEOUT_S = 2.0
KEY_BITS = 256
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_NIL = "00000000-0000-0000-0000-000000000000"
_LONG_WORD = re.compile(r"[A-Za-z0-9+/=_-]{40,}")
_LIMIT = 1 << 16
_REMEMBERED = 20_000
_WORDS = ("source_KME_ID", "target_KME_ID", "master_SAE_ID", "slave_SAE_ID")
_NUMBERS = (
    *("key_size", "stored_key_count", "max_key_count", "max_key_per_request"),
    *("max_key_size", "min_key_size", "max_SAE_ID_count"),
)


class KmeTrouble(Trouble):
    """The key server did not do what was asked.

    Attributes:
        kind: `unreachable` (no answer), `identity` (it is not who it should be, or does not know us), `refused` (it
            says no), `malformed` (its answer is not as the standard has it).
        code: HTTP status of its answer; 0 when there was none.
        spent: Whether the server may have delivered a key all the same.
    """

    def __init__(self, kind: str, text: str, code: int = 0, *, spent: bool = False) -> None:
        super().__init__(text)
        self.kind, self.code, self.spent = kind, code, spent


class _Connection(http.client.HTTPSConnection):
    """A connection to an address, in the management VRF, to a server that must have a name's certificate."""

    def __init__(self, address: str, port: int, name: str, vrf: str, context: ssl.SSLContext) -> None:
        super().__init__(address, port, timeout=TIMEOUT_S, context=context)
        self._name, self._vrf, self._tls = name, vrf, context

    def connect(self) -> None:
        """Connect; the name is the certificate's, whatever the address."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        plain = socket.socket(family, socket.SOCK_STREAM)
        try:
            plain.settimeout(TIMEOUT_S)
            if self._vrf and os.path.exists(f"/sys/class/net/{self._vrf}"):
                plain.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self._vrf.encode())
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            plain.connect((self.host, self.port))
            self.sock = self._tls.wrap_socket(plain, server_hostname=self._name)
        except BaseException:
            plain.close()
            raise


class Kme:
    """The key server of this device."""

    def __init__(self, device: str, server: Dict[str, Any], pki: Dict[str, str]) -> None:
        self.device, self.name = device, server["name"]
        self._url = urlsplit(server["url"])
        self._vrf: str = server.get("vrf") or ""
        self._pki = pki
        self._connection: Optional[_Connection] = None
        self._seen: Set[str] = set()

    def status(self, peer: str) -> Dict[str, Any]:
        """What the server says of the keys that it has for this device and another (6.1)."""
        found: Dict[str, Any] = self._ask("GET", f"{quote(peer, safe='')}/status", None, spends=False)
        _fields(found, {*_WORDS, *_NUMBERS}, {"status_extension"}, "its status")
        for name in _WORDS:
            if not isinstance(found[name], str):
                raise _malformed(f"'{name}' of its status is no text")
        for name in _NUMBERS:
            if type(found[name]) is not int or found[name] < 0:
                raise _malformed(f"'{name}' of its status is no count")
        for name, meant in (("master_SAE_ID", self.device), ("slave_SAE_ID", peer)):
            if found[name] != meant:
                raise KmeTrouble("identity", f"its status is of another pair: '{name}' is not {meant}")
        return found

    def new_key(self, peer: str, bits: int = KEY_BITS) -> Key:
        """A key that this device and another may have, and nobody had before (6.2: Get key)."""
        _whole_bytes(bits)
        body = {"number": 1, "size": bits}
        (key,) = self._container(f"{quote(peer, safe='')}/enc_keys", body, 1, bits)
        if key.id in self._seen:
            raise _malformed(f"it delivered key ID {key.id} before", spent=True)
        self._remember(key.id)
        return key

    def take(self, peer: str, key_id: str, bits: int = KEY_BITS) -> Key:
        """The key of an ID that its master told (6.4: Get key with key IDs)."""
        _whole_bytes(bits)
        if not _UUID.fullmatch(key_id):
            raise KmeTrouble("refused", "what should be a key ID is no UUID")
        body = {"key_IDs": [{"key_ID": key_id}]}
        (key,) = self._container(f"{quote(peer, safe='')}/dec_keys", body, 1, bits)
        if key.id != key_id.lower():
            raise _malformed(f"it delivered key ID {key.id} instead of {key_id}", spent=True)
        self._remember(key.id)
        return key

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _remember(self, key_id: str) -> None:
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen.add(key_id)

    def _container(self, path: str, body: Dict[str, Any], number: int, bits: int) -> List[Key]:
        try:
            return keys_of(self._ask("POST", path, body, spends=True), number, bits)
        except KmeTrouble as error:
            error.spent = error.spent or error.kind == "malformed"
            raise

    def _ask(self, method: str, path: str, body: Optional[Dict[str, Any]], *, spends: bool) -> Any:
        """One request, sent once. Only a connection that could not be made is known to have delivered nothing."""
        begun = time.monotonic()
        try:
            if self._connection is None:
                self._connection = self._connect()
        except OSError as error:
            self.close()
            raise self._unreachable(error) from error
        try:
            code, kind, text = self._exchange(self._connection, method, path, body, begun)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            trouble = self._unreachable(error)
            trouble.spent = spends
            raise trouble from error
        if code != http.client.OK:
            raise _refused(code, text)
        if kind.split(";")[0].strip().lower() != "application/json":
            raise _malformed("its answer is no application/json")
        return _json(text)

    def _exchange(
        self, connection: _Connection, method: str, path: str, body: Optional[Dict[str, Any]], begun: float
    ) -> Tuple[int, str, bytes]:
        content = json.dumps(body).encode() if body is not None else None
        headers = {"Accept": "application/json", "Host": f"{self.name}:{self._port}"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, f"{self._url.path}/{path}", content, headers)
        answer = connection.getresponse()
        text = b""
        while piece := answer.read1(_LIMIT):
            text += piece
            if len(text) > _LIMIT or time.monotonic() - begun > 2 * TIMEOUT_S:
                raise OSError("its answer has no end")
        answer.close()  # read to its end: the connection takes the next request
        if answer.will_close:
            self.close()
        return answer.status, answer.headers.get("Content-Type", ""), text

    @property
    def _port(self) -> int:
        return self._url.port or 443

    def _connect(self) -> _Connection:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.hostname_checks_common_name = False
        try:
            context.load_verify_locations(self._pki["ca"])
            context.load_cert_chain(self._pki["certificate"], self._pki["key"])
        except ssl.SSLError as error:
            raise KmeTrouble("identity", f"this device's certificate or key cannot be used: {error.reason}") from error
        made = _Connection(str(self._url.hostname), self._port, self.name, self._vrf, context)
        made.connect()
        return made

    def _unreachable(self, error: Exception) -> KmeTrouble:
        """What a failure below HTTP means."""
        if isinstance(error, ssl.SSLCertVerificationError):
            return KmeTrouble("identity", f"its certificate is not that of {self.name}: {error.verify_message}")
        if isinstance(error, ssl.SSLError):
            return KmeTrouble("identity", f"it ends the TLS handshake: {error.reason or 'no reason'}")
        if isinstance(error, (socket.timeout, TimeoutError)):
            return KmeTrouble("unreachable", f"no answer within {TIMEOUT_S:g} s")
        words = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
        return KmeTrouble("unreachable", f"no answer: {words}")


def keys_of(found: Any, number: int, bits: int) -> List[Key]:
    """The keys of a key container (6.3), as many and as long as asked for."""
    _fields(found, {"keys"}, {"key_container_extension"}, "its key container")
    entries = found["keys"]
    if not isinstance(entries, list) or len(entries) != number:
        raise _malformed(
            f"it delivered {len(entries) if isinstance(entries, list) else 'no list of'} keys, not {number}"
        )
    keys = [_key_of(entry, bits) for entry in entries]
    if len({key.id for key in keys}) != number:
        raise _malformed("it delivered a key ID twice")
    return keys


def _key_of(entry: Any, bits: int) -> Key:
    _fields(entry, {"key_ID", "key"}, {"key_ID_extension", "key_extension"}, "a key of its container")
    name, text = entry["key_ID"], entry["key"]
    if not isinstance(name, str) or not _UUID.fullmatch(name) or name == _NIL:
        raise _malformed("a key ID is no UUID")
    name = name.lower()
    try:
        value = base64.b64decode(text, validate=True) if isinstance(text, str) else b""
    except ValueError:
        value = b""
    if not value or base64.b64encode(value).decode() != text:
        raise _malformed(f"key {name} is no base64")
    if len(value) * 8 != bits:
        raise _malformed(f"key {name} has {len(value) * 8} bits, not {bits}")
    if not any(value):
        raise _malformed(f"key {name} is nothing but zeros")
    return Key(name, value)


def _fields(found: Any, needed: Set[str], allowed: Set[str], what: str) -> None:
    """See that an object has the fields of the standard, all and no others."""
    if not isinstance(found, dict):
        raise _malformed(f"{what} is no object")
    missing, odd = sorted(needed - set(found)), sorted(set(found) - needed - allowed)
    if missing:
        raise _malformed(f"{what} lacks '{missing[0]}'")
    if odd:
        raise _malformed(f"{what} has '{_shown(odd[0])}', which the standard does not know")


def _whole_bytes(bits: int) -> None:
    if bits <= 0 or bits % 8:
        raise KmeTrouble("refused", f"a key of {bits} bits is not asked for: the size is a multiple of 8")


def _json(text: bytes) -> Any:
    """Strict JSON: UTF-8, no field twice, no NaN."""
    try:
        return json.loads(text.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _malformed("its answer is no JSON, or has a field twice") from None


def _once(pairs: List[Tuple[str, Any]]) -> Dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _no_constant(_name: str) -> Any:
    raise ValueError


def _refused(code: int, text: bytes) -> KmeTrouble:
    """The server's words (6.5), without anything in them that could be a key."""
    try:
        told = json.loads(text.decode("utf-8"))["message"]
    except (ValueError, TypeError, KeyError, RecursionError):
        told = ""
    words = _shown(told) if isinstance(told, str) else ""
    kind = "identity" if code == http.client.UNAUTHORIZED else "refused"
    return KmeTrouble(kind, f"it answers {code}" + (f": {words}" if words else ""), code)


def _shown(words: str) -> str:
    plain = "".join(letter if letter.isprintable() else " " for letter in words)[:160]
    return _LONG_WORD.sub("...", plain)


def _malformed(text: str, *, spent: bool = False) -> KmeTrouble:
    return KmeTrouble("malformed", text, spent=spent)
