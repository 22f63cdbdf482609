#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: otn_service
short_description: Connectivity services of an optical network, through its controller
version_added: 0.1.0
description:
  - Creates, changes and deletes connectivity services on a controller that speaks ONF TAPI 2.4 over RESTCONF.
  - Reads all services first and sends only what differs. A second run changes nothing.
  - Creates nothing twice. A service has the UUID it is given here, and after an answer that is late, broken or missing
    it is read back before anything is sent again. What was said to be done is read back, too.
  - Services come from a plan (O(build)), or are given one by one (O(services)) for networks without a plan.
  - Runs where it is started, usually on the Ansible controller (C(delegate_to), C(connection)).
options:
  url:
    description: The controller, as C(https://HOST[:PORT]). C(/restconf) is added when there is no path.
    type: str
    required: true
  ca_path:
    description: CA certificates (PEM) that the controller's is checked against. The system's when absent.
    type: path
  client_cert:
    description: Our certificate (PEM), for controllers that ask for one.
    type: path
  client_key:
    description: Key (PEM) of O(client_cert). In the same file when absent.
    type: path
  url_username:
    description: User name, for controllers that ask for one.
    type: str
  url_password:
    description: Password of O(url_username). Keep it in a vault.
    type: str
  timeout:
    description: Seconds that one whole answer may take.
    type: float
    default: 20
  attempts:
    description: How often a request is sent at most.
    type: int
    default: 3
  build:
    description: Build folder that C(citynet render) wrote. Its plan's optical services are wanted, all of them.
    type: path
  services:
    description: Services to have, or with O(state=absent) not to have.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the service.
        type: str
        required: true
      uuid:
        description: UUID of the service, the same in every run. It is what the controller knows the service by.
        type: str
        required: true
      ends:
        description: UUIDs of the two service interface points. Needed unless O(state=absent).
        type: list
        elements: str
      rate_gbps:
        description: Rate in Gbit/s. Needed unless O(state=absent).
        type: float
      protection_class:
        description:
          - What happens when light is lost. V(diamond) has two lit ways and gets a new second one,
            V(gold) and V(silver) are restored, V(copper) and V(unprotected) are not.
        type: str
        choices: [diamond, gold, silver, copper, unprotected]
        default: unprotected
      layer_qualifier:
        description: TAPI's qualifier of the layer, with its module.
        type: str
        default: tapi-digital-otn:ODU_TYPE_ODU_FLEX
      topology:
        description: UUID of the topology that links of routes are of.
        type: str
      working:
        description: UUIDs of the links of the way to take. The controller chooses when absent.
        type: list
        elements: str
      protection:
        description: UUIDs of the links of the second way.
        type: list
        elements: str
      risk_groups:
        description: Risk groups that the ways must not share.
        type: list
        elements: str
  mark:
    description:
      - Name under which services given by O(services) are ours. The name of the city when they come from O(build).
    type: str
    default: citynet
  prune:
    description: Delete services that carry our mark and are not wanted.
    type: bool
    default: false
  run:
    description: Name of the run in the folder C(runs) of O(build) under which the outcome is archived.
    type: str
  state:
    description: Whether O(services) are to be there.
    type: str
    choices: [present, absent]
    default: present
attributes:
  check_mode:
    description: Reads what there is and shows the difference.
    support: full
  diff_mode:
    description: Shows each service that differs, before and after.
    support: full
requirements:
  - citynet[optical] (the Python package of the same project) where the module runs
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: All optical services of a plan
  citynet.twodomain.otn_service:
    url: https://otn.example.net
    ca_path: /etc/citynet/otn-ca.pem
    client_cert: /etc/citynet/otn.pem
    url_username: citynet
    url_password: "{{ vault_otn_password }}"
    build: labs/wuhan/build
    prune: true
  delegate_to: localhost

- name: One service of a network without a plan
  citynet.twodomain.otn_service:
    url: https://otn.example.net
    services:
      - name: dc-1-dc-2
        uuid: 5a6cf3a6-6f9b-5c0e-9f62-9d4a4e1c4f0e
        ends: [6f0d4b6e-3b0b-5c3a-8f0a-0f7f5c7d1a01, 6f0d4b6e-3b0b-5c3a-8f0a-0f7f5c7d1a02]
        rate_gbps: 100
        protection_class: silver
  delegate_to: localhost
"""

RETURN = r"""
services:
  description: What was done, or in check mode would be, as names of services by action.
  returned: when the controller could be read
  type: dict
  sample: {"create": ["gov-west-east"], "change": [], "delete": []}
failures:
  description: Why a service could not be brought about, by its name.
  returned: when one could not
  type: dict
parts:
  description: The same as RV(services), in words.
  returned: when the controller could be read
  type: list
  elements: str
seconds:
  description: How long it took.
  returned: when the controller could be read
  type: float
"""

import difflib
import json
import time
import traceback
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    from citynet.deploy import archive, folder, inventory
    from citynet.deploy.tapi import reconcile
    from citynet.deploy.tapi.client import Access, Controller
    from citynet.deploy.transaction import Outcome
    from citynet.errors import CitynetError
    from citynet.platforms.tapi import orders

    IMPORT_ERROR = None
except ImportError:
    IMPORT_ERROR = traceback.format_exc()
    CitynetError = Exception

SERVICE = {
    "name": {"type": "str", "required": True},
    "uuid": {"type": "str", "required": True},
    "ends": {"type": "list", "elements": "str"},
    "rate_gbps": {"type": "float"},
    "protection_class": {
        "type": "str",
        "choices": ["diamond", "gold", "silver", "copper", "unprotected"],
        "default": "unprotected",
    },
    "layer_qualifier": {"type": "str", "default": "tapi-digital-otn:ODU_TYPE_ODU_FLEX"},
    "topology": {"type": "str"},
    "working": {"type": "list", "elements": "str"},
    "protection": {"type": "list", "elements": "str"},
    "risk_groups": {"type": "list", "elements": "str"},
}
ARGUMENTS = {
    "url": {"type": "str", "required": True},
    "ca_path": {"type": "path"},
    "client_cert": {"type": "path"},
    "client_key": {"type": "path", "no_log": False},
    "url_username": {"type": "str"},
    "url_password": {"type": "str", "no_log": True},
    "timeout": {"type": "float", "default": 20},
    "attempts": {"type": "int", "default": 3},
    "build": {"type": "path"},
    "services": {"type": "list", "elements": "dict", "options": SERVICE},
    "mark": {"type": "str", "default": "citynet"},
    "prune": {"type": "bool", "default": False},
    "run": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}


def access(params):
    """How the controller is entered."""
    return Access(
        url=params["url"],
        ca=_path(params["ca_path"]),
        certificate=_path(params["client_cert"]),
        key=_path(params["client_key"]),
        user=params["url_username"] or "",
        password=params["url_password"] or "",
        timeout_s=params["timeout"],
        attempts=params["attempts"],
    )


def wanted(module):
    """Orders, UUIDs of what must go, and our mark."""
    params = module.params
    if params["build"]:
        plan = folder.load(Path(params["build"]).absolute()).plan
        return orders.of_plan(plan), [], plan.city
    if params["state"] == "absent":
        return [], [service["uuid"] for service in params["services"]], params["mark"]
    for service in params["services"]:
        lacking = [name for name in ("ends", "rate_gbps") if service[name] is None]
        if lacking or len(service["ends"]) != 2:
            module.fail_json(msg="service %s: %s" % (service["name"], ", ".join(lacking) or "two ends are needed"))
    return [order(service, params["mark"]) for service in params["services"]], [], params["mark"]


def order(service, mark):
    """One service given by hand."""
    risks = tuple(service["risk_groups"] or ())
    routes = tuple(orders.Route(role, tuple(service[role]), ()) for role in ("working", "protection") if service[role])
    return orders.Order(
        name=service["name"],
        uuid=service["uuid"],
        mark=mark,
        rate_gbps=service["rate_gbps"],
        protection_class=service["protection_class"],
        sips=tuple(service["ends"]),
        qualifier=service["layer_qualifier"],
        topology=service["topology"] or "",
        routes=routes,
        diversity=risks,
    )


def outcome_of(module):
    """What differed, and what was done about it."""
    services, absent, mark = wanted(module)
    with Controller(access(module.params)) as controller:
        return reconcile.reconcile(
            controller,
            services,
            absent,
            prune=mark if module.params["prune"] else "",
            check=module.check_mode,
        )


def record(params, result, changes, why, check):
    """Archive the outcome as that of one more device."""
    if not (params["build"] and params["run"]):
        return
    status = "failed" if why else "changed" if result["changed"] else "unchanged"
    lines = []
    for change in _diff(changes):
        lines += difflib.unified_diff(
            change["before"].splitlines(), change["after"].splitlines(), change["before_header"], "", lineterm=""
        )
    archived = archive.Run(Path(params["build"]).absolute() / "runs" / params["run"])
    archived.record(
        Outcome(
            inventory.CONTROLLER,
            status,
            check=check,
            parts=result["parts"],
            seconds=result["seconds"],
            reason=why,
            diff="\n".join(lines),
        )
    )


def _path(text):
    return Path(text) if text else None


def _diff(changes):
    def text(body):
        return json.dumps(body, indent=2, sort_keys=True) + "\n" if body else ""

    return [
        {
            "before_header": change.name,
            "after_header": change.name,
            "before": text(change.before),
            "after": text(change.after),
        }
        for change in changes
    ]


def main():
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_one_of=[("build", "services")],
        mutually_exclusive=[("build", "services")],
        required_together=[("url_username", "url_password")],
    )
    if IMPORT_ERROR is not None:
        module.fail_json(msg=missing_required_lib("citynet[optical]"), exception=IMPORT_ERROR)
    started = time.monotonic()
    try:
        outcome = outcome_of(module)
    except CitynetError as error:
        module.fail_json(msg=str(error))
    done = outcome.changes if module.check_mode else outcome.done
    names = {action: [one.name for one in done if one.action == action] for action in ("create", "change", "delete")}
    result = {
        "changed": bool(done),
        "services": names,
        "parts": ["%s %s" % (action, ", ".join(some)) for action, some in names.items() if some],
        "seconds": round(time.monotonic() - started, 1),
    }
    if module._diff:  # noqa: SLF001 - the documented way
        result["diff"] = _diff(outcome.changes)
    why = "; ".join("%s: %s" % entry for entry in sorted(outcome.failures.items()))
    record(module.params, result, outcome.changes, why, module.check_mode)
    if outcome.failures:
        module.fail_json(msg="%s: %s" % (module.params["url"], why), failures=outcome.failures, **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
