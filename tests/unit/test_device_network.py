"""What the device does where ifupdown2, the kernel or FRR do not do as they are told at once."""

from __future__ import annotations

import errno
from pathlib import Path
from types import SimpleNamespace

import pytest

from citynet.platforms.whitebox.device import frr_scope, network
from citynet.platforms.whitebox.device.system import Output, StepError


@pytest.mark.parametrize(("fails", "runs"), [(0, 1), (1, 2)])
def test_interfaces_are_reloaded_again_when_that_failed_once(
    monkeypatch: pytest.MonkeyPatch, fails: int, runs: int
) -> None:
    seen: list[list[str]] = []

    def run(argv: list[str]) -> Output:
        seen.append(argv)
        return Output(int(len(seen) <= fails), "error: br6: bridge port vni6 does not exist")

    monkeypatch.setattr(network, "prepare_tables", lambda: None)
    monkeypatch.setattr(network, "run", run)
    monkeypatch.setattr(network, "must", run)
    network.reload_all()
    assert seen == [["ifreload", "-a"]] * runs


def refusing(number: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A setting that the kernel refuses to change."""
    setting = tmp_path / "nf_hooks_lwtunnel"
    setting.write_text("1\n")

    def write(path: Path, text: str, **words: str) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(Path, "write_text", write)
    return setting


def test_a_setting_that_the_kernel_does_not_take_back_hinders_no_rollback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    setting = refusing(errno.EBUSY, monkeypatch, tmp_path)
    network.Sysctl().restore({str(setting): "0"})


def test_another_refusal_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    setting = refusing(errno.EINVAL, monkeypatch, tmp_path)
    with pytest.raises(StepError, match="= 0: no"):
        network.Sysctl().restore({str(setting): "0"})


@pytest.mark.parametrize(
    ("deaths", "notes"),
    [
        ([[]], []),
        ([["bgpd"], []], ["bgpd died while being configured and was started again"]),
        ([["bgpd"], ["bgpd"]], "not running: bgpd"),
    ],
)
def test_a_daemon_that_dies_of_its_configuration_is_started_again_once(
    monkeypatch: pytest.MonkeyPatch, deaths: list[list[str]], notes: list[str] | str
) -> None:
    part = object.__new__(frr_scope.ScopedFrr)
    part._claim = SimpleNamespace(goal=None, daemons=["bgpd"])
    seen = iter(deaths)
    last: list[str] = []

    def dead(_: object) -> list[str]:
        nonlocal last
        last = next(seen, last)
        return last

    monkeypatch.setattr(frr_scope, "dead", dead)
    monkeypatch.setattr(frr_scope, "_pick_up", lambda: None)
    monkeypatch.setattr(frr_scope, "wait_for", lambda done, _: done())
    monkeypatch.setattr(frr_scope, "settle", lambda _: True)
    monkeypatch.setattr(frr_scope, "Changes", lambda _: "")
    if isinstance(notes, str):
        with pytest.raises(StepError, match=notes):
            part.check({})
    else:
        assert part.check({}) == notes
