# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible.plugins.action import ActionBase
from ansible_collections.citynet.twodomain.plugins.plugin_utils import device as shared

ARGUMENTS = {
    "build": {"type": "path", "required": True},
    "device": {"type": "str"},
    "deadline": {"type": "int", "default": 60},
    "known_hosts": {"type": "path"},
    "run": {"type": "str"},
}


class ActionModule(ActionBase):
    """Waits for the neighbours of one device: see the module of the same name."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _valid, args = self.validate_argument_spec(ARGUMENTS)
        shared.require_package()
        if self._play_context.check_mode:
            result.update(skipped=True, msg="nothing was deployed that could come up")
            return result
        from citynet.deploy.ssh import UnreachableError  # noqa: PLC0415 - only once it is known to be there

        try:
            self._wait(args, task_vars, result)
        except UnreachableError as error:
            result.update(unreachable=True, msg=str(error))
        except shared.CitynetError as error:
            result.update(failed=True, msg=str(error))
        return result

    def _wait(self, args, task_vars, result):
        from citynet.deploy import health  # noqa: PLC0415 - only once it is known to be there

        build = shared.open_folder(args)
        name = args["device"] or task_vars["inventory_hostname"]
        run = shared.open_run(args)
        if run is not None and run.settled(task_vars.get("ansible_play_hosts_all", [])):
            # Nothing changed anywhere, and every device was asked while that was found out.
            found = health.Health(**run.outcome(name)["health"])
        else:
            found = self._ask(args, task_vars, run, build.plan.devices[name])
        if run is not None:
            run.record_health(name, found)
        result.update(
            adjacencies=found.adjacencies, sessions=found.sessions, missing=found.missing, waited=found.waited_s
        )
        if found.missing:
            result.update(failed=True, msg="not up after %s s: %s" % (found.waited_s, ", ".join(found.missing)))

    def _ask(self, args, task_vars, run, device):
        from citynet.deploy import health  # noqa: PLC0415 - only once it is known to be there

        wanted = health.expected(device, self._deployed(run, task_vars))
        target = shared.target_of(device.name, self._play_context, task_vars, args["known_hosts"])
        return health.wait(target, wanted, args["deadline"])

    @staticmethod
    def _deployed(run, task_vars):
        """Devices whose neighbours may expect to see them."""
        in_play = set(task_vars.get("ansible_play_hosts_all", []))
        if run is None:
            return in_play
        outcomes = {name: run.outcome(name) for name in in_play}
        return {name for name, found in outcomes.items() if found and found["status"] in ("changed", "unchanged")}
