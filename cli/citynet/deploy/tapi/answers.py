"""What a controller's answer says, and what it leaves open."""

from __future__ import annotations

import json
from typing import Any

_SERVER_ERROR = 500
_LONGEST = 300  # characters of a message that are worth repeating


class BrokenError(Exception):
    """An answer that leaves open whether anything was done."""


class RefusedError(Exception):
    """The controller will not; `code` is HTTP's."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code = code


def body_of(text: bytes) -> Any:
    """The JSON in an answer, None when it is empty.

    Raises:
        BrokenError: It is cut off, or no JSON.
    """
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except ValueError:
        raise BrokenError(f"half an answer, or no JSON ({len(text)} bytes)") from None


def refusal_of(code: int, phrase: str, text: bytes) -> Exception:
    """The error that an answer stands for: from 500 on nobody knows what the controller has done."""
    why = f"{code} {phrase}".strip()
    if said := _message(text):
        why += f": {said}"
    return BrokenError(f"the answer {why}") if code >= _SERVER_ERROR else RefusedError(code, why)


def _message(text: bytes) -> str:
    """The messages of an `ietf-restconf:errors` body (RFC 8040, section 7.1), or the text as it is when it is short."""
    try:
        told = json.loads(text)
        errors = told["ietf-restconf:errors"]["error"]
        said = "; ".join(str(error.get("error-message") or error["error-tag"]) for error in errors)
    except (ValueError, KeyError, TypeError, AttributeError):
        said = text.decode(errors="replace").strip() if not text.lstrip().startswith(b"<") else ""
    return " ".join(said.split())[:_LONGEST]
