# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import uuid

from ansible.plugins.action import ActionBase
from ansible_collections.citynet.twodomain.plugins.plugin_utils import device as shared

ARGUMENTS = {
    "build": {"type": "path", "required": True},
    "device": {"type": "str"},
    "secrets_file": {"type": "path"},
    "confirm_timeout": {"type": "int", "default": 60},
    "known_hosts": {"type": "path"},
    "run": {"type": "str"},
    "only": {"type": "list", "elements": "str", "choices": ["fence"], "default": []},
}


class ActionModule(ActionBase):
    """One transaction on one device, in this process: see the module of the same name."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        _valid, args = self.validate_argument_spec(ARGUMENTS)
        shared.require_package()
        try:
            outcome = self._deploy(args, task_vars)
        except shared.CitynetError as error:
            result.update(failed=True, msg=str(error))
            return result
        return shared.report(outcome, result)

    def _deploy(self, args, task_vars):
        from citynet.deploy import archive, secrets, transaction  # noqa: PLC0415 - only once it is known to be there

        build = shared.open_folder(args)
        name = args["device"] or task_vars["inventory_hostname"]
        run = shared.open_run(args)
        if run is not None:
            run.begin(build.digests)
        outcome = transaction.Outcome(name, "failed")
        try:
            wanted = build.device(name)
            path = shared.secrets_path(args)
            values = shared.read_secrets(path, self._loader) if wanted.secrets else {}
            job = transaction.Job(
                identifier=uuid.uuid4().hex,
                owner="%s:%s" % (archive.who(), build.path),
                files=wanted.files,
                secrets=secrets.select(values, wanted.secrets, path),
                confirm_s=args["confirm_timeout"],
                check=self._play_context.check_mode,
                expected=self._expected(build, name, args["only"]),
                only=args["only"],
                run=dict(build.digests, run=args["run"] or "", who=archive.who()),
            )
            target = shared.target_of(name, self._play_context, task_vars, args["known_hosts"])
            outcome = transaction.run(target, job)
        except shared.CitynetError as error:
            outcome.reason = str(error)
            raise
        finally:
            if run is not None:
                run.record(outcome)
        return outcome

    @staticmethod
    def _expected(build, name, only):
        """Neighbours to ask for; a part that they do not notice needs no plan to be read."""
        if only:
            return None
        from citynet.deploy import health  # noqa: PLC0415 - only once it is known to be there

        return health.expected(build.plan.devices[name], build.plan.devices)
