"""IPv4 inside of tagged IPv6: the kernel's programs on packets, by BPF_PROG_TEST_RUN (linux/bpf.h)."""

from __future__ import annotations

import ctypes
import ipaddress
import os
import platform
import struct

import pytest

from citynet.plan.tags import of_ipv4
from citynet.platforms.whitebox.device import bpf, tag_programs

DATA = {
    8: bytes.fromhex("00000304000003e9"),
    16: bytes.fromhex("0001030800000000000003e901020000"),
    24: bytes.fromhex("00020310") + bytes(14) + bytes.fromhex("03e9") + bytes.fromhex("01020000"),
}
BLOCKS = ["10.11.0.0/20", "fd11:0:0:8000::/49"]
NEXT, DROP = -1, 2
MAC = bytes.fromhex("020000000001020000000002")


def run(program: bytes, kind: int, packet: bytes) -> tuple[int, bytes]:
    """What a program says of a frame, and the frame afterwards."""
    try:
        descriptor = bpf.load(program, "test", kind)
    except OSError as error:
        if error.errno == 1:
            pytest.skip("no right to load programs for the kernel")
        raise
    there = ctypes.create_string_buffer(packet, len(packet))
    back = ctypes.create_string_buffer(4096)
    request = struct.pack(
        "<IIIIQQ32x", descriptor, 0, len(packet), len(back), ctypes.addressof(there), ctypes.addressof(back)
    )
    attributes = ctypes.create_string_buffer(request, len(request))
    number = {"x86_64": 321, "aarch64": 280}[platform.machine()]
    done = ctypes.CDLL(None, use_errno=True).syscall(number, 10, attributes, len(request))
    assert done == 0, os.strerror(ctypes.get_errno())
    os.close(descriptor)
    _, said, _, length = struct.unpack_from("<IiII", attributes.raw)
    return said, back.raw[:length]


def ipv4(source: str, target: str, payload: bytes = b"x" * 30) -> bytes:
    ends = b"".join(ipaddress.IPv4Address(one).packed for one in (source, target))
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 7, 0, 64, 17, 0)
    return MAC + b"\x08\x00" + head + ends + payload


def wrapped(packet: bytes, data: bytes, source: str, target: str, header: int = 60) -> bytes:
    ends = b"".join(ipaddress.IPv6Address(one).packed for one in (source, target))
    inner = packet[14:]
    head = struct.pack("!IHBB", 0x6000_0000, len(inner) + len(data), header, 64)
    return MAC + b"\x86\xdd" + head + ends + b"\x04" + data[1:] + inner


@pytest.mark.parametrize("size", DATA)
@pytest.mark.parametrize("header", [60, 0])
def test_there_and_back(size: int, header: int) -> None:
    data, packet = DATA[size], ipv4("10.11.0.2", "10.11.1.37")
    said, found = run(tag_programs.wrapping(header, data, BLOCKS), bpf.ACTION, packet)
    assert said == NEXT
    assert found == wrapped(packet, data, "fd11:0:0:8000::2", "fd11:0:0:8012::5", header)
    said, back = run(tag_programs.untagging(header, [data], BLOCKS), bpf.CLASSIFIER, found)
    assert (said, back) == (NEXT, packet)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("10.11.0.2", "10.11.0.1"),  # its router
        ("10.11.0.2", "10.11.0.3"),  # its own end
        ("10.11.0.2", "10.11.0.17"),  # another router
        ("10.11.0.2", "10.11.0.31"),  # a broadcast
        ("10.11.0.2", "10.11.0.16"),  # a network
        ("10.11.0.2", "10.12.0.18"),  # another service
        ("192.0.2.1", "10.11.0.18"),
        ("10.11.0.2", "224.0.0.1"),
    ],
)
def test_what_does_not_go_from_end_to_end_stays_as_it_is(source: str, target: str) -> None:
    packet = ipv4(source, target)
    assert run(tag_programs.wrapping(60, DATA[8], BLOCKS), bpf.ACTION, packet) == (NEXT, packet)


@pytest.mark.parametrize(
    ("source", "target"),
    [("10.11.0.34", "10.11.0.18"), ("10.11.0.2", "10.11.0.19"), ("192.0.2.1", "10.11.0.18")],
)
def test_others_are_not_hidden_inside(source: str, target: str) -> None:
    outside = wrapped(ipv4(source, target), DATA[8], "fd11:0:0:8000::2", "fd11:0:0:8001::2")
    assert run(tag_programs.untagging(60, [DATA[8]], BLOCKS), bpf.CLASSIFIER, outside)[0] == DROP


def test_other_identifiers_and_services_without_ipv4_stay() -> None:
    whole = wrapped(ipv4("10.11.0.2", "10.11.0.18"), DATA[8], "fd11:0:0:8000::2", "fd11:0:0:8001::2")
    other = DATA[8][:-1] + b"\x07"
    assert run(tag_programs.untagging(60, [other], BLOCKS), bpf.CLASSIFIER, whole) == (NEXT, whole)
    _, found = run(tag_programs.untagging(60, [DATA[8]]), bpf.CLASSIFIER, whole)
    assert found[20] == 4  # the header is gone, what it held is the hosts' own


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        ("fd11::/48", "10.11.0.0/20"),
        ("::/0", "10.11.0.0/20"),
        ("fd11:0:0:1::/64", "10.11.0.16/28"),
        ("fd11:0:0:2::/63", "10.11.0.32/27"),
        ("fd11:0:0:1::2/128", "10.11.0.18/32"),
        ("fd11:0:0:1::10/128", None),
        ("fd11:0:0:1::/96", None),
        ("fd11:0:0:ffff::/64", None),
        ("fd12::/48", None),
    ],
)
def test_prefixes_name_the_same_ends(prefix: str, found: str | None) -> None:
    blocks = ipaddress.IPv4Network("10.11.0.0/20"), ipaddress.IPv6Network("fd11::/48")
    assert of_ipv4(ipaddress.IPv6Network(prefix), *blocks) == (found and ipaddress.IPv4Network(found))
