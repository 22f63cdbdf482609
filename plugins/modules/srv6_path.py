# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: srv6_path
short_description: Lead a router's traffic by segment lists that are watched
version_added: 0.2.0
description:
  - Brings the SRv6 paths of one router to it, as a plan would, and touches nothing else on it.
  - A path is a primary, or several ways that share the load, and a backup. An agent on the router watches every way
    with probes and changes the kernel's routes when one is lost, without the controller.
options:
  prefix:
    description:
      - The router's SRv6 locator; its block is that of all routers.
      - Required when O(state=present).
    type: str
  source_address:
    description: Address of the router from which probes are sent. Required when O(state=present).
    type: str
  paths:
    description: The paths of the router. Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the path, unique on the router.
        type: str
        required: true
      primary:
        description: Ways that carry the load while they live.
        type: list
        elements: dict
        required: true
        suboptions: &way
          name:
            description: Name of the way, for people.
            type: str
            required: true
          waypoints:
            description: Locator addresses of the nodes that pin the way, the last being the far end's.
            type: list
            elements: str
            required: true
          hops:
            description: Locator addresses of all nodes after this router. Probes follow them, so that a detour shows.
            type: list
            elements: str
            required: true
          delay_us:
            description: One-way delay in microseconds, designed or measured.
            type: float
            required: true
          weight:
            description: Share of the load where several ways carry it.
            type: int
            default: 1
      backup:
        description: Ways that take over.
        type: list
        elements: dict
        default: []
        suboptions: *way
      strict:
        description: Drop when all ways are down, rather than take the one that routing knows.
        type: bool
        default: false
      probe_interval_ms:
        description: Milliseconds between two probes of a way.
        type: int
        default: 20
      probe_missed:
        description: Probes missed in a row after which a way is left.
        type: int
        default: 4
      probe_hold_s:
        description: Seconds that a way must be good before it is taken again.
        type: int
        default: 3
  steering:
    description: What takes the paths. Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the entry, usually that of the service.
        type: str
        required: true
      vrf:
        description:
          - VRF whose packets it is about. Without one it is about all packets to the prefixes, as those are that carry
            frames to the SIDs of M(citynet.twodomain.vpws_service).
        type: str
      table:
        description: Routing table of the entry in the kernel, V(300001) or more; the agent takes all above for its own.
        type: int
        required: true
      priority:
        description: Priority of the rule that leads there.
        type: int
        required: true
      identifier:
        description:
          - Only packets of the VRF with this data identifier, which stands in an option of an IPv6 extension header.
          - V(0) for all packets. Nothing else of a packet is matched, neither addresses of senders nor ports.
        type: int
        default: 0
      number:
        description:
          - What the mark of such packets says on the router, V(1) to V(4095), another one for each entry.
          - Required with an O(steering[].identifier).
        type: int
        default: 0
      interfaces:
        description:
          - Interfaces of the VRF at which the identifier is looked for, the same for all identifiers of a VRF.
          - Required with an O(steering[].identifier).
        type: list
        elements: str
        default: []
      to:
        description: Destinations.
        type: list
        elements: dict
        required: true
        suboptions:
          path:
            description: Name of a path in O(paths).
            type: str
            required: true
          sid:
            description: SID of the far router that hands packets on, as M(citynet.twodomain.srv6_locator) makes it.
            type: str
            required: true
          prefixes:
            description: Prefixes behind the far router.
            type: list
            elements: str
            required: true
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
        choices: [destination, hop-by-hop, any]
        default: any
      bits:
        description: Length of an identifier in bits.
        type: int
        choices: [32, 64, 128]
        default: 32
extends_documentation_fragment:
  - citynet.twodomain.scope
seealso:
  - module: citynet.twodomain.srv6_locator
  - module: citynet.twodomain.l3vpn_service
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Lead a service around a core router, with the other way as backup
  citynet.twodomain.srv6_path:
    prefix: fd01:1:1::/48
    source_address: fd01:1:1::1
    paths:
      - name: to-east
        primary:
          - {name: by-b, waypoints: ["fd01:1:3::", "fd01:1:4::"], hops: ["fd01:1:3::", "fd01:1:4::"], delay_us: 120}
        backup:
          - {name: by-a, waypoints: ["fd01:1:2::", "fd01:1:4::"], hops: ["fd01:1:2::", "fd01:1:4::"], delay_us: 90}
    steering:
      - name: share
        vrf: share
        table: 300001
        priority: 910
        to:
          - {path: to-east, sid: "fd01:1:4:fe00::", prefixes: [10.11.0.16/28]}

- name: Lead only the packets with one data identifier
  citynet.twodomain.srv6_path:
    prefix: fd01:1:1::/48
    source_address: fd01:1:1::1
    paths:
      - name: to-east
        primary:
          - {name: by-b, waypoints: ["fd01:1:3::", "fd01:1:4::"], hops: ["fd01:1:3::", "fd01:1:4::"], delay_us: 120}
    steering:
      - name: share/1003
        vrf: share
        table: 400001
        priority: 900
        identifier: 1003
        number: 1
        interfaces: [eth3]
        to:
          - {path: to-east, sid: "fd01:1:4:fe00::", prefixes: ["fd11:0:0:1::/64"]}
"""

RETURN = r"""
parts:
  description: Parts of the configuration that were brought into force, or would be.
  returned: when the router was reached
  type: list
  elements: str
  sample: [paths]
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
