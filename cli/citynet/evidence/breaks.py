"""What the breaks between runs of a chain mean: edited, removed, reordered, inserted, a whole day missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.evidence.findings import Sort

if TYPE_CHECKING:
    from collections.abc import Sequence

    from citynet.evidence.findings import Report
    from citynet.evidence.walking import Run

_MOST_RUNS = 2000
"""Beyond so many runs, those that stand in order are chosen as they come: the best choice takes their square."""
_NOT_WRITTEN = "the line is not what was written"
_INSERTED = "a line stands here that was not written here"


def judge(report: Report, runs: Sequence[Run], end: int | None) -> int:
    """Say what is wrong between runs.

    Args:
        report: Where findings go.
        runs: As they begin.
        end: The number after the last acknowledged line; None if nobody knows.

    Returns:
        The number after the last line that stands where it belongs, changed or not.
    """
    kept = _most(runs, end)
    chosen = {id(run) for run in kept}
    strays = [run for run in runs if id(run) not in chosen]
    before: Run | None = None
    for run in kept:
        near = [stray for stray in strays if (before is None or stray.begin > before.end) and stray.begin < run.begin]
        strays = [stray for stray in strays if stray not in near]
        _between(report, before, near, run)
        before = run
    return _at_end(report, before, strays, end)


def _most(runs: Sequence[Run], end: int | None) -> list[Run]:
    """Runs with numbers of their own, in order of these, that hold the most lines; an acknowledged end bounds them."""
    known = sorted((run for run in runs if run.first >= 0 and (end is None or run.first < end)), key=lambda r: r.first)
    if len(known) > _MOST_RUNS:
        return _greedy(known)
    best: list[tuple[int, int]] = []  # lines up to a run, and the run before it
    for i, run in enumerate(known):
        lines, j = max(((best[j][0], j) for j in range(i) if known[j].last < run.first), default=(0, -1))
        best.append((lines + len(run), j))
    chosen, i = [], max(range(len(known)), key=lambda i: best[i][0], default=-1)
    while i >= 0:
        chosen.append(known[i])
        i = best[i][1]
    return chosen[::-1]


def _greedy(known: Sequence[Run]) -> list[Run]:
    chosen: list[Run] = []
    for run in known:
        if not chosen or run.first > chosen[-1].last:
            chosen.append(run)
    return chosen


def _between(report: Report, before: Run | None, strays: Sequence[Run], run: Run) -> None:
    """What happened between two runs, the first perhaps none."""
    expected = before.last + 1 if before is not None else 0
    missing = run.first - expected
    for stray in strays[:missing]:
        report.add(*stray.begin, Sort.EDITED, _NOT_WRITTEN)
    for stray in strays[missing:]:
        report.add(*stray.begin, Sort.INSERTED, _INSERTED)
    if missing > len(strays):
        _missing(report, before, run, len(strays))
    elif before is not None and run.begin < before.end:
        what = f"number {run.first} stands here, before number {before.last}"
        report.add(*run.begin, Sort.REORDERED, what)
    elif not missing and not run.rooted:
        what = f"number {run.first} does not follow from the line before: it was changed, or that one with its hash"
        report.add(*run.begin, Sort.EDITED, what)


def _missing(report: Report, before: Run | None, run: Run, changed: int) -> None:
    first, last = (before.last + 1 if before is not None else 0), run.first - 1
    lines = f"number {first}" if first == last else f"numbers {first} to {last}"
    what = f"{f'{last - first + 1 - changed} of ' if changed else ''}{lines} missing before this line"
    if run.segment and run.begin[1] == 1 and first + 1 < last and not _next_file(before, run):
        report.add(run.begin[0], 0, Sort.MISSING_DAY, f"a whole file is missing before this one: {lines}")
    else:
        report.add(*run.begin, Sort.REMOVED, what)


def _next_file(before: Run | None, run: Run) -> bool:
    """Whether nothing but the end of the file before is missing: the numbers of the files follow each other."""
    return before is not None and before.within + 1 == run.segment


def _at_end(report: Report, before: Run | None, strays: list[Run], end: int | None) -> int:
    """What stands after the last run; the number after the last line that stands where it belongs."""
    reached = before.last + 1 if before is not None else 0
    inside = [stray for stray in strays if before is not None and stray.begin < before.end]
    after = [stray for stray in strays if stray not in inside]
    torn = after.pop() if after and not after[-1].whole else None
    missing = 0 if end is None else max(end - reached, 0)
    for stray in after[:missing]:
        report.add(*stray.begin, Sort.EDITED, _NOT_WRITTEN)
    for stray in inside + after[missing:]:
        report.add(*stray.begin, Sort.INSERTED, _INSERTED)
    if torn is not None and missing <= len(after):
        report.add(*torn.begin, Sort.UNFINISHED, "the file ends in the middle of a line")
    return reached + min(missing, len(after))
