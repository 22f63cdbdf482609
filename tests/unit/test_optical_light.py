"""GNPy through our adapter: what is put together from stretches is what GNPy finds, and what GNPy publishes."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citynet.design.types import Optical
from citynet.plan.optical.light import Judge, Stretch, kept_by, together_db

gnpy = pytest.importorskip("gnpy", reason="GNPy is an extra: pip install 'citynet[optical]'")

CATALOGUE = Optical()
MODES = CATALOGUE.transceivers["coherent"].modes
SHORT, MIDDLE, LONG = (
    Stretch("g652", ((3.0, 1.6),)),
    Stretch("g652", ((60.0, 13.0), (75.0, 16.0))),
    Stretch("g652", ((100.0, 21.0),) * 3),
)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge(CATALOGUE)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("way", [[SHORT], [MIDDLE], [SHORT, MIDDLE, LONG], [LONG, LONG, MIDDLE.reversed(), SHORT]])
def test_a_way_put_together_is_the_way_propagated_whole(judge: Judge, way: list[Stretch], mode: str) -> None:
    assert judge.one_way_db(way, MODES[mode]) == pytest.approx(judge.whole_db(way, MODES[mode]), abs=0.001)


def test_the_worse_direction_counts(judge: Judge) -> None:
    way = [MIDDLE, LONG]
    there = judge.one_way_db(way, MODES["qpsk-100"])
    back = judge.one_way_db([LONG.reversed(), MIDDLE.reversed()], MODES["qpsk-100"])
    assert there != back
    assert judge.gsnr_db(way, MODES["qpsk-100"]) == min(there, back)


def test_more_fibre_is_less_light(judge: Judge) -> None:
    found = [judge.gsnr_db([MIDDLE] * count, MODES["qpsk-100"]) for count in range(1, 6)]
    assert found == sorted(found, reverse=True)
    assert found[0] - found[-1] > 5


def test_a_stretch_is_propagated_once(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    judge.gsnr_db([SHORT, MIDDLE], MODES["qpsk-100"])
    monkeypatch.setattr("citynet.plan.optical.light.kept_by", lambda *_: pytest.fail("propagated again"))
    judge.gsnr_db([MIDDLE, SHORT, SHORT], MODES["qpsk-100"])


def test_the_band_is_full(judge: Judge) -> None:
    for mode in MODES.values():
        channels = len(judge.kept(SHORT, mode))
        assert channels == int(round(4800 / mode.spacing_ghz, 6))


# --- GNPy's published examples -----------------------------------------------------------------------------------
# Topologies and library are those that GNPy ships (example-data). The figures are those of its repository,
# tests/invocation (github.com/Telecominfraproject/oopt-gnpy, version 3.0), which its own tests compare with.

EXAMPLES = Path(gnpy.__file__).parent / "example-data"
SITE_B_GSNR, SITE_B_GSNR_BANDWIDTH = 31.17, 27.09
"""tests/invocation/transmission_main_example: `gnpy-transmission-example` on edfa_example_network.json."""
REQUESTS = {
    "0": (24.78, 28.87),
    "1": (17.59, 21.67),
    "3": (22.19, 26.28),
    "4": (14.91, 22.14),
    "5": (21.37, 28.60),
    "7 | 6": (19.52, 23.61),
    "7b": (19.61, 23.69),
}
"""tests/invocation/path_requests_run_no_redesign: `gnpy-path-request` on meshTopologyExampleV2.xls; GSNR in the
signal's band and in 0.1 nm, mean of all channels."""


def library() -> dict[str, Any]:
    from gnpy.tools.json_io import load_equipments_and_configs

    found: dict[str, Any] = load_equipments_and_configs(EXAMPLES / "eqpt_config.json", [], [])
    return found


def test_edfa_example_network() -> None:
    from gnpy.tools.json_io import load_network
    from gnpy.tools.worker_utils import designed_network
    from gnpy.topology.request import compute_constrained_path

    equipment = library()
    network = load_network(EXAMPLES / "edfa_example_network.json", equipment)
    network, request, _ = designed_network(equipment, network, source="Site_A", destination="Site_B")
    kept = kept_by(compute_constrained_path(network, request), request, equipment)
    found = together_db([kept], request.baud_rate / 1e9, [40.0])
    assert np.mean(found) == pytest.approx(SITE_B_GSNR, abs=0.1)
    assert np.mean(found) - 10 * np.log10(request.baud_rate / 12.5e9) == pytest.approx(SITE_B_GSNR_BANDWIDTH, abs=0.1)


def mesh_results() -> dict[str, tuple[float, float]]:
    """GSNR of each published request, put together from its stretches."""
    from gnpy.tools.json_io import load_json, load_network
    from gnpy.tools.worker_utils import designed_network, planning

    equipment = library()
    network = load_network(EXAMPLES / "meshTopologyExampleV2.xls", equipment)
    network, _, _ = designed_network(equipment, network)
    services = load_json(EXAMPLES / "meshTopologyExampleV2_services.json")
    _, paths, _, requests, _, _ = planning(network, equipment, services)
    found = {}
    for path, request in zip(paths, requests, strict=True):
        if path:
            found[request.request_id] = by_stretches(path, request, network, equipment)
    return found


def by_stretches(path: list[Any], request: Any, network: Any, equipment: dict[str, Any]) -> tuple[float, float]:
    """A path of GNPy's cut at its ROADMs, each stretch propagated alone, and put together again."""
    from gnpy.core.elements import Roadm, Transceiver

    cuts = [place for place, element in enumerate(path) if isinstance(element, Roadm)]
    kept = []
    for start, end in itertools.pairwise(cuts):
        ends = [
            next(t for t in network.successors(roadm_of(network, path[cut])) if isinstance(t, Transceiver))
            for cut in (start, end)
        ]
        kept.append(kept_by([ends[0], *path[start : end + 1], ends[1]], request, equipment))
    db = together_db(kept, request.baud_rate / 1e9, [38.0, float(request.tx_osnr)])
    mean = float(np.mean(db))
    return mean - float(10 * np.log10(request.baud_rate / 12.5e9)), mean


def roadm_of(network: Any, roadm: Any) -> Any:
    """The element of the network that a copied one is of."""
    return next(node for node in network.nodes() if node.uid == roadm.uid)


def test_mesh_topology_example() -> None:
    found = mesh_results()
    assert found.keys() == REQUESTS.keys()
    for request, published in REQUESTS.items():
        assert found[request] == pytest.approx(published, abs=0.1), request
