"""Trusted access in a lab: its authentication server, and what makes its hosts ask to get on.

The server is a node like the routers, on the management network only, with FreeRADIUS and our policy. It and the
hosts get certificates of the lab's authority; nobody keeps their keys beyond the lab.
"""

from __future__ import annotations

import importlib.resources
import json
import shlex
from typing import TYPE_CHECKING, Any

from citynet.access import policy
from citynet.errors import InputError, Lack, LackingError, Problem, did_you_mean
from citynet.lab import secret_values
from citynet.plan.access import LAB_NAME, lab_server, tunnel_port
from citynet.platforms.whitebox.device import ipsec
from citynet.platforms.whitebox.device.access_agent import STATE
from citynet.platforms.whitebox.device.texts import fill

if TYPE_CHECKING:
    from pathlib import Path

    from citynet.lab.authority import Authority, Signed
    from citynet.lab.running import Lab
    from citynet.plan.model import AccessPort, AccessTunnel, Plan

SUPPLICANT = "/etc/citynet/eap"
"""Folder of a host's certificate and key."""
IKE_OFF = "/run/citynet/ike-off"
"""While a host has this file, it does not ask to get on by IKE."""


def files(plan: Plan, secrets: Path) -> dict[str, dict[str, str]]:
    """Of each node that has a part in it: path → text.

    Raises:
        InputError: The secrets have no authority that can sign.
    """
    here = lab_server(plan)
    if here is None or plan.access is None:
        return {}
    values = secret_values.known(secrets)
    authority = secret_values.authority_of(secrets, values)
    found = {name: _of_host(plan, name, authority) for name in _hosts(plan)}
    own = policy.files(plan, here, vrf="mgmt")
    own |= _certificate(policy.FOLDER, "server", authority, authority.sign_host(here.name))
    found[here.name] = {path: fill(text, values) for path, text in own.items()}
    return found


def _hosts(plan: Plan) -> list[str]:
    ports = [port for device in plan.devices.values() if device.access for port in device.access.ports]
    return list(dict.fromkeys(port.host for port in ports))


def _of_host(plan: Plan, name: str, authority: Authority) -> dict[str, str]:
    ike = tunnel_port(plan, name)
    if ike is not None and ike.tunnel is not None:
        return _swan(plan, ike, ike.tunnel, authority)
    found = _certificate(SUPPLICANT, "host", authority, authority.sign_host(name))
    for port in plan.hosts[name].ports:
        found[f"/etc/citynet/supplicant-{port.name}.conf"] = supplicant(name, LAB_NAME)
    return found


def _swan(plan: Plan, port: AccessPort, tunnel: AccessTunnel, authority: Authority) -> dict[str, str]:
    """StrongSwan of a host: as any device has it, but that the lab starts it and asks again and again."""
    signed = authority.sign_host(port.host)
    texts = (authority.certificate_pem, signed.certificate_pem, signed.key_pem)
    templates = importlib.resources.files("citynet.platforms.whitebox").joinpath("templates")
    return {
        **dict(zip(ipsec.CREDENTIALS, texts, strict=True)),
        ipsec.SETTINGS: templates.joinpath("strongswan/ipsec.j2").read_text(encoding="utf-8"),
        ipsec.CONNECTIONS: swan(port.host, plan.hosts[port.host].device, tunnel),
        ipsec.KEEPER: _KEEPER,
    }


def swan(identity: str, device: str, tunnel: AccessTunnel) -> str:
    """What swanctl is told: who the host is, the only device that it speaks to; and that all goes there."""
    return f"""connections {{
    access {{
        version = 2
        local_addrs = {tunnel.far}
        remote_addrs = {tunnel.near}
        proposals = aes256gcm16-prfsha384-ecp384
        mobike = no
        send_cert = always
        dpd_delay = 4s
        local {{
            auth = pubkey
            certs = citynet.pem
            id = {identity}
        }}
        remote {{
            auth = pubkey
            cacerts = citynet.pem
            id = {device}
        }}
        children {{
            access {{
                local_ts = {", ".join(tunnel.inner)}
                remote_ts = 0.0.0.0/0, ::/0
                esp_proposals = aes256gcm16-ecp384
            }}
        }}
    }}
}}
"""


def _certificate(folder: str, name: str, authority: Authority, signed: Signed) -> dict[str, str]:
    pem = {"ca.pem": authority.certificate_pem, f"{name}.pem": signed.certificate_pem, f"{name}.key": signed.key_pem}
    return {f"{folder}/{file}": text for file, text in pem.items()}


def supplicant(identity: str, server_name: str, folder: str = SUPPLICANT) -> str:
    """What wpa_supplicant is told: who it is, and the only server to which it shows its certificate."""
    return f"""ctrl_interface=/run/wpa_supplicant
ap_scan=0
network={{
    key_mgmt=IEEE8021X
    eap=TLS
    eapol_flags=0
    identity="{identity}"
    ca_cert="{folder}/ca.pem"
    client_cert="{folder}/host.pem"
    private_key="{folder}/host.key"
    domain_match="{server_name}"
    phase1="tls_disable_tlsv1_3=0"
}}
"""


_KEEPER = f"""#!/bin/sh
# Keeps charon of a host alive, and lets it ask to get on whenever it is not.
printf citynet-ike >/proc/$$/comm
while :; do
    charon-systemd </dev/null >/dev/null 2>/var/log/citynet/ike.log &
    charon=$!
    until swanctl --load-all --noprompt >/dev/null 2>&1 </dev/null; do
        kill -0 $charon 2>/dev/null || break
        sleep 0.3
    done
    while kill -0 $charon 2>/dev/null; do
        [ -e {IKE_OFF} ] || swanctl --list-sas 2>/dev/null </dev/null | grep -q INSTALLED ||
            timeout 10 swanctl --initiate --child access >/dev/null 2>&1 </dev/null
        sleep 1
    done
done
"""


def ask(lab: Lab, **told: str) -> dict[str, Any]:
    """Ask the policy of the lab's server, or order something of it.

    Raises:
        LackingError: The lab has no such server.
        InputError: It knows nothing of that name.
    """
    here = lab_server(lab.plan)
    if here is None:
        hint = "a design with a service that has 'access: required', and no servers of its own"
        raise LackingError([Lack("an authentication server in this lab", "this command", hint)])
    command = f"python3 -I {policy.PROGRAMS}/policy_ask.py ask {shlex.quote(json.dumps(told))}"
    found: dict[str, Any] = json.loads(lab.node(here.name, command))
    if "error" in found:
        name, known = told.get("name", ""), _names(lab.plan)
        raise InputError([Problem("access", 0, found["error"], "a name of the plan", did_you_mean(name, known))])
    return found


def _names(plan: Plan) -> list[str]:
    return [*_hosts(plan), *(plan.access.roles if plan.access else ()), *(plan.access.tasks if plan.access else ())]


def status(lab: Lab) -> dict[str, Any]:
    """What the server knows, and what each edge device has open: by device."""
    found = ask(lab, what="status")
    devices = [device.name for device in lab.plan.devices.values() if device.access is not None]
    ports = {name: json.loads(lab.node(name, f"cat {STATE} 2>/dev/null || echo '{{}}'")) for name in devices}
    return {**found, "devices": {name: _shown(state) for name, state in ports.items()}}


def _shown(state: dict[str, Any]) -> dict[str, Any]:
    sessions = [
        {key: one[key] for key in ("port", "mac", "user", "by", "open", "identifiers", "names")}
        for one in state.get("sessions", [])
    ]
    return {"running": bool(state), "server_away": state.get("away", False), "sessions": sessions}
