"""The module otn_service against the lab's controller on loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from citynet.deploy.tapi.client import Access
from controllers import Broken, lab_controller, plain
from optical_town import Town, order
from tree import ROOT

ONE = order("one", "diamond", protection="ab bc")


def arguments(access: Access, **more: object) -> dict:
    return {
        "url": access.url,
        "ca_path": str(access.ca) if access.ca else None,
        "client_cert": str(access.certificate) if access.certificate else None,
        "client_key": str(access.key) if access.key else None,
        "timeout": 3,
        "attempts": 2,
        "services": [
            {
                "name": ONE.name,
                "uuid": ONE.uuid,
                "ends": list(ONE.sips),
                "rate_gbps": 100,
                "protection_class": "diamond",
                "topology": ONE.topology,
                "working": list(ONE.routes[0].links),
                "protection": list(ONE.routes[1].links),
            }
        ],
        **more,
    }


def run(asked: dict, *, check: bool = False, diff: bool = False) -> dict:
    """The module as Ansible starts it: its arguments on the standard input, its result as JSON."""
    asked = {key: value for key, value in asked.items() if value is not None}
    asked |= {"_ansible_check_mode": check, "_ansible_diff": diff}
    code = (
        "import runpy, sys; from ansible.module_utils import basic; "
        "basic._ANSIBLE_PROFILE = 'legacy'; "
        f"runpy.run_path({str(ROOT / 'plugins/modules/otn_service.py')!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": asked}),
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "cli")},
        check=False,
    )
    assert done.stdout.strip().startswith("{"), done.stderr
    return json.loads(done.stdout)


def test_check_mode_diff_and_twice_in_a_row(tmp_path) -> None:
    town = Town()
    with lab_controller(town, tmp_path) as access:
        before = run(arguments(access), check=True, diff=True)
        assert before["changed"]
        assert before["services"] == {"create": ["one"], "change": [], "delete": []}
        assert before["diff"][0]["before"] == ""
        assert json.loads(before["diff"][0]["after"])["uuid"] == ONE.uuid
        assert not town.light.circuits
        done = run(arguments(access), diff=True)
        assert (done["changed"], done["diff"]) == (True, before["diff"])
        again = run(arguments(access), diff=True)
        assert (again["changed"], again["diff"]) == (False, [])
        gone = run(arguments(access, state="absent"))
        assert gone["services"]["delete"] == ["one"]
        assert not run(arguments(access, state="absent"))["changed"]


def test_a_controller_that_fails_is_named_and_nothing_is_kept_secret_wrongly() -> None:
    broken = Broken(Town())
    broken.ways = [("GET", "well"), ("POST", "500"), ("GET", "well"), ("POST", "500")]
    with plain(broken) as access:
        failed = run(arguments(access, url_username="u", url_password="geheim"))
    assert failed["failed"]
    assert "could not create one: the answer 500 Internal Server Error, 2 times" in failed["msg"]
    assert "geheim" not in json.dumps(failed)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"services": None}, "one of the following is required: build, services"),
        ({"build": "/nowhere"}, "parameters are mutually exclusive: build|services"),
        ({"url_username": "u"}, "parameters are required together: url_username, url_password"),
        ({"ca_path": "/nowhere/ca.pem", "url": "https://127.0.0.1:9"}, "/nowhere/ca.pem: is not there, or no file"),
        ({"services": [{"name": "one", "uuid": ONE.uuid}]}, "service one: ends, rate_gbps"),
    ],
)
def test_wrong_arguments_are_refused_with_the_reason(more: dict, why: str) -> None:
    failed = run(arguments(Access("http://127.0.0.1:9"), **more))
    assert failed["failed"]
    assert why in failed["msg"]
