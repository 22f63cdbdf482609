"""One run of a playbook of the collection, `citynet.twodomain.deploy` mostly: prepared, watched, archived."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import citynet
from citynet.deploy import archive, collection, folder, secrets
from citynet.deploy.inventory import WITH
from citynet.errors import CitynetError, Exit, InputError, Problem, did_you_mean
from citynet.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from citynet.lab import Lab
    from citynet.plan.model import Plan

_STOP_LIMIT_S = 20.0
_LOG_LINES = 12
_DEPLOYS = (
    "citynet.twodomain.device_config",
    "citynet.twodomain.otn_service",
    "citynet.twodomain.node_drain",
)
_HEALTH = "citynet.twodomain.device_health"


class AnsibleError(CitynetError):
    """Ansible did not get as far as a device: a pattern, an inventory, a vault password that is wrong."""

    exit_code = Exit.BAD_INPUT


@dataclass(slots=True)
class Settings:
    """What the user asked for.

    Attributes:
        home: The design's folder.
        build_dir: The rendered build folder.
        lab: The lab to deploy to; None for devices that are reached directly.
        check: Only compare.
        limit: Ansible host pattern; empty for all devices.
        inventory: Inventory to use instead of the plan's own.
        confirm_s: Seconds after which an unconfirmed device goes back by itself.
        deadline_s: Seconds to wait for the network to come together.
        forks: Devices at a time; 0 to choose by the number of cores.
        vault: Arguments about vault passwords, passed on to Ansible.
        playbook: Which of the collection's playbooks to run.
        variables: What to tell it besides.
        only: The part of each device to deploy; empty for all.
    """

    home: Path
    build_dir: Path
    lab: Lab | None = None
    check: bool = False
    limit: str = ""
    inventory: Path | None = None
    confirm_s: int = 60
    deadline_s: int = 60
    forks: int = 0
    vault: list[str] = field(default_factory=list)
    playbook: str = "deploy"
    variables: dict[str, Any] = field(default_factory=dict)
    only: str = ""


@dataclass(slots=True)
class DeviceReport:
    """How it went on one device: status `changed`, `unchanged`, `failed`, `unreachable` or `not begun`."""

    status: str
    seconds: float = 0.0
    reason: str = ""
    parts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether this device is not as it should be."""
        return self.status not in {"changed", "unchanged"}


@dataclass(slots=True)
class Report:
    """How a run went.

    Attributes:
        run: Its archive.
        check: Whether it only compared.
        devices: How it went on each device.
        seconds: How long it took.
        took: Seconds of its parts: `plan` (before the run: planning, rendering), `start` until the first device was
            begun, `devices`, `end` from the last one on.
    """

    run: archive.Run
    check: bool
    devices: dict[str, DeviceReport] = field(default_factory=dict)
    seconds: float = 0.0
    took: dict[str, float] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """Devices per status."""
        statuses = [device.status for device in self.devices.values()]
        return {
            status: statuses.count(status) for status in dict.fromkeys(["changed", "unchanged", "failed", *statuses])
        }

    @property
    def ok(self) -> bool:
        """Whether every device is as it should be."""
        return not any(device.failed for device in self.devices.values())


def run(settings: Settings, watch: Callable[[dict[str, Any]], None]) -> Report:
    """Deploy, telling `watch` every event as it comes.

    Raises:
        InputError: Secrets or build folder are wrong.
        LackingError: The collection is missing.
        AnsibleError: Ansible itself failed.
    """
    collection.require_tools()
    build = folder.load(settings.build_dir.absolute())
    _require_secrets(settings, build)
    inventory = settings.inventory or _write_inventory(settings)
    if settings.only and not any(device.fence for device in build.plan.devices.values()):
        raise InputError([Problem("--only", 0, "no device of this design has a fence", "a whole deployment")])
    report = Report(archive.Run(build.path / "runs" / archive.new_name()), settings.check)
    started = time.monotonic()
    with _alone(build.path):
        report.run.begin({**build.digests, "check": settings.check, "limit": settings.limit})
        try:
            code = _play(settings, inventory, report, watch)
        except KeyboardInterrupt:
            _finish(report, started, interrupted=True)
            raise
        _finish(report, started, interrupted=False)
    if code != 0 and report.ok:
        raise AnsibleError(f"ansible-playbook failed ({code}):\n{_last_lines(report.run.folder / 'ansible.log')}")
    if not report.devices:
        raise AnsibleError("the inventory has no device in the group citynet_devices, so nothing was deployed")
    return report


def require_device(plan: Plan, name: str) -> None:
    """Raise InputError when the plan has no such device."""
    if name not in plan.devices:
        hint = did_you_mean(name, plan.devices)
        raise InputError([Problem("NODE", 0, f"no device '{name}'", "a device of this design", hint)])


def _finish(report: Report, started: float, *, interrupted: bool) -> None:
    report.seconds = round(time.monotonic() - started, 1)
    report.run.end({"seconds": report.seconds, "interrupted": interrupted, "result": report.counts})


def _require_secrets(settings: Settings, build: folder.BuildFolder) -> None:
    path = settings.home.absolute() / "secrets.yml"
    needed = sorted({name for entry in build.manifest["devices"].values() for name in entry["secrets"]})
    if needed and settings.inventory is None and not secrets.is_vault(path):
        secrets.select(secrets.load(path), needed, path)


def _write_inventory(settings: Settings) -> Path:
    path = settings.build_dir.absolute() / "citynet.yml"
    lines = [
        "# Made by `citynet deploy`; ansible-playbook can use it too.",
        "plugin: citynet.twodomain.plan",
        "build: .",
    ]
    lines.append(f"secrets: {json.dumps(os.path.relpath(settings.home.absolute() / 'secrets.yml', path.parent))}")
    write_whole(path, "\n".join(lines) + "\n")
    return path


@contextlib.contextmanager
def _alone(build_dir: Path) -> Iterator[None]:
    """Let only one run at a time deploy from a build folder."""
    with (build_dir / "deploy.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            problem = Problem(str(build_dir), 0, "another `citynet deploy` is under way", "one at a time")
            raise InputError([problem]) from None
        yield


def _play(settings: Settings, inventory: Path, report: Report, watch: Callable[[dict[str, Any]], None]) -> int:
    reader, writer = os.pipe()
    argv = _command(settings, inventory, report)
    if settings.lab is not None:
        argv = settings.lab.enter(argv)
    with (report.run.folder / "ansible.log").open("w") as log, os.fdopen(reader, encoding="utf-8") as events:
        process = subprocess.Popen(
            argv,
            env=_environment(settings, writer),
            pass_fds=[writer],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        os.close(writer)
        try:
            _follow(events, report, watch)
            return process.wait()
        except KeyboardInterrupt:
            _stop(process)
            raise


def _command(settings: Settings, inventory: Path, report: Report) -> list[str]:
    variables: dict[str, Any] = {
        "citynet_run": report.run.folder.name,
        "citynet_confirm_timeout": settings.confirm_s,
        "citynet_deadline": settings.deadline_s,
        **settings.variables,
        **({"citynet_only": settings.only} if settings.only else {}),
    }
    if settings.lab is not None:
        variables["ansible_user"] = "root"
        variables["ansible_ssh_private_key_file"] = str(settings.lab.ssh_key)
        variables["citynet_known_hosts"] = str(settings.lab.known_hosts)
        variables |= {f"citynet_optical_{name}": value for name, value in settings.lab.controller().items()}
    argv = [sys.executable, "-m", "ansible", "playbook", "-i", str(inventory), "-e", json.dumps(variables)]
    argv += ["--check"] if settings.check else []
    limits = [settings.limit] if settings.limit else []
    limits += [f"{WITH}{settings.only}"] if settings.only and settings.inventory is None else []
    argv += ["--limit", ":&".join(limits)] if limits else []
    playbook = "part" if settings.only else settings.playbook
    return [*argv, *settings.vault, f"{collection.NAME}.{playbook}"]


def _environment(settings: Settings, events: int) -> dict[str, str]:
    package = str(Path(citynet.__file__).resolve().parent.parent)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "ANSIBLE_COLLECTIONS_PATH": str(collection.path()),
        "ANSIBLE_STDOUT_CALLBACK": "citynet.twodomain.events",
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        "ANSIBLE_FORKS": str(settings.forks or _forks(settings)),
        "ANSIBLE_NOCOLOR": "1",
        "CITYNET_EVENTS_FD": str(events),
        # With our own inventory only our own plugin may speak: others would bury its message under theirs.
        **({"ANSIBLE_INVENTORY_ENABLED": "citynet.twodomain.plan"} if settings.inventory is None else {}),
    }


def _forks(settings: Settings) -> int:
    # All nodes of a lab share one processor: more at a time only makes each of them slower. A part alone is short, and
    # most of its time is spent on logging in, which waits for each other less than a second round would take.
    small = 16 if settings.only else 4
    return small if settings.lab is not None else min(32, 4 * (os.cpu_count() or 2))


def _follow(events: IO[str], report: Report, watch: Callable[[dict[str, Any]], None]) -> None:
    moments = [time.monotonic()] * 3
    for line in events:
        event = json.loads(line)
        if event.get("action") in _DEPLOYS:
            moments[2] = time.monotonic()
            moments[1] = moments[1] if "devices" in report.took else moments[2]
            report.took = {"start": round(moments[1] - moments[0], 1), "devices": round(moments[2] - moments[1], 1)}
        if event["event"] == "hosts":
            report.devices.update({name: DeviceReport("not begun") for name in event["names"]})
        elif event["event"] == "result":
            _note(event, report)
        watch(event)
    report.took["end"] = round(time.monotonic() - moments[2], 1)


def _note(event: dict[str, Any], report: Report) -> None:
    device = report.devices.setdefault(event["host"], DeviceReport("not begun"))
    if event["action"] in _DEPLOYS:
        device.status = "unchanged" if event["status"] == "ok" else event["status"]
        device.seconds = event.get("seconds", 0.0)
        device.parts, device.notes = event.get("parts", []), event.get("notes", [])
    elif event["action"] != _HEALTH or event["status"] not in {"failed", "unreachable"}:
        return
    else:
        device.status = event["status"]
    if device.failed:
        back = " (went back to what it had)" if event.get("went_back") else ""
        device.reason = event.get("msg", "") + back


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ansible has got the terminal's Ctrl-C as well; devices that wait for a confirmation go back by themselves."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGINT)
    try:
        process.wait(_STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _last_lines(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-_LOG_LINES:])


def exit_code(report: Report) -> Exit:
    """The exit code that a report stands for."""
    return Exit.OK if report.ok else Exit.DEVICE_FAILED
