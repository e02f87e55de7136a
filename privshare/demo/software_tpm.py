"""A TPM in software, for demonstrations and tests: class `software`, no hardware.

Starts swtpm with a state of its own, on loopback, as an ordinary user. Its
endorsement key has a certificate by an authority that is made here in the same
folder: whoever reads that folder can forge everything this TPM will ever say.
So it shows the protocol and protects nothing, and no production root set
contains its root.

    start(folder) ─► SoftwareTpm(tcti, root, chain) ─► collect.tpm_device
"""

from __future__ import annotations

import datetime
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from privshare.demo.nursery import die_with_parent
from privshare.errors import Unavailable
from privshare.jobs.attestation.evidence import Root

__all__ = ["ROOT_NAME", "SoftwareTpm", "available", "start"]

ROOT_NAME: Final = "swtpm test root - SOFTWARE, NO HARDWARE"

_PROGRAMS: Final = ("swtpm", "swtpm_setup", "swtpm_localca")
_START_S: Final = 10.0
_SETUP_S: Final = 60.0
_TRIES: Final = 5

# swtpm_setup starts a TPM of its own, which outlives it when it is killed. So both
# run beside a watcher, which ends them once the demonstration is gone: then its
# standard input is at an end.
_WATCHER: Final = """
import os, signal, subprocess, sys, threading

def watch():
    os.read(0, 1)
    os.killpg(0, signal.SIGKILL)

made = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
threading.Thread(target=watch, daemon=True).start()
sys.exit(made.wait())
"""


@dataclass(frozen=True, slots=True)
class SoftwareTpm:
    """A running swtpm.

    Attributes:
        tcti: Tells tpm2-pytss where it listens.
        root: The root of its certificate, family `swtpm`, class `software`.
        chain: Issuer and root of its endorsement certificate, PEM.
    """

    tcti: str
    root: Root
    chain: bytes


def available() -> bool:
    """Whether swtpm and its tools are installed."""
    return all(shutil.which(program) for program in _PROGRAMS)


@contextmanager
def start(folder: Path) -> Iterator[SoftwareTpm]:
    """Make a TPM in a folder, and run it until the block ends.

    Args:
        folder: Empty or not there yet; keeps the TPM's state and its
            authority's keys.

    Raises:
        Unavailable: swtpm is not installed, or does not start.
    """
    if not available():
        raise Unavailable(
            "expected swtpm and swtpm_setup on PATH, found none",
            fix="apt-get install swtpm swtpm-tools",
        )
    root, chain = _make_authority(folder)
    _make_tpm(folder)
    process, port = _run(folder)
    try:
        yield SoftwareTpm(
            tcti=f"swtpm:host=127.0.0.1,port={port}",
            root=Root(ROOT_NAME, "swtpm", root, "software"),
            chain=chain,
        )
    finally:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _make_authority(folder: Path) -> tuple[bytes, bytes]:
    """A root, an issuer, and the configuration that makes swtpm_setup use them."""
    authority = folder / "authority"
    (folder / "state").mkdir(parents=True, exist_ok=True)
    authority.mkdir(mode=0o700, exist_ok=True)
    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = _certificate(ROOT_NAME, root_key.public_key(), ROOT_NAME, root_key, 1)
    issuer = _certificate("swtpm test issuer", key.public_key(), ROOT_NAME, root_key, 0)
    pem = serialization.Encoding.PEM
    (authority / "issuer.pem").write_bytes(issuer.public_bytes(pem))
    with open(authority / "key.pem", "wb", opener=_private) as file:
        file.write(
            key.private_bytes(
                pem,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
    (folder / "localca.conf").write_text(
        f"statedir = {authority}\n"
        f"signingkey = {authority / 'key.pem'}\n"
        f"issuercert = {authority / 'issuer.pem'}\n"
        f"certserial = {authority / 'serial'}\n"
    )
    (folder / "localca.options").write_text("")
    (folder / "setup.conf").write_text(
        f"create_certs_tool = {shutil.which('swtpm_localca')}\n"
        f"create_certs_tool_config = {folder / 'localca.conf'}\n"
        f"create_certs_tool_options = {folder / 'localca.options'}\n"
        "active_pcr_banks = sha256\n"
    )
    digest = hashlib.sha256(root.public_bytes(serialization.Encoding.DER)).digest()
    return digest, issuer.public_bytes(pem) + root.public_bytes(pem)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _certificate(
    subject: str,
    key: ec.EllipticCurvePublicKey,
    issuer: str,
    issuer_key: ec.EllipticCurvePrivateKey,
    depth: int,
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    usage = {
        name: name == "key_cert_sign"
        for name in (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        )
    }
    return (
        x509.CertificateBuilder()
        .subject_name(_name(subject))
        .issuer_name(_name(issuer))
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca=True, path_length=depth), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _make_tpm(folder: Path) -> None:
    """Manufacture: endorsement keys and certificates, the SHA-256 bank alone."""
    log = folder / "setup.log"
    found = subprocess.Popen(  # noqa: S603 - our own arguments
        [
            *(sys.executable, "-I", "-S", "-c", _WATCHER),
            shutil.which("swtpm_setup") or "swtpm_setup",
            "--tpm2",
            "--tpmstate",
            str(folder / "state"),
            "--create-ek-cert",
            "--ecc",
            "--pcr-banks",
            "sha256",
            "--config",
            str(folder / "setup.conf"),
            "--logfile",
            str(log),
            "--overwrite",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert found.stdin is not None  # a pipe
    with found.stdin:
        try:
            found.wait(_SETUP_S)
        except BaseException:
            with suppress(ProcessLookupError):
                os.killpg(found.pid, signal.SIGKILL)
            found.wait()
            raise
    if found.returncode:
        raise Unavailable(
            f"expected swtpm_setup to make a TPM, found exit code {found.returncode}",
            fix=f"Read {log}.",
        )


def _run(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Run swtpm on a free pair of ports: commands on one, control on the next."""
    for _ in range(_TRIES):
        port = _free_pair()
        process = subprocess.Popen(  # noqa: S603 - our own arguments
            [
                shutil.which("swtpm") or "swtpm",
                "socket",
                "--tpm2",
                "--tpmstate",
                f"dir={folder / 'state'}",
                "--server",
                f"type=tcp,port={port},bindaddr=127.0.0.1",
                "--ctrl",
                f"type=tcp,port={port + 1},bindaddr=127.0.0.1",
                "--flags",
                "not-need-init,startup-clear",
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_parent,  # noqa: PLW1509 - calls prctl alone
        )
        if _listens(process, port + 1):
            return process, port
        process.kill()
        process.wait()
    raise Unavailable("expected swtpm to listen on loopback, found that it does not")


def _free_pair() -> int:
    """A port that is free, and the next one too, a moment ago."""
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
    raise Unavailable("expected two free ports on loopback, found none")


def _listens(process: subprocess.Popen[bytes], port: int) -> bool:
    """Whether the control port answers; the other would take the connection."""
    end = time.monotonic() + _START_S
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return True
        time.sleep(0.005)
    return False
