"""A node's private keys: made by `init`, read by `serve`.

    DIR/keys/sign.key      transactions, statements, requests (Ed25519)
    DIR/keys/witness.key   cosignatures (Ed25519)
    DIR/keys/seal.key      messages to this agency (X25519)
    DIR/keys/he.key        columns this agency is custodian of (Paillier)
    DIR/keys/open.key      names who signed for a ring, with others (ristretto255)
    DIR/keys/log.key       the log's checkpoints (Ed25519); at the host only
    DIR/keys/share.N.key   a share of the consortium's threshold key, epoch N

Each file is encrypted under the node's passphrase. After a rotation the former
key lies beside its successor as `seal.<kid>.key`, so that what was sealed
before can still be opened.
"""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from privshare.errors import ConfigError, VerificationError
from privshare.exchange.node import NodeKeys
from privshare.exchange.shares import Shares
from privshare.schemes.key_file import SALT_BYTES, Passphrase, opened_passphrase
from privshare.schemes.keys import SealKey, SigningKey
from privshare.schemes.paillier import PaillierPrivateKey
from privshare.schemes.ring_key import ALGORITHM, RingKey
from privshare.service.share_folder import ShareFolder
from privshare.store.keyfile import read_key, write_key

FOLDER = "keys"
PASSPHRASE_VARIABLE = "PRIVSHARE_PASSPHRASE"  # noqa: S105 - a name, no secret

#: Bits of a new Paillier key.
HE_BITS = 2048

_MAX_PASSPHRASE = 1024


@dataclass(frozen=True, slots=True)
class Secrets:
    """All private keys of a node.

    Attributes:
        node: What the verbs of the exchange use.
        log: Signs checkpoints; None unless the node hosts the log.
        shares: Of threshold keys; more may come while the node runs.
    """

    node: NodeKeys
    log: SigningKey | None
    shares: Shares

    def public(self) -> list[tuple[str, str, bytes]]:
        """List the newest public keys as `ledger.enrolment` takes them."""
        keys = [("sign", "ed25519", self.node.sign.verify_key.raw)]
        if self.node.witness is not None:
            keys.append(("witness", "ed25519", self.node.witness.verify_key.raw))
        keys += [("seal", "x25519", key.public_key.raw) for key in self.node.seal[:1]]
        keys += [("he", "paillier", key.public.to_bytes()) for key in self.node.he[:1]]
        keys += [("open", ALGORITHM, key.public) for key in self.node.opening[:1]]
        return keys


def generate(directory: Path, passphrase: str | Passphrase, *, host: bool) -> Secrets:
    """Make a node's keys and write them.

    Args:
        directory: The node directory.
        passphrase: To encrypt each file with.
        host: Whether to make the log's key too.

    Raises:
        ConfigError: There are keys already, or the passphrase is empty.
    """
    if isinstance(passphrase, str) and not 1 <= len(passphrase) <= _MAX_PASSPHRASE:
        raise ConfigError(
            f"expected a passphrase of 1 to {_MAX_PASSPHRASE} characters, "
            f"found {len(passphrase)}"
        )
    folder = directory / FOLDER
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sign, witness, seal = (
        SigningKey.generate(),
        SigningKey.generate(),
        SealKey.generate(),
    )
    he = PaillierPrivateKey.generate(HE_BITS)
    opening = RingKey.generate()
    log = SigningKey.generate() if host else None
    # One salt for the folder: one scrypt opens all of it.
    opened = opened_passphrase(passphrase)
    salt = opened.salt or os.urandom(SALT_BYTES)
    files = {"sign": sign.seed(), "witness": witness.seed(), "seal": seal.seed()}
    files |= {"he": he.to_bytes(), "open": opening.to_bytes()}
    if log is not None:
        files["log"] = log.seed()
    for name, secret in files.items():
        write_key(folder / f"{name}.key", secret, opened, salt=salt)
    shares = ShareFolder(folder, opened)
    node = NodeKeys(sign, witness, (seal,), (he,), (opening,))
    return Secrets(node, log, shares)


def load(directory: Path, passphrase: str) -> Secrets:
    """Read a node's keys.

    Raises:
        ConfigError: A file is missing, or others may read it, or the
            passphrase does not open it.
    """
    folder = directory / FOLDER
    with _told_how():
        opened = Passphrase(passphrase)
        sign, log = _signing(folder, opened)
        node = NodeKeys(
            sign,
            SigningKey.from_seed(read_key(folder / "witness.key", opened)),
            tuple(
                SealKey.from_seed(read_key(path, opened))
                for path in _generations(folder, "seal")
            ),
            tuple(
                PaillierPrivateKey.from_bytes(read_key(path, opened))
                for path in _generations(folder, "he")
            ),
            tuple(
                RingKey.from_bytes(read_key(path, opened))
                for path in _generations(folder, "open")
            ),
        )
        shares = ShareFolder(folder, opened)
    return Secrets(node, log, shares)


def load_signing(
    directory: Path, passphrase: str | Passphrase
) -> tuple[SigningKey, SigningKey | None]:
    """Read the keys that sign transactions and, at a host, checkpoints.

    Raises:
        ConfigError: As `load`.
    """
    with _told_how():
        return _signing(directory / FOLDER, opened_passphrase(passphrase))


def _signing(
    folder: Path, passphrase: Passphrase
) -> tuple[SigningKey, SigningKey | None]:
    sign = SigningKey.from_seed(read_key(folder / "sign.key", passphrase))
    log = folder / "log.key"
    if not log.exists():
        return sign, None
    return sign, SigningKey.from_seed(read_key(log, passphrase))


@contextmanager
def _told_how() -> Iterator[None]:
    """Turn a wrong passphrase into a refusal that says where to set it."""
    try:
        yield
    except VerificationError as error:
        raise ConfigError(
            error.message, fix=f"Set {PASSPHRASE_VARIABLE}, or --passphrase-file."
        ) from None


def read_passphrase(file: Path | None = None, *, confirm: bool = False) -> str:
    """Get the node's passphrase.

    From the file if one is named, else from PRIVSHARE_PASSPHRASE, else from
    the terminal.

    Args:
        file: Its first line is the passphrase.
        confirm: Ask twice, for a new one.

    Raises:
        ConfigError: None of the three has one.
    """
    if file is not None:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"expected a passphrase in {file}, found: {error}"
            ) from None
        if not lines or not lines[0]:
            raise ConfigError(f"expected a passphrase in {file}, found an empty line")
        return lines[0]
    if passphrase := os.environ.get(PASSPHRASE_VARIABLE, ""):
        return passphrase
    if not sys.stdin.isatty():
        raise ConfigError(
            "expected a passphrase, found no terminal to ask on",
            fix=f"Set {PASSPHRASE_VARIABLE}, or --passphrase-file.",
        )
    passphrase = getpass.getpass("Passphrase of the node's keys: ")
    if confirm and getpass.getpass("Again: ") != passphrase:
        raise ConfigError("expected the same passphrase twice, found two")
    return passphrase


def _generations(folder: Path, use: str) -> list[Path]:
    """List the files of a use: the present key first, then former ones."""
    former = sorted(folder.glob(f"{use}.*.key"), key=lambda path: path.stat().st_mtime)
    return [folder / f"{use}.key", *reversed(former)]
