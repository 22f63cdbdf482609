"""GNPy's topology: reconfigurable nodes are places, the chains of fibres and amplifiers between them are spans."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import rustworkx

from citynet.imports import gnpy_reader, measures
from citynet.imports.report import Report, Where
from citynet.imports.topology import Span, Spot, Topology

if TYPE_CHECKING:
    from pathlib import Path

STOPS = ("Roadm", "Transceiver")
"""Where light begins and ends: the ends of a chain."""
FIBRES = ("Fiber", "RamanFiber")
PASSED = ("Edfa", "Multiband_amplifier", "Fused")
"""What stands between fibres without being a place of the network."""
TYPES = (*STOPS, *FIBRES, *PASSED)
FUSED_LOSS_DB = 1.0
"""What GNPy takes for a `Fused` element that does not say it."""
MOST_STEPS = 2_000_000
"""Most elements passed over all chains; a plain network passes each once for each direction."""
MOST_WAYS = 16
"""Most connections that may leave a `Fused` element; chains are followed through each of them."""


@dataclass(slots=True)
class Element:
    """An element of the file; lengths in km, losses in dB, None where the file does not say them."""

    uid: str
    kind: str
    where: Where
    city: str = ""
    place: tuple[float, float] | None = None
    length_km: float | None = 0.0
    loss_db: float | None = 0.0


class Chain(NamedTuple):
    """One direction between two stops; lengths in km, losses in dB, None where one of its fibres does not say them."""

    start: str
    end: str
    length_km: float | None
    loss_db: float | None
    where: Where


def read(files: list[Path], report: Report) -> Topology | None:
    """Read one GNPy topology; None when that cannot be, which the report then tells."""
    if len(files) != 1:
        report.wrong(Where(str(files[1])), "is one file too many", "one GNPy topology")
        return None
    network = gnpy_reader.read(files[0], report)
    if network is None:
        return None
    elements = _elements(network, report)
    following = _connections(network, elements, report)
    topology = Topology(files[0].stem, network.name)
    if not any(element.kind in STOPS for element in elements.values()):
        report.wrong(Where(str(files[0])), "holds neither Roadm nor Transceiver", "places where light begins and ends")
    if report.findings.problems:
        return None  # chains through what is missing would only bring echoes
    rooms = _rooms(elements, following)
    for uid, room in rooms.items():
        _add_spot(topology, room, elements[uid])
    for uid, spot in topology.spots.items():
        spot.label = spot.label or uid
    _add_spans(topology, rooms, _chains(elements, following, report), report)
    return topology


def _elements(network: gnpy_reader.Network, report: Report) -> dict[str, Element]:
    elements: dict[str, Element] = {}
    for value, where in network.lists["elements"]:
        uid, kind = value.get("uid"), value.get("type")
        if not isinstance(uid, str) or not uid:
            report.faulty(where, "an element has no 'uid'", "a text for each element")
        elif uid in elements:
            report.faulty(where, f"element '{uid}' stands twice", "each uid once", f"first in {elements[uid].where}")
        elif kind not in TYPES:
            report.faulty(where, f"element '{uid}' is of the unknown type {str(kind)[:40]!r}", ", ".join(TYPES))
        else:
            elements[uid] = _element(uid, kind, where, value, report)
    return elements


def _element(uid: str, kind: str, where: Where, value: dict[str, Any], report: Report) -> Element:
    location = _inside(value, "metadata", "location")
    city = location.get("city")
    found = Element(uid, kind, where, city.strip() if isinstance(city, str) else "")
    at = (location.get("latitude"), location.get("longitude"))
    if kind in STOPS and at not in {(0, 0), ("0.0", "0.0")}:  # what GNPy writes for "unknown"
        found.place = measures.place(*at, f"element '{uid}'", where, report)
    params = _inside(value, "params")
    if kind in FIBRES:
        _measure(found, params, report)
    elif kind == "Fused":
        loss = measures.number(params.get("loss"))
        found.loss_db = FUSED_LOSS_DB if loss is None else loss
    return found


def _inside(value: dict[str, Any], *keys: str) -> dict[str, Any]:
    """The object under these keys; an empty one when there is none."""
    for key in keys:
        inner = value.get(key)
        value = inner if isinstance(inner, dict) else {}
    return value


def _measure(fibre: Element, params: dict[str, Any], report: Report) -> None:
    """Length and loss of a fibre, added up as GNPy does: coefficient, connectors, padding, lumped losses."""
    what = f"fibre '{fibre.uid}'"
    fibre.length_km = fibre.loss_db = None
    if params.get("length") is None:
        report.faulty(fibre.where, f"{what} has no length", "params: length and length_units")
        return
    length = measures.length_km(params["length"], str(params.get("length_units") or "km"), what, fibre.where, report)
    fibre.length_km = length
    coefficient = measures.number(params.get("loss_coef"))
    if coefficient is None or length is None:
        return  # the coefficient is in GNPy's equipment library, or by frequency
    lumped = params.get("lumped_losses")
    parts = [lump.get("loss") for lump in lumped if isinstance(lump, dict)] if isinstance(lumped, list) else []
    parts += [params.get(key) for key in ("con_in", "con_out", "att_in")]
    losses = [measures.number(part) or 0.0 for part in parts]
    if min(coefficient, *losses) < 0:
        report.faulty(fibre.where, f"{what} has a negative loss", "losses of 0 dB or more")
    else:
        fibre.loss_db = length * coefficient + sum(losses)


def _connections(
    network: gnpy_reader.Network, elements: dict[str, Element], report: Report
) -> dict[str, dict[str, None]]:
    following: dict[str, dict[str, None]] = defaultdict(dict)
    lines: dict[str, Where] = {}
    for value, where in network.lists["connections"]:
        ends = [value.get(key) for key in ("from_node", "to_node")]
        missing = [end for end in ends if not isinstance(end, str) or end not in elements]
        for end in missing:
            report.faulty(
                where, f"a connection leads to {str(end)[:60]!r}, which is no element", "the uid of an element"
            )
        if missing:
            continue
        one, other = map(str, ends)
        if one == other:
            report.faulty(where, f"a connection joins '{one}' to itself", "two elements")
            continue
        following[one][other] = None
        lines[one] = where
    for uid, element in elements.items():
        most = {"Fused": MOST_WAYS}.get(element.kind, 1)
        if element.kind not in STOPS and len(following.get(uid, ())) > most:
            said = f"{element.kind} '{uid}' leads to {len(following[uid])} elements"
            report.faulty(lines[uid], said, f"{most} at most")
            following[uid] = dict.fromkeys(list(following[uid])[:most])
    return following


def _rooms(elements: dict[str, Element], following: dict[str, dict[str, None]]) -> dict[str, str]:
    """Each stop → the first stop of its room: what is joined without a fibre, or stands in one city at one place."""
    graph = rustworkx.PyGraph()
    uids = [uid for uid, element in elements.items() if element.kind not in FIBRES]
    index = dict(zip(uids, graph.add_nodes_from(uids), strict=True))
    joined = [(index[a], index[b]) for a in uids for b in following.get(a, ()) if b in index]
    graph.add_edges_from_no_data(joined)
    cities: dict[tuple[str, tuple[float, float] | None], str] = {}
    for uid in uids:
        element = elements[uid]
        if element.kind in STOPS and element.city:
            first = cities.setdefault((element.city, element.place), uid)
            if first != uid:
                graph.add_edge(index[first], index[uid], None)
    rooms: dict[str, str] = {}
    for part in rustworkx.connected_components(graph):
        stops = [graph[node] for node in sorted(part) if elements[graph[node]].kind in STOPS]
        stops.sort(key=lambda uid: elements[uid].kind != "Roadm")
        rooms.update(dict.fromkeys(stops, *stops[:1]))
    return rooms


def _add_spot(topology: Topology, room: str, element: Element) -> None:
    """The room of a stop; what the first of its stops does not say, the others may."""
    spot = topology.spots.get(room)
    if spot is None:
        spot = topology.spots[room] = Spot(room, "", element.where)
    spot.label = spot.label or element.city
    spot.place = spot.place or element.place


def _chains(elements: dict[str, Element], following: dict[str, dict[str, None]], report: Report) -> list[Chain]:
    """From every stop along its fibres to the next stops, each element once; the way back to the start is no chain."""
    chains: list[Chain] = []
    reached: set[str] = set()
    steps = 0
    for start, element in elements.items():
        if element.kind not in STOPS:
            continue
        passed = _from(start, elements, following, chains)
        reached |= passed
        steps += len(passed)
        if steps > MOST_STEPS:
            report.wrong(element.where, "the chains of this file branch without end", f"{MOST_STEPS} steps at most")
            return []
    for uid, one in elements.items():
        if one.kind in FIBRES and uid not in reached:
            report.leave(one.where, f"fibre '{uid}' is not reached from any Roadm or Transceiver")
    return chains


def _from(
    start: str, elements: dict[str, Element], following: dict[str, dict[str, None]], chains: list[Chain]
) -> set[str]:
    """Add the chains that begin at a stop; returns what they pass."""
    passed: set[str] = set()
    ahead = deque((uid, Chain(start, "", 0.0, 0.0, elements[start].where)) for uid in following.get(start, ()))
    while ahead:
        uid, so_far = ahead.popleft()
        here = elements[uid]
        if here.kind in STOPS:
            if uid != start and so_far.end:
                chains.append(so_far._replace(end=uid))
        elif uid not in passed:
            passed.add(uid)
            longer = _longer(so_far, here)
            ahead.extend((after, longer) for after in following.get(uid, ()))
    return passed


def _longer(chain: Chain, by: Element) -> Chain:
    """A chain with one more element; its `end` says that a fibre is among them, and its place is the first fibre's."""
    loss = _sum(chain.loss_db, by.loss_db)
    if by.kind not in FIBRES:
        return chain._replace(loss_db=loss)
    where = chain.where if chain.end else by.where
    return Chain(chain.start, by.uid, _sum(chain.length_km, by.length_km), loss, where)


def _sum(one: float | None, other: float | None) -> float | None:
    """The sum of two values; unknown when one of them is."""
    return None if one is None or other is None else one + other


def _largest(values: list[float | None]) -> float | None:
    """The largest value; unknown when one of them is."""
    known = [value for value in values if value is not None]
    return max(known) if len(known) == len(values) else None


def _add_spans(topology: Topology, rooms: dict[str, str], chains: list[Chain], report: Report) -> None:
    """Two directions of about the same length are one span; between two places there may be several."""
    directions: dict[tuple[str, str], tuple[list[Chain], list[Chain]]] = {}
    for chain in chains:
        one, other = rooms[chain.start], rooms[chain.end]
        if one == other:
            report.leave(chain.where, f"a fibre stays inside '{topology.spots[one].label or one}'")
        elif one < other:
            directions.setdefault((one, other), ([], []))[0].append(chain)
        else:
            directions.setdefault((other, one), ([], []))[1].append(chain)
    for (one, other), (there, back) in directions.items():
        for chains_one_way in (there, back):
            chains_one_way.sort(key=lambda chain: (chain.length_km or 0.0, chain.where))
        for number in range(max(len(there), len(back))):
            topology.spans.append(_span(one, other, there[number : number + 1] + back[number : number + 1], report))


def _span(one: str, other: str, directions: list[Chain], report: Report) -> Span:
    where = min(chain.where for chain in directions)
    lengths = [chain.length_km for chain in directions]
    span = Span(one, other, where, _largest(lengths), _largest([chain.loss_db for chain in directions]))
    if len(directions) == 1:
        span.note = "one direction only in the source"
        report.guess("a fibre with one direction in the source carries both", where)
    elif abs((lengths[0] or 0.0) - (lengths[1] or 0.0)) > 0.001:
        span.note = "the longer of two directions"
        report.guess("a fibre whose directions differ is as long as the longer one", where)
    return span
