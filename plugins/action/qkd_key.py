# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.citynet.twodomain.plugins.plugin_utils import device as shared
from ansible_collections.citynet.twodomain.plugins.plugin_utils.scope import ScopedAction

ORDERS = {"rotated": "rotate", "status": "status"}


class ActionModule(ScopedAction):
    """See the module of the same name."""

    MODULE = "qkd_key"

    def _transact(self, args, task_vars):
        if args["state"] in ORDERS:
            return self._ask(args, task_vars)
        return super()._transact(
            {name: value for name, value in args.items() if name not in ("user", "wait")}, task_vars
        )

    def _ask(self, args, task_vars):
        from citynet.deploy import keys  # noqa: PLC0415 - only once it is known to be there

        name = task_vars["inventory_hostname"]
        target = shared.target_of(name, self._play_context, task_vars, args["known_hosts"])
        if args["state"] == "rotated" and not self._play_context.check_mode:
            return keys.rotate(target, args["user"] or "", args["wait"])
        return keys.status(target)

    def _report(self, outcome, result):
        if not isinstance(outcome, dict):
            return super()._report(outcome, result)
        if outcome.get("error") or outcome.get("waiting"):
            waiting = "no other key yet: " + ", ".join(outcome.get("waiting", []))
            result.update(failed=True, msg=outcome.get("error") or waiting)
        result.update(
            changed=bool(outcome.get("rotated")),
            **{k: outcome[k] for k in ("users", "alarms", "server") if k in outcome},
        )
        return result
