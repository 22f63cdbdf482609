# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: sentry
short_description: Look for intrusions at the guards of a router, and tell of them
version_added: 0.2.0
description:
  - Brings a network intrusion detection (Suricata) to one router, as a plan would, and touches nothing else on it.
  - Rules are made from what each guard lets pass. Scans, other protocols than expected, large flows, blocked names
    and addresses, unknown data identifiers and tricks with fragments and streams are told as events in
    C(/var/log/citynet/events.jsonl).
  - It tells and stops nothing. Other rules come into force while it goes on looking.
options:
  watches:
    description: The guards to look at. Required when O(state=present).
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the guard, for people.
        type: str
        required: true
      kind:
        description:
          - What it leads to. At an V(exit) nothing may be opened inward.
        type: str
        choices:
          - interconnect
          - exit
        default: interconnect
      inside:
        description: The interface of its VRF, where everything that enters the VRF is looked at.
        type: str
        required: true
      outside:
        description: The port's interface, where what opens connections is looked at before the guard drops it.
        type: str
        required: true
      near:
        description: Prefixes of this side.
        type: list
        elements: str
        required: true
      far:
        description: Prefixes of the other side. None at an exit.
        type: list
        elements: str
        default: []
      own:
        description: The router's own addresses on the port.
        type: list
        elements: str
        default: []
      flows:
        description: What the guard lets pass. Tries at anything else are a scan.
        type: list
        elements: dict
        default: []
        suboptions:
          inward:
            description: Whether it comes from the other side.
            type: bool
            default: false
          protocol:
            description: Its protocol.
            type: str
            required: true
            choices:
              - tcp
              - udp
              - icmp
          ports:
            description: Destination ports.
            type: list
            elements: int
            default: []
          sources:
            description: Who may open it.
            type: list
            elements: str
            default: []
          destinations:
            description: Who answers.
            type: list
            elements: str
            default: []
      attempts:
        description: Tries of one source in a minute that make a scan.
        type: int
        default: 5
      expected:
        description: What is spoken on ports.
        type: list
        elements: dict
        default: []
        suboptions:
          port:
            description: The port.
            type: int
            required: true
          protocol:
            description: What must be spoken there.
            type: str
            required: true
            choices:
              - tls
              - ssh
              - http
              - dns
      largest_mb:
        description: More MB than this in one direction of a flow are told. No limit when 0.
        type: int
        default: 0
      blocked_addresses:
        description: Addresses and prefixes with which any contact is told.
        type: list
        elements: str
        default: []
      blocked_names:
        description: Domains whose names, and those below them, are told.
        type: list
        elements: str
        default: []
  rules:
    description: More rules of Suricata, one a line. They only alarm, and have numbers below 1900000 or above 1999999.
    type: str
    default: ""
  names:
    description: Names of hosts by address, for people.
    type: dict
    default: {}
  identifiers:
    description: Numbers of all data identifiers. Others are told. None are looked at when empty.
    type: list
    elements: int
    default: []
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
  buffer_mb:
    description: MB of memory for packets that wait to be looked at.
    type: int
    default: 8
extends_documentation_fragment:
  - citynet.twodomain.scope
seealso:
  - module: citynet.twodomain.fence_acl
author:
  - The citynet authors (@citynet)
"""

EXAMPLES = r"""
- name: Look into what crosses to the other network
  citynet.twodomain.sentry:
    watches:
      - name: guard
        inside: sharing
        outside: eth2
        near: [10.11.0.0/20]
        far: [10.12.0.0/20]
        flows:
          - {protocol: tcp, ports: [8443], sources: [10.11.0.2], destinations: [10.12.0.2]}
        expected:
          - {port: 8443, protocol: tls}
    rules: |
      alert tcp $HOME_NET any -> $EXTERNAL_NET any (msg:"a marked file leaves"; content:"MARK"; sid:1000001;)
"""

RETURN = r"""
parts:
  description: Parts of the configuration that were brought into force, or would be.
  returned: when the router was reached
  type: list
  elements: str
  sample: [sentry]
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
