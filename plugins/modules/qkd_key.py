# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: qkd_key
short_description: Let a router take keys from a key server of a QKD network
version_added: 0.2.0
description:
  - Brings the key agent to one router and tells it its key server (ETSI GS QKD 014 V1.1.1, TLS with certificates on
    both sides), and touches nothing else on it.
  - The agent watches the key server and raises an alarm within five seconds when it does not answer or has no keys.
    Lines and tunnels that other tasks bring take their keys from it.
  - With O(state=rotated) the agent brings other keys into use, without a gap; with O(state=status) it says which are in
    use. IDs of keys are returned, keys never; they appear in no log, difference or argument.
options:
  state:
    description:
      - V(present) brings the router to what the other options say.
      - V(absent) takes away what an earlier task of this kind brought, and nothing else.
      - V(rotated) has keys replaced now, and waits for it. V(status) only tells.
    type: str
    choices: [present, absent, rotated, status]
    default: present
  identity:
    description:
      - The router's name in its certificate, which is its SAE ID.
      - Required when O(state=present).
    type: str
  server_name:
    description:
      - Name that the key server's certificate must have.
      - Required when O(state=present).
    type: str
  server_url:
    description:
      - Where its interface begins, C(https://ADDRESS:PORT/api/v1/keys).
      - Required when O(state=present).
    type: str
  ca:
    description:
      - Certificate of the authority that signed those of key servers and routers, PEM.
      - Required when O(state=present).
    type: str
  certificate:
    description:
      - The router's certificate, PEM.
      - Required when O(state=present).
    type: str
  private_key:
    description:
      - Its key, PEM, as PKCS 8 without a password.
      - Required when O(state=present).
    type: str
  vrf:
    description: VRF in which the key server is reached.
    type: str
  channel:
    description: This router's address at which agents of other routers tell it IDs of keys.
    type: str
  peers:
    description: Those other routers.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the router in its certificate.
        type: str
        required: true
      address:
        description: Its O(channel).
        type: str
        required: true
  rotate_s:
    description: Seconds after which a key is replaced.
    type: int
    default: 3600
  hold_s:
    description: Seconds that the last key is held beyond that when no other can be had; then line or tunnel closes.
    type: int
    default: 14400
  user:
    description: Of O(state=rotated), the line or tunnel, such as C(line eth1). All when absent.
    type: str
  wait:
    description: Of O(state=rotated), seconds within which the other keys must be in use.
    type: float
    default: 30.0
extends_documentation_fragment:
  - citynet.twodomain.scope
seealso:
  - module: citynet.twodomain.macsec_link
  - module: citynet.twodomain.ipsec_tunnel
  - module: citynet.twodomain.sm4_tunnel
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Take keys from the hall's key server
  citynet.twodomain.qkd_key:
    identity: west
    server_name: kme-west
    server_url: https://172.20.0.4:8500/api/v1/keys
    ca: "{{ lookup('ansible.builtin.file', 'pki/ca.pem') }}"
    certificate: "{{ lookup('ansible.builtin.file', 'pki/west.pem') }}"
    private_key: "{{ vault_west_key }}"

- name: Replace all keys now
  citynet.twodomain.qkd_key:
    state: rotated
"""

RETURN = r"""
users:
  description: Lines and tunnels with the IDs of their keys.
  returned: when O(state=rotated) or O(state=status)
  type: dict
alarms:
  description: What is wrong just now.
  returned: when O(state=rotated) or O(state=status)
  type: list
  elements: dict
server:
  description: The key server, whether it answers, and how many keys it has for each peer.
  returned: when O(state=rotated) or O(state=status)
  type: dict
parts:
  description: Parts of the configuration that were brought into force, or would be.
  returned: when the router was brought to its options
  type: list
  elements: str
  sample: [keys]
went_back:
  description: Whether the router is back at what it had.
  returned: on failure
  type: bool
notes:
  description: Remarks of the router's own checks.
  returned: when the router was brought to its options
  type: list
  elements: str
seconds:
  description: How long it took.
  returned: when the router was brought to its options
  type: float
"""
