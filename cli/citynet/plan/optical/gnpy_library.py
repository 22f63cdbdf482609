"""The design's catalogues as GNPy's equipment library, and GNPy itself if it is there."""

from __future__ import annotations

import importlib.util
import logging
from typing import TYPE_CHECKING, Any

from citynet.errors import Lack, LackingError

if TYPE_CHECKING:
    from citynet.design.types import Mode, Optical

REFERENCE_GBD, REFERENCE_GHZ = 32.0, 50.0
"""The channel that amplifiers are set for: what GNPy's example library takes."""
LAUNCH_DBM = 0.0
"""Power of the reference channel at the input of a span of 20 dB; GNPy shifts it for longer and shorter ones."""


def need_gnpy() -> None:
    """Say what is missing when GNPy is not installed.

    Raises:
        LackingError: It is not.
    """
    if importlib.util.find_spec("gnpy") is None:
        raise LackingError([Lack("GNPy", "judging the lit paths of `optical`", "pip install 'citynet[optical]'")])
    logging.getLogger("gnpy").addHandler(logging.NullHandler())  # what it warns of stands in its figures


def equipment(optical: Optical) -> dict[str, Any]:
    """GNPy's library of what the design may use."""
    from gnpy.tools.json_io import _equipment_from_json  # noqa: PLC0415 - its public one reads a file

    first, last = optical.band.first_thz * 1e12, optical.band.last_thz * 1e12
    found: dict[str, Any] = _equipment_from_json(
        {
            "Edfa": [
                {
                    "type_variety": name,
                    "type_def": "variable_gain",
                    "gain_flatmax": kind.gain_max_db,
                    "gain_min": kind.gain_min_db,
                    "p_max": kind.power_max_dbm,
                    "nf_min": kind.noise_min_db,
                    "nf_max": kind.noise_max_db,
                    "out_voa_auto": False,
                    "allowed_for_design": True,
                    "f_min": first,
                    "f_max": last,
                }
                for name, kind in optical.amplifiers.items()
            ],
            "Fiber": [
                {
                    "type_variety": name,
                    "dispersion": kind.dispersion_ps_nm_km * 1e-6,
                    "effective_area": kind.effective_area_um2 * 1e-12,
                    "pmd_coef": kind.pmd_ps_sqrt_km * 1e-12 / 1000**0.5,
                }
                for name, kind in optical.fibre_kinds.items()
            ],
            "Span": [_span(optical)],
            "Roadm": [_roadm(optical)],
            "SI": [_spectrum(optical)],
            "Transceiver": [
                {"type_variety": name, "frequency": {"min": first, "max": last}, "mode": []}
                for name in optical.transceivers
            ],
        },
        {},
    )
    return found


def _span(optical: Optical) -> dict[str, Any]:
    return {
        "power_mode": True,
        "delta_power_range_db": [-2, 3, 0.5],
        "max_fiber_lineic_loss_for_raman": 0.25,
        "target_extended_gain": 2.5,
        "max_length": 150,
        "length_units": "km",
        "max_loss": 28,
        "padding": optical.padding_db,
        "EOL": 0,
        "con_in": 0,
        "con_out": 0,
    }


def _roadm(optical: Optical) -> dict[str, Any]:
    """ROADMs that keep the power per GHz, so that channels of different symbol rates can be neighbours."""
    density = 10 ** (optical.roadm.output_dbm / 10) / REFERENCE_GBD
    return {
        "type_variety": "default",
        "target_psd_out_mWperGHz": density,
        "add_drop_osnr": optical.roadm.add_drop_osnr_db,
        "pmd": 0,
        "pdl": 0,
        "restrictions": {"preamp_variety_list": [], "booster_variety_list": []},
    }


def _spectrum(optical: Optical) -> dict[str, Any]:
    return {
        "f_min": optical.band.first_thz * 1e12,
        "f_max": optical.band.last_thz * 1e12,
        "baud_rate": REFERENCE_GBD * 1e9,
        "spacing": REFERENCE_GHZ * 1e9,
        "power_dbm": LAUNCH_DBM,
        "power_range_db": [0, 0, 1],
        "tx_power_dbm": LAUNCH_DBM,
        "roll_off": 0.15,
        "tx_osnr": 40,
        "sys_margins": 0,
        "use_si_channel_count_for_design": True,
    }


def full_load(optical: Optical, mode: Mode, library: dict[str, Any]) -> Any:
    """GNPy's request for channels of one mode, side by side over the whole band: the worst company there is."""
    from gnpy.core.equipment import trx_mode_params  # noqa: PLC0415 - GNPy is an extra

    half = mode.spacing_ghz / 2 * 1e9
    return request(
        {
            **trx_mode_params(library),
            "f_min": optical.band.first_thz * 1e12 - half,  # GNPy's first channel is one spacing above
            "f_max": optical.band.last_thz * 1e12 - half + 1,
            "baud_rate": mode.baud_gbd * 1e9,
            "spacing": mode.spacing_ghz * 1e9,
            "roll_off": mode.roll_off,
            "tx_osnr": mode.tx_osnr_db,
        }
    )


def reference(library: dict[str, Any]) -> Any:
    """GNPy's request for the channel that amplifiers are set for."""
    from gnpy.core.equipment import trx_mode_params  # noqa: PLC0415
    from gnpy.core.utils import automatic_nch  # noqa: PLC0415

    si = library["SI"]["default"]
    return request(trx_mode_params(library) | {"nb_channel": automatic_nch(si.f_min, si.f_max, si.spacing)})


def request(parameters: dict[str, Any]) -> Any:
    """A request with what GNPy wants beside the spectrum."""
    from gnpy.topology.request import PathRequest  # noqa: PLC0415

    power = 10 ** (LAUNCH_DBM / 10) / 1000
    fixed = {
        "request_id": "citynet",
        "trx_type": "",
        "trx_mode": "",
        "source": "trx a",
        "destination": "trx b",
        "bidir": False,
        "nodes_list": ["trx b"],
        "loose_list": ["STRICT"],
        "format": "",
        "path_bandwidth": 0,
        "effective_freq_slot": None,
        "nb_channel": None,
        "power": power,
        "tx_power": power,
    }
    return PathRequest(**{**fixed, **parameters})
