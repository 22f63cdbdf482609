# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

"""The action plugin of every module that brings one technology to a router."""

from importlib import import_module

import yaml
from ansible.plugins.action import ActionBase
from ansible_collections.citynet.twodomain.plugins.doc_fragments.scope import ModuleDocFragment
from ansible_collections.citynet.twodomain.plugins.plugin_utils import device as shared

# What tells Ansible about an option; the rest is for readers.
SPEC = ("type", "required", "default", "choices", "elements", "no_log")
OF_THE_TRANSACTION = tuple(yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"])


def options_of(module):
    """A module's own options, as its documentation has them."""
    place = "ansible_collections.citynet.twodomain.plugins.modules.%s" % module
    return yaml.safe_load(import_module(place).DOCUMENTATION)["options"]


def arguments(options):
    """The argument spec that says the same as a documentation."""
    found = {}
    for name, told in options.items():
        found[name] = {key: told[key] for key in SPEC if key in told}
        if "suboptions" in told:
            found[name]["options"] = arguments(told["suboptions"])
        if name in ("password", "cak", "private_key", "ppk", "secret"):
            found[name]["no_log"] = True
    return found


class ScopedAction(ActionBase):
    """Brings one technology to one router, in one transaction; subclasses name their module."""

    TRANSFERS_FILES = False
    MODULE = ""
    _supports_check_mode = True
    _supports_async = False
    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        own = options_of(self.MODULE)
        fragment = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
        _valid, args = self.validate_argument_spec(arguments({**fragment, **own}))
        shared.require_package()
        try:
            outcome = self._transact(args, task_vars)
        except shared.CitynetError as error:
            result.update(failed=True, msg=str(error))
            return result
        return self._report(outcome, result)

    def _report(self, outcome, result):
        return shared.report(outcome, result)

    def _transact(self, args, task_vars):
        from citynet.deploy import scoped, transaction  # noqa: PLC0415 - only once it is known to be there

        name = task_vars["inventory_hostname"]
        told = {option: value for option, value in args.items() if option not in OF_THE_TRANSACTION}
        job = scoped.job(self.MODULE, told, name, absent=args["state"] == "absent")
        job.check = self._play_context.check_mode
        job.confirm_s = args["confirm_timeout"]
        return transaction.run(shared.target_of(name, self._play_context, task_vars, args["known_hosts"]), job)
