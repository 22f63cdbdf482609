"""Build folder, secrets, inventory, archive: what deploying reads and writes on this side."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from citynet import build
from citynet.deploy import archive, collection, folder, inventory, secrets
from citynet.deploy.health import Health, expected
from citynet.deploy.transaction import Outcome
from citynet.errors import InputError

MINI = Path(__file__).resolve().parents[2] / "labs" / "mini" / "design.yml"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("mini")
    (home / "design.yml").write_text(MINI.read_text(encoding="utf-8"), encoding="utf-8")
    return build.build(home).build_dir


class TestFolder:
    def test_a_device_gets_its_files_and_the_names_of_its_secrets(self, built: Path) -> None:
        found = folder.load(built).device("gov-border")
        assert "hostname gov-border" in found.files["/etc/frr/frr.conf"]
        assert "isis/government" in found.secrets

    def test_a_file_that_was_changed_by_hand_is_refused(self, built: Path) -> None:
        file = built / "configs/gov-core-b/etc/frr/frr.conf"
        text = file.read_text()
        file.write_text(text + "! by hand\n")
        with pytest.raises(InputError, match=r"frr\.conf: is not the file that was rendered"):
            folder.load(built).device("gov-core-b")
        file.write_text(text)

    def test_an_unknown_device_is_refused(self, built: Path) -> None:
        with pytest.raises(InputError, match="knows no device 'gov-core-z'"):
            folder.load(built).device("gov-core-z")

    @pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"devices": 3, "city": "x"}'])
    def test_a_folder_without_a_good_manifest_is_refused(self, tmp_path: Path, content: str | None) -> None:
        if content is not None:
            (tmp_path / "manifest.json").write_text(content)
        with pytest.raises(InputError, match=r"manifest\.json"):
            folder.load(tmp_path)


class TestSecrets:
    @staticmethod
    def _file(path: Path, content: str, mode: int = 0o600) -> Path:
        file = path / "secrets.yml"
        file.write_text(content)
        file.chmod(mode)
        return file

    def test_values_by_name(self, tmp_path: Path) -> None:
        file = self._file(tmp_path, "isis/government: abcd1234\nother: x\n")
        assert secrets.select(secrets.load(file), ["isis/government"], file) == {"isis/government": "abcd1234"}

    @pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
    def test_a_file_that_others_can_read_is_refused(self, tmp_path: Path, mode: int) -> None:
        file = self._file(tmp_path, "a: b\n", mode)
        with pytest.raises(InputError, match=rf"has mode {mode:04o}, expected 0600, chmod 0600"):
            secrets.load(file)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("- a\n", "is no mapping"),
            ("a: [\n", "is no YAML"),
            ("a: 12345678\n", "secret 'a' has a value that cannot stand"),
            ('a: "x y"\n', "secret 'a' has a value that cannot stand"),
            ('a: "x\\n no shutdown"\n', "secret 'a' has a value that cannot stand"),
            ("a: ''\n", "secret 'a' has a value that cannot stand"),
            ("$ANSIBLE_VAULT;1.1;AES256\n3031\n", "is an Ansible Vault, expected a vault password"),
        ],
    )
    def test_content_that_cannot_be_used(self, tmp_path: Path, content: str, message: str) -> None:
        with pytest.raises(InputError, match=message):
            secrets.load(self._file(tmp_path, content))

    def test_no_error_quotes_a_value(self, tmp_path: Path) -> None:
        with pytest.raises(InputError) as caught:
            secrets.load(self._file(tmp_path, 'a: "top secret"\nb: [TOPSECRET\n'))
        assert "top secret" not in str(caught.value).lower()
        assert "TOPSECRET" not in str(caught.value)

    def test_a_vault_is_opened_once(self, tmp_path: Path) -> None:
        opened = []
        file = self._file(tmp_path, "$ANSIBLE_VAULT;1.1;AES256\n3031\n")

        def open_vault(path: Path) -> bytes:
            opened.append(path)
            return b"a: abcd\n"

        assert secrets.load(file, open_vault) == secrets.load(file) == {"a": "abcd"}
        assert len(opened) == 1

    def test_every_missing_secret_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(InputError) as caught:
            secrets.select({"a": "x"}, ["a", "b", "c"], tmp_path / "secrets.yml")
        assert re.findall("no secret '(.)'", str(caught.value)) == ["b", "c"]


class TestInventory:
    def test_every_device_is_in_one_wave(self, built: Path) -> None:
        plan = folder.load(built).plan
        found = inventory.of_plan(plan)
        waves = [name for wave in inventory.WAVES for name in found.groups[wave]]
        assert sorted(waves) == sorted(plan.devices) == sorted(found.hosts)

    def test_plane_a_comes_before_plane_b_before_edges_before_borders(self, built: Path) -> None:
        groups = inventory.of_plan(folder.load(built).plan).groups
        assert [groups[wave] for wave in inventory.WAVES] == [
            ["gov-core-a", "cross-core-a"],
            ["gov-core-b", "cross-core-b"],
            ["gov-pe-west", "gov-pe-east", "cross-pe-west", "cross-pe-east"],
            ["gov-border", "cross-border"],
        ]

    def test_group_names_are_valid(self, built: Path) -> None:
        for group in inventory.of_plan(folder.load(built).plan).groups:
            assert re.fullmatch(r"[a-z_][a-z0-9_]*", group), group

    @pytest.mark.parametrize(("name", "group"), [("hub-a", "hub_a"), ("A", "a"), ("x.y z", "x_y_z")])
    def test_group_name(self, name: str, group: str) -> None:
        assert inventory.group_name(name) == group


class TestExpectations:
    def test_a_border_expects_underlay_reflectors_and_the_other_domain(self, built: Path) -> None:
        plan = folder.load(built).plan
        wanted = expected(plan.devices["gov-border"], plan.devices)
        assert len(wanted.adjacencies) == 2
        assert [session.split("/")[0] for session in wanted.sessions] == ["default", "default", "sharing"]

    def test_neighbours_that_were_not_deployed_are_not_expected(self, built: Path) -> None:
        plan = folder.load(built).plan
        without = [name for name in plan.devices if name not in {"gov-core-a", "cross-border"}]
        wanted = expected(plan.devices["gov-border"], without)
        assert (len(wanted.adjacencies), len(wanted.sessions)) == (1, 1)


class TestArchive:
    def test_a_run_is_recorded(self, tmp_path: Path) -> None:
        run = archive.Run(tmp_path / archive.new_name())
        run.begin({"city": "mini"})
        run.begin({"city": "other"})
        run.record(Outcome("a", "changed", diff="-x\n+y"))
        run.record_health("a", Health([], [], ["BGP session with x"], 1.0))
        run.end({"seconds": 1.0})
        facts = json.loads((run.folder / "run.json").read_text())
        assert facts["city"] == "mini"
        assert facts["who"]
        assert facts["started"] <= facts["ended"]
        assert run.diff("a") == "-x\n+y\n"
        assert run.outcome("a")["status"] == "changed"  # type: ignore[index]
        assert run.outcome("b") is None

    def test_names_sort_by_time(self) -> None:
        names = [archive.new_name() for _ in range(3)]
        assert names == sorted(names)
        assert re.fullmatch(r"\d{8}T\d{6}\.\d{3}Z", names[0])


def test_the_collection_is_found_and_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    place = collection.path() / "ansible_collections" / "citynet" / "twodomain"
    assert (place / "plugins/action/device_config.py").is_file()
    assert collection.path() == place.parents[2]
