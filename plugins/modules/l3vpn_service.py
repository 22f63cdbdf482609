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
  - Any-to-any, or hub-and-spoke by O(imports); sites that hang on two routers by O(peers); one guarded exit to the
    internet by O(exit); limits of bandwidth and routes.
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
    description:
      - Route target that is exported, and imported unless O(imports) says else, in quotes.
      - Required when O(state=present).
    type: str
  imports:
    description:
      - Route targets that are imported, in quotes, when it is not O(rt) alone.
      - A hub of a hub-and-spoke service imports its own and the spokes', a spoke the hubs' only. Each spoke on a
        router needs a VRF of its own.
    type: list
    elements: str
    default: []
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
      police_kbps:
        description: What may pass in each direction, in kbit/s; more is dropped. V(0) for no limit.
        type: int
        default: 0
  peers:
    description:
      - Routers of dual-homed sites at interfaces of the VRF, with which routes are exchanged by eBGP, watched by BFD.
      - One IPv6 session carries IPv4 routes too (RFC 8950).
      - BFD has the timers of M(citynet.twodomain.underlay), or FRR's own where that is not.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the site, unique on the router; names its prefix lists and describes the session.
        type: str
        required: true
      port:
        description: The interface to the site, one of O(interfaces).
        type: str
        required: true
      asn:
        description: Autonomous system of the site.
        type: int
        required: true
      address:
        description: IPv6 address of the site's router on the line.
        type: str
        required: true
      password:
        description: Key of the session (TCP-MD5, RFC 2385).
        type: str
        required: true
      prefixes:
        description: The only prefixes that the site may bring.
        type: list
        elements: str
        required: true
      backup:
        description: Whether another router is preferred for the site. Its routes get local preference 50 here.
        type: bool
        default: false
      max_routes:
        description:
          - Routes of each IP version that the site may bring; FRR ends the session beyond it, until it is cleared.
          - V(0) for any number.
        type: int
        default: 0
  exit:
    description:
      - The guarded exit of the service to the internet at this router. Default routes to it are told to the others.
      - Only the flows of O(exit.allow) go out, and their replies come back in. IPv4 goes out under the address of the
        interface, IPv6 too when one of O(exit.sources) is unique local (RFC 4193).
      - Flows are not recorded, as they are where a router is managed whole.
    type: dict
    suboptions:
      port:
        description: The interface to the provider, one of O(interfaces).
        type: str
        required: true
      gateways:
        description: Addresses of the provider's router, next hops of the default routes.
        type: list
        elements: str
        required: true
      sources:
        description: Prefixes of the service, from which flows may go out.
        type: list
        elements: str
        required: true
      allow:
        description: Flows that may go out; whatever is not listed is dropped.
        type: list
        elements: dict
        default: []
        suboptions:
          protocol:
            description: V(icmp) has no ports, the others need them.
            type: str
            choices: [tcp, udp, icmp]
            required: true
          ports:
            description: Destination ports.
            type: list
            elements: int
            default: []
  leaks:
    description:
      - Routes into other VRFs of the router, to join hubs and spokes that share it; by route targets FRR would give
        them the SID of a far router.
      - A hub's VRF leads to the prefixes of each spoke, a spoke's to those of the hubs, and to the internet by the
        gateway of the hub's exit.
    type: list
    elements: dict
    default: []
    suboptions:
      prefix:
        description: Where the route leads.
        type: str
        required: true
      vrf:
        description: The other VRF.
        type: str
        required: true
      gateway:
        description: Next hop in that VRF. Without one, packets are looked up there.
        type: str
  rejects:
    description:
      - Prefixes that are refused where no better route is known.
      - In a spoke's VRF those of the service, so that a default route is no way round to other spokes.
    type: list
    elements: str
    default: []
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
      client:
        description: Whether routes of others are reflected to it (RFC 4456).
        type: bool
        default: false
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
      - Required when there is an O(exit) or a default route in O(leaks).
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

- name: A spoke, whose site hangs on another router first
  citynet.twodomain.l3vpn_service:
    vrf: branch
    table: 100001
    rd: "10.1.0.1:65001"
    rt: "65001:12"
    imports: ["65001:11"]
    rejects: [10.13.0.0/20, "fd13::/48"]
    asn: 65001
    router_id: 10.1.0.1
    interfaces:
      - {name: eth4, addresses: ["fd13:0:0:1::2:0/127"], neighbor: branch-1, police_kbps: 10000}
    peers:
      - name: branch-1
        port: eth4
        asn: 4200000000
        address: "fd13:0:0:1::2:1"
        password: "{{ branch_password }}"
        prefixes: [10.13.0.16/28, "fd13:0:0:1::/64"]
        backup: true
        max_routes: 100

- name: Take it away again
  citynet.twodomain.l3vpn_service:
    vrf: branch
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
