"""Certificates of a lab's optical controller: an authority of the lab's own, a server's, a client's."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from citynet.files import write_whole
from citynet.lab.authority import Authority

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """Where they are, in PEM; keys have mode 0600."""

    folder: Path

    @property
    def ca(self) -> Path:
        """The authority's certificate."""
        return self.folder / "ca.pem"

    def certificate(self, who: str) -> Path:
        """The certificate of `server` or `client`."""
        return self.folder / f"{who}.pem"

    def key(self, who: str) -> Path:
        """Its key."""
        return self.folder / f"{who}.key"


def make(folder: Path, name: str, address: str) -> Certificates:
    """Make them for the controller at an IP address; the authority's key is kept nowhere."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = Certificates(folder)
    authority = Authority.make(f"{name} lab authority")
    write_whole(made.ca, authority.certificate_pem)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    server = authority.sign(f"{name} server", [names], [ExtendedKeyUsageOID.SERVER_AUTH])
    client = authority.sign(f"{name} client", [], [ExtendedKeyUsageOID.CLIENT_AUTH])
    for who, signed in (("server", server), ("client", client)):
        write_whole(made.certificate(who), signed.certificate_pem)
        write_whole(made.key(who), signed.key_pem, mode=0o600)
    return made
