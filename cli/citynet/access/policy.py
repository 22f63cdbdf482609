"""What an authentication server is told, from the plan: the policy, FreeRADIUS's configuration, and our programs.

Secrets stand in the texts by name (`@secret(radius/DEVICE)`), as in those of devices.
"""

from __future__ import annotations

import importlib.resources
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from citynet.plan.model import AccessServer, Plan, PlannedAccess

FOLDER, PROGRAMS = "/etc/citynet/radius", "/usr/local/lib/citynet/access"
_MODULES = ("__init__", "radius", "telling", "policy", "policy_server", "policy_ask")


def files(plan: Plan, server: AccessServer, vrf: str = "") -> dict[str, str]:
    """Path on the server → text; its certificate comes from elsewhere (`server.pem`, `server.key`, `ca.pem`).

    Args:
        plan: A plan with access.
        server: The server.
        vrf: The VRF in which the management network is there; empty for none.
    """
    if plan.access is None:
        return {}
    found = {f"{PROGRAMS}/{name}.py": _program(f"access/{name}") for name in _MODULES}
    found |= {f"{PROGRAMS}/{name}.py": _program(name) for name in ("events", "keeping")}
    found["/etc/citynet/policy.json"] = policy(plan, plan.access, server, vrf)
    found[f"{FOLDER}/radiusd.conf"] = radiusd(server, vrf)
    found[f"{FOLDER}/clients.conf"] = clients(plan)
    found[f"{FOLDER}/dictionary"] = "# nothing of our own\n"
    found["/etc/citynet/server.sh"] = _START
    return found


def policy(plan: Plan, access: PlannedAccess, server: AccessServer, vrf: str) -> str:
    """What `device/access/policy.py` decides by, as JSON."""
    devices = [device for device in plan.devices.values() if device.access is not None]
    places: dict[str, list[list[str]]] = {}
    for device in devices:
        for port in device.access.ports if device.access else ():
            places.setdefault(port.host, []).append([device.name, port.port])
    tunnels = {port.host for device in devices if device.access for port in device.access.tunnels}
    numbers = {name: one.number for name, one in plan.identifiers.items()}
    value = {
        "address": server.address,
        "vrf": vrf,
        "bounded": bool(plan.identifiers),
        "hosts": {
            name: {"service": plan.hosts[name].service, "places": found, **({"by": "IKE"} if name in tunnels else {})}
            for name, found in places.items()
        },
        "devices": {
            device.name: {
                "address": device.management,
                "zones": plan.sites[device.site].zones,
                "secret": f"@secret({device.access.secret})",
            }
            for device in devices
            if device.access
        },
        "roles": {
            role.name: {
                "hosts": role.hosts,
                "services": role.services,
                "zones": role.zones,
                "devices": role.devices,
                "states": role.states,
                "identifiers": [numbers[name] for name in role.identifiers],
                "schedule": role.schedule,
            }
            for role in access.roles.values()
        },
        "tasks": {
            task.name: {
                "roles": task.roles,
                "identifiers": [numbers[name] for name in task.identifiers],
                "schedule": task.schedule,
            }
            for task in access.tasks.values()
        },
    }
    return json.dumps(value, indent=1) + "\n"


def clients(plan: Plan) -> str:
    """The edge devices, as FreeRADIUS takes them; each is known by its address and a secret of its own."""
    return "\n".join(
        f"client {device.name} {{\n"
        f"    ipaddr = {device.management}\n"
        f"    secret = @secret({device.access.secret})\n"
        f"    shortname = {device.name}\n"
        "    require_message_authenticator = yes\n"
        "}\n"
        for device in plan.devices.values()
        if device.access is not None
    )


def radiusd(server: AccessServer, vrf: str) -> str:
    """FreeRADIUS 3: EAP-TLS and nothing else; the policy decides once the certificate is verified."""
    where = f"\n        interface = {vrf}" if vrf else ""
    return _RADIUSD.replace("@ADDRESS@", server.address).replace("@PORT@", str(server.port)).replace("@WHERE@", where)


def _program(name: str) -> str:
    folder = importlib.resources.files("citynet.platforms.whitebox.device")
    return folder.joinpath(f"{name}.py").read_text(encoding="utf-8")


_START = """# Starts what decides about access: the policy, then FreeRADIUS.
chgrp -R freerad /etc/citynet/radius && chmod -R g+rX,o= /etc/citynet/radius
chmod 600 /etc/citynet/policy.json
chmod -R go+rX /usr/local/lib/citynet
mkdir -p /run/freeradius /var/log/freeradius /var/lib/citynet
chown freerad:freerad /run/freeradius /var/log/freeradius
PYTHONPATH=/usr/local/lib/citynet python3 -B -m access.policy_server --daemon
freeradius -d /etc/citynet/radius
"""
_RADIUSD = """# Authentication of participants' devices: EAP-TLS (RFC 5216, RFC 9190) only.
prefix = /usr
logdir = /var/log/freeradius
raddbdir = /etc/citynet/radius
confdir = ${raddbdir}
run_dir = /run/freeradius
name = freeradius
libdir = /usr/lib/freeradius
pidfile = ${run_dir}/freeradius.pid
max_request_time = 10
cleanup_delay = 5
max_requests = 16384
hostname_lookups = no
proxy_requests = no

log {
    destination = files
    file = ${logdir}/radius.log
    auth = yes
    auth_badpass = no
    auth_goodpass = no
}

security {
    user = freerad
    group = freerad
    allow_core_dumps = no
    max_attributes = 100
    reject_delay = 0
    status_server = no
}

$INCLUDE clients.conf

thread pool {
    start_servers = 2
    max_servers = 16
    min_spare_servers = 1
    max_spare_servers = 4
    max_requests_per_server = 0
}

modules {
    eap {
        default_eap_type = tls
        timer_expire = 60
        ignore_unknown_eap_types = no
        max_sessions = 4096
        tls-config devices {
            ca_file = ${confdir}/ca.pem
            certificate_file = ${confdir}/server.pem
            private_key_file = ${confdir}/server.key
            check_cert_cn = %{User-Name}
            cipher_list = "ECDHE+AESGCM:ECDHE+CHACHA20"
            tls_min_version = "1.2"
            tls_max_version = "1.3"
            cache {
                enable = no
            }
        }
        tls {
            tls = devices
        }
    }
    exec right {
        wait = yes
        program = "/usr/bin/python3 -I -S /usr/local/lib/citynet/access/policy_ask.py"
        input_pairs = request
        output_pairs = reply
        shell_escape = yes
        timeout = 5
    }
}

server devices {
    listen {
        type = auth
        ipaddr = @ADDRESS@
        port = @PORT@@WHERE@
    }
    authorize {
        # IKE (RFC 5176, 3): the edge device has verified the certificate, and its secret signs what it asks.
        if (&Service-Type == Authorize-Only) {
            update request {
                &Tmp-String-0 := "%{Client-Shortname}"
            }
            update reply {
                &Message-Authenticator := 0x00
            }
            right
            update control {
                &Auth-Type := Accept
            }
        }
        else {
            eap {
                ok = return
                noop = reject
            }
        }
    }
    authenticate {
        Auth-Type eap {
            eap {
                ok = 1
                handled = return
            }
            update request {
                &Tmp-String-0 := "%{Client-Shortname}"
            }
            right
        }
    }
    post-auth {
        Post-Auth-Type REJECT {
            # The certificate was good and the policy refused: the success that EAP had ready becomes a failure.
            if ("%{reply:EAP-Message}" =~ /^0x03([0-9a-f][0-9a-f])0004$/) {
                update reply {
                    &EAP-Message := "0x04%{1}0004"
                }
            }
            update reply {
                &MS-MPPE-Recv-Key !* ANY
                &MS-MPPE-Send-Key !* ANY
            }
            eap
        }
    }
}
"""
