# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: flexe_client
short_description: Give FlexE clients their rates on a router's lines
version_added: 0.2.0
description:
  - Brings the FlexE clients of all lines of one router to it, as a plan would, and touches nothing else on it.
  - On a whitebox a client is a class of its own on each line (HTB, rate and ceiling the same) with its own queue, so
    that nothing is lent and nothing borrowed. Packets of customers are marked where they enter, and carry the number of
    their slice in the outer flow label from router to router.
  - A rate is changed in place; packets in the queues stay there.
options:
  prefix:
    description:
      - The router's SRv6 locator, by which its own packets are known.
      - Required when O(state=present).
    type: str
  interfaces:
    description: Interfaces on lines that carry clients. Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: The interface.
        type: str
        required: true
      base_kbit:
        description: Rate, in kbit/s, that is left for control and for everything without a slice.
        type: int
        required: true
      clients:
        description: The clients on this line.
        type: list
        elements: dict
        default: []
        suboptions:
          slice:
            description: Name of the slice.
            type: str
            required: true
          number:
            description: Its number, 1 to 255, the same on all routers.
            type: int
            required: true
          rate_kbit:
            description: Its rate in kbit/s.
            type: int
            required: true
  entries:
    description: Interfaces by which packets of customers enter.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The interface.
        type: str
        required: true
      number:
        description: Number of the slice that carries them, V(0) for none.
        type: int
        default: 0
extends_documentation_fragment:
  - citynet.twodomain.scope
seealso:
  - module: citynet.twodomain.srv6_locator
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Give a slice 5 Mbit/s of a line
  citynet.twodomain.flexe_client:
    prefix: fd01:1:1::/48
    interfaces:
      - name: eth1
        base_kbit: 95000
        clients:
          - {slice: emergency, number: 1, rate_kbit: 5000}
    entries:
      - {name: eth3, number: 1}
"""

RETURN = r"""
parts:
  description: Parts of the configuration that were brought into force, or would be.
  returned: when the router was reached
  type: list
  elements: str
  sample: [nftables, slices]
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
