"""Certificates and keys among the secrets: made for a lab, and looked at before a device gets them."""

from __future__ import annotations

import stat
from datetime import timedelta

import pytest
import yaml

from citynet.deploy import secrets
from citynet.errors import InputError
from citynet.lab import secret_values
from citynet.lab.authority import Authority

NAMES = ["pki/ca", "pki/r1/certificate", "pki/r1/key", "macsec/r1-r2", "sm4/web/r1/r2", "isis/d"]
AUTHORITY, FOREIGN = Authority.make("ours"), Authority.make("theirs")
GOOD, EXPIRED = AUTHORITY.sign_host("r1"), AUTHORITY.sign_host("r1", life=timedelta(days=-1))
OTHER, ALIEN = AUTHORITY.sign_host("r2"), FOREIGN.sign_host("r1")


def test_lab_makes_what_devices_take(tmp_path):
    path = tmp_path / "secrets.yml"
    assert secret_values.complete(path, NAMES) == NAMES
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    values = secrets.load(path)
    assert secrets.select(values, NAMES, path)
    assert {name: len(values[name]) for name in NAMES[3:]} == {"macsec/r1-r2": 64, "sm4/web/r1/r2": 64, "isis/d": 32}


def test_a_device_that_comes_later_gets_a_certificate_of_the_same_authority(tmp_path):
    path = tmp_path / "secrets.yml"
    secret_values.complete(path, NAMES)
    before = yaml.safe_load(path.read_text())
    more = ["pki/r2/certificate", "pki/r2/key"]
    secret_values.complete(path, NAMES + more)
    values = secrets.load(path)
    assert all(values[name] == value for name, value in before.items())
    assert secrets.select(values, NAMES + more, path)


def test_without_the_authoritys_key_nobody_signs(tmp_path):
    path = tmp_path / "secrets.yml"
    path.write_text(yaml.safe_dump({"pki/ca": AUTHORITY.certificate_der}))
    with pytest.raises(InputError) as refused:
        secret_values.complete(path, NAMES)
    assert "holds no secret 'pki/ca-key'" in str(refused.value)


ATTACKS = {
    "odd SM4 secret": ({"sm4/s/a/b": "0" * 63}, "secret 'sm4/s/a/b' has an odd number of digits, 63"),
    "no hexadecimal": ({"sm4/s/a/b": "xy" * 32}, "secret 'sm4/s/a/b' is not hexadecimal"),
    "short SM4 secret": ({"sm4/s/a/b": "00" * 16}, "secret 'sm4/s/a/b' has 32 digits"),
    "expired": ({"pki/r1/certificate": EXPIRED.certificate_der}, "secret 'pki/r1/certificate' expired on"),
    "foreign": ({"pki/r1/certificate": ALIEN.certificate_der}, "'pki/r1/certificate' is not signed by 'pki/ca'"),
    "another device's": ({"pki/r1/certificate": OTHER.certificate_der}, "'pki/r1/certificate' is not r1's"),
    "foreign key": ({"pki/r1/key": OTHER.key_der}, "'pki/r1/key' does not fit 'pki/r1/certificate'"),
    "no certificate": ({"pki/r1/certificate": "AAAA"}, "'pki/r1/certificate' is no certificate"),
    "no key": ({"pki/r1/key": "AAAA"}, "'pki/r1/key' is no private key"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_wrong_is_said_by_name_and_never_by_value(attack, tmp_path):
    wrong, words = ATTACKS[attack]
    values = {
        "pki/ca": AUTHORITY.certificate_der,
        "pki/r1/certificate": GOOD.certificate_der,
        "pki/r1/key": GOOD.key_der,
        **wrong,
    }
    path = tmp_path / "secrets.yml"
    path.write_text(yaml.safe_dump(values, width=9999))
    path.chmod(0o600)
    with pytest.raises(InputError) as refused:
        secrets.select(secrets.load(path), sorted(values), path)
    assert words in str(refused.value)
    assert "secrets.yml" in str(refused.value)
    assert not any(value in str(refused.value) for value in values.values())


def test_values_are_no_longer_than_they_must_be_and_end_no_line(tmp_path):
    path = tmp_path / "secrets.yml"
    for values in (
        {"isis/d": "x" * 256},
        {"pki/ca": "AA AA"},
        {"pki/ca": "AAAA\nBBBB"},
        {"pki/ca": "A" * 9000},
        {"isis/d": "x\n"},
    ):
        path.write_text(yaml.safe_dump(values))
        path.chmod(0o600)
        with pytest.raises(InputError):
            secrets.load(path)
