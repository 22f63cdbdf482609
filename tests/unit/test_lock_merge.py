"""The lock in git: branches merge, or the merged lock is refused by line and mended as its hints say."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from citynet import build
from citynet.errors import InputError
from citynet.plan.model import Plan

EDGE = "  {name}: {{domain: {domain}, role: edge, site: {site}{more}}}\n"
LINK = "  - {{between: [{name}, {core}]}}\n"
ANCHORS = {"government": ("  gov-border: {", "  - {between: [gov-core-a, gov-core-b]}\n")}
ANCHORS["cross"] = ("  cross-border: {", "  - {between: [cross-core-a, cross-core-b]}\n")


class Repository:
    """A design under version control; the branch that is checked out stands in `folder`."""

    def __init__(self, folder: Path, text: str, attributes: str = "") -> None:
        self.folder, self.design, self.lock = folder, folder / "design.yml", folder / "citynet.lock"
        folder.mkdir()
        self.git("init", "--quiet", "--initial-branch=main")
        if attributes:
            (folder / ".gitattributes").write_text(attributes, encoding="utf-8")
        self.design.write_text(text, encoding="utf-8")
        self.commit()

    def git(self, *words: str, ok: bool = True) -> int:
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "GIT_CONFIG_NOSYSTEM": "1"}
        who = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "core.autocrlf=false"]
        done = subprocess.run(
            ["git", *who, *words], cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0 or not ok, done.stdout + done.stderr
        return done.returncode

    def commit(self) -> None:
        build.plan_and_lock(self.design)
        self.git("add", ".")
        self.git("commit", "--quiet", "-m", "planned")

    def branch(self, name: str, change: list[tuple[str, str]]) -> None:
        """From `main`, a branch that puts text before some line of the design and plans it."""
        self.git("checkout", "--quiet", "-b", name, "main")
        text = self.design.read_text(encoding="utf-8")
        for before, new in change:
            assert before in text
            text = text.replace(before, new + before, 1)
        self.design.write_text(text, encoding="utf-8")
        self.commit()

    def merge(self, *branches: str) -> bool:
        """Merge into `main`; whether git did all of it alone. The design's own conflicts are kept out of this."""
        self.git("checkout", "--quiet", "main")
        return all(self.git("merge", "--quiet", "--no-edit", name, ok=False) == 0 for name in branches)

    def plan(self) -> Plan:
        return build.plan_and_lock(self.design)[0]


def device(name: str, domain: str, site: str, core: str, more: str = "") -> list[tuple[str, str]]:
    at_devices, at_links = ANCHORS[domain]
    return [
        (at_devices, EDGE.format(name=name, domain=domain, site=site, more=more)),
        (at_links, LINK.format(name=name, core=core)),
    ]


def numbers(plan: Plan, names: list[str]) -> dict[str, object]:
    """What was allocated to each device, by what it is for."""
    return {
        name: (
            (one := plan.devices[name]).underlay.loopback,
            one.management,
            {port.peer: port.name for port in one.ports},
        )
        for name in names
    }


def test_different_devices_merge_without_conflict(tmp_path: Path, mini_text: str) -> None:
    here = Repository(tmp_path / "city", mini_text)
    old = list(here.plan().devices)
    here.branch("one", device("gov-pe-new", "government", "west", "gov-core-a", ", management: 172.20.1.1"))
    one = here.plan()
    here.branch("two", device("cross-pe-new", "cross", "east", "cross-core-b", ", management: 172.20.1.2"))
    two = here.plan()
    assert here.merge("one", "two")
    merged = here.lock.read_bytes()
    plan = here.plan()
    assert here.lock.read_bytes() == merged, "the merged lock is the lock of the merged design"
    kept = [name for name in old if name not in {"gov-core-a", "cross-core-b"}]
    assert numbers(plan, kept) == numbers(one, kept) == numbers(two, kept)
    assert numbers(plan, ["gov-pe-new", "gov-core-a"]) == numbers(one, ["gov-pe-new", "gov-core-a"])
    assert numbers(plan, ["cross-pe-new", "cross-core-b"]) == numbers(two, ["cross-pe-new", "cross-core-b"])


@pytest.fixture(params=["marks", "union"])
def collided(request: pytest.FixtureRequest, tmp_path: Path, mini_text: str) -> Repository:
    """Both branches gave the same numbers away; git stops at marks, or joins both sides' lines."""
    attributes = "citynet.lock merge=union\ndesign.yml merge=union\n" if request.param == "union" else ""
    here = Repository(tmp_path / "city", mini_text, attributes)
    here.branch("one", device("gov-pe-new", "government", "west", "gov-core-a"))
    here.branch("two", device("gov-pe-other", "government", "east", "gov-core-a"))
    assert here.merge("one", "two") is (request.param == "union")
    text = here.design.read_text(encoding="utf-8")
    here.design.write_text(re.sub(r"^(<<<<<<<|=======|>>>>>>>).*\n", "", text, flags=re.MULTILINE), encoding="utf-8")
    return here


def refused(here: Repository) -> InputError:
    before = here.lock.read_bytes()
    with pytest.raises(InputError) as caught:
        here.plan()
    assert here.lock.read_bytes() == before
    return caught.value


def test_a_collision_is_mended_line_by_line(collided: Repository) -> None:
    error = refused(collided)
    lines = collided.lock.read_text(encoding="utf-8").splitlines()
    for problem in error.problems:
        assert problem.file == str(collided.lock)
        assert "delete this mark" in problem.hint or "delete the line of gov-pe-new or gov-pe-other" in (
            problem.hint.replace("link:", "")
        )
    twice = {lines[problem.line - 1].rpartition(" ")[0] for problem in error.problems if "held by" in problem.what}
    assert twice == {
        "management gov-pe-other",
        "node/government gov-pe-other",
        "port/gov-core-a link:gov-pe-other",
    }
    gone = {problem.line for problem in error.problems}
    text = "".join(f"{line}\n" for number, line in enumerate(lines, 1) if number not in gone)
    collided.lock.write_text(text, encoding="utf-8")
    one = subprocess.run(
        ["git", "show", "one:citynet.lock"], cwd=collided.folder, capture_output=True, text=True, check=True
    ).stdout
    collided.plan()
    merged = collided.lock.read_text(encoding="utf-8").splitlines()
    assert set(one.splitlines()) < set(merged), "whoever was not deleted keeps everything"
    assert "node/government gov-pe-other 7" in merged


def test_a_collision_is_mended_by_taking_one_side(collided: Repository) -> None:
    refused(collided)
    collided.git("checkout", "one", "--", "citynet.lock")
    one = collided.lock.read_text(encoding="utf-8")
    collided.plan()
    assert set(one.splitlines()) < set(collided.lock.read_text(encoding="utf-8").splitlines())


def test_removed_on_one_side_beside_new_on_the_other(tmp_path: Path, mini_text: str) -> None:
    """A union keeps both sides' lines of what only one released: one key, one number, so no collision."""
    here = Repository(tmp_path / "city", mini_text, "citynet.lock merge=union\n")
    end = "      - {participant: tax, device: gov-pe-east, host: tax-1}\n"
    here.git("checkout", "--quiet", "-b", "one", "main")
    here.design.write_text(mini_text.replace(end, ""), encoding="utf-8")
    here.commit()
    here.branch("two", [("  circulation:\n    title", end.replace("tax-1", "tax-2"))])
    here.merge("one", "two")
    merged = here.lock.read_text(encoding="utf-8").splitlines()
    assert {"subnet/gov-sharing tax-1 1", "subnet/gov-sharing tax-1 1 released"} < set(merged)
    here.design.write_text(mini_text.replace("tax-1", "tax-2"), encoding="utf-8")
    here.plan()
    text = here.lock.read_text(encoding="utf-8")
    assert "subnet/gov-sharing tax-1 1 released\nsubnet/gov-sharing tax-2 2\n" in text
    assert text.count("tax-1") == 3
