"""Ansible's own judgement of the collection, and what its tarball holds."""

from __future__ import annotations

import json
import sys
import tarfile
from typing import TYPE_CHECKING

import pytest
from ansible_tools import run, tool

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.collection
SCOPED = [
    "access_port",
    "edge_tag",
    "evpn_service",
    "fence_acl",
    "flexe_client",
    "hop_trace",
    "ipsec_tunnel",
    "l3vpn_service",
    "macsec_link",
    "qkd_key",
    "sentry",
    "sm4_tunnel",
    "srv6_locator",
    "srv6_path",
    "underlay",
    "vpws_service",
]
PLUGINS = {
    "action": ["device_config", "device_health", "node_drain", *SCOPED],
    "callback": ["events"],
    "inventory": ["plan"],
    "module": ["device_config", "device_health", "node_drain", "otn_service", *SCOPED],
}


def test_the_tarball_holds_the_collection_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        rooms = {name.split("/")[0] for name in archive.getnames()}
    assert rooms == {
        "CHANGELOG.rst",
        "FILES.json",
        "LICENSE",
        "MANIFEST.json",
        "README.md",
        "changelogs",
        "extensions",
        "meta",
        "playbooks",
        "plugins",
        "roles",
    }


def test_sanity(collection: Path) -> None:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    run([tool("ansible-test"), "sanity", "--color", "no", "--python", version], collection)


def test_lint_with_the_production_profile(tree: Path, installed: Path) -> None:
    run(
        [tool("ansible-lint"), "--offline", "--profile", "production", "--strict"],
        tree,
        ANSIBLE_COLLECTIONS_PATH=str(installed),
    )


def test_changelog_fragments(tree: Path) -> None:
    run([tool("antsibull-changelog"), "lint"], tree)


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, names in PLUGINS.items() if kind != "action" for name in names]
)
def test_every_plugin_has_its_page(installed: Path, kind: str, name: str) -> None:
    text = run(
        [tool("ansible-doc"), "-t", kind, "--json", f"citynet.twodomain.{name}"],
        installed,
        ANSIBLE_COLLECTIONS_PATH=str(installed),
    )
    assert json.loads(text[text.index("{") :])[f"citynet.twodomain.{name}"]["doc"]["short_description"]
