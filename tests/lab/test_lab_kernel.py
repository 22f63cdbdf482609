"""The lab's kernel has what a city needs, and loses nothing under load."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest
from lab_room import Room

FEATURES = {
    "vrf": "ip link add v type vrf table 9 && sysctl -q -w net.vrf.strict_mode=1",
    "seg6-behaviours": "ip link add v type vrf table 9 && ip link set v up && sysctl -q -w net.vrf.strict_mode=1 && "
    "ip -6 route add fd01::/64 encap seg6local action End.DT46 vrftable 9 dev v",
    "seg6-encapsulation": "ip -6 route add fd09::/64 encap seg6 mode encap.red segs fd01::1 dev lo",
    "seg6-l2": "ip link add dum type dummy && ip link set dum up && "
    "ip -6 route add fd02::/64 encap seg6local action End.DX2 oif dum dev dum",
    "md5-authentication": "python3 -c 'import socket,struct; s=socket.socket(); s.setsockopt(6, 14, "
    'struct.pack("=HH4s120xHHi80s", 2, 0, bytes([192,0,2,1]), 0, 3, 0, b"key")[:216])\'',
    "nftables": "nft 'table inet t { chain c { type filter hook forward priority 0; ct state established accept; }; }'",
    "flow-records": "conntrack -L",
    "netem": "ip link add dum type dummy && tc qdisc add dev dum root netem delay 5ms",
    "htb": "ip link add dum type dummy && tc qdisc add dev dum root handle 1: htb && "
    "tc class add dev dum parent 1: classid 1:1 htb rate 5mbit ceil 5mbit",
    "macsec-256": "ip link add dum type dummy && ip link add link dum name m type macsec cipher gcm-aes-256",
    "vxlan": "ip link add x type vxlan id 5 local fd00::1 dstport 4789",
    "sm4": "ip xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 1 mode tunnel "
    "enc 'cbc(sm4)' 0x000102030405060708090a0b0c0d0e0f auth-trunc 'hmac(sm3)' "
    "0x000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f 128",
    "wireless-stack-for-wpa": "ls /sys/class/ieee80211",
}


@pytest.mark.parametrize("feature", FEATURES)
def test_feature(room: Room, feature: str) -> None:
    room.lab.machine("unshare --net sh -c " + shlex.quote("ip link set lo up; " + FEATURES[feature]))


def test_no_disk_read_is_lost_while_packets_come_in(room: Room) -> None:
    """Without the patch of `lab.kernel`, one of these reads never ends; a dozen of them, to be nearly sure."""
    address = room.lab.address("left")
    machine = address.rsplit(".", 1)[0] + ".2"
    flood = (
        "import socket,time\ns=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
        f"while True: s.sendto(b'x',('{machine}',9)); time.sleep(0.001)"
    )
    sender = subprocess.Popen(room.lab.enter([sys.executable, "-c", flood]))
    try:
        for _ in range(12):
            room.lab.machine("dd if=/dev/ubda of=/dev/null bs=4k count=8000 iflag=direct 2>/dev/null", timeout_s=30)
    finally:
        sender.kill()
        sender.wait()


def test_management_network_carries_bulk_both_ways(room: Room) -> None:
    """Large frames would be dropped by the kernel's interface if the outside end sent them."""
    size = 20_000_000
    up = subprocess.run(
        room.lab.ssh(room.lab.address("left"), "wc -c"), input=bytes(size), capture_output=True, timeout=60, check=True
    )
    assert int(up.stdout) == size
    down = subprocess.run(
        room.lab.ssh(room.lab.address("left"), f"head -c {size} /dev/zero"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert len(down.stdout) == size
    assert "GRO disabled" not in (room.lab.state_dir / "console.log").read_text(errors="replace")
