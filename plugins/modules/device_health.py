# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: device_health
short_description: Wait until a device sees the neighbours that the plan promises
version_added: 0.1.0
description:
  - Waits, on the device, until its IS-IS adjacencies and BGP sessions are those of the plan, or a deadline has passed.
  - Neighbours that are not in the play, or that failed in the run named by O(run), are not waited for.
options:
  build:
    description: Build folder that C(citynet render) wrote.
    type: path
    required: true
  device:
    description: Name of the device in the plan. The inventory's name of the host when absent.
    type: str
  deadline:
    description: Seconds to wait at most.
    type: int
    default: 60
  known_hosts:
    description: File with the host keys of the devices. The user's own when absent.
    type: path
  run:
    description:
      - Name of the run in the folder C(runs) of O(build), to know which devices failed and to archive the result.
    type: str
attributes:
  action:
    description: Runs on the controller, as an action plugin.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
  check_mode:
    description: Skipped in check mode, in which nothing was deployed that could come up.
    support: partial
    details: The task is skipped.
  diff_mode:
    description: Changes nothing, so there is no difference.
    support: none
requirements:
  - citynet (the Python package of the same project) on the controller
  - ansible-pylibssh on the controller
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Wait for the network to come together
  hosts: citynet_devices
  gather_facts: false
  tasks:
    - name: Wait for adjacencies and sessions
      citynet.twodomain.device_health:
        build: "{{ citynet_build }}"
        deadline: 90
"""

RETURN = r"""
adjacencies:
  description: Ports with an IS-IS adjacency.
  returned: when the device was reached
  type: list
  elements: str
  sample: [eth1, eth2]
sessions:
  description: Established BGP sessions as VRF/address.
  returned: when the device was reached
  type: list
  elements: str
  sample: ["default/fd01:1:1::1"]
missing:
  description: What the plan promises and the device does not see.
  returned: when the device was reached
  type: list
  elements: str
waited:
  description: Seconds waited on the device.
  returned: when the device was reached
  type: float
"""
