# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: access_port
short_description: Close ports of a router until a RADIUS server lets on who is behind them
version_added: 0.2.0
description:
  - Brings 802.1X to ports of one router, all of them together, as a plan would, and touches nothing else on it.
  - Nothing passes such a port, in either direction, until a server has accepted who is behind it. Then packets from
    that MAC address pass, and of those with a data identifier the ones that the server allows.
  - The server withdraws and changes rights while somebody is on (RFC 5176, UDP port 3799). The router's own packet
    filter has to let it in, and the server's answers.
  - The router needs the package hostapd.
options:
  ports:
    description: The ports. Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: The interface.
        type: str
        required: true
      host:
        description: Who should be behind it, for people.
        type: str
        default: host
  servers:
    description: RADIUS servers, the preferred one first. Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      address:
        description: Its IPv4 address.
        type: str
        required: true
      port:
        description: UDP port on which it answers.
        type: int
        default: 1812
      name:
        description: Its name, for people.
        type: str
        default: radius
  secret:
    description: What the router and its servers share. Required when O(state=present).
    type: str
  address:
    description: The router's own IPv4 address towards the servers. Required when O(state=present).
    type: str
  vrf:
    description: The VRF in which the servers are reached. Empty for none.
    type: str
    default: mgmt
  recheck_s:
    description: Seconds after which a server is asked again about who is on.
    type: int
    default: 600
  hold_s:
    description: Seconds that who is on stays beyond that while no server answers.
    type: int
    default: 900
  bits:
    description: Length of data identifiers in bits. With V(0) they are not looked at.
    type: int
    choices:
      - 0
      - 32
      - 64
      - 128
    default: 0
extends_documentation_fragment:
  - citynet.twodomain.scope
seealso:
  - module: citynet.twodomain.fence_acl
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Let nobody on at two ports but who the authentication servers know
  citynet.twodomain.access_port:
    ports:
      - {name: eth3, host: ward-1}
      - {name: eth4, host: desk-1}
    servers:
      - {address: 172.20.0.9}
      - {address: 172.20.0.10}
    secret: "{{ vault_radius_secret }}"
    address: 172.20.0.11
    bits: 32
"""

RETURN = r"""
parts:
  description: Parts of the configuration that were brought into force, or would be.
  returned: when the router was reached
  type: list
  elements: str
  sample: [nftables, access]
went_back:
  description: Whether the router is back at what it had.
  returned: on failure
  type: bool
notes:
  description: Remarks of the router's own checks.
  returned: when the router was reached
  type: list
  elements: str
seconds:
  description: How long it took.
  returned: when the router was asked
  type: float
"""
