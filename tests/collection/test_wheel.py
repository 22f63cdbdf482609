"""The wheel carries the collection, and finds it again where it was installed."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest
from ansible_tools import run, tool

pytestmark = pytest.mark.collection


@pytest.fixture(scope="module")
def unpacked(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH with what the wheel holds."""
    out = tmp_path_factory.mktemp("wheel")
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(out), str(tree)], out)
    (wheel,) = out.glob("citynet-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(out / "site")
    return out / "site"


def test_the_collection_of_the_wheel_is_the_one_that_ansible_gets(unpacked: Path, tmp_path: Path) -> None:
    more = {"PYTHONPATH": str(unpacked), "XDG_CACHE_HOME": str(tmp_path)}
    code = "from citynet.deploy import collection; print(collection.path())"
    place = run([sys.executable, "-P", "-c", code], tmp_path, **more).strip()
    linked = Path(place, "ansible_collections", "citynet", "twodomain").resolve()
    assert linked == unpacked / "citynet" / "_collection"
    page = run(
        [tool("ansible-doc"), "--json", "citynet.twodomain.device_config"],
        tmp_path,
        ANSIBLE_COLLECTIONS_PATH=place,
        **more,
    )
    assert "citynet.twodomain.device_config" in json.loads(page[page.index("{") :])


@pytest.mark.parametrize(
    "name",
    [
        "citynet/_collection/playbooks/deploy.yml",
        "citynet/_collection/roles/device/tasks/main.yml",
        "citynet/_collection/plugins/plugin_utils/device.py",
        "citynet/platforms/whitebox/device/transaction.py",
        "citynet/design/reference.zh.yml",
        "citynet/reports/documents/citymap/map-ui.js",
        "citynet/_labs/wuhan/design/1-domains.yml",
    ],
)
def test_the_wheel_holds(unpacked: Path, name: str) -> None:
    assert (unpacked / name).is_file()


def test_init_from_the_wheel_alone(unpacked: Path, tmp_path: Path) -> None:
    more = {"PYTHONPATH": str(unpacked)}
    run([sys.executable, "-P", "-m", "citynet", "init", str(tmp_path / "city"), "--from", "mini"], tmp_path, **more)
    run([sys.executable, "-P", "-m", "citynet", "check", str(tmp_path / "city")], tmp_path, **more)
