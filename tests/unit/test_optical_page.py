"""The order and its answer that docs/optical.md shows are what the lab's controller is sent and says, and fit TAPI."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from citynet.build import plan
from citynet.deploy.tapi.client import CONNECTIVITY, trust
from citynet.lab.optics import base, tree
from citynet.lab.optics.light import Light
from citynet.lab.optics.sensing import Sensing
from citynet.platforms.tapi import bodies, orders
from citynet.reports.documents.pictures.spectrum import spectrum_chart
from controllers import lab_controller
from optical_town import HandClock
from tapi_models import check
from tree import ROOT

if TYPE_CHECKING:
    pass

pytest.importorskip("gnpy")

PAGE = ROOT / "docs" / "optical.md"
CHART = ROOT / "docs" / "spectrum.svg"
FENCE = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SERVICE = "left--low"


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The request for a service of labs/ring, and the answer when it is read back."""
    found, _ = plan(ROOT / "labs/ring")
    (order,) = [one for one in orders.of_plan(found) if one.name == SERVICE]
    light = Light(base.of_plan(found), HandClock(), lambda _: None)
    town = SimpleNamespace(light=light, sensing=Sensing(light))
    request = bodies.request(bodies.service(order))
    with (
        lab_controller(town, tmp_path_factory.mktemp("controller")) as access,
        httpx.Client(verify=trust(access), base_url=f"{access.url}/restconf/data/") as http,
    ):
        assert http.post(CONNECTIVITY, json=request).status_code == 201
        answer = http.get(f"{CONNECTIVITY}/connectivity-service={order.uuid}").json()
        whole = http.get("tapi-common:context").json()
    asked = tree.context(light, town.sensing)
    asked["tapi-connectivity:connectivity-context"] = {"connectivity-service": list(*request.values())}
    return [request, answer, {"tapi-common:context": asked}, whole]


def test_the_page_shows_what_is_sent_and_said(exchange: list[dict[str, Any]], update: bool) -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = FENCE.findall(text)
    wanted = [exchange[0], added(exchange[0], exchange[1])]
    if update:
        for old, new in zip(shown, wanted, strict=True):
            text = text.replace(old, laid_out(new) + "\n")
        PAGE.write_text(text, encoding="utf-8")
        shown = FENCE.findall(text)
    assert [json.loads(one) for one in shown] == wanted


def added(request: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """What an answer has beyond the request, which it must have whole."""
    ((asked,),), ((found,),) = request.values(), answer.values()
    assert {key: found[key] for key in asked} == asked
    return {key: value for key, value in found.items() if key not in asked}


@pytest.mark.parametrize("number", [2, 3], ids=["request", "answer"])
def test_it_fits_the_models(exchange: list[dict[str, Any]], number: int) -> None:
    check(exchange[number])


def laid_out(value: Any, indent: int = 0) -> str:
    """JSON with what fits into a line on one line."""
    text = json.dumps(value)
    if len(text) + indent <= 118:
        return text
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        entries = [f"{json.dumps(key)}: {laid_out(one, indent + 2)}" for key, one in value.items()]
    else:
        entries = [laid_out(one, indent + 2) for one in value]
    begin, end = "{}" if isinstance(value, dict) else "[]"
    return begin + "\n" + ",\n".join(inner + one for one in entries) + "\n" + " " * indent + end


def test_the_chart_is_that_of_the_city(update: bool) -> None:
    found, _ = plan(ROOT / "labs/wuhan")
    chart = spectrum_chart(found, "en", "labs/wuhan")
    if update:
        CHART.write_text(chart, encoding="utf-8")
    assert CHART.read_text(encoding="utf-8") == chart, "pytest tests/unit/test_optical_page.py --update"
