# -*- coding: utf-8 -*-
# Copyright: The citynet authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

"""What the action plugins share: the guarded import of citynet, where a device is, and how a vault is opened."""

from pathlib import Path

from ansible.errors import AnsibleActionFail

try:
    from citynet import errors
    from citynet.deploy import archive, folder, secrets
    from citynet.deploy.ssh import Target

    IMPORT_ERROR = None
    CitynetError = errors.CitynetError
except ImportError as error:
    IMPORT_ERROR = error
    CitynetError = Exception


def require_package():
    """Fail with what to install when citynet or its SSH library is not there."""
    if IMPORT_ERROR is not None:
        raise AnsibleActionFail(
            "the Python package citynet is needed on the controller, by the same interpreter as ansible-core "
            "(%s); install it with: pip install citynet" % IMPORT_ERROR
        )


def open_folder(args):
    """The build folder that the task names."""
    return folder.load(Path(args["build"]).absolute())


def open_run(args):
    """The archive of the run that the task names, or None."""
    name = args.get("run")
    return archive.Run(Path(args["build"]).absolute() / "runs" / name) if name else None


def secrets_path(args):
    """Where the secrets are: as told, or beside the build folder."""
    return Path(args["secrets_file"] or Path(args["build"]).absolute().parent / "secrets.yml").absolute()


def read_secrets(path, loader):
    """Values by name; a vault is opened with the vault identities that Ansible was given."""
    return secrets.load(path, lambda vault: loader.get_text_file_contents(str(vault)).encode())


def report(outcome, result):
    """The result of a task from the outcome of its transaction."""
    result.update(
        changed=outcome.status == "changed",
        parts=outcome.parts,
        notes=outcome.notes,
        seconds=outcome.seconds,
        diff={"prepared": outcome.diff + "\n" if outcome.diff else ""},
    )
    if outcome.status == "failed":
        result.update(failed=True, msg=outcome.reason, went_back=outcome.went_back)
    elif outcome.status == "unreachable":
        result.update(unreachable=True, msg=outcome.reason)
    return result


def target_of(name, play_context, task_vars, known_hosts):
    """Where the device is and how to log in, from Ansible's usual variables and options."""
    key = task_vars.get("ansible_ssh_private_key_file") or task_vars.get("ansible_private_key_file")
    key = key or play_context.private_key_file
    return Target(
        name=name,
        address=play_context.remote_addr or name,
        port=int(task_vars.get("ansible_port") or play_context.port or 22),
        user=task_vars.get("ansible_user") or play_context.remote_user or "root",
        key=Path(key).expanduser() if key else None,
        password=task_vars.get("ansible_password") or play_context.password or None,
        known_hosts=Path(known_hosts) if known_hosts else None,
        connect_limit_s=int(play_context.timeout or 10),
        sudo=bool(play_context.become),
    )
