"""What PrivShare needs of a computer, one function each.

Each check says what it found, and raises with what was expected, found, and
the fix when that is not enough. A check imports what it needs itself: that it
cannot be imported is what some of them find out.

    doctor ─► CHECKS ─► "found" | PrivShareError
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import shutil
import socket
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from privshare.errors import ConfigError, PrivShareError

PYTHON = (3, 11)
SQLITE = (3, 35, 0)  # RETURNING, and WAL as it is now
SPACE_BYTES = 256 << 20
#: Signed requests live for a minute; clocks may differ by five seconds.
SKEW_S = 5

#: No honest clock shows less: the year in which this was written.
_EARLIEST = 1_767_225_600  # 2026-01-01
_LATEST = 4_102_444_800  # 2100-01-01

#: Modules that the distribution declares, by the name that is imported.
MODULES = (
    "cffi",
    "cryptography",
    "flask",
    "gunicorn",
    "httpx",
    "pydantic",
    "pydantic_settings",
    "rich",
    "sqlmodel",
    "alembic",
    "structlog",
    "typer",
)


@dataclass(frozen=True, slots=True)
class Where:
    """What to check.

    Attributes:
        folder: Where a node or a profile would be kept.
        ports: Ports on 127.0.0.1 that should be free.
        url: A node to reach; "" for none.
        ca: Certificate authorities for https.
        key: A person's key file; None for none.
        trust: Text of the trust policy; None when there is no profile.
    """

    folder: Path
    ports: tuple[int, ...] = ()
    url: str = ""
    ca: Path | None = None
    key: Path | None = None
    trust: str | None = None


def python(_: Where) -> str:
    """Python is new enough."""
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < PYTHON:
        raise ConfigError(
            f"expected Python 3.11 or newer, found {found}",
            fix="install a newer Python, and make a new virtual environment with it",
        )
    return found


def modules(_: Where) -> str:
    """Every package that PrivShare depends on is installed."""
    missing = [name for name in MODULES if importlib.util.find_spec(name) is None]
    if missing:
        raise ConfigError(
            f"expected {len(MODULES)} packages, found these missing: "
            f"{', '.join(missing)}",
            fix="pip install privshare",
        )
    return f"{len(MODULES)} packages"


def core(_: Where) -> str:
    """The C core loads, and hashes as FIPS 180-4 says."""
    try:
        bindings = importlib.import_module("privshare.bindings.hash")
    except ImportError as error:
        raise ConfigError(
            f"expected the C core privshare._core, found {error.name or error}",
            fix="install a C compiler (Debian: apt-get install gcc libc6-dev "
            "python3-dev), and pip install privshare again",
        ) from None
    digest: str = bindings.sha256(b"abc").hex()
    if not digest.startswith("ba7816bf8f01cfea414140de5dae2223"):
        raise ConfigError(
            "expected the C core to hash as FIPS 180-4 says, found it does not",
            fix="set PRIVSHARE_PORTABLE=1, and please report the processor",
        )
    return f"backend {bindings.backend_name()}"


def scrypt(_: Where) -> str:
    """Key files can be opened: scrypt works, with its 32 MiB."""
    key_file = importlib.import_module("privshare.schemes.key_file")
    started = time.perf_counter()
    blob = key_file.protect(b"doctor", "passphrase")
    if key_file.unprotect(blob, "passphrase") != b"doctor":
        raise ConfigError("expected a key file to open again, found it does not")
    return f"{round((time.perf_counter() - started) * 500)} ms a key"


def randomness(_: Where) -> str:
    """The operating system gives random bytes, and not the same ones."""
    if os.urandom(32) == os.urandom(32):
        raise ConfigError(
            "expected random bytes from the operating system, found equal ones",
            fix="do not use this computer for keys",
        )
    return "os.urandom"


def sqlite(where: Where) -> str:
    """SQLite is new enough, and keeps a write-ahead log in the folder."""
    if sqlite3.sqlite_version_info < SQLITE:
        raise ConfigError(
            f"expected SQLite {'.'.join(map(str, SQLITE))} or newer, found "
            f"{sqlite3.sqlite_version}",
            fix="install a Python that comes with a newer SQLite",
        )
    with tempfile.TemporaryDirectory(dir=_existing(where.folder)) as scratch:
        connection = sqlite3.connect(Path(scratch) / "doctor.db", isolation_level=None)
        try:
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            connection.execute("PRAGMA synchronous=FULL")
            full = connection.execute("PRAGMA synchronous").fetchone()[0]
            connection.execute("CREATE TABLE t (a)")
        finally:
            connection.close()
    if mode != "wal" or full != 2:
        raise ConfigError(
            f"expected WAL and synchronous=FULL in {where.folder}, found {mode} and "
            f"{full}",
            fix="choose a folder on a local disk; network file systems have no WAL",
        )
    return f"{sqlite3.sqlite_version}, WAL"


def writing(where: Where) -> str:
    """The folder can be written, and its disk has room."""
    folder = _existing(where.folder)
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as file:
            file.write(b"doctor")
            os.fsync(file.fileno())
    except OSError as error:
        raise ConfigError(
            f"expected to write in {folder}, found: {error.strerror}",
            fix=f"choose another folder, or: chown {os.environ.get('USER', 'you')} "
            f"{folder}",
        ) from None
    free = shutil.disk_usage(folder).free
    if free < SPACE_BYTES:
        raise ConfigError(
            f"expected {SPACE_BYTES >> 20} MiB free in {folder}, found {free >> 20}",
            fix="make room, or choose another disk",
        )
    return f"{folder}, {free >> 30} GiB free"


def clock(_: Where) -> str:
    """The clock shows a time that can be."""
    now = time.time()
    if not _EARLIEST <= now <= _LATEST:
        raise ConfigError(
            f"expected a date from 2026 to 2100, found {time.strftime('%Y-%m-%d')}",
            fix="set the clock, and keep it with NTP: timedatectl set-ntp true",
        )
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))


def ports(where: Where) -> str:
    """The ports that were named are free."""
    if not where.ports:
        return "none asked for"
    taken = [port for port in where.ports if not _is_free(port)]
    if taken:
        raise ConfigError(
            f"expected the ports {_list(where.ports)} to be free, found "
            f"{_list(taken)} in use",
            fix="stop what uses them, or choose others (bind in node.toml)",
        )
    return f"{_list(where.ports)} free"


def key(where: Where) -> str:
    """The key file is there, and nobody else can read it."""
    if where.key is None:
        return "no profile with a key"
    wallet = importlib.import_module("privshare.sdk.wallet")
    public = wallet.public_key(where.key)
    if not where.key.is_file():
        raise ConfigError(
            f"expected a key file at {where.key}, found none",
            fix=f"privshare key new {where.key}",
        )
    wallet.check_mode(where.key)
    return f"{public.kid[:8]}…, mode 600"


def trust(where: Where) -> str:
    """A trust policy is pinned, and can be read."""
    if where.trust is None:
        return "no profile yet"
    if not where.trust:
        raise ConfigError(
            "expected a trust policy in the profile, found none",
            fix="privshare profile add NAME --url URL --key FILE --trust FILE",
        )
    client = importlib.import_module("privshare.sdk.client")
    client.checked_trust(where.trust)
    return f"{client.fingerprint(where.trust)[:19]}…"


def node(where: Where) -> str:
    """The profile's node answers, and its clock and ours agree."""
    if not where.url:
        return "no profile yet"
    transport = importlib.import_module("privshare.sdk.transport")
    call = importlib.import_module("privshare.sdk.call")
    signer = transport.Signer(transport.checked_url(where.url), ca=where.ca)
    driver = transport.blocking(signer)
    try:
        response = driver.run(call.fetch(call.Request("GET", "/health/live")))
    finally:
        driver.close()
    if response.status != 200:
        raise ConfigError(
            f"expected a PrivShare node at {where.url}, found HTTP status "
            f"{response.status}",
            fix="check the URL of the profile",
        )
    return where.url + _skew(response.headers.get("date", ""))


Check = Callable[[Where], str]

#: In the order in which one builds on the other.
CHECKS: tuple[Check, ...] = (
    python,
    modules,
    core,
    scrypt,
    randomness,
    clock,
    writing,
    sqlite,
    ports,
    key,
    trust,
    node,
)


def run(check: Check, where: Where) -> tuple[bool, str, str]:
    """(whether it holds, what was found, what mends it)."""
    try:
        return True, check(where), ""
    except PrivShareError as error:
        return False, error.message, error.fix
    except Exception as error:
        return False, f"expected no error, found {type(error).__name__}: {error}", ""


def _skew(date: str) -> str:
    """What a Date header says about our clock.

    Raises:
        ConfigError: They are too far apart for signed requests.
    """
    from email.utils import parsedate_to_datetime  # noqa: PLC0415 - only if asked

    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return ""
    skew = time.time() - theirs
    if abs(skew) > SKEW_S + 1:  # the header has whole seconds
        raise ConfigError(
            f"expected clocks at most {SKEW_S} s apart, found {skew:+.0f} s",
            fix="keep both clocks with NTP: timedatectl set-ntp true",
        )
    return ", clocks agree"


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above that is there."""
    for candidate in (folder, *folder.absolute().parents):
        if candidate.is_dir():
            return candidate
    return Path.cwd()


def _list(numbers: tuple[int, ...] | list[int]) -> str:
    return ", ".join(map(str, numbers))
