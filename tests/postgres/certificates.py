"""Certificates for servers with TLS, made by an authority of the tests' own."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.postgres import programs


@dataclass(frozen=True)
class Certificate:
    """A certificate with its private key."""

    x509: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write the certificate and the key into files for a server. Return their paths."""
        certificate, key = folder / "server.crt", folder / "server.key"
        certificate.write_bytes(self.pem)
        key.touch(mode=0o600)
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        programs.give_away(key)
        return certificate, key

    @property
    def pem(self) -> bytes:
        return self.x509.public_bytes(serialization.Encoding.PEM)


def authority() -> Certificate:
    """Return a certificate that signs others. Clients name its file as sslrootcert."""
    key = ec.generate_private_key(ec.SECP256R1())
    # OpenSSL finds the signer by its name, so each authority has another one.
    name = _name(f"credtui tests {x509.random_serial_number()}")
    builder = _builder(name, name, key).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    return Certificate(builder.sign(key, hashes.SHA256()), key)


def server_certificate(signer: Certificate, *hosts: str) -> Certificate:
    """Return a certificate for a server with these names and addresses."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
    builder = _builder(_name(hosts[0]), signer.x509.subject, key).add_extension(
        names, critical=False
    )
    return Certificate(builder.sign(signer.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
