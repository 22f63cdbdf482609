# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: hop_trace
short_description: Count data identifiers where they pass a router, and raise an alarm where they must not
version_added: 0.2.0
description:
  - Brings the counters of data identifiers, their colours (alternate marking, RFC 9341) and the alarm of packets off
    their path to one router, as a plan would, and touches nothing else on it.
  - What was counted of the last 60 periods stands in C(/run/citynet/trace.json), records and alarms are events in
    C(/var/log/citynet/events.jsonl).
  - The router where packets enter must put them into IPv6 with a source address of its locator, as Linux does for
    SRv6 (C(ip sr tunsrc)). Others know by that where they entered.
  - Clocks of all routers may differ by less than half a period.
options:
  prefix:
    description: Locator of this router, whose third 16 bits are its number. Required when O(state=present).
    type: str
  source_address:
    description: Address of the locator, from which probes go. Required when O(state=present).
    type: str
  interfaces:
    description: The ports where packets are counted. Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the interface.
        type: str
        required: true
      kind:
        description:
          - At a V(link) to another router packets have an outer header.
          - At an V(attachment) of a customer, whose identifiers somebody else judges, and at a V(border) to another
            network they have none.
        type: str
        choices:
          - link
          - attachment
          - border
        default: link
      neighbor:
        description: Who is at the other end, for people.
        type: str
        default: neighbor
  identifiers:
    description: All data identifiers of the network. Any other raises an alarm. Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      number:
        description: Its number.
        type: int
        required: true
      name:
        description: Its name, for people.
        type: str
      here:
        description: Whether its packets may pass this router. If not, they raise an alarm.
        type: bool
        default: true
  far:
    description: Routers to which probes go that tell their way (IOAM6, RFC 9197).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the router, for people.
        type: str
        required: true
      prefix:
        description: Its locator.
        type: str
        required: true
  period_s:
    description: Seconds for which packets have one colour. The same at all routers.
    type: int
    default: 2
  record_s:
    description: Seconds that one record of the evidence store tells of. The same at all routers.
    type: int
    default: 10
  ioam_every:
    description:
      - Of so many packets of an identifier that enter at this router, one gets room in its outer header for what the
        routers on its way write into it (IOAM6), on average. None does when 0.
      - The router that its outer header is sent to reads it where this is not 0.
    type: int
    default: 0
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
  - module: citynet.twodomain.edge_tag
  - module: citynet.twodomain.fence_acl
  - module: citynet.twodomain.srv6_path
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Count what passes, and tell of what must not
  citynet.twodomain.hop_trace:
    prefix: "fd01:1:1::/48"
    source_address: "fd01:1:1::1"
    interfaces:
      - {name: eth1, neighbor: north}
      - {name: eth4, kind: attachment, neighbor: giver-1}
    identifiers:
      - {number: 1001, name: images}
      - {number: 1002, name: care, here: false}
    far:
      - {name: east, prefix: "fd01:1:2::/48"}
"""

RETURN = r"""
parts:
  description: Parts of the configuration that were brought into force, or would be.
  returned: when the router was reached
  type: list
  elements: str
  sample: [trace]
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
