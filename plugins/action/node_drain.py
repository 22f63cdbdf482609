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
    "state": {"type": "str", "choices": ["drained", "in_service"], "default": "drained"},
    "force": {"type": "bool", "default": False},
    "settle": {"type": "float", "default": 1.5},
    "known_hosts": {"type": "path"},
}


class ActionModule(ActionBase):
    """Takes one device out of the traffic's way, or back: see the module of the same name."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _valid, args = self.validate_argument_spec(ARGUMENTS)
        shared.require_package()
        from citynet.deploy.ssh import UnreachableError  # noqa: PLC0415 - only once it is known to be there

        try:
            outcome = self._drain(args, task_vars)
        except UnreachableError as error:
            result.update(unreachable=True, msg=str(error))
        except shared.CitynetError as error:
            result.update(failed=True, msg=str(error))
        else:
            result.update(changed=outcome.changed, notes=outcome.notes)
            if outcome.failed:
                result.update(failed=True, msg=outcome.failed)
        return result

    def _drain(self, args, task_vars):
        from citynet.deploy import archive  # noqa: PLC0415 - only once it is known to be there
        from citynet.maintenance import drain  # noqa: PLC0415

        build = shared.open_folder(args)
        name = args["device"] or task_vars["inventory_hostname"]
        wish = drain.Wish(
            drained=args["state"] == "drained",
            force=args["force"],
            settle_s=args["settle"],
            who=archive.who(),
            check=self._play_context.check_mode,
        )
        target = shared.target_of(name, self._play_context, task_vars, args["known_hosts"])
        return drain.run(target, build.plan, wish)
