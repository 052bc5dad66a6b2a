"""A TLS end in front of a plain server, and a database server that is still starting."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

from tidegate.stack.ports import LOOPBACK

_ENCRYPTION = {struct.pack("!I", number) for number in (80877103, 80877104)}


@contextmanager
def accepting(port: int = 0) -> Iterator[socket.socket]:
    """A listener that stops taking connections when the block ends."""
    listener = socket.create_server((LOOPBACK, port))
    try:
        yield listener
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@contextmanager
def tls(folder: Path, *, port: int, behind: int) -> Iterator[Path]:
    """Serve what listens on the loopback port `behind` over TLS on `port`.

    The value is the certificate that clients have to trust.
    """
    certificate, key = _certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with accepting(port) as listener:
        threading.Thread(target=_relay, args=(listener, context, behind), daemon=True).start()
        yield certificate


def starting_database(listener: socket.socket, refusals: int) -> None:
    """Answer as PostgreSQL does while it starts, so many times; then stop listening."""
    told = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"
    with closing(listener):
        for left in reversed(range(refusals)):
            connection, _ = listener.accept()
            if not left:
                # Before the last answer: who asks again at once is to find nobody.
                listener.close()
            with connection:
                # Requests for encryption are declined; the start-up message comes then.
                while connection.recv(1024)[4:] in _ENCRYPTION:
                    connection.sendall(b"N")
                connection.sendall(b"E" + struct.pack("!I", len(told) + 4) + told)


def _relay(listener: socket.socket, context: ssl.SSLContext, behind: int) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:  # the block has ended
            return
        threading.Thread(target=_serve, args=(plain, context, behind), daemon=True).start()


def _serve(plain: socket.socket, context: ssl.SSLContext, behind: int) -> None:
    """Carry bytes both ways. One thread reads TLS, another writes it, which OpenSSL allows."""
    with (
        plain,
        suppress(OSError),
        context.wrap_socket(plain, server_side=True) as outside,
        socket.create_connection((LOOPBACK, behind)) as inside,
    ):
        back = threading.Thread(target=_copy, args=(inside, outside), daemon=True)
        back.start()
        _copy(outside, inside)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """Make a self-signed certificate of the loopback address; return it and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, LOOPBACK)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(LOOPBACK))]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(made.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return certificate_file, key_file
