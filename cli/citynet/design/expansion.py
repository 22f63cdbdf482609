"""Profiles, defaults of domains, devices of site profiles and fibre rings → plain entries, before types are checked.

What an entry says itself wins over its profile, the profile over the defaults of the domain, those over the types' own.
A key wins whole: mappings and lists are not merged. Every value keeps the place where a person wrote it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from citynet.design.links import along
from citynet.design.types import DomainDefaults, FibreRing, Profiles
from citynet.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from citynet.design.partial import Aside
    from citynet.design.source import Loc, Source
    from citynet.errors import Problem

WITH_PROFILE = ("sites", "devices", "participants")
JOINING = {"links": "between", "rings": "devices", "meshes": "devices", "stars": "devices"}
"""Sections that make links, and the key whose first device tells the domain."""


class Expansion:
    """Expands one design in place.

    Attributes:
        errors: Errors of type in profiles, defaults and fibre rings; what they are in was set aside.
        problems: Names of profiles that lead nowhere, fibres that two rings make.
    """

    def __init__(self, values: dict[str, Any], source: Source, aside: Aside) -> None:
        self.values, self.source, self.aside = values, source, aside
        self.errors: list[ErrorDetails] = []
        self.problems: list[Problem] = []

    def run(self) -> None:
        """Expand everything, in the order in which one needs the other."""
        self._check_profiles()
        self._check_defaults()
        self._apply_profiles("sites")
        self._add_site_devices()
        self._apply_profiles("devices")
        self._apply_profiles("participants")
        self._apply_defaults()
        self._add_ring_fibres()

    def _named(self, *path: str) -> dict[str, Any]:
        """The mapping at a path; empty when none is there."""
        here: Any = self.values
        for key in path:
            here = here.get(key) if isinstance(here, dict) else None
        return here if isinstance(here, dict) else {}

    def _entries(self, *path: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """The entries of a section that are mappings; what is none is told by its type later."""
        return ((name, entry) for name, entry in list(self._named(*path).items()) if isinstance(entry, dict))

    def _check(self, model: type[BaseModel], value: Any, loc: Loc) -> list[Loc]:
        """The places of the errors in a value."""
        try:
            model.model_validate(value)
        except ValidationError as error:
            found = error.errors(include_url=False)
        else:
            return []
        for details in found:
            details["loc"] = (*loc, *(part for part in details["loc"] if part != "[key]"))
        self.errors += found
        return [details["loc"] for details in found]

    def _check_profiles(self) -> None:
        if "profiles" not in self.values:
            return
        for _, *where in self._check(Profiles, self.values["profiles"], ("profiles",)):
            match where:
                case [section, name, *_]:
                    self.aside.add(f"profiles.{section}", str(name))
                    self._named("profiles", str(section)).pop(str(name), None)
                case [section]:
                    self.aside.add(f"profiles.{section}")
                    self._named("profiles").pop(str(section), None)
                case _:
                    self.aside.add("profiles")
                    self.values.pop("profiles", None)

    def _check_defaults(self) -> None:
        for name, domain in self._entries("domains"):
            if "defaults" in domain and self._check(DomainDefaults, domain["defaults"], ("domains", name, "defaults")):
                del domain["defaults"]

    def _apply_profiles(self, section: str) -> None:
        known = self._named("profiles", section)
        for name, entry in self._entries(section):
            kind = entry.get("profile")
            if not isinstance(kind, str):
                continue
            profile = known.get(kind)
            if isinstance(profile, dict):
                self._lend(entry, (section, name), profile, ("profiles", section, kind))
            else:
                self._without_profile(section, name, kind)

    def _without_profile(self, section: str, name: str, kind: str) -> None:
        """An entry whose profile is not there lacks who knows what: it is set aside whole."""
        if not self.aside.knows(f"profiles.{section}", kind) and "profiles" not in self.aside.sections:
            known = self._named("profiles", section)
            what, expected = f"no profile '{kind}'", f"a profile of profiles.{section}"
            loc = (section, name, "profile")
            self.problems.append(self.source.problem(loc, what, expected, did_you_mean(kind, known), "reference"))
        self.aside.add(section, name)
        if section == "sites":
            self.aside.add("devices")
            self.aside.sites.append(name)
        self._named(section).pop(name)

    def _lend(self, entry: dict[str, Any], loc: Loc, lender: dict[str, Any], of: Loc) -> None:
        for key, value in lender.items():
            if value is not None and key not in entry and not (key == "devices" and loc[0] == "sites"):
                entry[key] = value
                self.source.copy((*loc, key), (*of, key))

    def _add_site_devices(self) -> None:
        """Each site of a kind gets the devices of that kind, called SITE-KEY; an entry of that name refines one."""
        for site, entry in self._entries("sites"):
            kind = entry.get("profile")
            for key, use in self._entries("profiles", "sites", str(kind), "devices"):
                name, of = f"{site}-{key}", ("profiles", "sites", str(kind), "devices", key)
                devices = self.values.setdefault("devices", {})
                if not isinstance(devices, dict):
                    return
                own = devices.setdefault(name, {})
                if isinstance(own, dict):
                    self.source.copy(("devices", name), of)
                    self._lend(own, ("devices", name), {"site": site, **use}, of)

    def _apply_defaults(self) -> None:
        for name, device in self._entries("devices"):
            self._default("devices", device, ("devices", name), device.get("domain"))
        for name, service in self._entries("services"):
            self._default("services", service, ("services", name), service.get("domain"))
        for section, key in JOINING.items():
            for loc, entry in self._joining(section):
                first = entry.get(key)
                device = self._named("devices", str(first[0])) if isinstance(first, list) and first else {}
                self._default("links", entry, loc, device.get("domain"))

    def _joining(self, section: str) -> Iterator[tuple[Loc, dict[str, Any]]]:
        entries = self.values.get(section)
        pairs = enumerate(entries) if isinstance(entries, list) else self._named(section).items()
        return (((section, name), entry) for name, entry in pairs if isinstance(entry, dict))

    def _default(self, section: str, entry: dict[str, Any], loc: Loc, domain: object) -> None:
        if defaults := self._named("domains", str(domain), "defaults", section):
            self._lend(entry, loc, defaults, ("domains", str(domain), "defaults", section))

    def _add_ring_fibres(self) -> None:
        """Each pair of neighbours of a fibre ring gets a fibre called SITE--SITE."""
        for ring_name, ring in self._entries("fibre_rings"):
            of = ("fibre_rings", ring_name)
            if self._check(FibreRing, ring, of):
                self.aside.add("fibres")
                self.aside.add("fibre_rings", ring_name)
                del self.values["fibre_rings"][ring_name]
                continue
            fibres = self.values.setdefault("fibres", {})
            for a, b in along(ring["sites"], closed=ring.get("closed", True)):
                name = f"{a}--{b}"
                if not isinstance(fibres, dict) or name in fibres:
                    what = f"'{name}' of fibre ring '{ring_name}' stands twice"
                    first = f"first in {self.source.where('fibres', name)}"
                    self.problems.append(self.source.problem(of, what, "each fibre once", first, "duplicate"))
                    continue
                fibres[name] = {key: value for key, value in ring.items() if key not in {"sites", "closed"}}
                fibres[name]["between"] = [a, b]
                self.source.copy(("fibres", name), of)
                self.source.copy(("fibres", name, "between"), (*of, "sites"))
