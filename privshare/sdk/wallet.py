"""A person's keys and profiles, as files.

A person of an agency holds one Ed25519 key. It lies encrypted under a
passphrase, readable by its owner alone; beside it, under the same name and
`.pub`, its public part, which a node's operator enrols. A profile says which
node to speak to, with which key, and whom to trust: the trust policy is pinned
in the profile, so that receipts are judged by what the user once chose and not
by what a node says today.

    create_key ─► deed.key, deed.key.pub ─► operator enrols ─► Profile ─► connect

Files live under $PRIVSHARE_HOME, else ~/.config/privshare:

    profiles/<name>.toml      url, key, ca
    profiles/<name>.policy    the trust policy (C2SP tlog-policy)
"""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from privshare.errors import ConfigError, Conflict, EncodingError, NotFound
from privshare.schemes.key_file import Passphrase
from privshare.schemes.keys import SigningKey, VerifyKey, protect, unprotect
from privshare.wire.canonical import Fields, b64u, decode, encode

HOME_VARIABLE = "PRIVSHARE_HOME"
PASSPHRASE_VARIABLE = "PRIVSHARE_PASSPHRASE"  # noqa: S105 - a name, no secret
PUBLIC_SUFFIX = ".pub"

_MAX_FILE_BYTES = 1 << 16
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class Profile:
    """Where to connect, as whom, trusting whom.

    Attributes:
        name: Lower-case letters, digits, hyphens and underscores.
        url: The node.
        key: The key file; None speaks without a name.
        trust: Text of the trust policy; "" when none was chosen yet.
        ca: Certificate authorities for https, PEM; None for the well-known.
    """

    name: str
    url: str
    key: Path | None = None
    trust: str = ""
    ca: Path | None = None


def home(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of profiles: $PRIVSHARE_HOME, else ~/.config/privshare."""
    named = environ.get(HOME_VARIABLE)
    return Path(named) if named else Path.home() / ".config" / "privshare"


def create_key(path: Path, passphrase: str | Passphrase) -> VerifyKey:
    """Make a key, and write both its files.

    Args:
        path: Where the encrypted key goes; the public part goes beside it.
        passphrase: Opens the key file; not empty.

    Returns:
        The public key.

    Raises:
        ConfigError: The passphrase is empty.
        Conflict: A file of that name is there.
    """
    if not passphrase:
        raise ConfigError("expected a passphrase for the new key, found an empty one")
    key = SigningKey.generate()
    salt = passphrase.salt if isinstance(passphrase, Passphrase) else None
    write_new(path, protect(key.seed(), passphrase, salt=salt), 0o600)
    write_new(public_path(path), encode_public(key.verify_key), 0o644)
    return key.verify_key


def open_key(path: Path, passphrase: str | Passphrase) -> SigningKey:
    """Read a key file.

    Raises:
        NotFound: There is no such file.
        ConfigError: Others on this computer can read it.
        VerificationError: The passphrase does not open it.
        EncodingError: It is not a key file.
    """
    blob = read_file(path, "a key file")
    check_mode(path)
    seed = unprotect(blob, passphrase)
    if len(seed) != 32:
        raise EncodingError(
            f"expected a person's key of 32 bytes in {path}, found {len(seed)}"
        )
    return SigningKey.from_seed(seed)


def public_key(path: Path) -> VerifyKey:
    """Read the public part that lies beside a key file; needs no passphrase.

    Args:
        path: The key file, or the public file itself.

    Raises:
        NotFound: There is no such file.
        EncodingError: It is not a public key file.
    """
    if path.suffix != PUBLIC_SUFFIX:
        path = public_path(path)
    return decode_public(read_file(path, "a public key file"))


def encode_public(key: VerifyKey) -> bytes:
    """Lay a public key out as its file holds it."""
    return encode(
        {
            "alg": "ed25519",
            "kid": key.kid,
            "pub": b64u(key.raw),
            "type": "privshare.public-key",
            "v": 1,
        }
    )


def decode_public(data: bytes) -> VerifyKey:
    """Read what `encode_public` wrote.

    Raises:
        EncodingError: Something else, or a kid that is not the key's.
    """
    fields = Fields(decode(data.strip()), where="public key")
    fields.constant("alg", "ed25519")
    fields.constant("type", "privshare.public-key")
    fields.constant("v", 1)
    kid = fields.str("kid", max=43)
    key = VerifyKey(fields.bytes("pub", 32))
    fields.end()
    if key.kid != kid:
        raise EncodingError("public key: expected the kid of the key, found another")
    return key


def check_mode(path: Path) -> None:
    """Refuse a key file that others can read.

    Raises:
        ConfigError: Its mode lets group or others in.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    if os.name == "posix" and mode & 0o077:
        raise ConfigError(
            f"expected mode 600 on the key file {path}, found {mode:o}",
            fix=f"chmod 600 {path}",
        )


def rotate_key(path: Path, passphrase: str, old_passphrase: str) -> VerifyKey:
    """Put a new key in the place of an old one, which is kept beside it.

    The old files keep their content under `<name>.<kid>`, the kid's first
    eight characters. The new key is unknown to every node until it is
    enrolled.

    Args:
        path: The key file.
        passphrase: For the new key.
        old_passphrase: Opens the old key: whoever rotates holds it.

    Returns:
        The new public key.

    Raises:
        NotFound: There is no such file.
        VerificationError: The old passphrase does not open it.
        Conflict: The old key was put aside already.
    """
    old = open_key(path, old_passphrase).verify_key
    aside = path.with_name(f"{path.name}.{old.kid[:8]}")
    for source, target in (
        (path, aside),
        (public_path(path), public_path(aside)),
    ):
        if target.exists():
            raise Conflict(f"expected no file {target}, found one")
        if source.exists():
            source.rename(target)
    return create_key(path, passphrase)


def save_profile(profile: Profile, folder: Path) -> Path:
    """Write a profile, in the place of one of the same name.

    Args:
        profile: What to keep.
        folder: From `home`.

    Returns:
        The profile's file.

    Raises:
        ConfigError: The name has another form.
    """
    path = _profile_path(profile.name, folder)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = {"url": profile.url}
    if profile.key is not None:
        settings["key"] = str(profile.key.absolute())
    if profile.ca is not None:
        settings["ca"] = str(profile.ca.absolute())
    lines = (
        # A JSON string of printable characters is a TOML basic string.
        f"{name} = {json.dumps(_printable(value), ensure_ascii=False)}\n"
        for name, value in settings.items()
    )
    _replace(path, "".join(lines).encode())
    if profile.trust:
        _replace(path.with_suffix(".policy"), profile.trust.encode())
    return path


def profile_of(where: str | Profile) -> Profile:
    """A profile by its name; or of an address, without a key.

    Raises:
        NotFound, ConfigError: As `load_profile`.
    """
    if isinstance(where, Profile):
        return where
    return Profile("", where) if "://" in where else load_profile(where, home())


def load_profile(name: str, folder: Path) -> Profile:
    """Read a profile.

    Raises:
        NotFound: There is none of that name.
        ConfigError: The name or the file has another form.
    """
    path = _profile_path(name, folder)
    if not path.is_file():
        raise NotFound(
            f'expected a profile "{name}" in {path.parent}, found none',
            fix=f"privshare profile add {name} --url URL --key FILE",
        )
    try:
        settings = tomllib.loads(read_file(path, "a profile").decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"expected TOML in {path}, found {error}") from None
    unknown = settings.keys() - {"url", "key", "ca"}
    if unknown or not all(isinstance(value, str) for value in settings.values()):
        raise ConfigError(
            f"expected url, key and ca as texts in {path}, found something else"
        )
    if "url" not in settings:
        raise ConfigError(f"expected url in {path}, found none")
    policy = path.with_suffix(".policy")
    return Profile(
        name,
        settings["url"],
        Path(settings["key"]) if "key" in settings else None,
        read_file(policy, "a trust policy").decode() if policy.is_file() else "",
        Path(settings["ca"]) if "ca" in settings else None,
    )


def trust_path(name: str, folder: Path) -> Path:
    """Where a profile keeps its trust policy.

    Raises:
        ConfigError: The name has another form.
    """
    return _profile_path(name, folder).with_suffix(".policy")


def profiles(folder: Path) -> list[str]:
    """The names of all profiles, in order."""
    return sorted(path.stem for path in (folder / "profiles").glob("*.toml"))


def remove_profile(name: str, folder: Path) -> None:
    """Delete a profile; its key file stays.

    Raises:
        NotFound: There is none of that name.
    """
    path = _profile_path(name, folder)
    if not path.is_file():
        raise NotFound(f'expected a profile "{name}", found none')
    path.with_suffix(".policy").unlink(missing_ok=True)
    path.unlink()


def _profile_path(name: str, folder: Path) -> Path:
    if _NAME.fullmatch(name) is None:
        raise ConfigError(
            "expected a profile's name of lower-case letters, digits, hyphens and "
            "underscores, found another"
        )
    return folder / "profiles" / f"{name}.toml"


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ConfigError("expected printable text in a profile, found another")
    return text


def public_path(path: Path) -> Path:
    """Where the public part of a key file lies."""
    return path.with_name(path.name + PUBLIC_SUFFIX)


def read_file(path: Path, what: str) -> bytes:
    """Read a small file.

    Raises:
        NotFound: There is no such file.
        ConfigError: It cannot be read.
        EncodingError: It is longer than such files are.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise NotFound(f"expected {what} at {path}, found none") from None
    except OSError as error:
        raise ConfigError(
            f"expected {what} at {path}, found {error.strerror or 'an error'}"
        ) from None
    if len(data) > _MAX_FILE_BYTES:
        raise EncodingError(f"expected {what} at {path}, found a longer file")
    return data


def write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a file that was not there, whole and on disk, or not at all.

    Raises:
        Conflict: A file of that name is there.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError:
        raise Conflict(
            f"expected no file {path}, found one",
            fix="choose another name; a key is never overwritten",
        ) from None
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _replace(path: Path, data: bytes) -> None:
    """Write a file so that a reader finds the old or the new one whole."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    write_new(beside, data, 0o600)
    beside.replace(path)
