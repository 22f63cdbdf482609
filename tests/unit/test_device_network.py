"""What the device does where ifupdown2 and the kernel do not do as they are told at once."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from citynet.platforms.whitebox.device import network
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
