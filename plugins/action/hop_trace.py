# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.citynet.twodomain.plugins.plugin_utils.scope import ScopedAction


class ActionModule(ScopedAction):
    """See the module of the same name."""

    MODULE = "hop_trace"
