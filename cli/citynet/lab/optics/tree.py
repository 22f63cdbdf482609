"""The lab's light as TAPI 2.4 data: what a client reads under `/restconf/data/tapi-common:context`."""

from __future__ import annotations

import uuid as uuids
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from citynet.lab.optics import topology
from citynet.platforms.tapi import identifiers

if TYPE_CHECKING:
    from collections.abc import Callable

    from citynet.lab.optics.light import Light
    from citynet.lab.optics.model import Circuit, Event
    from citynet.lab.optics.sensing import Alarm, Sensing

_NAMES = {
    "cut": ("ALR_LOS_P", "CRITICAL", "DETECTOR_CATEGORY_CONNECTIVITY"),
    "tap": ("ALR_INTRUSION", "MAJOR", "DETECTOR_CATEGORY_SECURITY"),
    "bend": ("ALR_IN_PWR_LOW", "MINOR", "DETECTOR_CATEGORY_CONNECTIVITY"),
}
"""TAPI's name, severity and category for what the sensors find."""


def branches(light: Light, sensing: Sensing) -> dict[str, Callable[[], Any]]:
    """The children of the context; each is made only when it is asked for."""
    city = light.base.city
    return {
        "uuid": lambda: identifiers.identifier(city, "context"),
        "name": lambda: [{"value-name": "CITY", "value": city}],
        "service-interface-point": lambda: topology.interface_points(light.base),
        "tapi-topology:topology-context": lambda: {"topology": [topology.topology(light)]},
        "tapi-connectivity:connectivity-context": lambda: connectivity(light),
        "tapi-fm:fault-management-context": lambda: {
            "active-condition": [condition(light, alarm) for alarm in sensing.alarms.values()]
        },
        "tapi-notification:notification-context": lambda: {
            "event-notification": [notification(light, number, event) for number, event in enumerate(light.log)]
        },
    }


def context(light: Light, sensing: Sensing) -> dict[str, Any]:
    """The whole context."""
    return {name: make() for name, make in branches(light, sensing).items()}


def connectivity(light: Light) -> dict[str, Any]:
    """Every service as it was asked for, with its state; and the connection that carries it."""
    circuits = light.circuits.values()
    return {
        "connectivity-service": [service(circuit) for circuit in circuits],
        "connection": [topology.connection(light, circuit) for circuit in circuits],
    }


def service(circuit: Circuit) -> dict[str, Any]:
    """One service as it was asked for, with its state."""
    up = circuit.selected is not None
    return circuit.body | {
        "operational-state": "ENABLED" if up else "DISABLED",
        "lifecycle-state": "INSTALLED",
        "connection": [{"connection-uuid": topology.connection_uuid(circuit)}],
    }


def condition(light: Light, alarm: Alarm) -> dict[str, Any]:
    """An alarm as `tapi-fm:active-condition`: on a link, with the power seen and the power expected."""
    name, severity, category = _NAMES[alarm.kind]
    city = light.base.city
    return {
        "uuid": identifiers.identifier(city, "alarm", alarm.kind, alarm.fibre, str(alarm.span), f"{alarm.since:.6f}"),
        "target-object-type": "tapi-topology:TOPOLOGY_OBJECT_TYPE_LINK",
        "target-object-identifier": identifiers.link(city, alarm.fibre),
        "target-object-name": [{"value-name": "FIBRE", "value": alarm.fibre}],
        "layer-protocol-name": "PHOTONIC_MEDIA",
        "event-time-stamp": stamp(alarm.since),
        "source-indicator": "RESOURCE_OPERATION",
        "detected-condition": {
            "detected-condition-name": f"tapi-common:{name}",
            "detected-condition-native-name": alarm.kind,
            "detected-condition-qualifier": f"span {alarm.span + 1}",
            "pm-metric-info": {
                "threshold-observed-value": _power(alarm.observed_dbm),
                "threshold-configured-value": _power(alarm.expected_dbm),
            },
            "detector-info": {
                "perceived-severity": severity,
                "service-affecting": "SERVICE_AFFECTING" if alarm.kind == "cut" else "NOT_SERVICE_AFFECTING",
                "is-acknowledge": False,
                "detector-category": f"tapi-fm:{category}",
            },
            "simple-detector": {"simple-detector-state": "tapi-fm:SIMPLE_DETECTOR_STATE_ACTIVE"},
        },
    }


def notification(light: Light, number: int, event: Event) -> dict[str, Any]:
    """Something that happened, as `tapi-notification:event-notification`."""
    # The models want the object itself beside its identifier.
    content: dict[str, Any]
    if event.body is not None:
        kind, target = "tapi-connectivity:CONNECTIVITY_OBJECT_TYPE_CONNECTIVITY_SERVICE", event.body["uuid"]
        content = {"tapi-connectivity:connectivity-service": event.body}
    else:
        fibre = light.base.fibres[event.subject]
        kind, target = "tapi-topology:TOPOLOGY_OBJECT_TYPE_LINK", identifiers.link(light.base.city, fibre.name)
        content = {"tapi-topology:link": topology.link(light, fibre)}
    told = "tapi-fm:FM_ALARM_EVENT" if event.kind == "alarm" else _CHANGES.get(event.kind, _CHANGED)
    return {
        "uuid": str(uuids.uuid5(uuids.UUID(target), f"event {number}")),
        "target-object-type": kind,
        "target-object-identifier": target,
        "target-object-name": [{"value-name": "NAME", "value": event.subject}],
        "event-notification-type": told,
        "event-time-stamp": stamp(event.at),
        "sequence-number": str(number),
        "source-indicator": "MANAGEMENT_OPERATION" if event.kind in _CHANGES else "RESOURCE_OPERATION",
        "additional-info": [{"value-name": event.kind, "value": event.text}],
        **content,
    }


_CHANGED = "tapi-notification:NOTIFICATION_TYPE_ATTRIBUTE_VALUE_CHANGE"
_CHANGES = {
    "created": "tapi-notification:NOTIFICATION_TYPE_OBJECT_CREATION",
    "deleted": "tapi-notification:NOTIFICATION_TYPE_OBJECT_DELETION",
}


def stamp(at: float) -> str:
    """A point in time (RFC 3339, microseconds)."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _power(dbm: float) -> dict[str, str]:
    return {"pm-parameter-value": f"{dbm:.3f}", "pm-parameter-unit": "dBm"}
