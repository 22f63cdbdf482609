"""Tasks with keys: proposals, secrets by name only, and keys that the agent of keys brings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from task_facts import FAR, PROTECTION, QUANTUM, TUNNEL, VALID

from citynet.deploy import scoped
from citynet.tasks import TaskError, task


def test_a_tunnel_has_one_proposal_and_its_key_by_name_only() -> None:
    job = scoped.job("ipsec_tunnel", VALID["ipsec_tunnel"], "router")
    text = job.files["/etc/swanctl/conf.d/citynet.conf"]
    for line in (
        "proposals = aes256-sha512-ecp384-ke1_mlkem768",
        "esp_proposals = aes256-sha512-ecp384-ke1_mlkem768-esn",
        "ppk_required = yes",
        "ppk_id = one",
        "start_action = trap|start",
        "id = west",
        "local_ts = fd01:1:1::/48",
        "secret = 0x@secret(ppk/east)",
    ):
        assert f" {line}\n" in text
    assert "mark" not in text
    assert "5e5e" not in "".join(job.files.values())
    assert job.secrets["ppk/east"] == "5e" * 32


def test_a_tunnel_for_a_mark_takes_only_what_has_it() -> None:
    options = {**VALID["ipsec_tunnel"], "tunnels": [{**TUNNEL, "mark": 3, "initiate": False}]}
    text = scoped.job("ipsec_tunnel", options, "router").files["/etc/swanctl/conf.d/citynet.conf"]
    for what in ("mark_in", "mark_out", "set_mark_in"):
        assert f" {what} = 0x600000/0xffe00000\n" in text
    assert " start_action = trap\n" in text


QUANTUM_TASKS = {
    "macsec_link": {"lines": [QUANTUM, *VALID["macsec_link"]["lines"]]},
    "sm4_tunnel": {
        **VALID["sm4_tunnel"],
        "protections": [{**PROTECTION, "key_source": "qkd", "tunnels": [{**FAR, "secret": None, "master": True}]}],
    },
    "ipsec_tunnel": {
        **VALID["ipsec_tunnel"],
        "tunnels": [{**TUNNEL, "key_source": "qkd", "ppk": None, "ppk_id": None}],
    },
}


def quantum_settings(module: str) -> tuple[dict[str, Any], scoped.transaction.Job]:
    """What the key agent is told of the task's one line or tunnel with keys from QKD, and the transaction."""
    job = scoped.job(module, QUANTUM_TASKS[module], "router")
    assert job.scope is not None
    told = json.loads(job.files[f"/etc/citynet/keys-{job.scope['name']}.json"])
    (entry,) = [one for one in (*told["lines"], *told["tunnels"]) if one["source"] == "qkd"]
    return entry, job


@pytest.mark.parametrize(
    ("module", "name"),
    [("macsec_link", "eth2"), ("sm4_tunnel", "sharing--east"), ("ipsec_tunnel", "east--east")],
)
def test_keys_from_qkd_are_the_agents_business(module: str, name: str) -> None:
    entry, job = quantum_settings(module)
    assert entry.get("name", entry.get("port")) == name
    assert entry["master"]
    assert entry["secret"] == ""
    assert not any(secret.startswith(("ppk/", "sm4/", "macsec/eth2")) for secret in job.secrets)


def test_a_tunnel_with_keys_from_qkd_holds_packets_back_until_the_agent_brings_it_up() -> None:
    _, job = quantum_settings("ipsec_tunnel")
    text = job.files["/etc/swanctl/conf.d/citynet.conf"]
    assert " ppk_required = yes\n" in text
    assert " start_action = trap\n" in text
    assert not any(word in text for word in ("ppk_id", "close_action", "secrets {"))
    qkd = scoped.job("qkd_key", {**VALID["qkd_key"]}, "router")
    shared = set(job.files) & set(qkd.files)
    assert "/etc/citynet/pki/device.pem" in shared
    assert all(job.files[path] == qkd.files[path] for path in shared)


def test_what_is_wrong_with_a_key_is_said_without_it() -> None:
    options = {**VALID["ipsec_tunnel"], "private_key": "MIGHSECRET", "tunnels": [{**TUNNEL, "ppk": "c0ffee"}]}
    with pytest.raises(TaskError) as error:
        task("ipsec_tunnel", options)
    assert "MIGHSECRET" not in str(error.value)
    assert "c0ffee" not in str(error.value)
