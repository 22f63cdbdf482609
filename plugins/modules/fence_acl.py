# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: fence_acl
short_description: Let packets pass a router only where their data identifier may go
version_added: 0.2.0
description:
  - Brings the whole fence of one router to it, as a plan would, and touches nothing else on it.
  - A packet is judged where it enters and where it leaves, by its data identifier and the /64 prefixes of both ends.
    One look-up by hash decides, whatever the number of entries.
  - The identifier must be the only option of the packet's first extension header, with the payload right behind it.
    Packets that carry it in any other way, and those with a routing header, are dropped at every port named here.
  - A new fence takes the place of the old one in one transaction of the kernel. No packet is judged by a half of it.
options:
  ports:
    description: The ports at which packets are judged. Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: The interface.
        type: str
        required: true
      kind:
        description:
          - What it leads to. At an V(attachment) the host's rights count.
        type: str
        choices:
          - attachment
          - interconnect
          - exit
        default: attachment
      fenced:
        description: Whether nothing passes without an identifier. Otherwise only packets that have one are judged.
        type: bool
        default: true
      sources:
        description: The /64 prefixes of the host there.
        type: list
        elements: str
        default: []
      identifiers:
        description: Numbers of the data identifiers that the host there has a right to.
        type: list
        elements: int
        default: []
      own:
        description: The router's own addresses on the port, which hosts may always speak to.
        type: list
        elements: str
        default: []
  entries:
    description: Packets that may pass. All others with an identifier are dropped and counted.
    type: list
    elements: dict
    default: []
    suboptions:
      fence:
        description: Name of the fence that allows it, for people.
        type: str
        default: task
      identifier:
        description: Number of the data identifier.
        type: int
        required: true
      direction:
        description: V(in) for what enters by a port of this router, V(out) for what leaves by one.
        type: str
        choices:
          - in
          - out
        default: in
      sources:
        description: The /64 prefixes of senders.
        type: list
        elements: str
        required: true
      destinations:
        description: The /64 prefixes of those they send to.
        type: list
        elements: str
        required: true
      windows:
        description: When it may, in Beijing time. Always when empty.
        type: list
        elements: dict
        default: []
        suboptions:
          days:
            description: Days on which it begins. Every day when empty.
            type: list
            elements: str
            choices:
              - mon
              - tue
              - wed
              - thu
              - fri
              - sat
              - sun
            default: []
          start:
            description: When it begins.
            type: str
            default: "00:00"
          end:
            description: When it ends. On the next day when it is not after O(entries[].windows[].start).
            type: str
            default: "24:00"
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
  - module: citynet.twodomain.srv6_path
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Let the hospital's records reach the clinic in office hours, and nothing else pass
  citynet.twodomain.fence_acl:
    ports:
      - {name: eth3, sources: ["fd11::/64"], identifiers: [65537], own: ["fd11::1"]}
    entries:
      - fence: office-hours
        identifier: 65537
        sources: ["fd11::/64"]
        destinations: ["fd11:0:0:1::/64"]
        windows:
          - {days: [mon, tue, wed, thu, fri], start: "08:00", end: "18:00"}
"""

RETURN = r"""
parts:
  description: Parts of the configuration that were brought into force, or would be.
  returned: when the router was reached
  type: list
  elements: str
  sample: [nftables]
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
