"""What a plan owes its data: the row of the table of grades for a line, a service, an application.

Read from the plan's domains and services and from the one table; what the planner made of it plays no part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from citynet.design.grades import GRADES, LINES, SERVICES, ServiceGrade, suite
from citynet.design.types.words import DataClass, Level
from citynet.plan.model import PlannedBinding

if TYPE_CHECKING:
    from citynet.design.grades import LineGrade
    from citynet.plan.model import (
        Line,
        Plan,
        PlannedApplication,
        PlannedDomain,
        PlannedService,
        Protection,
    )

    Part = PlannedApplication | PlannedBinding
    """Packets of a service that may be due more, or less, than the rest: an application's, or an identifier's."""

_CLASSES = list(DataClass)


@dataclass(frozen=True, slots=True)
class Due:
    """What a service or an application is due, and why.

    Attributes:
        level: Whose encryption the domain has.
        algorithms: `international` or `national`.
        data_class: The class of the data.
        by_table: The grade that the table has for level and class; empty when it has none.
        asked: The grade that the service asks for by itself; empty when it asks for none.
        grade: The stronger of both; None when there is neither. Packets with an identifier are due what is due to the
            rest of their service, too.
    """

    level: Level
    algorithms: str
    data_class: str
    by_table: str
    asked: str
    grade: ServiceGrade | None

    @property
    def reason(self) -> str:
        """Which row of the table decided, in words."""
        row = f"{self.data_class} data at {self.level}: {self.by_table or 'nothing'}"
        return row + (f"; the service asks for {self.asked}" if self.asked else "")


def of_service(plan: Plan, service: PlannedService, part: Part | None = None) -> Due:
    """What a service is due, or an application or identifier of it."""
    domain = plan.domains[service.domain]
    level, data = Level(domain.encryption), (part or service).data_class or service.data_class
    by_table = SERVICES[level].get(DataClass(data), "")
    asked = part.encryption if isinstance(part, PlannedBinding) else "" if part else service.encryption
    names = [name for name in (by_table, asked) if name]
    if isinstance(part, PlannedBinding) and (rest := of_service(plan, service).grade):
        names.append(rest.name)
    grade = suite(max(names, key=GRADES.index), level, domain.algorithms) if names else None
    return Due(level, domain.algorithms, data, by_table, asked, grade)


def of_line(plan: Plan, line: Line) -> LineGrade | None:
    """What a line between two devices is due if it leaves a machine room: what the stronger of its domains has."""
    grades = [
        LINES[Level(plan.domains[plan.devices[end.node].domain].encryption)]
        for end in (line.a, line.b)
        if end.node in plan.devices
    ]
    return max(grades, key=strength, default=None)


def strength(grade: LineGrade | None) -> tuple[bool, bool, bool]:
    """An order of what lines have: keys from QKD count before the length of the cipher's key."""
    if grade is None:
        return False, False, False
    return True, grade.source == "qkd", grade.cipher == "gcm-aes-256"


def least(domain: PlannedDomain, data_class: str) -> str:
    """The least grade that data of a class may have in a domain: its level's, or where that has none, any level's.

    Data that come from another domain may be of a class that this one's level does not know.
    """
    data = DataClass(data_class)
    own = SERVICES[Level(domain.encryption)].get(data)
    others = (SERVICES[level][data] for level in Level if data in SERVICES[level])
    return own or next(others, "")


def rank(data_class: str) -> int:
    """How sensitive a class of data is, 0 for public."""
    return _CLASSES.index(DataClass(data_class))


def flaw(one: Protection, name: str, level: Level, algorithms: str) -> str:
    """Why a protection is not what a grade asks for; empty when it is."""
    if one.grade not in GRADES:
        return f"has grade '{one.grade}', which there is not"
    if GRADES.index(one.grade) < GRADES.index(name):
        return f"has {one.grade}, {name} is due"
    means = suite(one.grade, level, algorithms)
    for word in ("method", "source", "ike", "esp", "integrity_bits", "ppk", "ml_kem"):
        has, due = getattr(one, word), getattr(means, word)
        if has != due:
            return f"says {one.grade} with {word} {has!r}, and {one.grade} means {due!r}"
    return ""
