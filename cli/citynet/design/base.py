"""What the types of a design are made of: exact numbers and addresses, and models that refuse what they don't know."""

from __future__ import annotations

import contextlib
import ipaddress
from functools import partial
from typing import Annotated, Any, get_args

import pydantic
from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

Whole = Annotated[int, pydantic.Strict()]  # `yes` is no 1, and 1 no `yes`
Real = Annotated[float, pydantic.Strict()]
Flag = Annotated[bool, pydantic.Strict()]


def _text(kind: str, value: object) -> object:
    """An address is written as text: the number 10 would be 0.0.0.10 otherwise."""
    if isinstance(value, int | float):
        raise PydanticCustomError(kind, "a number is no address")
    return value


Ipv4Prefix = Annotated[ipaddress.IPv4Network, BeforeValidator(partial(_text, "ip_v4_network"))]
Ipv6Prefix = Annotated[ipaddress.IPv6Network, BeforeValidator(partial(_text, "ip_v6_network"))]
Ipv4Address = Annotated[ipaddress.IPv4Address, BeforeValidator(partial(_text, "ip_v4_address"))]


class Strict(BaseModel):
    """A mapping with these keys and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Measured(Strict):
    """Something with numbers. A range can only stand in a text, and what it expands to may be meant as a number."""

    @model_validator(mode="before")
    @classmethod
    def _as_numbers(cls, values: object) -> object:
        if not isinstance(values, dict) or not any(isinstance(value, str) for value in values.values()):
            return values
        return {key: _number(cls, key, value) if isinstance(value, str) else value for key, value in values.items()}


def _number(model: type[BaseModel], key: str, text: str) -> str | int | float:
    field: Any = model.model_fields.get(key)
    if field is not None:
        for kind in (int, float):
            if kind in _parts(field.annotation):
                with contextlib.suppress(ValueError):
                    return kind(text)
    return text


def _parts(annotation: Any) -> set[Any]:
    """A type, and what it is a union of."""
    found = {annotation}
    for part in get_args(annotation):
        found |= _parts(part) if get_args(part) else {part}
    return found
