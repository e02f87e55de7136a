"""A node from its directory: made, admitted, joined, served.

    operator  init(role="host") ─► serve                  founds the network
    member    init(role="member") ─► enrolment.json ─► by hand to the operator
    operator  admit(enrolment.json) ─► org.admit on the ledger
    member    join(genesis digest, host url) ─► serve     mirrors and cosigns

    DIR/node.toml   settings            DIR/node.db   rows, receipts, people
    DIR/keys/       private keys        DIR/ledger/   the log
    DIR/run.json    while it runs: its process and address

The digest of the genesis goes from the operator to each member by hand, once:
it is what a member believes.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_bytes

from flask import Flask

from privshare.errors import ConfigError, Unavailable, VerificationError
from privshare.ledger.api import Committed
from privshare.ledger.engines.embedded import EmbeddedLedger
from privshare.ledger.engines.remote import HttpLogSource
from privshare.ledger.enrolment import enrolment, open_enrolment
from privshare.ledger.genesis import Params, create_genesis, genesis_digest_text
from privshare.ledger.transaction import build
from privshare.schemes.key_file import Passphrase
from privshare.schemes.keys import VerifyKey
from privshare.service import config, log, node_keys
from privshare.service.app import create_app
from privshare.service.auth import ROLES
from privshare.service.config import Settings
from privshare.service.node_keys import Secrets, read_passphrase
from privshare.service.running import (
    DATABASE,
    LEDGER,
    Running,
    http_client,
    open_ledger,
    open_node,
)
from privshare.service.server import Server, check_port
from privshare.store.store import Store
from privshare.wire import envelope, note
from privshare.wire.canonical import Json, unb64u
from privshare.wire.envelope import Envelope

ENROLMENT = "enrolment.json"
RUN = "run.json"

#: How long a new member waits for the host at its first start.
HOST_TIMEOUT_S = 60.0

_TX_LIFETIME_S = 300


@dataclass(frozen=True, slots=True)
class Initialised:
    """What `init` made.

    Attributes:
        directory: The node directory.
        genesis: Digest of the genesis, for members to compare; "" at a member.
        enrolment: The file to hand to the operator; None at a host.
    """

    directory: Path
    genesis: str
    enrolment: Path | None


def init(
    directory: Path,
    *,
    agency: str,
    network: str,
    url: str,
    passphrase: str | Passphrase,
    bind: str = "",
    host: bool = False,
    roles: Sequence[str] = ("operator",),
    params: Params | None = None,
) -> Initialised:
    """Make a node directory: settings, keys, and a host's ledger.

    Args:
        directory: Empty, or not there.
        agency: This node's agency.
        network: To found (host) or to join (member).
        url: Where other agencies will reach the node.
        passphrase: Encrypts the private keys.
        bind: Address and port to listen on; that of `url` unless given.
        host: Found the network and host its log; else prepare to join one.
        roles: The founder's labels on the ledger.
        params: What the rules read; the defaults unless given.

    Raises:
        ConfigError: The directory is in use, or a setting does not fit.
    """
    if (directory / config.FILE).exists():
        raise ConfigError(
            f"expected a new directory, found a node in {directory}",
            fix="Name another directory.",
        )
    settings = config.checked(
        {
            "agency": agency,
            "network": network,
            "role": "host" if host else "member",
            "url": url,
            "bind": bind or _bind_of(url),
        }
    )
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    secrets = node_keys.generate(directory, passphrase, host=host)
    presented = enrolment(
        agency, network, settings.url, secrets.public(), [secrets.node.sign]
    )
    Store.open(directory / DATABASE).close()
    if secrets.log is None:
        file = directory / ENROLMENT
        file.write_bytes(envelope.encode(presented))
        config.write(directory, settings)
        return Initialised(directory, "", file)
    origin = f"{network}/log"
    vkey = note.Vkey(origin, note.ED25519, secrets.log.verify_key.raw)
    founded = create_genesis(
        network,
        origin,
        str(vkey),
        presented,
        params or Params(),
        int(time.time()),
        roles=tuple(sorted(roles)),
    )
    EmbeddedLedger.create(directory / LEDGER, founded, secrets.log).close()
    digest = genesis_digest_text(founded)
    config.write(directory, settings.model_copy(update={"genesis": digest}))
    return Initialised(directory, digest, None)


def network_of(directory: Path) -> str:
    """Say the genesis digest that a node believes: the operator tells it others.

    Raises:
        ConfigError: The node has not joined a network yet.
    """
    settings = config.load(directory)
    if not settings.genesis:
        raise ConfigError(
            "expected a node that has joined a network, found one that has not",
            fix="privshare node join",
        )
    return settings.genesis


def admit(
    directory: Path,
    enrolled: Path,
    passphrase: str | Passphrase,
    *,
    roles: Sequence[str] = (),
) -> Committed:
    """Admit an agency to the network, as its operator.

    Args:
        directory: The operator's node directory, whose node may be running.
        enrolled: The member's enrolment.json.
        passphrase: Of the operator's keys.
        roles: Labels for the member on the ledger.

    Raises:
        ConfigError: No node directory, or no such file.
        SignatureInvalid: The enrolment does not verify.
        PrivShareError: What the ledger says.
    """
    (done,) = admit_all(directory, [enrolled], passphrase, roles=roles)
    return done


def admit_all(
    directory: Path,
    enrolled: Sequence[Path],
    passphrase: str | Passphrase,
    *,
    roles: Sequence[str] = (),
) -> list[Committed]:
    """Admit several agencies, one after the other; as `admit`."""
    settings = config.load(directory)
    presented = [_presented(file) for file in enrolled]
    sign, log_key = node_keys.load_signing(directory, passphrase)
    labels: list[Json] = sorted(set(roles))  # type: ignore[assignment]
    transactions = [
        envelope.encode(
            build(
                "org.admit",
                settings.agency,
                {"enrolment": envelope.to_json(one), "roles": labels},
                settings.network,
                token_bytes(16),
                int(time.time()) + _TX_LIFETIME_S,
                [sign],
            )
        )
        for one in presented
    ]
    if running(directory) is not None or settings.role != "host":
        url = settings.url if settings.role == "host" else settings.host_url
        with http_client(url) as client:
            source = HttpLogSource(client)
            return [source.submit(data, b"", 30.0) for data in transactions]
    if log_key is None:
        raise ConfigError("expected keys/log.key in the node directory, found none")
    ledger = EmbeddedLedger(directory / LEDGER, log_key)
    try:
        return [ledger.submit(data) for data in transactions]
    finally:
        ledger.close()


def _presented(file: Path) -> Envelope:
    """Read an enrolment that holds."""
    try:
        presented = envelope.decode(file.read_bytes())
    except OSError as error:
        raise ConfigError(
            f"expected an enrolment at {file}, found: {error.strerror}"
        ) from None
    open_enrolment(presented)
    return presented


def join(directory: Path, genesis: str, host_url: str) -> None:
    """Tell a member's node where the log is, and which network to believe.

    The host need not run yet; the digest is compared when the member starts.

    Args:
        directory: The member's node directory.
        genesis: The genesis digest, as the operator said it.
        host_url: The operator's node.

    Raises:
        ConfigError: A host, or a member that has another network's log.
        EncodingError: Not a digest.
    """
    settings = config.load(directory)
    unb64u(genesis, 32)
    if settings.role != "member":
        raise ConfigError("expected a member's node, found the host of the log")
    if (directory / LEDGER).exists() and genesis != settings.genesis:
        raise ConfigError(
            f"expected the network with genesis {settings.genesis}, whose log is "
            f"here, found {genesis}",
            fix="A node belongs to one network: make another directory.",
        )
    joined = config.checked(
        {
            **settings.model_dump(exclude_defaults=True),
            "host_url": host_url,
            "genesis": genesis,
        }
    )
    config.write(directory, joined)


def enrol(
    directory: Path, public: VerifyKey, *, roles: Sequence[str], label: str = ""
) -> str:
    """Let somebody of this agency in, or change roles; the node may be running.

    Args:
        directory: The node directory.
        public: The person's key.
        roles: Of `auth.ROLES`; at least one.
        label: For people to read.

    Returns:
        The key's id.

    Raises:
        ConfigError: An unknown role, or none.
    """
    config.load(directory)
    if not roles or not set(roles) <= set(ROLES):
        raise ConfigError(
            f"expected roles of {', '.join(ROLES)}, found {', '.join(roles) or 'none'}"
        )
    store = Store.open(directory / DATABASE)
    try:
        store.put_person(public.kid, public.raw, roles, label, int(time.time()))
    finally:
        store.close()
    return public.kid


def running(directory: Path) -> dict[str, object] | None:
    """Say what DIR/run.json says, if that process is alive."""
    try:
        found = json.loads((directory / RUN).read_text(encoding="utf-8"))
        os.kill(int(found["pid"]), 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(found)


def serve(directory: Path, *, passphrase: str) -> None:
    """Run a node until SIGTERM or SIGINT.

    Args:
        directory: The node directory.
        passphrase: Of its private keys.

    Raises:
        ConfigError: What stands in the way of a start, in one sentence.
    """
    settings = config.load(directory)
    log.configure(settings.log_level)
    _check(directory, settings)
    secrets = node_keys.load(directory, passphrase)
    _begin_mirror(directory, settings, secrets)
    held: list[Running] = []

    def start() -> Flask:
        node = open_node(directory, settings, secrets)
        held.append(node)
        log.logger().info("node open", agency=settings.agency, url=settings.url)
        return create_app(node.context)

    def stop() -> None:
        for node in held:
            node.stopping.set()

    def close() -> None:
        for node in held:
            node.close()
        held.clear()

    Server(
        settings.bind,
        settings.threads,
        start=start,
        stop=stop,
        close=close,
        ready=lambda: _say_running(directory, settings),
        gone=lambda: (directory / RUN).unlink(missing_ok=True),
    ).run()


def _check(directory: Path, settings: Settings) -> None:
    """Find out now what would stop the worker process later."""
    if running(directory) is not None:
        raise ConfigError(
            f"expected a node that is not running, found one in {directory}",
            fix="Stop it first.",
        )
    check_port(settings.bind)
    if settings.role == "host":
        return
    if not settings.host_url or not settings.genesis:
        raise ConfigError(
            "expected host_url and genesis in node.toml, found none",
            fix="privshare node join",
            detail={"setting": "host_url"},
        )


def _begin_mirror(directory: Path, settings: Settings, secrets: Secrets) -> None:
    """Begin a member's log, when the host is there and is the one believed."""
    if settings.role == "host" or (directory / LEDGER).exists():
        return
    deadline = time.monotonic() + HOST_TIMEOUT_S
    while True:
        try:
            open_ledger(directory, settings, secrets, lambda: int(time.time())).close()
            return
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        except VerificationError as error:
            raise ConfigError(
                error.message,
                fix="Compare the digest with the operator by telephone or in person.",
                detail={"setting": "genesis"},
            ) from None


def _say_running(directory: Path, settings: Settings) -> None:
    """Write DIR/run.json for commands that look for the node."""
    text = json.dumps({"pid": os.getpid(), "url": settings.url})
    temporary = directory / (RUN + ".new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(directory / RUN)


def _bind_of(url: str) -> str:
    """Listen where the URL points, when it is on this computer."""
    host, _, port = url.rpartition("//")[2].rstrip("/").rpartition(":")
    local = host in ("localhost", "127.0.0.1", "[::1]")
    if not port.isdecimal() or not host:
        raise ConfigError(
            "expected a URL with a port, or --bind, found neither",
            detail={"setting": "bind"},
        )
    return f"127.0.0.1:{port}" if host == "localhost" or not local else f"{host}:{port}"


__all__ = [
    "ENROLMENT",
    "Initialised",
    "admit",
    "enrol",
    "init",
    "join",
    "network_of",
    "read_passphrase",
    "running",
    "serve",
]
