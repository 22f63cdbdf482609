"""The official TAPI YANG modules, where they are on this machine, and yangson's data model of them."""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path

import pytest

from tree import ROOT

_MODULE = re.compile(r"^\s*(?:module)\s+([\w-]+)", re.MULTILINE)
_NAMESPACE = re.compile(r"""^\s*namespace\s+["']([^"']+)""", re.MULTILINE)
_REVISION = re.compile(r"^\s*revision\s+\"?(\d{4}-\d\d-\d\d)", re.MULTILINE)


def folder() -> Path | None:
    """`CITYNET_TAPI_YANG`, or `../shared/yang/tapi-2.4.1` beside the project (or what it is a worktree of)."""
    told = os.environ.get("CITYNET_TAPI_YANG")
    homes = [Path(told)] if told else [home / "shared/yang/tapi-2.4.1" for home in _beside()]
    return next((home for home in homes if (home / "tapi-common.yang").is_file()), None)


def _beside() -> list[Path]:
    found = [ROOT.parent]
    mark = ROOT / ".git"
    if mark.is_file():  # a worktree: its mark names the git folder of the project itself
        found.append(Path(mark.read_text().partition(":")[2].strip()).parents[2].parent)
    return found


@cache
def model():
    """The data model; the test is skipped, with the reason, where the modules or yangson are absent."""
    home = folder()
    if home is None:
        pytest.skip(
            "no TAPI models: ../shared/yang/tapi-2.4.1 is absent, and CITYNET_TAPI_YANG names no folder with them"
        )
    yangson = pytest.importorskip("yangson")
    _augment_in_any_order()
    modules = []
    for path in sorted(home.glob("*.yang")):
        text = path.read_text()
        modules.append(
            {
                "name": _MODULE.search(text)[1],
                "revision": max(_REVISION.findall(text)),
                "namespace": _NAMESPACE.search(text)[1],
                "conformance-type": "implement",
            }
        )
    library = {"ietf-yang-library:modules-state": {"module-set-id": "tapi", "module": modules}}
    return yangson.DataModel(json.dumps(library), (str(home),))


def _augment_in_any_order() -> None:
    """Have yangson (1.7) apply augments whose target comes with a later augment, as tapi-fm's: it drops them."""
    from yangson.schemanode import InternalNode

    apply, waiting = InternalNode._augment_stmt, []

    def augment(self, statement, context) -> None:
        route = context.schema_data.sni2route(statement.argument, context)
        if self.get_schema_descendant(route) is None:
            waiting.append((self, statement, context))
            return
        apply(self, statement, context)
        for one in waiting[:]:
            waiting.remove(one)
            augment(*one)

    InternalNode._augment_stmt = augment


def check(value: dict) -> None:
    """Raise unless the value fits the models, and all that it refers to is in it."""
    from yangson.enumerations import ContentType, ValidationScope

    model().from_raw(value).validate(ValidationScope.all, ContentType.all)
