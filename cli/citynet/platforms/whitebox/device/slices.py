"""Slices: HTB classes on the ports, changed in place so that no packet in a queue is lost."""

# ruff: noqa: ARG002 - the parts share one signature
from __future__ import annotations

import json
import re
from typing import Any, Callable

from .part import Part, Texts
from .system import StepError, must, read
from .texts import difference

SLICES = "/etc/citynet/slices.batch"
_ROOT = re.compile(r"^qdisc add dev (\S+) root handle 1: htb default 0x2$")
_CLASS = re.compile(r"^class add dev (\S+) parent (\S+) classid (1:[0-9a-f]+) htb (?:prio \d+ )?rate (\d+)kbit ")
_QUEUE = re.compile(r"^qdisc add dev (\S+) parent (1:[0-9a-f]+) handle ([0-9a-f]+): [bp]fifo limit (\d+)$")
_FILTER = re.compile(r"^filter add dev (\S+) parent 1: .* handle (800::[0-9a-f]+) u32 .* flowid (1:[0-9a-f]+)$")


class Slices(Part):
    """One class for each slice on each port; resizing changes its rate and nothing else."""

    name = "slices"
    paths = (SLICES,)
    commands = {"tc": "iproute2"}  # noqa: RUF012

    def validate(self, texts: Texts) -> None:
        """Every line is one of the four kinds that `apply` knows."""
        _parse(texts.get(SLICES, ""))

    def drift(self, texts: Texts, memory: Any) -> str:
        """Compare classes, queues and filters of all ports with what the file says."""
        wanted = _parse(texts.get(SLICES, ""))
        return difference(
            "\n".join(sorted(_live())),
            "\n".join(sorted(_facts(wanted))),
            "slices as running",
            "slices as committed",
        )

    def snapshot(self, texts: Texts) -> Any:
        """Nothing: the former file says it all."""
        return None

    def apply(self, texts: Texts, changed: set[str]) -> None:
        """Bring every port to what the file says, and take slices from ports that have none any more."""
        _bring(texts.get(SLICES, ""))

    def check(self, texts: Texts) -> list[str]:
        """Read everything back."""
        wanted = _facts(_parse(texts.get(SLICES, "")))
        missing = wanted - _live()
        if missing:
            raise StepError("slices are not as configured, missing: " + ", ".join(sorted(missing)[:5]))
        return []

    def memory(self, texts: Texts) -> Any:
        """Nothing: the file says it all."""
        return None

    def restore(self, snapshot: Any) -> None:
        """The former file is back, or none: bring it into force."""
        _bring(read(SLICES) or "")


Lines = dict[str, list[tuple[str, str]]]  # port -> (fact, line of the file that makes it true)


def _parse(text: str) -> Lines:
    """The lines of the file by port; each with the fact that the kernel shows once it is in force."""
    found: Lines = {}
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        for pattern, fact in _KINDS:
            match = pattern.match(line)
            if match:
                found.setdefault(match[1], []).append((fact(match), line))
                break
        else:
            raise StepError(f"{SLICES}: {line!r} is no line that slices are made of")
    return found


def _fact_of_root(match: re.Match[str]) -> str:
    return f"{match[1]} root htb"


def _fact_of_class(match: re.Match[str]) -> str:
    return f"{match[1]} class {match[3]} rate {int(match[4]) * 125}"  # the kernel tells rates in bytes a second


def _fact_of_queue(match: re.Match[str]) -> str:
    return f"{match[1]} queue {match[2]} limit {match[4]}"


def _fact_of_filter(match: re.Match[str]) -> str:
    return f"{match[1]} filter {match[2]} to {match[3]}"


_KINDS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_ROOT, _fact_of_root),
    (_CLASS, _fact_of_class),
    (_QUEUE, _fact_of_queue),
    (_FILTER, _fact_of_filter),
)


def _facts(wanted: Lines) -> set[str]:
    return {fact for lines in wanted.values() for fact, _ in lines}


def _ports() -> set[str]:
    """Ports that have our root queue now; another's has another handle or another default class."""
    shown = [one for one in json.loads(must(["tc", "-j", "qdisc", "show"])) if one["kind"] == "htb" and one.get("root")]
    return {str(one["dev"]) for one in shown if one["handle"] == "1:" and one["options"].get("default") == "0x2"}


def _live() -> set[str]:
    """What the kernel has on all ports with our root queue."""
    return {fact for port in sorted(_ports()) for fact in _of_port(port)}


def _of_port(port: str) -> set[str]:
    facts = {f"{port} root htb"}
    for one in json.loads(must(["tc", "-j", "class", "show", "dev", port])):
        if one.get("class") == "htb":
            facts.add(f"{port} class {one['handle']} rate {one['rate']}")
    for one in json.loads(must(["tc", "-j", "qdisc", "show", "dev", port])):
        if one["kind"] in ("bfifo", "pfifo"):
            facts.add(f"{port} queue {one['parent']} limit {_digits(one['options']['limit'])}")
    for one in json.loads(must(["tc", "-j", "filter", "show", "dev", port, "parent", "1:"])):
        options = one.get("options", {})
        if options.get("flowid"):
            facts.add(f"{port} filter {options['fh']} to {options['flowid']}")
    return facts


def _digits(value: Any) -> str:
    """A limit as a number: some versions of tc say `562500b`."""
    return re.sub(r"\D", "", str(value))


def _bring(text: str) -> None:
    wanted = _parse(text)
    for port in sorted(_ports() - set(wanted)):
        must(["tc", "qdisc", "del", "dev", port, "root"])
    there = _ports()
    for port, lines in wanted.items():
        live = _of_port(port) if port in there else set()
        batch = [*_superfluous(port, lines, live), *_missing(lines, live)]
        if batch:
            must(["tc", "-batch", "-"], "\n".join(batch) + "\n")


def _missing(lines: list[tuple[str, str]], live: set[str]) -> list[str]:
    """Lines whose fact the kernel does not show: `replace` changes what is there in place, and adds what is not."""
    return [line.replace(" add ", " replace ", 1) for fact, line in lines if fact not in live]


def _superfluous(port: str, lines: list[tuple[str, str]], live: set[str]) -> list[str]:
    """Filters first, then classes, that no line is about; a class takes its queue along."""
    named = {fact.rpartition(" ")[0].rpartition(" ")[0] for fact, _ in lines}
    gone = sorted(fact for fact in live if fact.rpartition(" ")[0].rpartition(" ")[0] not in named)
    filters = [fact.split()[2] for fact in gone if " filter " in fact]
    classes = [fact.split()[2] for fact in gone if " class " in fact]
    return [f"filter del dev {port} parent 1: pref 1 handle {handle} u32" for handle in filters] + [
        f"class del dev {port} classid {handle}" for handle in classes
    ]
