# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: device_config
short_description: Bring a device to its rendered configuration, in one transaction
version_added: 0.1.0
description:
  - Carries the whole configuration that C(citynet render) made for a device, and brings it into force.
  - The device compares what is to be with its files and with what it is running, so that changes made by hand are
    found and put back.
  - It backs up, applies, checks itself, and waits for a confirmation, which comes over a new connection.
    When the confirmation does not come in time, or anything fails, the device goes back to what it had by itself.
  - Only parts whose files changed, or that drifted, are applied. A second run changes nothing.
  - Works in the controller's worker process over one SSH connection of its own (plus one to confirm a change).
    Nothing is installed on the device, which needs Python 3.9 or newer and the programs of its configuration; it keeps
    a compiled copy of the programs that it was sent.
options:
  build:
    description: Build folder that C(citynet render) wrote.
    type: path
    required: true
  device:
    description: Name of the device in the plan. The inventory's name of the host when absent.
    type: str
  secrets_file:
    description:
      - YAML mapping of secret names to values, mode 0600, as it is or as an Ansible Vault.
      - Values are put in on the device and appear in no difference, result or log.
      - Defaults to C(secrets.yml) beside the build folder.
    type: path
  confirm_timeout:
    description: Seconds after which the device goes back by itself when nobody confirmed.
    type: int
    default: 60
  known_hosts:
    description: File with the host keys of the devices. The user's own when absent.
    type: path
  only:
    description:
      - Parts to look at and to bring to their configuration; nothing else is asked of the device. The whole device when
        empty.
      - Fails where the device lacks more of its configuration than these parts.
    type: list
    elements: str
    choices: [fence]
    default: []
  run:
    description:
      - Name of the run under which the outcome is archived in the folder C(runs) of O(build).
      - Not archived when absent.
    type: str
attributes:
  action:
    description: Runs on the controller, as an action plugin.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
  check_mode:
    description: Compares on the device and changes nothing; the difference is that of the real run.
    support: full
  diff_mode:
    description: Shows files and drift as unified differences, secrets by their names only.
    support: full
requirements:
  - citynet (the Python package of the same project) on the controller
  - ansible-pylibssh on the controller
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Bring every device of the first wave to its configuration
  hosts: citynet_wave_1_plane_a
  gather_facts: false
  tasks:
    - name: Bring the device to its configuration
      citynet.twodomain.device_config:
        build: "{{ citynet_build }}"
        secrets_file: "{{ citynet_secrets }}"

- name: See what would change on one device
  hosts: gov-core-a
  gather_facts: false
  tasks:
    - name: Compare
      citynet.twodomain.device_config:
        build: /srv/city/build
      check_mode: true
      diff: true
"""

RETURN = r"""
parts:
  description: Parts of the configuration that were brought into force, or would be.
  returned: when the device was reached
  type: list
  elements: str
  sample: [interfaces, sysctl, frr]
went_back:
  description: Whether the device is back at its former configuration.
  returned: on failure
  type: bool
notes:
  description: Remarks of the device's own checks.
  returned: when the device was reached
  type: list
  elements: str
seconds:
  description: How long it took.
  returned: always
  type: float
"""
