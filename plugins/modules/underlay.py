# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: underlay
short_description: Run IS-IS with BFD on interfaces of a router
version_added: 0.2.0
description:
  - Brings the underlay to one router, as a plan would, and touches nothing else on it.
  - IS-IS level 2 for IPv6, point to point, authenticated by HMAC-MD5 (RFC 5304), with BFD on every interface.
options:
  net:
    description: Network entity title, area and system identifier. Required when O(state=present).
    type: str
  loopback:
    description: IPv6 address of the router itself, put on the interface C(lo). Required when O(state=present).
    type: str
  password:
    description: Key of the adjacencies and of the domain, the same on all routers. Required when O(state=present).
    type: str
  interfaces:
    description: Interfaces that lead to other routers. Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: The interface.
        type: str
        required: true
      metric:
        description: IS-IS metric.
        type: int
        default: 10
      neighbor:
        description: Who is at the other end; becomes the interface's alias.
        type: str
        default: neighbor
      neighbor_port:
        description: The port at the other end; becomes part of the interface's alias.
        type: str
        default: port
  locator:
    description: SRv6 locator that IS-IS announces; M(citynet.twodomain.srv6_locator) makes it.
    type: str
    default: MAIN
  mtu:
    description: MTU of the interfaces, in bytes.
    type: int
    default: 9000
  hello_interval_s:
    description: Seconds between IS-IS hellos.
    type: int
    default: 1
  bfd_interval_ms:
    description: Milliseconds between BFD packets.
    type: int
    default: 100
  bfd_multiplier:
    description: How many BFD packets may be lost before the neighbour counts as gone.
    type: int
    default: 3
extends_documentation_fragment:
  - citynet.twodomain.scope
seealso:
  - module: citynet.twodomain.srv6_locator
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Run IS-IS on two lines
  citynet.twodomain.underlay:
    net: 49.0001.0100.0100.0001.00
    loopback: fd01:1:1::1
    password: "{{ isis_password }}"
    interfaces:
      - {name: eth1, neighbor: core-a}
      - {name: eth2, neighbor: core-b, metric: 20}

- name: Take it away again
  citynet.twodomain.underlay:
    state: absent
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
