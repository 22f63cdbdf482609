"""Flows over a border, collected into an evidence store by the command that people use, and the store judged."""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from citynet.evidence.exporting import as_dict
from citynet.evidence.reading import Found, Wanted, records
from citynet.evidence.record import Outcome
from citynet.evidence.verifying import verify
from citynet.lab.waiting import until
from citynet.levels.bench import CannotMeasureError
from citynet.levels.fencing import Supervised, Supervision
from citynet.levels.labels import given
from citynet.levels.probes.border import FLOW_BYTES
from citynet.levels.reporting import Reported
from citynet.levels.text import t

if TYPE_CHECKING:
    from citynet.levels.bench import Bench
    from citynet.levels.probes.border import SentFlow
    from citynet.plan.model import Host, Plan

_NO_LABEL = t("no flow with a data identifier crosses the border", "没有带数据标识的流穿越边界")
LONGEST_S = 60.0
"""How long a border may take to write a flow down that was reset."""


def measure_supervision(bench: Bench, domain: str, flows: list[SentFlow]) -> None:
    """Collect until the flows that were sent are there, then judge the store and a changed copy of it."""
    store = bench.output / "evidence" / domain / "store"
    shutil.rmtree(store, ignore_errors=True)

    def there() -> bool:
        done = bench.collect(store)
        if not done.done:
            raise CannotMeasureError(t(f"collecting failed: {done.why}", f"采集失败：{done.why}"))
        return all(_of(store, flow) for flow in flows)

    until(there, LONGEST_S, 3.0)
    found = Supervision([_supervised(bench.plan, store, flow) for flow in flows], verify(store).verdict)
    found.edited_verdict, found.edited_finding = edited(store)
    bench.put(domain, "supervised", found)
    since = min(flow.sent for flow in flows)  # the borders still hold what earlier runs sent
    if bench.wants("reported"):
        bench.attempt(domain, ("reported",), partial(_measure_reported, store=store, flows=found.flows, since=since))


def _measure_reported(bench: Bench, domain: str, store: Path, flows: list[Supervised], since: str) -> None:
    """The report by each identifier that crossed, of what crossed since then, and by one that nobody has."""
    labelled = [flow for flow in flows if flow.identifier]
    if not labelled:
        raise CannotMeasureError(_NO_LABEL)
    known = {one.number for one in bench.plan.identifiers.values()} | {flow.identifier for flow in labelled}
    unused = max(known) + 1
    other = bench.report(store, unused, since)
    reported = [
        Reported(
            flow.identifier,
            flow.border,
            flow.participants,
            sum(one.identifier == flow.identifier and one.border == flow.border for one in labelled),
            flow.carried_bytes,
            bench.report(store, flow.identifier, since),
            unused,
            other,
        )
        for flow in labelled
    ]
    bench.put(domain, "reported", reported)


def _of(store: Path, flow: SentFlow) -> Found | None:
    """The record of a flow that passed its border."""
    wanted = (flow.border, flow.source, flow.source_port, flow.destination)
    for item in records(store, Wanted(border=flow.border)):
        one = item.record
        ends = (one.border, one.source.address, one.source.port, one.destination.address)
        if ends == wanted and one.outcome is Outcome.CROSSED:
            return item
    return None


def _supervised(plan: Plan, store: Path, flow: SentFlow) -> Supervised:
    start, end = plan.hosts[flow.sender], plan.hosts[flow.answerer]
    item = _of(store, flow)
    return Supervised(
        flow.border,
        flow.source,
        flow.source_port,
        flow.destination,
        [start.participant, end.participant],
        _identifier(plan, start, end, flow),
        FLOW_BYTES,
        as_dict(item, 0) if item else {},
    )


def _identifier(plan: Plan, start: Host, end: Host, flow: SentFlow) -> int:
    """What the edge gave it; IPv4 has no place for one."""
    label = given(plan, start, end, "tcp", flow.destination_port) if ":" in flow.source else None
    return label.number if label else 0


def edited(store: Path) -> tuple[str, str]:
    """Change a letter of a participant in a copy: the verdict on it, and what was found first."""
    with tempfile.TemporaryDirectory(prefix="citynet-verify-") as folder:
        copy = Path(folder) / "store"
        shutil.copytree(store, copy)
        for path in sorted(copy.glob("*.jsonl")):
            text = path.read_bytes()
            changed = text.replace(b'"participant":"', b'"participant":"x', 1)
            if changed != text:
                path.write_bytes(changed)
                break
        report = verify(copy)
    return str(report.verdict), str(report.findings[0]) if report.findings else ""
