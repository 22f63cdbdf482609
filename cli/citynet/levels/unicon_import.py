"""Importing unicon without genie.

unicon 26.9 imports all its plugins when it is imported, and one of them (a Catalyst 9500X stack) imports an exception
class from genie: 700 MB for a class that is never raised here. Where genie is not installed, a stand-in for
that one class lets unicon be imported.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType

_WANTED = ("genie", "genie.metaparser", "genie.metaparser.util", "genie.metaparser.util.exceptions")


class SchemaEmptyParserError(Exception):
    """Stands in for genie's class of that name; nothing here raises it."""


def prepare() -> None:
    """Make unicon importable; does nothing where genie is installed."""
    if importlib.util.find_spec("genie") is not None:
        return
    for name in _WANTED:
        sys.modules[name] = ModuleType(name)
    sys.modules[_WANTED[-1]].SchemaEmptyParserError = SchemaEmptyParserError  # type: ignore[attr-defined]
