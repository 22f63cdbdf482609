# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: srv6_locator
short_description: Give a router its SRv6 locator
version_added: 0.2.0
description:
  - Brings a uSID locator (format f3216) to one router, as a plan would, and touches nothing else on it.
  - Also makes the interface C(sr0) that holds local SIDs, and lets the kernel follow segments on interfaces.
options:
  prefix:
    description:
      - The locator, an IPv6 prefix of length 48 (32-bit block, 16-bit node).
      - Required when O(state=present).
    type: str
  source_address:
    description:
      - Source address of packets that the router encapsulates, usually its loopback.
      - Required when O(state=present).
    type: str
  locator:
    description: Name of the locator.
    type: str
    default: MAIN
  interfaces:
    description: Interfaces on which packets with segments are accepted, usually those of the underlay.
    type: list
    elements: str
    default: []
  sids:
    description: SIDs with addresses that other routers can name in segment lists.
    type: list
    elements: dict
    default: []
    suboptions:
      address:
        description: The SID, inside the locator.
        type: str
        required: true
      behavior:
        description: What the router does with packets for it (RFC 8986, RFC 9800).
        type: str
        required: true
        choices: [uDT46, uDT6]
      vrf:
        description: VRF in which the inner packet is looked up. The main table when absent.
        type: str
extends_documentation_fragment:
  - citynet.twodomain.scope
seealso:
  - module: citynet.twodomain.underlay
  - module: citynet.twodomain.l3vpn_service
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Give the router its locator
  citynet.twodomain.srv6_locator:
    prefix: fd01:1:1::/48
    source_address: fd01:1:1::1
    interfaces: [eth1, eth2]
"""

RETURN = r"""
parts:
  description: Parts of the configuration that were brought into force, or would be.
  returned: when the router was reached
  type: list
  elements: str
  sample: [interfaces, sysctl, frr]
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
