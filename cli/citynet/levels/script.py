"""The pyATS test script: connect and read every node, measure, then one testcase per check and domain."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from pyats import aetest

from citynet.levels import ssh_offer
from citynet.levels.judging import judge
from citynet.levels.measurements import Snapshot, parse
from citynet.levels.model import Verdict
from citynet.levels.probes import (
    admission,
    border,
    broken,
    calm,
    fences,
    hops,
    privacy,
    sentries,
    sharing,
    supervision,
    switching,
)
from citynet.levels.targets import nodes
from citynet.levels.text import t

if TYPE_CHECKING:
    from citynet.levels.bench import Bench
    from citynet.levels.session import Run

log = logging.getLogger(__name__)
SNAPSHOT_TIMEOUT_S = 60
QUIET = {"init_exec_commands": [], "init_config_commands": [], "log_stdout": False}
"""How unicon connects: no commands of its own at login, its log in a file per node."""


class CommonSetup(aetest.CommonSetup):  # type: ignore[misc]
    """Reach every node, read it once, and lay out the testcases."""

    @aetest.subsection  # type: ignore[untyped-decorator]
    def reach_the_nodes(self, bench: Bench) -> None:
        """Put the probe programs on every node."""
        bench.notify("connect")
        self.parent.parameters["unreachable"] = bench.access.upload(_nodes(bench))

    @aetest.subsection  # type: ignore[untyped-decorator]
    def read_the_nodes(self, bench: Bench, testbed: Any) -> None:
        """One command per node, through unicon, several nodes at once."""
        if bench.wants("snapshots"):
            bench.notify("snapshots")
            start = time.monotonic()
            _snapshots(bench, testbed, self.parent.parameters["unreachable"])
            bench.timings["snapshots"] = round(time.monotonic() - start, 1)

    @aetest.subsection  # type: ignore[untyped-decorator]
    def lay_out_the_checks(self, bench: Bench, run: Run) -> None:
        """One testcase for every check and domain."""
        cases = [(check, domain) for domain in bench.domains for check in run.checks]
        aetest.loop.mark(Verify, uids=[f"{domain}.{check.id}" for check, domain in cases], case=cases)


class Measure(aetest.Testcase):  # type: ignore[misc]
    """Everything that has to be sent, broken and counted; domains are separate, so all at once."""

    @aetest.test  # type: ignore[untyped-decorator]
    def calm(self, bench: Bench) -> None:
        """What stops no traffic; the flows that must leave a record go first, since records take time."""
        self.parent.parameters["sent"] = sent = {}

        def send(_bench: Bench, domain: str) -> None:
            sent[domain] = border.send_recorded_flows(bench, domain)

        bench.together(partial(bench.attempt, domain, ("shares",), calm.measure_shares) for domain in bench.domains)
        bench.together(partial(bench.attempt, domain, ("reach",), calm.measure_reach) for domain in bench.domains)
        for domain in bench.domains:  # one at a time: both may need the same port of the same host
            bench.attempt(domain, ("records", "supervised", "reported"), send)
        for domain in bench.domains:  # one at a time, and nothing else: what fences count must be what was sent
            bench.attempt(domain, ("fenced",), fences.measure_fences)
            bench.attempt(domain, ("alarmed",), sentries.measure_alarmed)
            bench.attempt(domain, ("hopped",), hops.measure_hopped)
        bench.together(partial(_calm, bench, domain) for domain in bench.domains)
        for domain in bench.domains:  # one at a time: each deploys the whole city
            bench.attempt(domain, ("resized",), sharing.measure_resize)

    @aetest.test  # type: ignore[untyped-decorator]
    def broken(self, bench: Bench) -> None:
        """Faults, one after the other in each domain; meanwhile the borders write their records."""
        sent = self.parent.parameters["sent"]

        def collect(_bench: Bench, domain: str) -> None:
            border.collect_records(bench, domain, sent[domain])

        def supervise(_bench: Bench, domain: str) -> None:
            supervision.measure_supervision(bench, domain, sent[domain])

        jobs = [partial(_break_and_mend, bench)]
        jobs += [partial(bench.attempt, domain, ("records",), collect) for domain in bench.domains if domain in sent]
        jobs += [
            partial(bench.attempt, domain, ("supervised", "reported"), supervise)
            for domain in bench.domains
            if domain in sent
        ]
        bench.together(jobs)


class Verify(aetest.Testcase):  # type: ignore[misc]
    """One check in one domain."""

    @aetest.test  # type: ignore[untyped-decorator]
    def judge(self, bench: Bench, run: Run, case: Any) -> None:
        """Judge what was measured."""
        check, domain = case
        start = time.monotonic()
        result = judge(check, bench.plan, domain, bench.measured(domain), run.bounds[check.id])
        result.seconds = round(time.monotonic() - start, 3)
        result.files = {
            str(path.relative_to(bench.output)): hashlib.sha256(path.read_bytes()).hexdigest()
            for need in check.needs
            if (path := bench.evidence(domain, need)).exists()
        }
        run.results.append(result)
        if result.verdict is Verdict.PASSED:
            self.passed(check.holds.en)
        elif result.verdict is Verdict.FAILED:
            self.failed("; ".join(str(finding) for finding in result.findings) or "nothing was looked at")
        else:
            self.blocked(str(result.reason))


class CommonCleanup(aetest.CommonCleanup):  # type: ignore[misc]
    """Leave the nodes as they were."""

    @aetest.subsection  # type: ignore[untyped-decorator]
    def clean(self, bench: Bench) -> None:
        """Take the probe programs away."""
        bench.access.clean(_nodes(bench))


def _nodes(bench: Bench) -> list[str]:
    """Every node: the hosts of the other domain knock at the border even if only one domain is judged."""
    return list(nodes(bench.plan))


def _snapshots(bench: Bench, testbed: Any, unreachable: dict[str, str]) -> None:
    found: dict[str, dict[str, Snapshot]] = {domain: {} for domain in bench.domains}

    def one(name: str) -> None:
        device = testbed.devices[name]
        try:
            device.connect(**QUIET, logfile=str(bench.output / "pyats" / f"{name}.log"))
            text = device.execute(_snapshot_command(bench, name), timeout=SNAPSHOT_TIMEOUT_S)
            shot = parse(Snapshot, json.loads(text[text.index("{") :]))
            shot.ssh_ciphers = _ciphers(bench.access.addresses[name])
            found[device.custom.domain][name] = shot
        except Exception as error:  # noqa: BLE001 - unicon raises many kinds; the node is then unread, by name
            log.warning("%s: %s", name, error)
            unreachable[name] = str(error).splitlines()[0] if str(error) else type(error).__name__
        finally:
            device.disconnect()

    bench.access.each([name for name in testbed.devices if name not in unreachable], one)
    for domain in bench.domains:
        members = {name for name, node in nodes(bench.plan).items() if node.domain == domain}
        bench.facts.setdefault(domain, {})["unreachable"] = {
            name: why for name, why in unreachable.items() if name in members
        }
        if found[domain]:
            bench.put(domain, "snapshots", dict(sorted(found[domain].items())))
        else:
            bench.trouble(domain, ["snapshots"], t("no node of this domain can be read", "该域没有可读取的节点"))


def _ciphers(address: str) -> list[str]:
    """What the node's SSH server offers; none if it does not say, which the check then shows."""
    try:
        return ssh_offer.ciphers(address)
    except OSError as error:
        log.warning("%s: %s", address, error)
        return []


def _snapshot_command(bench: Bench, name: str) -> str:
    device = bench.plan.devices.get(name)
    asked = {
        "name": name,
        "platform": device.platform if device else "host",
        "management": bench.access.addresses[name],
    }
    return bench.access.command("snapshot", asked)


def _calm(bench: Bench, domain: str) -> None:
    bench.attempt(domain, ("full_size",), calm.measure_full_size)
    bench.attempt(domain, ("captured",), privacy.measure_captured)
    bench.attempt(domain, ("seals",), privacy.measure_seals)
    bench.attempt(domain, ("classes",), sharing.measure_classes)
    bench.attempt(domain, ("slices_beside",), sharing.measure_slices)
    # Wrong keys leave every host its way, so the knocking can go on meanwhile: a hold time takes ten seconds.
    bench.together(
        [
            partial(bench.attempt, domain, ("sweep",), border.measure_sweep),
            partial(bench.attempt, domain, ("scans",), calm.measure_scans),
            partial(bench.attempt, domain, ("wrong_isis",), broken.measure_wrong_isis),
            partial(bench.attempt, domain, ("wrong_bgp",), broken.measure_wrong_bgp),
        ]
    )


def _break_and_mend(bench: Bench) -> None:
    """Every fault; the routers killed last, in all domains, share one deployment."""
    killed: dict[str, broken.Killed] = {}
    try:
        bench.together(partial(_faults, bench, domain, killed) for domain in bench.domains)
    finally:
        broken.restore_all(bench, killed)


def _faults(bench: Bench, domain: str, killed: dict[str, broken.Killed]) -> None:
    def kill(_bench: Bench, _domain: str) -> None:
        killed[domain] = broken.kill(bench, domain)

    bench.attempt(domain, ("admission",), admission.measure_admission)
    bench.attempt(domain, ("withdrawn",), admission.measure_withdrawn)
    bench.attempt(domain, ("cut",), broken.measure_cut)
    bench.attempt(domain, ("fast_cut",), partial(switching.measure_fast, kind="cut"))
    bench.attempt(domain, ("fast_silent",), partial(switching.measure_fast, kind="silent"))
    bench.attempt(domain, ("two_cuts",), switching.measure_two_cuts)
    bench.attempt(domain, ("rotated",), privacy.measure_rotated)
    bench.attempt(domain, ("outage",), privacy.measure_outage)
    bench.attempt(domain, ("crash",), broken.measure_crash)
    bench.attempt(domain, ("kill", "restore"), kill)
