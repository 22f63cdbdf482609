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
        "drain",
        supported=True,
        means="IS-IS overload bit of the IPv6 topology, ordered metrics, BGP graceful shutdown (FRR)",
    ),
    Capability(
        "interconnect", supported=True, means="eBGP with TCP-MD5, nftables default deny, flow records by ulogd2"
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
    Capability("macsec", supported=False, means="", limits="not built yet"),
    Capability("ipsec", supported=False, means="", limits="not built yet"),
    Capability(
        "slices",
        supported=True,
        means="one HTB class per FlexE client and port, rate = ceil, its own queue (tc); slice in the flow label",
        limits="no FlexE PHYs: slots and calendars are planned, rates are kept by software, to the scale of the lab",
    ),
)
