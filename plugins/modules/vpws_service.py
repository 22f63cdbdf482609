# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: vpws_service
short_description: Join a port of a router to a port of another one, frame by frame
version_added: 0.2.0
description:
  - Brings all point-to-point layer-2 services (VPWS over SRv6) of one router to it, as a plan would, and touches
    nothing else on it.
  - Frames that enter by a port are encapsulated (H.Encaps.L2.Red) towards the SID of the other end, where the kernel
    takes them out again (End.DX2, RFC 8986). ARP, neighbour discovery, VLAN tags and double tags pass; IEEE 802.2
    frames with a length instead of a type do not, and so no spanning tree.
  - A port that gets its own frames back is shut by the router until the loop is gone; broadcasts and multicasts are
    bounded.
options:
  prefix:
    description:
      - The router's SRv6 locator, in which its SIDs lie.
      - Required when O(state=present).
    type: str
  source_address:
    description:
      - Source of the packets that carry frames, an address of the router.
      - Required when O(state=present).
    type: str
  circuits:
    description: The services. Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      service:
        description: Name of the service.
        type: str
        required: true
      name:
        description: The interface that frames enter and leave by.
        type: str
        required: true
      vlan:
        description: Only frames with this tag, which is taken off. V(0) for all frames, as they are.
        type: int
        default: 0
      sid:
        description: The SID by which frames come to this end, 64 bits inside O(prefix).
        type: str
        required: true
      remote:
        description: The SID of the other end.
        type: str
        required: true
      neighbor:
        description: Who is at the other end of the line, for the interface's description.
        type: str
        default: neighbor
      neighbor_port:
        description: The neighbour's port, for the interface's description.
        type: str
        default: port
extends_documentation_fragment:
  - citynet.twodomain.scope
seealso:
  - module: citynet.twodomain.srv6_locator
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Join two halls as with a cable
  citynet.twodomain.vpws_service:
    prefix: fd01:1:1::/48
    source_address: fd01:1:1::1
    circuits:
      - {service: video, name: eth3, sid: "fd01:1:1:fd01::", remote: "fd01:1:2:fd01::"}
"""

RETURN = r"""
parts:
  description: Parts of the configuration that were brought into force, or would be.
  returned: when the router was reached
  type: list
  elements: str
  sample: [interfaces, layer2]
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
