# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sm4_tunnel
short_description: Encrypt services of a router with SM4 and SM3 towards other routers
version_added: 0.2.0
description:
  - Brings all tunnels with national algorithms of one router to it, as a plan would, and touches nothing else on it.
  - What enters by the interfaces of a protection gets its number in the packet's mark, and leaves for the locators of
    the other routers only inside ESP with SM4-CBC and HMAC-SM3 (GB/T 32907, 32905), around SRv6. Without keys nothing
    of it leaves, and what was not decrypted does not get to those interfaces.
  - Keys are agreed upon by the two ends from the secret, and replaced without a gap. A secret reaches the router by its
    SSH connection and stands there in a file that only root may read; it appears in no log, difference or argument.
  - Both ends need the same secret and the same pair of addresses; one of them is O(protections[].tunnels[].master).
  - With O(protections[].key_source=qkd) keys are derived from those of the key servers that
    M(citynet.twodomain.qkd_key) names to the two routers, and there is no secret.
options:
  prefix:
    description:
      - The router's SRv6 locator, in which its tunnels end.
      - Required when O(state=present).
    type: str
  links:
    description:
      - Interfaces to the network, by which nothing of an encrypted service may leave in the clear.
      - Required when O(state=present).
    type: list
    elements: str
  protections:
    description: What is encrypted. Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      service:
        description: Name of the service.
        type: str
        required: true
      application:
        description: Name of an application, if only packets of O(protections[].ports) are meant, both ways.
        type: str
      protocol:
        description: Protocol of the application.
        type: str
        choices: [tcp, udp]
      ports:
        description: Ports of the side of the application that answers.
        type: list
        elements: int
        default: []
      number:
        description: Its number in the mark of packets on this router, 1 to 2047, which nobody else may use there.
        type: int
        required: true
      interfaces:
        description: Interfaces where its packets enter and leave.
        type: list
        elements: str
        required: true
      local:
        description: Address in O(prefix) where its tunnels end; the module brings it to the router.
        type: str
        required: true
      replay_window:
        description: Packets by which one may come late before it counts as replayed.
        type: int
        default: 64
      key_source:
        description:
          - What its keys are derived from. V(vault) is O(protections[].tunnels[].secret).
          - V(qkd) is keys of the server that M(citynet.twodomain.qkd_key) names to the router, before or afterwards;
            that task needs its O(citynet.twodomain.qkd_key#module:channel) and the other routers among its
            O(citynet.twodomain.qkd_key#module:peers), by the names in O(protections[].tunnels[].peer).
        type: str
        choices: [vault, qkd]
        default: vault
      tunnels:
        description: The other routers.
        type: list
        elements: dict
        required: true
        suboptions:
          peer:
            description: Name of the other router; with keys from QKD that in its certificate.
            type: str
            required: true
          remote:
            description: Its address where tunnels of this protection end.
            type: str
            required: true
          remote_prefix:
            description: Its SRv6 locator.
            type: str
            required: true
          secret:
            description:
              - What the two routers share, for this tunnel only; 32 characters or more.
              - Required unless O(protections[].key_source=qkd).
            type: str
          master:
            description: Whether this router starts changes of keys; of two ends exactly one.
            type: bool
            default: false
  rotate_s:
    description: Seconds after which a key is replaced. Where keys are from QKD, M(citynet.twodomain.qkd_key) says it.
    type: int
    default: 3600
  hold_s:
    description: Seconds that a key is held beyond that when no other can be agreed upon; then the tunnel closes.
    type: int
    default: 14400
extends_documentation_fragment:
  - citynet.twodomain.scope
seealso:
  - module: citynet.twodomain.qkd_key
  - module: citynet.twodomain.srv6_locator
  - module: citynet.twodomain.l3vpn_service
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Encrypt a service between two halls
  citynet.twodomain.sm4_tunnel:
    prefix: fd01:1:1::/48
    links: [eth1]
    protections:
      - service: sharing
        number: 1
        interfaces: [eth3]
        local: fd01:1:1::1:1
        tunnels:
          - peer: east
            remote: "fd01:1:2::1:1"
            remote_prefix: "fd01:1:2::/48"
            secret: "{{ vault_east }}"
            master: true
"""

RETURN = r"""
parts:
  description: Parts of the configuration that were brought into force, or would be.
  returned: when the router was reached
  type: list
  elements: str
  sample: [interfaces, xfrm, nftables, keys]
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
