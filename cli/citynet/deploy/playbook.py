"""Playbooks of the user's own, against a lab: where its nodes are and how to log in comes from here."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import citynet
from citynet.deploy import collection
from citynet.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Sequence

    from citynet.lab import Lab


def command(lab: Lab, words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The ansible-playbook command line and its environment.

    Args:
        lab: Where to run it.
        words: Playbook and options, as for ansible-playbook. Inventories among them add to that of the lab.

    Raises:
        LackingError: Ansible is not installed, or the lab does not run.
    """
    collection.require_tools()
    inventory = lab.state_dir / "nodes.json"
    write_whole(inventory, json.dumps(_inventory(lab), indent=1) + "\n", 0o600)
    package = str(Path(citynet.__file__).resolve().parent.parent)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([package, *filter(None, [os.environ.get("PYTHONPATH")])]),
        "ANSIBLE_COLLECTIONS_PATH": str(collection.path()),
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
    }
    return lab.enter([sys.executable, "-m", "ansible", "playbook", "-i", str(inventory), *words]), environment


def _inventory(lab: Lab) -> dict[str, object]:
    access = {
        "ansible_user": "root",
        "ansible_ssh_private_key_file": str(lab.ssh_key),
        "citynet_known_hosts": str(lab.known_hosts),
    }
    hosts = {name: {"ansible_host": device.management} for name, device in lab.plan.devices.items()}
    return {"all": {"vars": access, "hosts": hosts}}
