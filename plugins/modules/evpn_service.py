# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: evpn_service
short_description: Join ports of several routers as with one switch
version_added: 0.2.0
description:
  - Brings all multipoint layer-2 services (EVPN over VXLAN between IPv6 addresses, RFC 7432 and RFC 8365) of one
    router to it, as a plan would, and touches nothing else on it.
  - Each service is a bridge on every router that has ports of it. MAC addresses are learnt on the ports and told by
    BGP; broadcasts go to every router of the service. A host that moves is followed at its first frame.
  - A port that gets its own frames back is shut by the router until the loop is gone; broadcasts and multicasts are
    bounded.
  - No packet filter is brought. UDP port 4789 must reach O(vtep) from the other routers, and should from nobody else.
options:
  asn:
    description:
      - Autonomous system of the router and of its neighbours.
      - Required when O(state=present).
    type: int
  router_id:
    description:
      - The router's BGP identifier.
      - Required when O(state=present).
    type: str
  neighbors:
    description:
      - IBGP neighbours that EVPN routes are exchanged with, from the router's loopback.
      - Sessions are the same as those of M(citynet.twodomain.l3vpn_service) when that names the same neighbours.
      - Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the neighbour.
        type: str
        required: true
      address:
        description: Its loopback.
        type: str
        required: true
      client:
        description: Reflect routes to it.
        type: bool
        default: false
  password:
    description:
      - Key of the BGP sessions (TCP-MD5); the same as in M(citynet.twodomain.l3vpn_service).
      - Required when O(state=present).
    type: str
  prefix:
    description:
      - The router's SRv6 locator, in which O(vtep) lies, so that the others have a way to it.
      - Required when there are O(services).
    type: str
  vtep:
    description:
      - Address that VXLAN starts and ends at, inside O(prefix) and not that of the loopback.
      - It is put on an interface of its own, C(vtep0).
      - Required when there are O(services).
    type: str
  services:
    description: The services. A router that only reflects routes has none.
    type: list
    elements: dict
    default: []
    suboptions:
      service:
        description: Name of the service.
        type: str
        required: true
      vni:
        description: VXLAN network identifier of the service, the same on every router of it.
        type: int
        required: true
      rd:
        description:
          - Route distinguisher, another one on each router.
          - FRR gives numbers of its own that count upwards from one; count downwards from 65535.
        type: str
        required: true
      rt:
        description: Route target of the service, the same on every router of it.
        type: str
        required: true
      interfaces:
        description: The ports of the service on this router.
        type: list
        elements: dict
        required: true
        suboptions:
          name:
            description: The interface that frames enter and leave by.
            type: str
            required: true
          vlan:
            description: Only frames with this tag, which is taken off. V(0) for all frames, as they are.
            type: int
            default: 0
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
  - module: citynet.twodomain.l3vpn_service
  - module: citynet.twodomain.underlay
  - module: citynet.twodomain.vpws_service
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Join ports as with one switch
  citynet.twodomain.evpn_service:
    asn: 65001
    router_id: 10.1.0.1
    neighbors: [{name: core, address: "fd01:1:9::1"}]
    password: "{{ bgp_key }}"
    prefix: "fd01:1:1::/48"
    vtep: "fd01:1:1::2"
    services:
      - {service: lan, vni: 2, rd: "10.1.0.1:65533", rt: "65001:2", interfaces: [{name: eth3}]}

- name: Reflect the routes of such services
  citynet.twodomain.evpn_service:
    asn: 65001
    router_id: 10.1.0.9
    neighbors:
      - {name: west, address: "fd01:1:1::1", client: true}
      - {name: east, address: "fd01:1:2::1", client: true}
    password: "{{ bgp_key }}"
"""

RETURN = r"""
parts:
  description: Parts of the configuration that were brought into force, or would be.
  returned: when the router was reached
  type: list
  elements: str
  sample: [frr, interfaces, layer2]
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
