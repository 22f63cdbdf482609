"""What a proof says: claims with stable ids, a verdict for each, and what refutes it."""

from __future__ import annotations

import dataclasses
import enum
import re
from dataclasses import dataclass, field
from typing import Any, Protocol


class Area(enum.StrEnum):
    """The parts of a proof, as `--only` names them."""

    ISOLATION = "isolation"
    REACHABILITY = "reachability"
    RISK = "risk"
    CAPACITY = "capacity"
    ENCRYPTION = "encryption"
    FENCES = "fences"
    ACCESS = "access"


class Verdict(enum.StrEnum):
    """What became of a claim. Nothing is proven by default: what was not worked out is `undecided`."""

    PROVEN = "proven"
    REFUTED = "refuted"
    UNDECIDED = "undecided"
    NOT_APPLICABLE = "not applicable"


@dataclass(frozen=True, slots=True)
class Claim:
    """A kind of claim; `level` is the lowest service level that demands it (a level includes those below it)."""

    id: str
    area: Area
    holds: str
    level: str = "L1"


CLAIMS = {
    claim.id: claim
    for claim in (
        Claim("ISO-01", Area.ISOLATION, "no way between the domains but interconnect lines"),
        Claim("ISO-02", Area.ISOLATION, "each end of an interconnect line is a border port with a default-deny guard"),
        Claim("ISO-03", Area.ISOLATION, "guards pass only flows between hosts of the two services joined"),
        Claim("ISO-04", Area.ISOLATION, "routes cross only at guarded ports"),
        Claim("ISO-05", Area.ISOLATION, "no number or key of one domain is used in the other"),
        Claim("ISO-06", Area.ISOLATION, "each service has its own route target, tables and ports"),
        Claim("ISO-07", Area.ISOLATION, "spokes of a service reach its hubs and no other spoke"),
        Claim("ISO-08", Area.ISOLATION, "a service leaves to the internet at its one guarded exit only"),
        Claim("ISO-09", Area.ISOLATION, "no wavelength and no ODU carries both domains"),
        Claim("REACH-01", Area.REACHABILITY, "all ends of a service reach each other"),
        Claim("REACH-02", Area.REACHABILITY, "… without any one device"),
        Claim("REACH-03", Area.REACHABILITY, "… without any one link"),
        Claim("REACH-04", Area.REACHABILITY, "… without any one fibre", "L2"),
        Claim("REACH-05", Area.REACHABILITY, "… without any two fibres", "L3"),
        Claim("REACH-06", Area.REACHABILITY, "… without any one risk group", "L4"),
        Claim("REACH-07", Area.REACHABILITY, "routes of a service reach all its devices without any one reflector"),
        Claim("RISK-01", Area.RISK, "no one device, fibre or risk group is on every way between two ends", "L2"),
        Claim("RISK-02", Area.RISK, "working and other path of a lit service share no fibre or risk group"),
        Claim("CAP-01", Area.CAPACITY, "no link carries more than its rate"),
        Claim("CAP-02", Area.CAPACITY, "… nor, of those that fit, without any one other link"),
        Claim("CAP-03", Area.CAPACITY, "links on a fibre need no more than its capacity"),
        Claim("CAP-04", Area.CAPACITY, "each service has 5G slots of its own on every link it may use", "L2"),
        Claim("CAP-05", Area.CAPACITY, "no slot of a fibre is lit twice"),
        Claim("ENC-01", Area.ENCRYPTION, "no line leaves a machine room in the clear, or weaker than is due", "L2"),
        Claim("ENC-02", Area.ENCRYPTION, "no service, no application is weaker than the class of its data asks", "L2"),
        Claim("ENC-03", Area.ENCRYPTION, "every key has a source, one master, and the same holders at both ends", "L2"),
        Claim("ENC-04", Area.ENCRYPTION, "no crossing or exit leads data into weaker protection", "L2"),
        Claim("FENCE-01", Area.FENCES, "data with an identifier reach only zones that a fence lets them reach"),
        Claim("FENCE-02", Area.FENCES, "… and no other zone without one, or in any other shape of packet"),
        Claim("FENCE-03", Area.FENCES, "a host has a right to identifiers of its groups only, from its own prefix"),
        Claim(
            "FENCE-04", Area.FENCES, "every port of customers and borders judges; no layer-2 service carries such data"
        ),
        Claim(
            "FENCE-05",
            Area.FENCES,
            "what fences and lists of interconnects allow passes at every device",
        ),
        Claim("FENCE-06", Area.FENCES, "only identifiers on its list cross an interconnect, each direction by itself"),
        Claim("FENCE-07", Area.FENCES, "both ends of an interconnect record every identifier that may cross"),
        Claim(
            "ACCESS-01", Area.ACCESS, "each port of a service that asks for access is closed till its host is let on"
        ),
        Claim("ACCESS-02", Area.ACCESS, "no role or task gives an identifier to whose group a host does not belong"),
        Claim("ACCESS-03", Area.ACCESS, "a right binds identifiers, and a fence judges whatever it lets pass"),
        Claim("ACCESS-04", Area.ACCESS, "each edge asks the city's servers, by a secret of its own"),
    )
}
"""Every kind of claim by its id; ids never change their meaning."""


@dataclass(frozen=True, slots=True)
class Refutation:
    """One counter-example.

    Attributes:
        subject: What is hit: a device, a link, a guard …
        failing: The smallest set of things found whose loss does the harm, each with its kind; empty when nothing
            need fail.
        what: What is wrong.
        services: The services hurt.
        advice: What would help.
    """

    subject: str
    what: str
    failing: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    advice: str = ""


@dataclass(slots=True)
class Result:
    """A claim about one subject (a domain, or a pair of them), and what became of it.

    `looked_at` counts what was examined; `reason` says in a few words why the verdict is what it is.
    """

    claim: str
    subject: str
    verdict: Verdict
    looked_at: int = 0
    reason: str = ""
    refutations: list[Refutation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Proof:
    """Everything that was proven or refuted of one plan."""

    city: str
    design_digest: str
    results: list[Result] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing was refuted and nothing left undecided."""
        return all(result.verdict in (Verdict.PROVEN, Verdict.NOT_APPLICABLE) for result in self.results)

    def as_dict(self) -> dict[str, Any]:
        """The proof as JSON-ready values."""
        values = dataclasses.asdict(self)
        for result in values["results"]:
            result["holds"] = CLAIMS[result["claim"]].holds
            result["level"] = CLAIMS[result["claim"]].level
        return {**values, "holds": self.holds}


class Tell(Protocol):
    """Hears which step goes on."""

    def __call__(self, step: str) -> None:
        """`step` in a few words."""


def silent(step: str) -> None:
    """Where nobody listens."""
    del step


def judged(claim: str, subject: str, looked_at: int, refutations: list[Refutation], *, unit: str) -> Result:
    """Proven when nothing refutes it; `unit` is what was looked at, in the plural: `pairs of fibres`."""
    verdict = Verdict.REFUTED if refutations else Verdict.PROVEN
    count = f"{looked_at} " + (re.sub(r"s\b", "", unit, count=1) if looked_at == 1 else unit)
    reason = f"{len(refutations)} found in {count}" if refutations else count
    return Result(claim, subject, verdict, looked_at, reason, refutations)


def not_applicable(claim: str, subject: str, reason: str) -> Result:
    """A claim that nothing demands here, or that has nothing to speak of."""
    return Result(claim, subject, Verdict.NOT_APPLICABLE, reason=reason)


def some(names: list[str], most: int = 4) -> str:
    """Names in a row, the first few of them."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
