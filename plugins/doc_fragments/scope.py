# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """What the modules of one technology share."""

    DOCUMENTATION = r"""
options:
  state:
    description:
      - V(present) brings the router to what the other options say.
      - V(absent) takes away what an earlier task of this kind brought, and nothing else.
    type: str
    choices: [present, absent]
    default: present
  confirm_timeout:
    description: Seconds after which the router goes back by itself when nobody confirmed.
    type: int
    default: 60
  known_hosts:
    description: File with the host keys of the routers. The user's own when absent.
    type: path
attributes:
  action:
    description: Runs on the controller, as an action plugin.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
  check_mode:
    description: Compares on the router and changes nothing; the difference is that of the real run.
    support: full
  diff_mode:
    description: Shows files and lines of FRR as unified differences, secrets by their names only.
    support: full
requirements:
  - citynet (the Python package of the same project) on the controller
  - ansible-pylibssh on the controller
notes:
  - The router need not be managed by citynet otherwise. Interfaces and kernel settings get files of their own
    (C(/etc/network/interfaces.d/citynet-*), C(/etc/sysctl.d/60-citynet-*.conf)); lines of FRR that somebody else
    configured stay as they are, in the file and as they run.
  - One transaction. The router compares, backs up, applies, checks itself, and goes back by itself unless the
    controller confirms over a new connection. A second run changes nothing.
  - A router that is managed whole, by M(citynet.twodomain.device_config), refuses; its design is what to change.
  - Daemons of FRR that are needed and do not run are started; those that run are not restarted. V(absent) leaves
    them on, and kernel settings as they are until the next start, because others may rely on them by then.
  - A line that somebody else had configured with another value is replaced, and does not come back with V(absent).
  - The router needs FRR 10.4 or newer with its reload tool, ifupdown2 and Python 3.9 or newer.
"""
