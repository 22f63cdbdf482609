# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: plan
short_description: The devices of a citynet plan
version_added: 0.1.0
description:
  - Reads the plan in a build folder that C(citynet render) wrote.
  - Every device becomes a host with its management address. Groups tell domain, role, plane, site and platform
    (C(domain_government), C(role_core), C(plane_a), C(site_west), C(platform_whitebox)), and the wave in which a
    device is deployed (C(citynet_wave_1_plane_a), C(citynet_wave_2_plane_b), C(citynet_wave_3_edge),
    C(citynet_wave_4_border)).
  - A city that plans its light has the host C(optical-controller) in the group C(citynet_optical), on which the role
    C(citynet.twodomain.optical) runs locally.
  - The file must be named C(citynet.yml) or C(citynet.yaml).
author:
  - The citynet authors (@citynet)
requirements:
  - citynet (the Python package of the same project) on the controller
options:
  plugin:
    description: Marks the file as one for this plugin.
    type: str
    required: true
    choices: [citynet.twodomain.plan]
  build:
    description: Build folder, relative to the file.
    type: str
    default: build
  secrets:
    description:
      - File with the values of secrets, relative to the file.
      - Defaults to C(secrets.yml) beside the build folder.
    type: str
"""

EXAMPLES = r"""
plugin: citynet.twodomain.plan
build: labs/mini/build
"""

from pathlib import Path

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible_collections.citynet.twodomain.plugins.plugin_utils import device as shared


class InventoryModule(BaseInventoryPlugin):
    NAME = "citynet.twodomain.plan"

    def verify_file(self, path):
        return super().verify_file(path) and path.endswith(("citynet.yml", "citynet.yaml"))

    def parse(self, inventory, loader, path, cache=True):
        super().parse(inventory, loader, path, cache)
        self._read_config_data(path)
        try:
            shared.require_package()
            self._fill(Path(path).absolute().parent, loader)
        except shared.CitynetError as error:
            raise AnsibleParserError(str(error)) from error

    def _fill(self, here, loader):
        from citynet.deploy import archive, inventory  # noqa: PLC0415 - only once it is known to be there

        args = {"build": str(here / self.get_option("build")), "secrets_file": None}
        if self.get_option("secrets"):
            args["secrets_file"] = str((here / self.get_option("secrets")).resolve())
        found = inventory.of_plan(shared.open_folder(args).plan)
        secrets_file = shared.secrets_path(args)
        if secrets_file.exists():
            # Opened once here, before Ansible forks its workers, rather than once per device.
            shared.read_secrets(secrets_file, loader)
        for name, values in (("build", args["build"]), ("secrets", str(secrets_file)), ("run", archive.new_name())):
            self.inventory.set_variable("all", "citynet_%s" % name, values)
        for host, values in found.hosts.items():
            self.inventory.add_host(host)
            for name, value in values.items():
                self.inventory.set_variable(host, name, value)
        for group, hosts in found.groups.items():
            self.inventory.add_group(group)
            for host in hosts:
                self.inventory.add_child(group, host)
