"""The TAPI client against the lab's controller over TLS, and against controllers that go wrong."""

from __future__ import annotations

import ssl

import pytest

from citynet.deploy.tapi import reconcile
from citynet.deploy.tapi.client import Access, Controller
from citynet.errors import DeviceError, InputError
from citynet.platforms.tapi import bodies, comparison
from controllers import Broken, lab_controller, plain
from optical_town import CITY, Town, order

ONE = order("one", "diamond", protection="ab bc")
TWO = order("two", "silver", ends="bd", working="bc cd", number=1)


def test_services_are_created_once_changed_and_deleted(tmp_path) -> None:
    town = Town()
    with lab_controller(town, tmp_path) as access, Controller(access) as controller:
        first = reconcile.reconcile(controller, [ONE, TWO])
        assert [(change.name, change.action) for change in first.done] == [("one", "create"), ("two", "create")]
        assert not reconcile.reconcile(controller, [ONE, TWO]).changed
        assert controller.service(ONE.uuid)["operational-state"] == "ENABLED"

        other = order("two", "gold", ends="bd", working="bc cd", number=1)
        changed = reconcile.reconcile(controller, [ONE, other])
        assert [(change.name, change.action) for change in changed.done] == [("two", "change")]
        assert changed.done[0].before["connectivity-constraint"]["service-level"] == "silver"
        assert not reconcile.reconcile(controller, [ONE, other]).changed

        gone = reconcile.reconcile(controller, [ONE], prune=CITY)
        assert [(change.name, change.action) for change in gone.done] == [("two", "delete")]
        assert [service["uuid"] for service in controller.services()] == [ONE.uuid]


def test_check_mode_shows_the_same_difference_and_changes_nothing(tmp_path) -> None:
    town = Town()
    with lab_controller(town, tmp_path) as access, Controller(access) as controller:
        asked = reconcile.reconcile(controller, [ONE], check=True)
        assert [(change.name, change.action) for change in asked.changes] == [("one", "create")]
        assert not town.light.circuits
        assert reconcile.reconcile(controller, [ONE]).changes == asked.changes


def test_topology_alarms_and_events_are_read_back(tmp_path) -> None:
    town = Town()
    with lab_controller(town, tmp_path) as access, Controller(access) as controller:
        reconcile.reconcile(controller, [ONE])
        topology = controller.topologies()[0]
        assert len(topology["link"]) == 5
        assert topology["link"][0]["risk-characteristic"][0]["risk-identifier-list"] == ["fibre:ab"]
        assert controller.alarms() == []
        town.sensing.disturb("tap", "ac")
        town.sense(1.0)
        alarm = controller.alarms()[0]
        assert alarm["detected-condition"]["detected-condition-name"] == "tapi-common:ALR_INTRUSION"
        assert alarm["target-object-name"][0]["value"] == "ac"
        assert [event["additional-info"][0]["value-name"] for event in controller.events()] == [
            "created",
            "disturbed",
            "alarm",
            "moved",
        ]


def test_a_stranger_gets_no_answer(tmp_path) -> None:
    with lab_controller(Town(), tmp_path / "lab") as access:
        without = Access(access.url, ca=access.ca, timeout_s=2, attempts=1)
        with Controller(without) as controller, pytest.raises(DeviceError):
            controller.services()
        distrusting = Access(access.url, certificate=access.certificate, key=access.key, timeout_s=2, attempts=1)
        with Controller(distrusting) as controller, pytest.raises(DeviceError, match="CERTIFICATE_VERIFY_FAILED"):
            controller.services()


@pytest.mark.parametrize(
    ("ways", "posts"),
    [
        ([("POST", "500")], 2),
        ([("POST", "done-500")], 1),
        ([("POST", "hang")], 2),
        ([("POST", "done-hang")], 1),
        ([("GET", "garbage")], 1),
        ([("GET", "half")], 1),
        ([("GET", "drip")], 1),
        ([("GET", "500"), ("GET", "hang")], 1),
        ([("GET", "empty")], 1),
    ],
)
def test_a_controller_that_goes_wrong_for_a_while_ends_with_one_service(ways, posts: int) -> None:
    town = Town()
    broken = Broken(town)
    broken.ways = ways
    with plain(broken) as access, Controller(access) as controller:
        outcome = reconcile.reconcile(controller, [ONE])
        assert not outcome.failures
        assert [service["uuid"] for service in controller.services()] == [ONE.uuid]
    assert broken.seen.count("POST") == posts
    assert [event.kind for event in town.light.log] == ["created"]


@pytest.mark.parametrize(
    ("way", "why"),
    [
        ("500", "could not create one: the answer 500 Internal Server Error, 3 times"),
        ("hang", "could not create one: no whole answer within 0.5 s, 3 times"),
        ("forget", "said yes to create one and has lost it"),
        ("lose", "said yes to create one and has lost it"),
    ],
)
def test_a_controller_that_stays_wrong_is_a_clear_error_and_a_second_run_repairs(way: str, why: str) -> None:
    town = Town()
    broken = Broken(town)
    broken.ways = [("GET", "well"), *[("POST", way), ("GET", "well")] * 3]
    with plain(broken) as access, Controller(access) as controller:
        outcome = reconcile.reconcile(controller, [ONE])
        assert list(outcome.failures) == ["one"]
        assert why in outcome.failures["one"]
        broken.ways = []
        assert [change.action for change in reconcile.reconcile(controller, [ONE]).done] == ["create"]
        assert not reconcile.reconcile(controller, [ONE]).changed
        assert len(controller.services()) == 1


def test_a_controller_that_never_answers_is_named_with_what_was_asked() -> None:
    broken = Broken(Town())
    broken.ways = [("GET", "garbage")] * 3
    why = r"could not be read .*half an answer, or no JSON \(51 bytes\), 3 times"
    with plain(broken) as access, Controller(access) as controller, pytest.raises(DeviceError, match=why):
        controller.services()


def test_a_controller_that_is_not_there_is_named() -> None:
    nobody = Access("http://127.0.0.1:9", timeout_s=1, attempts=2, pause_s=0.01)
    why = r"http://127.0.0.1:9: could not be read .*no connection: .*refused.*2 times"
    with Controller(nobody) as controller, pytest.raises(DeviceError, match=why):
        controller.services()


def test_a_lost_service_is_made_again_and_nothing_else_is_touched(tmp_path) -> None:
    town = Town()
    with lab_controller(town, tmp_path) as access, Controller(access) as controller:
        reconcile.reconcile(controller, [ONE, TWO])
        town.light.remove(TWO.uuid)
        again = reconcile.reconcile(controller, [ONE, TWO])
        assert [(change.name, change.action) for change in again.done] == [("two", "create")]


def test_a_refusal_says_why_and_stops_none_of_the_others(tmp_path) -> None:
    town = Town()
    lost = order("lost", "copper", sips=("00000000-0000-4000-8000-000000000000", TWO.sips[0]))
    with lab_controller(town, tmp_path) as access, Controller(access) as controller:
        outcome = reconcile.reconcile(controller, [lost, TWO])
    assert [change.name for change in outcome.done] == ["two"]
    assert outcome.failures["lost"] == (
        "refused to create lost: 400 Bad Request: no service interface point '00000000-0000-4000-8000-000000000000'"
    )


def test_deleting_survives_lost_answers() -> None:
    town = Town()
    broken = Broken(town)
    with plain(broken) as access, Controller(access) as controller:
        reconcile.reconcile(controller, [ONE])
        broken.ways = [("GET", "well"), ("DELETE", "done-hang")]
        outcome = reconcile.reconcile(controller, absent=[ONE.uuid])
        assert not outcome.failures
        assert controller.services() == []
        assert not reconcile.reconcile(controller, absent=[ONE.uuid]).changed


def test_files_that_are_no_certificates_are_bad_input(tmp_path) -> None:
    with pytest.raises(InputError, match="is not there"):
        Controller(Access("https://127.0.0.1:1", ca=tmp_path / "none.pem"))
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(InputError, match="no certificate or key that can be used"):
        Controller(Access("https://127.0.0.1:1", ca=tmp_path / "ca.pem"))
    assert ssl.HAS_TLSv1_2


def test_the_password_is_never_shown() -> None:
    assert "geheim" not in repr(Access("https://c", user="u", password="geheim"))


def test_what_a_controller_adds_or_writes_otherwise_is_no_difference() -> None:
    body = bodies.service(ONE)
    found = {
        **body,
        "operational-state": "ENABLED",
        "layer-protocol-qualifier": body["layer-protocol-qualifier"].rpartition(":")[2],
        "name": body["name"][::-1],
    }
    found["connectivity-constraint"] = {
        **body["connectivity-constraint"],
        "requested-capacity": {"total-size": {"value": "100.0", "unit": "CAPACITY_UNIT_GBPS"}},
    }
    assert comparison.same(body, found)
    assert comparison.shown(body, found) == body
    found["name"] = found["name"][:1]
    assert not comparison.same(body, found)
