"""The optical base: catalogues of fibres, amplifiers and transceivers, classes of protection, services of light."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from citynet.design.base import Measured, Real, Strict, Whole
from citynet.design.types.words import TITLE, DomainName, FibreName, Name, ProtectionClass

ModeRate = Literal[100, 200, 300, 400, 500, 600, 800]


class FibreKind(Measured):
    """A kind of fibre, as GNPy takes it; the default is ITU-T G.652.D."""

    loss_db_per_km: Real = Field(0.2, gt=0, le=5, description="attenuation in dB/km; a measured `loss_db` wins over it")
    dispersion_ps_nm_km: Real = Field(16.7, ge=0, le=50, description="chromatic dispersion in ps/(nm km)")
    effective_area_um2: Real = Field(83, gt=10, le=300, description="effective area in square micrometres")
    pmd_ps_sqrt_km: Real = Field(0.04, ge=0, le=5, description="polarisation mode dispersion in ps per root of km")


class AmplifierKind(Measured):
    """A kind of amplifier with variable gain; GNPy chooses the kind that suits each place."""

    gain_min_db: Real = Field(ge=0, le=50, description="least gain in dB")
    gain_max_db: Real = Field(ge=1, le=50, description="largest gain with a flat spectrum in dB")
    power_max_dbm: Real = Field(ge=0, le=35, description="largest total output power in dBm")
    noise_min_db: Real = Field(ge=3, le=20, description="noise figure at the largest gain in dB")
    noise_max_db: Real = Field(ge=3, le=30, description="noise figure at the least gain in dB")


class Mode(Measured):
    """A way in which a transceiver sends."""

    rate_gbps: ModeRate = Field(description="what it carries in Gbit/s: an ODU4, or an ODUCn of n × 100")
    baud_gbd: Real = Field(gt=0, le=200, description="symbol rate in GBd")
    osnr_db: Real = Field(ge=0, le=60, description="least signal-to-noise ratio at the receiver in dB, in 0.1 nm")
    spacing_ghz: Real = Field(gt=0, le=400, description="spectrum it takes in GHz, a multiple of 12.5 (ITU-T G.694.1)")
    roll_off: Real = Field(0.15, ge=0, le=1, description="roll-off of its spectrum")
    tx_osnr_db: Real = Field(40, ge=10, le=80, description="signal-to-noise ratio as sent, in dB, in 0.1 nm")


class TransceiverKind(Strict):
    """A kind of transceiver with its modes."""

    modes: dict[Name, Mode] = Field(default_factory=dict, description="modes by name")


class Roadm(Measured):
    """What all ROADMs do."""

    output_dbm: Real = Field(
        -20, ge=-40, le=10, description="power of a 32 GBd channel where it leaves, in dBm; others by symbol rate"
    )
    add_drop_osnr_db: Real = Field(38, ge=10, le=100, description="what adding and dropping does, in dB, in 0.1 nm")


class Switching(Measured):
    """How long a class of protection takes when light goes; settings of the lab's clock."""

    switch_ms: Real = Field(
        20, ge=0, le=60000, description="time to switch to the protection path (G.873.1: at most 50)"
    )
    restoration_ms: Real = Field(1000, ge=0, le=600000, description="time to find and light another path in ms")


class Band(Measured):
    """The part of the spectrum that amplifiers carry."""

    first_thz: Real = Field(191.3, ge=184, le=198, description="lower edge in THz; a multiple of 12.5 GHz from 193.1")
    last_thz: Real = Field(196.1, ge=184, le=198, description="upper edge in THz")


class OpticalService(Measured):
    """A service of light or of ODU between two sites that is no IP line of this design."""

    title: str = Field("", description=TITLE)
    domain: DomainName = Field(description="the domain it belongs to")
    between: Annotated[list[Name], Field(min_length=2, max_length=2)] = Field(description="the two sites it joins")
    rate_mbps: Whole = Field(ge=1, le=800_000, description="its rate in Mbit/s; below 1000 it rides in fine grain")
    protection: ProtectionClass | None = Field(None, description="its class; `optical.protection` when absent")
    fibres: list[FibreName] = Field(default_factory=list, description="fibres of its working path, from end to end")
    frequency_thz: Real | None = Field(None, gt=0, description="central frequency of its working path in THz")


def _modes() -> dict[str, TransceiverKind]:
    """What GNPy's example library calls Voyager (modes 1, 4 and 2), on the fixed grid's 50 GHz where it fits."""
    return {
        "coherent": TransceiverKind(
            modes={
                "qpsk-100": Mode(rate_gbps=100, baud_gbd=32, osnr_db=12, spacing_ghz=50),
                "qpsk-200": Mode(rate_gbps=200, baud_gbd=66, osnr_db=16, spacing_ghz=75),
                "qam16-400": Mode(rate_gbps=400, baud_gbd=66, osnr_db=21, spacing_ghz=75),
            }
        )
    }


def _amplifiers() -> dict[str, AmplifierKind]:
    """What GNPy's example library calls std_low_gain, std_medium_gain and std_high_gain."""
    rows = {"low": (8, 16, 23, 6.5, 11), "medium": (15, 26, 23, 6, 10), "high": (25, 35, 21, 5.5, 7)}
    keys = ("gain_min_db", "gain_max_db", "power_max_dbm", "noise_min_db", "noise_max_db")
    return {name: AmplifierKind(**dict(zip(keys, map(float, row), strict=True))) for name, row in rows.items()}


def _classes() -> dict[ProtectionClass, Switching]:
    return {name: Switching() for name in ("diamond", "gold", "silver", "copper", "unprotected")}


class Optical(Measured):
    """The optical base. With this section every line between two sites gets a lit path that GNPy has judged."""

    protection: ProtectionClass = Field("unprotected", description="class of lines and services that name none")
    domains_share: Literal["nothing", "wavelength", "odu"] = Field(
        "nothing", description="what the domains may have in common; `wavelength`: ODUs of both in one wavelength"
    )
    system_margin_db: Real = Field(2, ge=0, le=20, description="what a lit path must have over its mode's need, in dB")
    max_span_km: Real = Field(80, gt=1, le=300, description="longer fibres get amplifiers in between, evenly spaced")
    connector_db: Real = Field(0.5, ge=0, le=10, description="loss of the connectors at each end of a span in dB")
    padding_db: Real = Field(10, ge=0, le=30, description="shorter spans are attenuated to this loss in dB")
    fine_slot_mbps: Real = Field(10.4, gt=0, le=1000, description="rate of a fine-grain slot (G.709 Annex M) in Mbit/s")
    fine_slots: Whole = Field(119, ge=1, le=10000, description="fine-grain slots of an ODU0")
    band: Band = Field(default_factory=Band, description="the spectrum that is used")
    roadm: Roadm = Field(default_factory=Roadm, description="what ROADMs do")
    fibre_kinds: dict[Name, FibreKind] = Field(
        default_factory=lambda: {"g652": FibreKind()}, description="kinds of fibre; `g652` is the default one"
    )
    amplifiers: dict[Name, AmplifierKind] = Field(default_factory=_amplifiers, description="kinds of amplifiers")
    transceivers: dict[Name, TransceiverKind] = Field(default_factory=_modes, description="kinds of transceivers")
    classes: dict[ProtectionClass, Switching] = Field(
        default_factory=_classes, description="switching times by class; the defaults when a class is absent"
    )
    services: dict[Name, OpticalService] = Field(default_factory=dict, description="services beside the IP lines")
