"""Tunnels with SM4 under keys from QKD: real agents, key servers and channel, and a kernel for each end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from test_key_source import Town, servers, wait
from test_sm4 import EAST, WEST, FakeKernel, entry

from citynet.platforms.whitebox.device.keys import agent as program
from citynet.platforms.whitebox.device.keys import changes as timing
from citynet.platforms.whitebox.device.keys import follower, leader, sm4

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import keyservers
    from citynet.platforms.whitebox.device.keys.base import User

__all__ = ["servers"]


class SealedTown(Town):
    """The two agents with a tunnel of SM4 between them."""

    def __init__(self, room: keyservers.Room, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.kernels = {"west": FakeKernel(), "east": FakeKernel()}
        super().__init__(room, folder, monkeypatch)

    def users(self, settings: dict[str, Any]) -> list[User]:
        device = settings["device"]
        local, remote = (WEST, EAST) if device == "west" else (EAST, WEST)
        made = []
        for one in settings["tunnels"]:
            told = entry(local, remote, name=one["name"], peer=one["peer"], master=one["master"])
            made.append(sm4.Tunnel(told, settings, self.kernels[device]))
        return list(made)

    def carries(self) -> bool:
        """Whether what either end encrypts is decrypted by the other."""
        for near, far, to in (("west", "east", EAST), ("east", "west", WEST)):
            sent = self.kernels[near].towards(to)
            there = self.kernels[far].there
            if len(sent) != 1 or sent[0].name not in there or there[sent[0].name].cipher_key != sent[0].cipher_key:
                return False
        return True

    def ids(self) -> set[str]:
        """Of the keys that the ends encrypt under."""
        return {user.status()["key_id"] for agent in self.agents.values() for user in agent.users.values()}


@pytest.fixture
def town(
    servers: keyservers.Room,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[SealedTown]:
    monkeypatch.setattr(timing, "RETIRE_S", 0.3)
    monkeypatch.setattr(leader, "ANNOUNCE_S", (0.2, 0.5))
    monkeypatch.setattr(follower, "ASK_S", 0.3)
    monkeypatch.setattr(sm4, "STATE", str(tmp_path / "sm4"))
    assert program.MAKERS[2] == ("sm4", "tunnels", "sm4")
    found = SealedTown(servers, tmp_path, monkeypatch)
    yield found
    found.end()


def test_a_key_of_qkd_comes_into_use_and_is_replaced(town: SealedTown) -> None:
    wait(lambda: len(town.ids()) == 1 and town.ids() != {""} and town.carries())
    (first,) = town.ids()
    agent = town.agents["east"]
    agent.mailbox.post(lambda: agent.source._ordered({"verb": "rotate", "name": "tunnel web--west"}))
    wait(lambda: len(town.ids()) == 1 and first not in town.ids() and town.carries())
    wait(lambda: all(len(kernel.there) == 2 for kernel in town.kernels.values()))
