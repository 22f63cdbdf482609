"""What is left of a signal: GNPy propagates a full band through each fibre once, and ways are put together from that.

Between two ROADMs GNPy's model turns a share of each channel into noise: amplifiers add ASE, fibres turn signal into
NLI by the power of all channels (Gaussian noise model). Every ROADM sets each channel's power anew, so the share does
not depend on what was before, and the shares of fibres in a row multiply. That is exact in GNPy's model, no
approximation; tests compare it with whole ways that GNPy propagates.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from citynet.plan.optical import gnpy_library

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from citynet.design.types import Mode, Optical

REFERENCE_BANDWIDTH_GHZ = 12.5
"""0.1 nm at 1550 nm: what signal-to-noise ratios of transceivers are quoted in."""


class LightError(Exception):
    """GNPy can't design a fibre, for instance because no amplifier of the catalogue has the gain."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one ROADM to the next in one direction: kind of fibre, and length in km and loss in dB of each span."""

    kind: str
    spans: tuple[tuple[float, float], ...]

    def reversed(self) -> Stretch:
        """The other direction."""
        return Stretch(self.kind, self.spans[::-1])


@dataclass(slots=True)
class Judge:
    """GNPy with the catalogues of one design; remembers every stretch."""

    optical: Optical
    _kept: dict[tuple[Stretch, tuple[float, ...]], NDArray[np.float64]] = field(default_factory=dict)
    _networks: dict[Stretch, list[Any]] = field(default_factory=dict)
    _equipment: dict[str, Any] | None = None

    @property
    def library(self) -> dict[str, Any]:
        """GNPy's equipment library."""
        if self._equipment is None:
            gnpy_library.need_gnpy()
            self._equipment = gnpy_library.equipment(self.optical)
        return self._equipment

    def gsnr_db(self, way: Sequence[Stretch], mode: Mode) -> float:
        """GSNR at the receiver in 0.1 nm: the worst channel under full load, in the worse direction."""
        back = [stretch.reversed() for stretch in reversed(way)]
        return min(self.one_way_db(way, mode), self.one_way_db(back, mode))

    def one_way_db(self, way: Sequence[Stretch], mode: Mode) -> float:
        """As `gsnr_db`, in the direction given."""
        added = (self.optical.roadm.add_drop_osnr_db, mode.tx_osnr_db)
        return float(together_db([self.kept(stretch, mode) for stretch in way], mode.baud_gbd, added).min())

    def kept(self, stretch: Stretch, mode: Mode) -> NDArray[np.float64]:
        """The share of each channel that is still signal after a stretch."""
        key = (stretch, (mode.baud_gbd, mode.spacing_ghz, mode.roll_off))
        if (known := self._kept.get(key)) is None:
            load = gnpy_library.full_load(self.optical, mode, self.library)
            known = self._kept[key] = kept_by(self.network([stretch]), load, self.library)
        return known

    def amplifiers(self, stretch: Stretch) -> list[tuple[str, float]]:
        """Kind and gain in dB of each amplifier of a stretch, in the direction of the light, as GNPy sets them."""
        path = self.network([stretch])
        return [(str(e.params.type_variety), round(float(e.effective_gain), 2)) for e in path if _is(e, "Edfa")]

    def whole_db(self, way: Sequence[Stretch], mode: Mode) -> float:
        """As `one_way_db`, but GNPy propagates the whole way at once; slow, for tests."""
        from gnpy.topology.request import propagate  # noqa: PLC0415

        path = self.network(way)
        propagate(path, gnpy_library.full_load(self.optical, mode, self.library), self.library)
        return float(min(path[-1].snr_01nm))

    def network(self, way: Sequence[Stretch]) -> list[Any]:
        """GNPy's elements from transmitter to receiver, designed."""
        if len(way) == 1 and way[0] in self._networks:
            return self._networks[way[0]]
        path = _designed(way, self.optical, self.library)
        if len(way) == 1:
            self._networks[way[0]] = path
        return path


def kept_by(path: list[Any], load: Any, library: dict[str, Any]) -> NDArray[np.float64]:
    """The share of each channel that is still signal at the end of a GNPy path (transceiver to transceiver)."""
    from gnpy.topology.request import propagate  # noqa: PLC0415

    ratio = propagate(path, load, library).gsnr
    return np.asarray(ratio / (1 + ratio), dtype=np.float64)


def together_db(kept: Sequence[NDArray[np.float64]], baud_gbd: float, added_db: Sequence[float]) -> NDArray[np.float64]:
    """GSNR of each channel in 0.1 nm, from what each stretch keeps and what transceivers and add/drop add."""
    signal = np.prod(np.stack(kept), axis=0)
    noise = (1 - signal) / signal * REFERENCE_BANDWIDTH_GHZ / baud_gbd + sum(10 ** (-db / 10) for db in added_db)
    return np.asarray(-10 * np.log10(noise), dtype=np.float64)


def _is(element: Any, kind: str) -> bool:
    return type(element).__name__ == kind


def _designed(way: Sequence[Stretch], optical: Optical, library: dict[str, Any]) -> list[Any]:
    from gnpy.core.exceptions import ConfigurationError, EquipmentConfigError, NetworkTopologyError  # noqa: PLC0415
    from gnpy.core.network import design_network  # noqa: PLC0415
    from gnpy.tools.json_io import network_from_json  # noqa: PLC0415

    elements = list(_elements(way, optical))
    names = [element["uid"] for element in elements]
    connections = [{"from_node": a, "to_node": b} for a, b in itertools.pairwise(names)]
    try:
        network = network_from_json({"elements": elements, "connections": connections}, library)
        design_network(gnpy_library.reference(library), network, library, set_connector_losses=True, verbose=False)
    except (ConfigurationError, EquipmentConfigError, NetworkTopologyError) as error:
        raise LightError(str(error).splitlines()[0]) from error
    by_name = {node.uid: node for node in network.nodes()}
    return [by_name[name] for name in names]


def _elements(way: Sequence[Stretch], optical: Optical) -> Any:
    yield {"uid": "trx a", "type": "Transceiver"}
    yield {"uid": "roadm 0", "type": "Roadm"}
    for number, stretch in enumerate(way, 1):
        yield {"uid": f"booster {number}", "type": "Edfa"}
        for place, (length_km, loss_db) in enumerate(stretch.spans):
            yield _fibre(f"{number} {place}", stretch.kind, length_km, loss_db - 2 * optical.connector_db, optical)
            yield {"uid": f"edfa {number} {place}", "type": "Edfa"}
        yield {"uid": f"roadm {number}", "type": "Roadm"}
    yield {"uid": "trx b", "type": "Transceiver"}


def _fibre(name: str, kind: str, length_km: float, loss_db: float, optical: Optical) -> dict[str, Any]:
    params = {
        "length": length_km,
        "length_units": "km",
        "loss_coef": max(loss_db, 0.0) / length_km,
        "con_in": optical.connector_db,
        "con_out": optical.connector_db,
    }
    return {"uid": f"fibre {name}", "type": "Fiber", "type_variety": kind, "params": params}
