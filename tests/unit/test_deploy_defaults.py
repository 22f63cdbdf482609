"""FRR does not show its defaults, and a device is held to what its file says: so the file must not say them either."""

from __future__ import annotations

import pytest

from citynet.plan.model import Bgp, Device, Port, PortKind, Srv6, Underlay, UnderlayInterface
from citynet.platforms import platform


def _text(**underlay: int) -> str:
    metric = underlay.pop("metric", 20)
    device = Device(
        "core",
        "government",
        "hub",
        "core",
        "A",
        "whitebox",
        "172.20.0.11",
        [Port("eth1", PortKind.LINK, "core--edge", "edge", "eth1")],
        Underlay(
            "49.0001.0100.0100.0001.00",
            "fd01:1:1::1",
            "10.1.0.1",
            "isis/government",
            [UnderlayInterface("eth1", metric)],
            **underlay,
        ),
        Srv6("MAIN", "fd01:1:1::/48", "fd01:1:1::1"),
        Bgp(65001, "10.1.0.1", "bgp/government"),
    )
    return platform("whitebox").render(device).files["/etc/frr/frr.conf"]


@pytest.mark.parametrize(
    ("setting", "default", "other", "word"),
    [
        ("bfd_interval_ms", 300, 100, "transmit-interval"),
        ("bfd_interval_ms", 300, 100, "receive-interval"),
        ("bfd_multiplier", 3, 5, "detect-multiplier"),
        ("metric", 10, 20, "isis metric"),
        ("hello_interval_s", 3, 1, "hello-interval"),
    ],
)
def test_a_default_is_left_out(setting: str, default: int, other: int, word: str) -> None:
    assert word not in _text(**{setting: default})
    assert word in _text(**{setting: other})
