"""One optical controller, asked and told over RESTCONF.

Nothing here creates twice. A service has the UUID that we gave it, so a controller that has it already refuses a second
one; and whenever an answer is missing, late or broken, the service is read back before anything is sent again.
"""

from __future__ import annotations

import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from citynet.deploy.tapi.answers import BrokenError, RefusedError, body_of, refusal_of
from citynet.errors import DeviceError, InputError, Lack, LackingError, Problem
from citynet.platforms.tapi import bodies

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

CONTEXT = "tapi-common:context"
CONNECTIVITY = f"{CONTEXT}/tapi-connectivity:connectivity-context"
SERVICES = f"{CONNECTIVITY}/connectivity-service"
TOPOLOGIES = f"{CONTEXT}/tapi-topology:topology-context/topology"
ALARMS = f"{CONTEXT}/tapi-fm:fault-management-context/active-condition"
EVENTS = f"{CONTEXT}/tapi-notification:notification-context/event-notification"
_MEDIA = "application/yang-data+json"  # RFC 8040, section 11.3.2
_GONE = 404
_EXISTS = 409


@dataclass(frozen=True, slots=True)
class Access:
    """Where a controller is and how it is entered.

    Attributes:
        url: `https://HOST[:PORT]`, with the RESTCONF root (`/restconf` when there is no path).
        ca: CA certificates that the controller's is checked against; the system's when absent.
        certificate: Our certificate (PEM), for controllers that ask for one; `key` is its key's file.
        user: User name for HTTP's basic authentication; with it `password`.
        timeout_s: How long a whole answer may take.
        attempts: How often a request is sent at most.
        pause_s: Time between attempts; twice as long each time.
    """

    url: str
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    user: str = ""
    password: str = ""
    timeout_s: float = 20.0
    attempts: int = 3
    pause_s: float = 0.5

    def __repr__(self) -> str:
        """Without the password."""
        return f"Access({self.url!r})"


class Controller:
    """A session with a controller; use it in `with`."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._http = _session(access)

    def __enter__(self) -> Self:
        """The session; connections are made when they are needed."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._http.close()

    def services(self) -> list[dict[str, Any]]:
        """Every connectivity service that the controller has."""
        return self._list(SERVICES)

    def service(self, uuid: str) -> dict[str, Any] | None:
        """The service of that UUID, or None."""
        found = self._list(_item(uuid))
        return found[0] if found else None

    def topologies(self) -> list[dict[str, Any]]:
        """What the controller says its network is."""
        return self._list(TOPOLOGIES)

    def alarms(self) -> list[dict[str, Any]]:
        """Conditions that are active now (`tapi-fm:active-condition`)."""
        return self._list(ALARMS)

    def events(self) -> list[dict[str, Any]]:
        """What has happened, oldest first (`tapi-notification:event-notification`)."""
        return self._list(EVENTS)

    def create(self, body: dict[str, Any]) -> None:
        """Create a service, once however often it has to be asked for.

        POST goes to the parent of the new one (RFC 8040, section 4.4.1).
        """
        uuid = body["uuid"]
        self._settle(
            f"create {bodies.name_of(body)}",
            lambda: self._send("POST", CONNECTIVITY, bodies.request(body)),
            done=lambda: self.service(uuid) is not None,
        )

    def replace(self, body: dict[str, Any]) -> None:
        """Make a service what the body says; the same again changes nothing (PUT, RFC 8040, section 4.5)."""
        self._settle(
            f"change {bodies.name_of(body)}", lambda: self._send("PUT", _item(body["uuid"]), bodies.request(body))
        )

    def delete(self, uuid: str, name: str = "") -> None:
        """Delete a service; one that is gone is fine."""
        self._settle(
            f"delete {name or uuid}",
            lambda: self._send("DELETE", _item(uuid)),
            done=lambda: self.service(uuid) is None,
        )

    def _settle(self, what: str, send: Callable[[], object], done: Callable[[], bool] | None = None) -> None:
        """Send until it is certain that it was done; `done` looks whether it was, after an answer that says nothing.

        Raises:
            DeviceError: It was refused, or no attempt gave certainty.
        """
        trouble = ""
        for attempt in range(self._access.attempts):
            if attempt:
                time.sleep(self._access.pause_s * 2 ** (attempt - 1))
                if done is not None and done():
                    return
            try:
                send()
            except RefusedError as error:
                if error.code in {_GONE, _EXISTS} and done is not None and done():
                    return
                raise self._failed(f"refused to {what}: {error}") from None
            except BrokenError as error:
                trouble = str(error)
            else:
                return
        raise self._failed(
            f"could not {what}: {trouble}, {self._access.attempts} times; whether it was done is not known, "
            "a second run looks and goes on from there"
        )

    def _list(self, path: str) -> list[dict[str, Any]]:
        """A list's entries; asked again while answers are broken."""
        trouble = ""
        for attempt in range(self._access.attempts):
            if attempt:
                time.sleep(self._access.pause_s * 2 ** (attempt - 1))
            try:
                return _entries(self._send("GET", path), path)
            except RefusedError as error:
                if error.code == _GONE:
                    return []
                raise self._failed(f"refused to show {path}: {error}") from None
            except BrokenError as error:
                trouble = str(error)
        raise self._failed(f"could not be read ({path}): {trouble}, {self._access.attempts} times")

    def _send(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One request; its answer, parsed.

        Raises:
            BrokenError: No answer, half an answer, a server's error: nobody knows what happened.
            RefusedError: The controller understood and will not.
        """
        import httpx  # noqa: PLC0415 - an extra; `_session` says what to install

        end = time.monotonic() + self._access.timeout_s
        headers = {"Accept": _MEDIA} | ({"Content-Type": _MEDIA} if body is not None else {})
        try:
            with self._http.stream(method, f"data/{path}", json=body, headers=headers) as answer:
                text = _whole(answer, end)
        except (httpx.TimeoutException, _LateError):
            raise BrokenError(f"no whole answer within {self._access.timeout_s:g} s") from None
        except httpx.ConnectError as error:
            raise BrokenError(f"no connection: {error}") from None
        except httpx.HTTPError as error:
            raise BrokenError(f"half an answer: {error}") from None
        if answer.is_success:
            return body_of(text)
        raise refusal_of(answer.status_code, answer.reason_phrase, text)

    def _failed(self, why: str) -> DeviceError:
        return DeviceError({self._access.url: why})


class _LateError(Exception):
    """The answer drips: each piece in time, the whole too late."""


def _whole(answer: httpx.Response, end: float) -> bytes:
    pieces = []
    for piece in answer.iter_bytes():
        pieces.append(piece)
        if time.monotonic() > end:
            raise _LateError
    return b"".join(pieces)


def _item(uuid: str) -> str:
    return f"{SERVICES}={quote(uuid, safe='')}"


def _entries(body: Any, path: str) -> list[dict[str, Any]]:
    """The list that an answer carries under whatever module its name is qualified with."""
    wanted = path.rpartition("/")[2].partition("=")[0].rpartition(":")[2]
    if body is None:
        return []
    for name, value in body.items() if isinstance(body, dict) else ():
        if name.rpartition(":")[2] == wanted and isinstance(value, list | dict):
            entries = value if isinstance(value, list) else [value]
            if all(isinstance(entry, dict) for entry in entries):
                return entries
    raise BrokenError(f"an answer without '{wanted}'")


def _session(access: Access) -> httpx.Client:
    try:
        import httpx  # noqa: PLC0415
    except ImportError:
        lack = Lack("the Python package httpx", "optical controllers", "pip install 'citynet[optical]'")
        raise LackingError([lack]) from None
    base = access.url.rstrip("/")
    if base.count("/") == 2:
        base += "/restconf"
    return httpx.Client(
        base_url=base + "/",
        verify=trust(access) if base.startswith("https:") else True,
        auth=(access.user, access.password) if access.user else None,
        timeout=access.timeout_s,
        trust_env=False,  # a controller is on the management network: no proxy is between
    )


def trust(access: Access) -> ssl.SSLContext:
    """Whom we trust and who we are; the least is TLS 1.2."""
    for path, what in ((access.ca, "CA"), (access.certificate, "certificate"), (access.key, "key")):
        if path is not None and not path.is_file():
            raise InputError([Problem(str(path), 0, f"is not there, or no file: the {what} for {access.url}")])
    try:
        context = ssl.create_default_context(cafile=access.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if access.certificate is not None:
            context.load_cert_chain(access.certificate, access.key)
    except ssl.SSLError as error:
        files = ", ".join(str(path) for path in (access.ca, access.certificate, access.key) if path is not None)
        raise InputError([Problem(files, 0, f"no certificate or key that can be used: {error}", "PEM")]) from None
    return context
