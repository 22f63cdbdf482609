"""Our requests and the lab controller's answers against the official TAPI 2.4.1 YANG."""

from __future__ import annotations

import json

import httpx
import pytest

from citynet.deploy.tapi import reconcile
from citynet.deploy.tapi.client import CONNECTIVITY, Access, Controller, trust
from citynet.lab.optics import tree
from citynet.platforms.tapi import bodies
from controllers import lab_controller
from optical_town import Town, order
from tapi_models import check

ORDERS = [
    order("one", "diamond", protection="ab bc"),
    order("two", "silver", ends="bd", working="bc cd", number=1),
    order("three", "gold", ends="ab", working="ab", protection="da cd bc", number=2),
    order("four", "copper", ends="cd", working="cd", number=3, qualifier="tapi-digital-otn:ODU_TYPE_ODU4"),
]


def browser(access: Access) -> httpx.Client:
    """A client that knows nothing of TAPI."""
    return httpx.Client(verify=trust(access), base_url=f"{access.url}/restconf/data/")


def as_context(*services: dict) -> dict:
    """A request where the data that it stands for goes: in the context of a network that has no service yet."""
    town = Town()
    context = tree.context(town.light, town.sensing)
    context["tapi-connectivity:connectivity-context"] = {"connectivity-service": list(services)}
    return {"tapi-common:context": context}


@pytest.mark.parametrize("one", ORDERS, ids=lambda one: one.name)
def test_a_request_fits_the_models(one) -> None:
    check(as_context(bodies.service(one)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"layer-protocol-name": "ODD"},
        {"layer-protocol-qualifier": "tapi-digital-otn:ODU_TYPE_ODU9"},
        {"end-point": [bodies.service(ORDERS[0])["end-point"][0]]},
        {"end-point": [{"service-interface-point": {"service-interface-point-uuid": "nobody"}, "local-id": "a"}] * 2},
        {"colour": "red"},
    ],
)
def test_a_wrong_request_does_not(wrong: dict) -> None:
    from yangson.exceptions import YangsonException

    with pytest.raises(YangsonException):
        check(as_context(bodies.service(ORDERS[0]) | wrong))


def test_every_answer_fits_the_models_and_all_that_it_refers_to_is_there(tmp_path) -> None:
    town = Town(slots=256)
    with lab_controller(town, tmp_path) as access, Controller(access) as controller:
        assert not reconcile.reconcile(controller, ORDERS).failures
        town.sensing.disturb("tap", "bc")
        town.sense(3.0)
        town.sensing.disturb("cut", "ac")
        town.clock.advance(5)
        with browser(access) as http:
            context = http.get("tapi-common:context").json()
            check(context)
            assert {event["additional-info"][0]["value-name"] for event in controller.events()} >= {
                "created",
                "alarm",
                "moved",
                "switched",
            }
            # Parts are what the whole has at their place.
            inner = context["tapi-common:context"]
            part = http.get(f"{CONNECTIVITY}/connectivity-service={ORDERS[0].uuid}")
            whole = inner["tapi-connectivity:connectivity-context"]["connectivity-service"]
            assert part.json() == {"tapi-connectivity:connectivity-service": whole[:1]}
            assert part.headers["content-type"] == "application/yang-data+json"
            links = http.get("tapi-common:context/tapi-topology:topology-context/topology").json()
            assert links == {"tapi-topology:topology": inner["tapi-topology:topology-context"]["topology"]}


def test_a_refusal_is_a_restconf_error(tmp_path) -> None:
    with lab_controller(Town(), tmp_path) as access, browser(access) as http:
        answers = [
            http.get("tapi-common:context/tapi-oam:nothing"),
            http.post("tapi-common:context/tapi-connectivity:connectivity-context", content=b"{"),
            http.put("tapi-common:context/tapi-topology:topology-context", json={}),
        ]
    assert [answer.status_code for answer in answers] == [404, 400, 405]
    for answer in answers:
        error = json.loads(answer.text)["ietf-restconf:errors"]["error"][0]
        assert error["error-type"] == "application"
        assert error["error-message"]
