"""TLS between nodes: who is refused, and by what."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
import time
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from mpc_kit import together

from privshare.errors import EncodingError, PrivShareError
from privshare.jobs.mpc.client_hello import record_size, server_name_of
from privshare.jobs.mpc.meeting import Seat, Tls, meet
from privshare.jobs.mpc.session_key import derive
from privshare.jobs.mpc.stream_link import Times
from privshare.jobs.mpc.tls import (
    ALPN,
    Identity,
    check_peer,
    client_context,
    job_of,
    server_context,
    server_name,
)

JOB = b"\x07" * 32


def handshake(
    client: ssl.SSLContext, server: ssl.SSLContext, pins: tuple[bytes, bytes]
) -> list[object]:
    """Both sides of one connection; each checks the other's pin, then talks."""
    near, far = socket.socketpair()
    for one in (near, far):
        one.settimeout(5)

    def connect() -> bytes:
        with client.wrap_socket(near, server_hostname=server_name(JOB)) as stream:
            check_peer(stream, pins[1], 1)
            stream.sendall(b"x")
            return stream.recv(1)

    def accept() -> bytes:
        with server.wrap_socket(far, server_side=True) as stream:
            check_peer(stream, pins[0], 0)
            stream.sendall(b"y")
            return stream.recv(1)

    return together([connect, accept], 10)


@pytest.fixture(scope="module")
def two() -> tuple[Identity, Identity]:
    """A client and a server of one job."""
    return Identity.make(JOB), Identity.make(JOB)


def test_attested_keys_meet(two: tuple[Identity, Identity]) -> None:
    """Both hold the key that the other expects: they talk, by TLS 1.3."""
    near, far = two
    made = handshake(client_context(near), server_context(far), (near.pin, far.pin))
    assert made == [b"y", b"x"]


def test_another_key_is_refused(two: tuple[Identity, Identity]) -> None:
    """A certificate of this job with another key: named on either side."""
    near, far = two
    other = Identity.make(JOB)
    made = handshake(client_context(near), server_context(other), (near.pin, far.pin))
    assert isinstance(made[0], PrivShareError)
    assert (made[0].detail["rule"], made[0].detail["party"]) == ("mpc.peer", 1)
    made = handshake(client_context(other), server_context(far), (near.pin, far.pin))
    assert isinstance(made[1], PrivShareError)
    assert (made[1].detail["rule"], made[1].detail["party"]) == ("mpc.peer", 0)


def test_a_key_of_another_job_is_refused(two: tuple[Identity, Identity]) -> None:
    """Its certificate does not even chain."""
    near, far = two
    other = Identity.make(b"\x08" * 32)
    made = handshake(client_context(near), server_context(other), (near.pin, far.pin))
    assert isinstance(made[0], ssl.SSLError)


def test_no_certificate_is_refused(two: tuple[Identity, Identity]) -> None:
    """A client that shows none hears of it, and the server does not go on."""
    near, far = two
    bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    bare.check_hostname = False
    bare.verify_mode = ssl.CERT_NONE
    bare.set_alpn_protocols([ALPN])
    made = handshake(bare, server_context(far), (near.pin, far.pin))
    assert isinstance(made[1], ssl.SSLError)


def test_tls_1_2_is_refused(two: tuple[Identity, Identity]) -> None:
    """Neither side speaks an older version."""
    near, far = two
    old = client_context(near)
    old.minimum_version = ssl.TLSVersion.TLSv1_2
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    made = handshake(old, server_context(far), (near.pin, far.pin))
    assert all(isinstance(one, (ssl.SSLError, OSError)) for one in made)
    old = server_context(far)
    old.minimum_version = ssl.TLSVersion.TLSv1_2
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    made = handshake(client_context(near), old, (near.pin, far.pin))
    assert all(isinstance(one, (ssl.SSLError, OSError)) for one in made)


@pytest.mark.parametrize("protocols", [["h2"], ["privshare-mpc/2"], None])
def test_another_protocol_is_refused(
    two: tuple[Identity, Identity], protocols: list[str] | None
) -> None:
    """A peer that does not say what it is for is not ours."""
    near, far = two
    other = client_context(near)
    if protocols is None:
        other = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        other.check_hostname = False
        other.verify_mode = ssl.CERT_NONE
        near.load(other)
    else:
        other.set_alpn_protocols(protocols)
    made = handshake(other, server_context(far), (near.pin, far.pin))
    assert isinstance(made[1], (PrivShareError, ssl.SSLError))
    if isinstance(made[1], PrivShareError):
        assert made[1].detail["rule"] == "mpc.peer"


def test_dates_and_names_do_not_matter(tmp_path: Path) -> None:
    """A certificate of anybody's making with the attested key is as good."""
    far = Identity.make(JOB)
    seed = os.urandom(32)
    key = Ed25519PrivateKey.from_private_bytes(seed)
    near = Identity.from_seed(JOB, seed)
    context = client_context(near)
    assert context.verify_mode == ssl.CERT_REQUIRED
    made = handshake(context, server_context(far), (near.pin, far.pin))
    assert made == [b"y", b"x"]
    # One of its own making does not chain, so it is refused before its pin counts.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "me")])
    then = datetime.datetime(2001, 1, 1, tzinfo=datetime.UTC)
    own = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(then)
        .not_valid_after(then + datetime.timedelta(days=1))
        .sign(key, None)
    )
    path = tmp_path / "own.pem"
    path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + own.public_bytes(Encoding.PEM)
    )
    context.load_cert_chain(path)
    made = handshake(context, server_context(far), (near.pin, far.pin))
    assert isinstance(made[1], ssl.SSLError)


def test_nothing_is_resumed(two: tuple[Identity, Identity]) -> None:
    """No tickets: each connection proves its keys anew."""
    near, far = two
    client, server = client_context(near), server_context(far)
    assert server.num_tickets == 0
    here, there = socket.socketpair()

    def connect() -> object:
        with client.wrap_socket(here, server_hostname=server_name(JOB)) as stream:
            stream.recv(1)
            return stream.session.has_ticket if stream.session else None

    def accept() -> bool | None:
        with server.wrap_socket(there, server_side=True) as stream:
            stream.sendall(b"y")
            return stream.session_reused

    assert together([connect, accept], 10) == [False, False]


def test_the_key_never_touches_a_disk(two: tuple[Identity, Identity]) -> None:
    """No descriptor is left open, and nothing shows or pickles the key."""
    before = len(os.listdir("/proc/self/fd"))
    client_context(two[0])
    assert len(os.listdir("/proc/self/fd")) == before
    assert repr(two[0]) == "<Identity (secret)>"
    assert (
        Identity.from_seed(JOB, b"s" * 32).pin == Identity.from_seed(JOB, b"s" * 32).pin
    )
    for seed in (b"", bytes(31)):
        with pytest.raises(EncodingError):
            Identity.from_seed(JOB, seed)
    with pytest.raises(EncodingError):
        Identity.make(b"short")


def test_names_of_jobs() -> None:
    """A name leads to its job, and nothing else does."""
    assert job_of(server_name(JOB)) == JOB
    for name in (
        "",
        "example.org",
        server_name(JOB).upper(),
        server_name(JOB)[1:],
        "1" + server_name(JOB)[1:],
        server_name(JOB) + ".",
        "a" * 51 + "b" + server_name(JOB)[52:],
    ):
        assert job_of(name) is None


def hello_of(name: str | None) -> bytes:
    """The first record that a real client sends."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    stream = context.wrap_bio(incoming, outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        stream.do_handshake()
    return outgoing.read()


def test_first_records() -> None:
    """The name in a real record; no name in what is cut or is none."""
    record = hello_of(server_name(JOB))
    assert record_size(record[:5]) == len(record)
    assert server_name_of(record) == server_name(JOB)
    assert server_name_of(hello_of(None)) is None
    for size in range(len(record)):
        assert server_name_of(record[:size]) in (None, server_name(JOB))
    for place in range(len(record)):
        changed = record[:place] + bytes([record[place] ^ 0xFF]) + record[place + 1 :]
        found = server_name_of(changed)
        assert found is None or isinstance(found, str)
    for head in (b"", b"GET /", b"\x16\x03\x01\x00", b"\x17\x03\x03\x00\x20"):
        assert record_size(head) is None
    assert record_size(b"\x16\x03\x01\xff\xff") is None


def test_seats() -> None:
    """A seat has three keys, all different, and a place among them."""
    pins = tuple(bytes([n]) * 32 for n in range(3))
    assert Seat(JOB, 1, pins).party("next") == 2
    assert Seat(JOB, 1, pins).party("previous") == 0
    for bad in (
        (JOB, 3, pins),
        (b"", 0, pins),
        (JOB, 0, pins[:2]),
        (JOB, 0, (pins[0], pins[0], pins[1])),
        (JOB, 0, (pins[0], pins[1], b"")),
    ):
        with pytest.raises(EncodingError):
            Seat(*bad)


def test_session_keys() -> None:
    """Both ends derive one key; it changes with everything that it is bound to."""
    pins = tuple(bytes([n]) * 32 for n in range(3))
    a, b = b"a" * 32, b"b" * 32
    key = derive(JOB, pins, 0, a, 1, b)
    assert key == derive(JOB, pins, 1, b, 0, a)
    others = {
        derive(bytes(32), pins, 0, a, 1, b),
        derive(JOB, (pins[2], *pins[1:]), 0, a, 1, b),
        derive(JOB, pins, 0, b, 1, a),
        derive(JOB, pins, 1, a, 2, b),
    }
    assert len(others | {key}) == 5
    with pytest.raises(EncodingError):
        derive(JOB, pins, 0, a[:-1], 1, b)


class Sockets:
    """A door that gives what it was given."""

    def __init__(self, *given: tuple[str, socket.socket]) -> None:
        self._given = list(given)
        self._signal, self._other = socket.socketpair()
        if given:
            self._other.send(b"x")
        self.asked = 0

    def fileno(self) -> int:
        return self._signal.fileno()

    def take(self) -> tuple[str, socket.socket] | None:
        return self._given.pop(0) if self._given else None

    def again(self) -> None:
        self.asked += 1


def seats() -> tuple[list[Seat], list[Tls]]:
    """Three places of one job, with keys."""
    identities = [Identity.make(JOB) for _ in range(3)]
    pins = tuple(one.pin for one in identities)
    return [Seat(JOB, n, pins) for n in range(3)], [Tls(one) for one in identities]


def test_a_stranger_keeps_nobody_from_meeting() -> None:
    """Silent, garbled and wrong connections go on beside the right one."""
    places, tls = seats()
    ends = [socket.socketpair() for _ in range(3)]  # from node n to node n + 1
    silent, garbled, wrong = (socket.socketpair() for _ in range(3))
    garbled[0].send(b"GET / HTTP/1.1\r\n\r\n")
    stranger = client_context(Identity.make(JOB))
    doors = []
    for node in range(3):
        given = [("next", ends[node][0]), ("previous", ends[node - 1][1])]
        if node == 1:
            strangers = [("previous", one[1]) for one in (silent, garbled, wrong)]
            given = strangers + given
        doors.append(Sockets(*given))
    waits = Times(5, time.monotonic() + 20)

    def sit(node: int) -> object:
        link, keys = meet(places[node], tls[node], doors[node], waits, 10, os.urandom)  # type: ignore[arg-type]
        told = [bytes(one) for one in link.round("a", b"p", b"n", 1, 1)]
        link.close()
        return told, keys.previous, keys.next

    def intrude() -> object:
        wrong[0].settimeout(5)
        with stranger.wrap_socket(wrong[0], server_hostname=server_name(JOB)) as stream:
            return stream.recv(1)

    made = together([lambda n=n: sit(n) for n in range(3)] + [intrude], 20)  # type: ignore[misc]
    told = [one[0] for one in made[:3]]  # type: ignore[index]
    assert told == [[b"n", b"p"]] * 3
    for node in range(3):
        assert made[node][2] == made[(node + 1) % 3][1]  # type: ignore[index]
    assert len({made[node][2] for node in range(3)}) == 3  # type: ignore[index]
    silent[0].close()
    garbled[0].close()


def test_who_was_not_met_is_named() -> None:
    """A neighbour that never came is silent; one with another key is no peer."""
    places, tls = seats()
    waits = Times(5, time.monotonic() + 20)
    with pytest.raises(PrivShareError) as caught:
        meet(places[0], tls[0], Sockets(), waits, 0.1, os.urandom)  # type: ignore[arg-type]
    assert caught.value.detail["rule"] == "mpc.silent"
    assert caught.value.detail["parties"] == [1, 2]
    near, far = socket.socketpair()
    impostor = Tls(Identity.make(JOB))
    door = Sockets(("next", near))

    def sit() -> None:
        meet(places[0], tls[0], door, waits, 0.5, os.urandom)  # type: ignore[arg-type]

    def stand_in() -> None:
        stream = impostor.wrap("previous", far)
        stream.settimeout(2)
        stream.do_handshake()
        stream.recv(1)

    error = together([sit, stand_in], 10)[0]
    assert isinstance(error, PrivShareError)
    assert (error.detail["rule"], error.detail["party"]) == ("mpc.peer", 1)
    assert door.asked == 1


def test_another_set_of_keys_is_another_job() -> None:
    """A node that expects another third party is found at the hello."""
    places, tls = seats()
    other = Seat(JOB, 2, (*places[0].pins[:1], b"z" * 32, places[0].pins[2]))
    ends = [socket.socketpair() for _ in range(3)]
    waits = Times(2, time.monotonic() + 3)

    def sit(node: int) -> None:
        given = [("next", ends[node][0]), ("previous", ends[node - 1][1])]
        seat = other if node == 2 else places[node]
        link, _ = meet(seat, tls[node], Sockets(*given), waits, 0.5, os.urandom)  # type: ignore[arg-type]
        link.close()

    made = together([lambda n=n: sit(n) for n in range(3)], 20)  # type: ignore[misc]
    assert all(isinstance(one, PrivShareError) for one in made)
    with pytest.raises(EncodingError):
        meet(other, tls[1], Sockets(), waits, 0.1, os.urandom)  # type: ignore[arg-type]
