# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_drain
short_description: Take a device out of the traffic's way for maintenance, and back, losing no packet
version_added: 0.1.0
description:
  - Draining withdraws the routes of the device's dual-homed sites gracefully (RFC 8326), raises the metrics of its
    links in steps that cannot make packets loop, sets the IS-IS overload bit, and waits until no transit crosses.
  - The state outlives a reboot and every later deployment, until the device is taken back into service.
  - Refused when a site or a service would be cut off, unless O(force).
options:
  build:
    description: Build folder that C(citynet render) wrote.
    type: path
    required: true
  device:
    description: Name of the device in the plan. The inventory's name of the host when absent.
    type: str
  state:
    description: Whether the device is to be out of the traffic's way, or back in service.
    type: str
    choices: [drained, in_service]
    default: drained
  force:
    description: Drain it even if that cuts something off.
    type: bool
    default: false
  settle:
    description: Seconds that the other devices get after each step to act on it.
    type: float
    default: 1.5
  known_hosts:
    description: File with the host keys of the devices. The user's own when absent.
    type: path
attributes:
  action:
    description: Runs on the controller, as an action plugin.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
  check_mode:
    description: Says whether it would change anything, and what would be cut off.
    support: full
  diff_mode:
    description: Shows no difference.
    support: none
requirements:
  - citynet (the Python package of the same project) on the controller
  - ansible-pylibssh on the controller
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Take a device out of service
  hosts: gov-core-a
  gather_facts: false
  tasks:
    - name: Drain it
      citynet.twodomain.node_drain:
        build: "{{ citynet_build }}"

    - name: Take it back
      citynet.twodomain.node_drain:
        build: "{{ citynet_build }}"
        state: in_service
"""

RETURN = r"""
notes:
  description: What was cut off although it was known, and what the device saw.
  returned: when the device was reached
  type: list
  elements: str
  sample: [no transit traffic crosses it]
"""
