# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: l3vpn_service
short_description: Bring one layer-3 service to a router
version_added: 0.2.0
description:
  - Brings one VRF over SRv6 (End.DT46) to one router, as a plan would, and touches nothing else on it.
  - VRF, its interfaces with their addresses, BGP in the VRF, and the iBGP sessions that carry its routes.
  - Several services on one router are several tasks; lines that they share stay until the last of them goes.
options:
  vrf:
    description: Name of the VRF. It tells the services of a router apart.
    type: str
    required: true
  table:
    description: Routing table of the VRF in the kernel. Required when O(state=present).
    type: int
  rd:
    description: Route distinguisher, unique per router and VRF, in quotes. Required when O(state=present).
    type: str
  rt:
    description: Route target that is exported and imported, in quotes. Required when O(state=present).
    type: str
  asn:
    description: Autonomous system of the router. Required when O(state=present).
    type: int
  router_id:
    description: BGP identifier of the router. Required when O(state=present).
    type: str
  interfaces:
    description: Interfaces of the VRF.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The interface.
        type: str
        required: true
      addresses:
        description: Addresses of the router on it, with their lengths.
        type: list
        elements: str
        default: []
      neighbor:
        description: Who is at the other end; becomes the interface's alias.
        type: str
        default: neighbor
      neighbor_port:
        description: The port at the other end; becomes part of the interface's alias.
        type: str
        default: port
  neighbors:
    description:
      - iBGP neighbours that VPN routes are exchanged with, usually route reflectors.
      - None when the router has its sessions already.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the neighbour; becomes its description.
        type: str
        required: true
      address:
        description: IPv6 address of the neighbour.
        type: str
        required: true
  password:
    description: Key of these sessions (TCP-MD5, RFC 2385). Required when there are O(neighbors).
    type: str
  locator:
    description: SRv6 locator from which the SID of the VRF is taken.
    type: str
    default: MAIN
  prefix:
    description:
      - The router's SRv6 locator.
      - With it packets to locators of the same block leave the VRF even when it has a default route.
    type: str
extends_documentation_fragment:
  - citynet.twodomain.scope
seealso:
  - module: citynet.twodomain.srv6_locator
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Bring a service to the router
  citynet.twodomain.l3vpn_service:
    vrf: share
    table: 1001
    rd: "10.1.0.1:1"
    rt: "65001:1"
    asn: 65001
    router_id: 10.1.0.1
    password: "{{ bgp_password }}"
    neighbors:
      - {name: core-a, address: "fd01:1:2::1"}
    interfaces:
      - {name: eth3, addresses: [10.11.0.1/28, "fd11::1/64"], neighbor: giver-1}

- name: Take it away again
  citynet.twodomain.l3vpn_service:
    vrf: share
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
