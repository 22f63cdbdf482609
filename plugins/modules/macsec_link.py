# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: macsec_link
short_description: Encrypt lines of a router by MACsec
version_added: 0.2.0
description:
  - Encrypts lines between routers (IEEE 802.1AE) with keys that both ends agree on by MKA (IEEE 802.1X) from a key they
    share, as a plan would, and touches nothing else on the router.
  - What goes over the line C(eth1) uses the interface C(eth1s) from then on, in O(lines[].name) of other modules, too.
  - A new key is changed to without losing a packet, whichever of both ends gets it first. Without a key a line carries
    nothing, unless O(lines[].fail=open).
options:
  lines:
    description: The lines. Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: The interface that the line hangs on.
        type: str
        required: true
      neighbor:
        description:
          - Who is at the other end, for the interface's description and for messages.
          - With O(lines[].key_source=qkd) its name in its certificate, which is its SAE ID; required then.
        type: str
        default: neighbor
      neighbor_port:
        description: The neighbour's port, for the interface's description.
        type: str
        default: port
      key_source:
        description:
          - Where its keys are from. V(vault) is O(lines[].cak).
          - V(qkd) is the key server that M(citynet.twodomain.qkd_key) names to the router, before or afterwards. A
            key's name (CKN) is its ID then, so the line needs no other way to the neighbour.
        type: str
        choices: [vault, qkd]
        default: vault
      cak:
        description:
          - The key that both ends share (CAK), in hexadecimal digits. 32 or 64 of them, 64 for V(gcm-aes-256).
          - Each line needs one of its own. Required unless O(lines[].key_source=qkd).
        type: str
      ckn:
        description: The key's name (CKN), in 2 to 64 hexadecimal digits. One that follows from the key when not given.
        type: str
      master:
        description: With O(lines[].key_source=qkd), whether this end takes new keys; of two ends exactly one.
        type: bool
        default: false
      cipher:
        description: The cipher suite, the same at both ends.
        type: str
        choices: [gcm-aes-128, gcm-aes-256]
        default: gcm-aes-256
      priority:
        description: Of this end as key server of MKA. The lower one makes the traffic keys.
        type: int
        default: 128
      replay_window:
        description: By how many packets one may come late before it counts as replayed.
        type: int
        default: 64
      fail:
        description:
          - What a line without a key does. V(closed) carries nothing.
          - V(open) carries traffic in the clear after 10 seconds, and raises an alarm that says so.
        type: str
        choices: [closed, open]
        default: closed
  mtu:
    description: Bytes that an IP packet may have on the lines. The ports themselves get 32 more.
    type: int
    default: 9000
extends_documentation_fragment:
  - citynet.twodomain.scope
seealso:
  - module: citynet.twodomain.qkd_key
  - module: citynet.twodomain.underlay
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Encrypt the line to core-a, then let IS-IS run over it
  citynet.twodomain.macsec_link:
    lines:
      - {name: eth1, neighbor: core-a, cak: "{{ macsec_cak }}", priority: 16}

- name: Encrypt a line with keys of the key server that qkd_key names
  citynet.twodomain.macsec_link:
    lines:
      - {name: eth2, neighbor: core-b, key_source: qkd, master: true}

- name: The other interface is the one to use from now on
  citynet.twodomain.underlay:
    net: 49.0001.0100.0100.0001.00
    loopback: fd01:1:1::1
    password: "{{ isis_password }}"
    interfaces:
      - {name: eth1s, neighbor: core-a}
"""

RETURN = r"""
parts:
  description: Parts of the configuration that were brought into force, or would be.
  returned: when the router was reached
  type: list
  elements: str
  sample: [interfaces, nftables, keys]
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
