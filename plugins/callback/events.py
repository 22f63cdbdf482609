# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: events
type: stdout
short_description: Events of a run as lines of JSON, for the command citynet deploy
version_added: 0.1.0
description:
  - Writes one line of JSON per event to the file descriptor named by the environment variable C(CITYNET_EVENTS_FD),
    or to the standard output when it is not set.
author:
  - The citynet authors (@citynet)
requirements:
  - none
"""

import json
import os

from ansible.plugins.callback import CallbackBase

KEEP = ("msg", "parts", "notes", "seconds", "went_back", "missing", "waited", "adjacencies", "sessions")


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "citynet.twodomain.events"

    def __init__(self):
        super().__init__()
        self._hosts_told = False
        self._stream = os.fdopen(int(os.environ.get("CITYNET_EVENTS_FD", "1")), "w", encoding="utf-8", closefd=False)

    def _event(self, kind, **facts):
        self._stream.write(json.dumps(dict(event=kind, **facts), default=str) + "\n")
        self._stream.flush()

    def _result(self, result, status):
        facts = {key: result.result[key] for key in KEEP if key in result.result}
        self._event("result", host=result.host.get_name(), action=result.task.action, status=status, **facts)

    def v2_playbook_on_play_start(self, play):
        inventory = play.get_variable_manager()._inventory  # noqa: SLF001
        if not self._hosts_told:
            self._hosts_told = True
            hosts = inventory.get_hosts("citynet_devices:citynet_optical", ignore_restrictions=True)
            self._event("hosts", names=[host.get_name() for host in hosts])
        self._event("play", name=play.get_name(), hosts=len(inventory.get_hosts(play.hosts)))

    def v2_runner_on_start(self, host, task):
        self._event("start", host=host.get_name(), action=task.action)

    def v2_runner_on_ok(self, result):
        self._result(result, "changed" if result.is_changed() else "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):  # noqa: ARG002
        self._result(result, "failed")

    def v2_runner_on_unreachable(self, result):
        self._result(result, "unreachable")

    def v2_runner_on_skipped(self, result):
        self._result(result, "skipped")

    def v2_playbook_on_no_hosts_remaining(self):
        self._event("stopped")

    def v2_playbook_on_stats(self, stats):  # noqa: ARG002
        self._event("end")
