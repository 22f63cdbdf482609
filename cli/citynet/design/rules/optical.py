"""The optical base: catalogues that make sense, and light that can be asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from citynet.design.rules.registry import rule
from citynet.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from citynet.design.model import Design
    from citynet.design.source import Loc
    from citynet.design.types import Mode, Optical
    from citynet.errors import Problem

GRID_GHZ = 12.5
"""Widths are multiples of this, and edges of the band stand on it (ITU-T G.694.1, clause 7)."""
CENTRE_GHZ = 6.25
"""Central frequencies are 193.1 THz and multiples of this more or less."""


@rule("optical-asked")
def asked(design: Design) -> Iterator[Problem]:
    """Light is asked for only where the design has an `optical` section.

    Classes of protection, wavelengths, kinds of fibres and line amplifiers mean nothing without it. Write `optical: {}`
    to have the light planned, with the defaults of the reference.
    """
    if design.city.optical is not None or "optical" in design.aside.sections:
        return
    for loc, key in _wishes(design):
        yield design.source.problem(
            (*loc, key),
            f"'{key}' asks for light, but the design has no `optical`",
            "an `optical` section",
            "optical: {}",
        )


def _wishes(design: Design) -> Iterator[tuple[Loc, str]]:
    """Keys that only the optical base understands."""
    city = design.city
    for name, fibre in city.fibres.items():
        if fibre.kind != "g652":
            yield ("fibres", name), "kind"
        if fibre.amplifiers_km:
            yield ("fibres", name), "amplifiers_km"
    for number, link in enumerate(city.links):
        if link.frequency_thz is not None:
            yield ("links", number), "frequency_thz"
        if link.protection is not None:
            yield ("links", number), "protection"
    for section, joined in (("rings", city.rings), ("meshes", city.meshes), ("stars", city.stars)):
        yield from (((section, name), "protection") for name, one in joined.items() if one.protection is not None)


@rule("optical-catalogue")
def catalogue(design: Design) -> Iterator[Problem]:
    """The kinds of fibre, amplifiers and transceivers of the optical base can exist.

    A mode fits into its spacing, and that is a multiple of 12.5 GHz; an amplifier's gains and noise figures have the
    right order (the noise is least at the largest gain); the band has edges on the grid, the lower one first.
    """
    optical = design.city.optical
    if optical is None:
        return
    for kind, transceiver in optical.transceivers.items():
        for name, mode in transceiver.modes.items():
            loc: Loc = ("optical", "transceivers", kind, "modes", name)
            yield from (design.source.problem((*loc, key), *said) for key, *said in _mode(name, mode, optical))
    for name, amplifier in optical.amplifiers.items():
        if amplifier.gain_min_db >= amplifier.gain_max_db or amplifier.noise_min_db > amplifier.noise_max_db:
            yield design.source.problem(
                ("optical", "amplifiers", name),
                f"amplifier '{name}' has limits in the wrong order",
                "gain_min_db below gain_max_db, noise_min_db at most noise_max_db",
            )
    band = optical.band
    if not (_on(band.first_thz, GRID_GHZ) and _on(band.last_thz, GRID_GHZ) and band.first_thz < band.last_thz):
        yield design.source.problem(
            ("optical", "band"),
            f"the band from {band.first_thz:g} to {band.last_thz:g} THz is none of the grid",
            "edges at multiples of 12.5 GHz from 193.1 THz, the lower one first (ITU-T G.694.1)",
        )


def _mode(name: str, mode: Mode, optical: Optical) -> Iterator[tuple[str, str, str]]:
    """Key, what and expected of everything wrong with a mode."""
    if mode.spacing_ghz % GRID_GHZ:
        yield (
            "spacing_ghz",
            f"mode '{name}' takes {mode.spacing_ghz:g} GHz",
            "a multiple of 12.5 GHz (ITU-T G.694.1)",
        )
    if mode.baud_gbd > mode.spacing_ghz:
        yield (
            "baud_gbd",
            f"mode '{name}' of {mode.baud_gbd:g} GBd does not fit into {mode.spacing_ghz:g} GHz",
            "a symbol rate of at most the spacing",
        )
    if mode.spacing_ghz > (optical.band.last_thz - optical.band.first_thz) * 1000:
        yield "spacing_ghz", f"mode '{name}' is wider than the band", "a mode that fits into `optical.band`"


@rule("optical-fibre", "fibres")
def fibres(design: Design) -> Iterator[Problem]:
    """A fibre of the optical base is of a known kind, and its line amplifiers stand along it.

    Kinds stand in `optical.fibre_kinds`; when that is given, `g652` must be in it for the fibres that name none.
    """
    optical = design.city.optical
    if optical is None:
        return
    for name, fibre in design.city.fibres.items():
        if fibre.kind not in optical.fibre_kinds:
            yield design.source.problem(
                ("fibres", name, "kind"),
                f"no fibre kind '{fibre.kind}'",
                "a kind of `optical.fibre_kinds`",
                did_you_mean(fibre.kind, optical.fibre_kinds),
            )
        beyond = [at for at in fibre.amplifiers_km if at >= fibre.length_km]
        if beyond or len(set(fibre.amplifiers_km)) < len(fibre.amplifiers_km):
            yield design.source.problem(
                ("fibres", name, "amplifiers_km"),
                f"amplifiers at {', '.join(f'{at:g}' for at in fibre.amplifiers_km)} km of fibre '{name}' of "
                f"{fibre.length_km:g} km",
                "places inside the fibre, each once",
            )


@rule("optical-frequency")
def frequencies(design: Design) -> Iterator[Problem]:
    """A wavelength that is asked for is a central frequency of the grid, inside the band.

    They are 193.1 THz and multiples of 6.25 GHz more or less (ITU-T G.694.1). Whether somebody else asks for the same
    one on the same fibre, planning tells.
    """
    optical = design.city.optical
    if optical is None:
        return
    asked_for: list[tuple[Loc, float | None]] = [
        (("links", number, "frequency_thz"), link.frequency_thz) for number, link in enumerate(design.city.links)
    ]
    asked_for += [
        (("optical", "services", name, "frequency_thz"), service.frequency_thz)
        for name, service in optical.services.items()
    ]
    for loc, frequency in asked_for:
        if frequency is None:
            continue
        if not _on(frequency, CENTRE_GHZ) or not optical.band.first_thz < frequency < optical.band.last_thz:
            yield design.source.problem(
                loc,
                f"{frequency:g} THz is no central frequency of the band",
                f"193.1 THz ± n × 6.25 GHz, from {optical.band.first_thz:g} to {optical.band.last_thz:g} THz",
            )


@rule("optical-service", "sites", "fibres", "devices", "links", "rings", "meshes", "stars")
def services(design: Design) -> Iterator[Problem]:
    """A service of the optical base joins two different sites that fibres reach, over fibres that join them.

    Its name is no other's: lines are called DEVICE--DEVICE and are services too.
    """
    optical = design.city.optical
    if optical is None:
        return
    reached = {site for fibre in design.city.fibres.values() for site in fibre.between}
    for name, service in optical.services.items():
        loc: Loc = ("optical", "services", name)
        one, other = service.between
        if one == other:
            yield design.source.problem((*loc, "between"), f"service '{name}' joins '{one}' to itself", "two sites")
        for site in {one: None, other: None}:
            if site not in design.city.sites:
                hint = did_you_mean(site, design.city.sites)
                yield design.source.problem((*loc, "between"), f"no site '{site}'", "a site of this design", hint)
            elif site not in reached:
                yield design.source.problem(
                    (*loc, "between"), f"no fibre reaches site '{site}' of service '{name}'", "a site with fibres"
                )
        if service.domain not in design.city.domains:
            yield design.source.problem((*loc, "domain"), f"no domain '{service.domain}'", "a domain of this design")
        yield from _its_fibres(design, name)


def _its_fibres(design: Design, name: str) -> Iterator[Problem]:
    city = design.city
    service = city.optical.services[name] if city.optical else None
    if service is None or not service.fibres:
        return
    loc: Loc = ("optical", "services", name, "fibres")
    unknown = [fibre for fibre in service.fibres if fibre not in city.fibres]
    for fibre in unknown:
        yield design.source.problem(
            loc, f"no fibre '{fibre}'", "a fibre of this design", did_you_mean(fibre, city.fibres)
        )
    here: str | None = service.between[0]
    for fibre in [] if unknown else service.fibres:
        ends = city.fibres[fibre].between
        here = None if here not in ends else ends[1] if here == ends[0] else ends[0]
    if not unknown and here != service.between[1]:
        yield design.source.problem(
            loc, f"the fibres of service '{name}' do not join its sites", "fibres in order, end to end"
        )


def _on(frequency_thz: float, step_ghz: float) -> bool:
    """Whether a frequency is a whole number of steps from 193.1 THz."""
    steps = (frequency_thz - 193.1) * 1000 / step_ghz
    return abs(steps - round(steps)) < 1e-6
