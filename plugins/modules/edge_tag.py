# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: edge_tag
short_description: Give data identifiers to flows of hosts that give none
version_added: 0.2.0
description:
  - Brings all tags of one router to it, as a plan would, and touches nothing else on it.
  - Packets of a flow get the identifier in an IPv6 extension header where they come in from a host, before the packet
    filter sees them, and lose it where they leave to a host. Both directions of a flow count.
  - Packets that have an extension header already are left as they are.
  - Interfaces need an MTU of 1548 and no GRO, which this module leaves to whoever manages them.
options:
  interfaces:
    description:
      - The ports to hosts. Flows get the identifier where they enter by one of them, and lose it where they leave.
      - Required when O(state=present).
    type: list
    elements: str
  flows:
    description: Flows that get an identifier. The first that fits is taken. Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      identifier:
        description: Number of the data identifier.
        type: int
        required: true
      protocol:
        description: V(icmp) and V(any) have no ports.
        type: str
        choices:
          - tcp
          - udp
          - icmp
          - any
        default: any
      ports:
        description: Ports of the side that answers. Any when empty.
        type: list
        elements: int
        default: []
      prefixes:
        description: Addresses of that side, IPv6 and IPv4. Any when empty.
        type: list
        elements: str
        default: []
  ipv4_block:
    description:
      - Block of IPv4 addresses whose nth /28 and the nth /64 of O(ipv6_block) are those of one end. Hosts have the same
        last number in both.
      - IPv4 packets travel inside of IPv6 packets between these. They stay as they are when absent.
    type: str
  ipv6_block:
    description: See O(ipv4_block).
    type: str
  data_identifiers:
    description: How packets carry data identifiers, as in a design.
    type: dict
    suboptions:
      option:
        description: Type of the IPv6 option.
        type: int
        default: 3
      header:
        description: Extension header that holds the option, as its first.
        type: str
        choices:
          - destination
          - hop-by-hop
          - any
        default: any
      bits:
        description: Length of an identifier in bits.
        type: int
        choices:
          - 32
          - 64
          - 128
        default: 32
extends_documentation_fragment:
  - citynet.twodomain.scope
seealso:
  - module: citynet.twodomain.fence_acl
  - module: citynet.twodomain.srv6_path
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Whatever speaks to the database carries identifier 1001
  citynet.twodomain.edge_tag:
    interfaces: [eth3]
    flows:
      - {identifier: 1001, protocol: tcp, ports: [5432], prefixes: ["fd11:0:0:1::/64"]}
"""

RETURN = r"""
parts:
  description: Parts of the configuration that were brought into force, or would be.
  returned: when the router was reached
  type: list
  elements: str
  sample: [tags]
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
