# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: ipsec_tunnel
short_description: Encrypt what a router sends to others (IKEv2, ESP)
version_added: 0.2.0
description:
  - Brings all IPsec tunnels of one router to it, and touches nothing else on it. strongSwan keys them.
  - Both ends have certificates of one authority, and each takes its peer by name only. A connection has one proposal,
    so nothing weaker is offered or accepted.
  - The proposals have ML-KEM-768 as an additional key exchange (RFC 9370) with O(tunnels[].grade=full); with
    O(tunnels[].ppk) a post-quantum pre-shared key (RFC 8784) is required, and without it nothing comes up.
  - With O(tunnels[].key_source=qkd) those pre-shared keys come from the key servers that M(citynet.twodomain.qkd_key)
    names to the two routers, and are replaced without a gap.
  - UDP port 500 and ESP must reach the router. What a tunnel is for is held back while it is down; what none is for
    goes as before.
options:
  identity:
    description:
      - The router's name in IKE, a DNS name in its certificate.
      - Required when O(state=present).
    type: str
  ca:
    description: Certificate of the authority, PEM. Required when O(state=present).
    type: str
  certificate:
    description: Certificate of the router, PEM. Required when O(state=present).
    type: str
  private_key:
    description: Its key, PEM of PKCS 8, not encrypted. Required when O(state=present).
    type: str
  tunnels:
    description: The tunnels. Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: Its name on this router; with O(tunnels[].key_source=qkd) the same on the other one.
        type: str
        required: true
      peer:
        description: The other router's name in IKE, a DNS name in its certificate.
        type: str
        required: true
      local:
        description: IPv6 address of this router at which the tunnel ends.
        type: str
        required: true
      remote:
        description: IPv6 address of the other router at which it ends.
        type: str
        required: true
      local_prefix:
        description: Sources of what this router sends through it.
        type: str
        required: true
      remote_prefix:
        description: Destinations of what this router sends through it.
        type: str
        required: true
      initiate:
        description: Whether this end brings it up without waiting for a packet. Exactly one end should.
        type: bool
        default: false
      grade:
        description: Its proposals, where O(tunnels[].ike) and O(tunnels[].esp) do not say otherwise.
        type: str
        choices: [light, strong, full]
        default: full
      ike:
        description: Proposal of the IKE SA, as strongSwan takes it.
        type: str
      esp:
        description: Proposal of its child SA, as strongSwan takes it.
        type: str
      mark:
        description:
          - Only packets with this number in bits 21 to 31 of their mark (fwmark) go through it, and what comes out of
            it gets it. V(0) for all packets between the prefixes.
        type: int
        default: 0
      replay_window:
        description: Packets by which one may come late before it counts as replayed.
        type: int
        default: 64
      key_source:
        description:
          - Where its pre-shared key is from. V(vault) is O(tunnels[].ppk), or none.
          - V(qkd) is the key server that M(citynet.twodomain.qkd_key) names to the router, before or afterwards, with
            the same identity, authority and certificate, and with the other router among its peers. Nothing comes up
            without such a key, and O(tunnels[].initiate) says which end takes new ones.
        type: str
        choices: [vault, qkd]
        default: vault
      ppk_id:
        description: What both ends call the pre-shared key. Required with O(tunnels[].ppk).
        type: str
      ppk:
        description: The post-quantum pre-shared key, 64 hexadecimal digits or more.
        type: str
extends_documentation_fragment:
  - citynet.twodomain.scope
seealso:
  - module: citynet.twodomain.qkd_key
  - module: citynet.twodomain.srv6_locator
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Encrypt all SRv6 packets to another router
  citynet.twodomain.ipsec_tunnel:
    identity: west
    ca: "{{ lookup('ansible.builtin.file', 'pki/ca.pem') }}"
    certificate: "{{ lookup('ansible.builtin.file', 'pki/west.pem') }}"
    private_key: "{{ vault_west_key }}"
    tunnels:
      - name: east
        peer: east
        local: fd01:1:1::1:1
        remote: fd01:1:2::1:1
        local_prefix: fd01:1:1::/48
        remote_prefix: fd01:1:2::/48
        initiate: true
        ppk_id: west-east-2026
        ppk: "{{ vault_west_east_ppk }}"
"""

RETURN = r"""
parts:
  description: Parts of the configuration that were brought into force, or would be.
  returned: when the router was reached
  type: list
  elements: str
  sample: [ipsec]
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
