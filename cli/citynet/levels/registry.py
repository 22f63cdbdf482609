"""The catalogue of checks: every check under one identifier, and the bounds as a run sets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.errors import Findings, Problem, did_you_mean
from citynet.levels.features import levels_up_to
from citynet.levels.model import Bound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from citynet.design.types import Level
    from citynet.levels.model import Check


class Registry:
    """Checks by identifier, in the order in which they were added."""

    def __init__(self, checks: Iterable[Check] = ()) -> None:
        self._checks: dict[str, Check] = {}
        for check in checks:
            self.add(check)

    def add(self, check: Check) -> None:
        """Add a check.

        Raises:
            ValueError: Another check has the same identifier.
        """
        if check.id in self._checks:
            raise ValueError(f"two checks with the id '{check.id}'")
        self._checks[check.id] = check

    def __iter__(self) -> Iterator[Check]:
        """Every check."""
        return iter(self._checks.values())

    def __len__(self) -> int:
        """How many there are."""
        return len(self._checks)

    def get(self, check_id: str) -> Check:
        """The check of that identifier; KeyError if there is none."""
        return self._checks[check_id]

    def select(self, level: Level, only: Iterable[str] = ()) -> list[Check]:
        """The checks of a level and those below it, or those named among them.

        Raises:
            InputError: A name in `only` is no check of these levels.
        """
        wanted = levels_up_to(level)
        checks = [check for check in self if check.level in wanted]
        names = [name.upper() for name in only]
        findings = Findings()
        ids = [check.id for check in checks]
        for name in names:
            if name not in ids:
                hint = did_you_mean(name, ids)
                findings.add(
                    Problem(
                        "--only",
                        0,
                        f"no check '{name}' up to level {level.value}",
                        "an id such as L1-REL-01",
                        hint,
                    )
                )
        findings.raise_if_any()
        return [check for check in checks if not names or check.id in names]

    def bounds(self, settings: Iterable[str] = ()) -> dict[str, dict[str, Bound]]:
        """The bounds of every check, with `ID.NAME=VALUE` settings applied.

        Raises:
            InputError: A setting names no threshold, or its value is no number.
        """
        table = {
            check.id: {
                item.name: Bound(item.name, item.default, item.unit, item.meaning, item.origin, changed=False)
                for item in check.thresholds
            }
            for check in self
        }
        findings = Findings()
        for setting in settings:
            self._apply(setting, table, findings)
        findings.raise_if_any()
        return table

    @staticmethod
    def _apply(setting: str, table: dict[str, dict[str, Bound]], findings: Findings) -> None:
        path, _, text = setting.partition("=")
        check_id, _, name = path.strip().partition(".")
        known = [f"{owner}.{key}" for owner, keys in table.items() for key in keys]
        if f"{check_id}.{name}" not in known:
            findings.add(Problem("--set", 0, f"no threshold '{path}'", "ID.NAME=VALUE", did_you_mean(path, known)))
            return
        try:
            value = float(text)
        except ValueError:
            findings.add(Problem("--set", 0, f"'{text}' for {path} is no number", "a number"))
            return
        old = table[check_id][name]
        table[check_id][name] = Bound(name, value, old.unit, old.meaning, old.origin, changed=True)
