"""What Linux with FRR 10.7 can do, and what it cannot."""

from citynet.platforms.base import Capability

CAPABILITIES = (
    Capability(
        "underlay",
        supported=True,
        means="IS-IS level 2 for IPv6 with HMAC-MD5 and BFD (FRR)",
        limits="no TI-LFA with SRv6; repair comes from BFD, equal-cost paths and the second plane",
    ),
    Capability(
        "srv6", supported=True, means="uSID locators, f3216 (FRR, Linux seg6)", limits="no SRv6 policies, no flex-algo"
    ),
    Capability(
        "paths",
        supported=True,
        means="segment lists as kernel routes, watched and switched by an agent on the head end (Linux seg6)",
        limits="lines that are no shortest way of IS-IS cannot be pinned: FRR installs no static uA",
    ),
    Capability(
        "l3vpn",
        supported=True,
        means="BGP VPNv4/VPNv6 over SRv6, uDT46 per VRF; eBGP and BFD to dual-homed sites (FRR, Linux VRF); policing, "
        "exit guard and source NAT (nftables)",
        limits="no limit of all routes of a VRF: each eBGP neighbour has its own, which ends its session (FRR); a "
        "NetEngine has `routing-table limit`",
    ),
    Capability(
        "tags",
        supported=True,
        means="data identifiers for flows of hosts that give none: chosen by tc, put in and taken out by eBPF",
        limits="IPv6 only; no port is seen in fragments; no joined segments (GRO) on devices with identifiers",
    ),
    Capability(
        "drain",
        supported=True,
        means="IS-IS overload bit of the IPv6 topology, ordered metrics, BGP graceful shutdown (FRR)",
    ),
    Capability(
        "interconnect", supported=True, means="eBGP with TCP-MD5, nftables default deny, flow records by ulogd2"
    ),
    Capability(
        "refusals",
        supported=True,
        means="records of refused flows: what nftables drops, by nfnetlink_log with a limit, made flows on the device",
    ),
    Capability("protection", supported=True, means="nftables: only the ports that the device needs answer"),
    Capability(
        "layer2",
        supported=True,
        means="attachments of vpws and evpn: VLANs, broadcasts policed (tc), loops found by frames of the device's own",
    ),
    Capability(
        "vpws",
        supported=True,
        means="End.DX2 (Linux seg6local), H.Encaps.L2.Red by eBPF on the attachment",
        limits="static, no EVPN VPWS in FRR; frames of 802.2 LLC (STP) do not pass; amd64 and arm64 only",
    ),
    Capability(
        "evpn",
        supported=True,
        means="EVPN over VXLAN with IPv6 VTEPs on the SRv6 underlay (FRR, Linux bridge)",
        limits="no EVPN over SRv6 in FRR; a site hangs on one port (no multihoming)",
    ),
    Capability(
        "macsec",
        supported=True,
        means="IEEE 802.1AE on lines between sites, GCM-AES-128 and -256, keys by MKA (wpa_supplicant, macsec); a "
        "change of CAK makes before it breaks; no key, no traffic",
        limits="no SM4 in 802.1AE: lines of a `national` domain have AES; no XPN; ciphered by the processor",
    ),
    Capability(
        "encryption",
        supported=True,
        means="services and applications encrypted from end to end around SRv6, chosen by mark (nftables, Linux XFRM); "
        "unencrypted packets of theirs are dropped",
        limits="EVPN's tunnels are between two devices, not for each service; what a router itself says in an "
        "encrypted VRF is dropped; no AH: ESP authenticates what AH would",
    ),
    Capability(
        "ipsec",
        supported=True,
        means="IKEv2 with certificates, PPK (RFC 8784) and ML-KEM-768 (RFC 9370), ESP with ESN (strongSwan)",
        limits="no SM2, SM3 or SM4 in IKE: see `sm4`; no national post-quantum algorithm in kept software yet",
    ),
    Capability(
        "sm4",
        supported=True,
        means="ESP with SM4-CBC and HMAC-SM3 (GB/T 32907, 32905), placed and rolled by the key agent (XFRM)",
        limits="no IKE, as strongSwan has no SM suite: the ends' agents agree upon keys, of QKD or a secret (then "
        "without forward secrecy); no SM4-GCM for ESP in Linux, no SM4 in MACsec; ciphered by the processor",
    ),
    Capability(
        "keys",
        supported=True,
        means="one agent a device: keys from QKD (ETSI GS QKD 014, mutual TLS) and vault into MACsec, IKE and SM4",
        limits="the lab's key servers are software: what they give is random, not quantum",
    ),
    Capability(
        "fence",
        supported=True,
        means="identifiers judged by hash at every customers' and border port, one table, replaced at once (nftables)",
        limits="layer 3 only: frames of layer-2 services are not looked into; fragments that nothing joins are dropped",
    ),
    Capability(
        "sentry",
        supported=True,
        means="network intrusion detection at guards, rules made from the plan and the design's own (Suricata)",
        limits="it tells and stops nothing; what is encrypted is seen from outside only; two places of a guard, one "
        "thread each",
    ),
    Capability(
        "trace",
        supported=True,
        means="packets of each data identifier counted at every hop by eBPF, in blocks of a colour (RFC 9341) in the "
        "outer traffic class; an alarm for one that does not belong there",
        limits="IPv6 only; encrypted services hide the identifier in transit and are counted at their ends; loss on "
        "the line between two domains is not told",
    ),
    Capability(
        "access",
        supported=True,
        means="802.1X with EAP-TLS (hostapd) or IKEv2 with certificates (strongSwan), an agent that opens the port for "
        "who a RADIUS server lets on, bounds the identifiers and closes when the server says so (RFC 5176)",
        limits="layer 3 only; by 802.1X no MACsec towards participants' devices, so who takes over a port and a MAC "
        "address in one moment is not told apart, and ARP is answered on a closed port",
    ),
    Capability(
        "slices",
        supported=True,
        means="one HTB class per FlexE client and port, rate = ceil, its own queue (tc); slice in the flow label",
        limits="no FlexE PHYs: slots and calendars are planned, rates are kept by software, to the scale of the lab",
    ),
)
