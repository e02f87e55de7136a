"""Requests onto the wire: signed by RFC 9421, sent by httpx.

The one module of the SDK that knows a socket. What is the same for both
clients (headers, digest, signature, bounds) is a plain function of the
request; the two senders beneath differ in `await` alone.

    Request ─► Signer.headers ─► httpx ─► node ─► Response

A body that is a file is read twice, once for its digest and once to send it;
it is never held in memory.

Implements docs/adr/0005-request-signatures.md.
"""

from __future__ import annotations

import hashlib
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypedDict
from urllib.parse import urlsplit

import httpx

from privshare.errors import ConfigError, OutOfRange, Unavailable
from privshare.schemes import http_signature
from privshare.schemes.keys import SigningKey
from privshare.sdk.call import Awaiting, Blocking, Request, Response

#: No answer of a node is longer; a receipt has 8 MiB at most, a bundle more.
MAX_ANSWER_BYTES = 256 << 20

CHUNK_BYTES = 1 << 20
CONNECT_TIMEOUT_S = 5.0

#: A node that commits millions of rows before it answers takes its time.
ANSWER_TIMEOUT_S = 300.0


@dataclass(frozen=True, slots=True)
class Signer:
    """Who speaks, and to which node.

    Attributes:
        url: The node, without a trailing slash.
        key: Signs every request; None speaks without a name, which is enough
            for the public routes.
        ca: Certificate authorities for https, PEM; None takes the well-known
            ones.
        clock: Unix seconds.
        nonce: Fresh random bytes, as many as asked for.
    """

    url: str
    key: SigningKey | None = None
    ca: Path | None = None
    clock: Callable[[], float] = time.time
    nonce: Callable[[int], bytes] = secrets.token_bytes

    def headers(self, request: Request) -> dict[str, str]:
        """All headers that a request goes out with.

        Raises:
            EncodingError: A part of the request that HTTP does not carry.
        """
        headers = {name.lower(): value for name, value in request.headers.items()}
        headers.setdefault("accept", "application/json")
        digest, length = _measure(request)
        if length:
            headers["content-digest"] = http_signature.digest_header(digest)
            headers["content-length"] = str(length)
        if self.key is None:
            return headers
        message = http_signature.Message.of_url(
            request.method, self.url + request.path, headers
        )
        return headers | http_signature.sign(
            message,
            self.key,
            self.key.verify_key.kid,
            created=int(self.clock()),
            nonce=self.nonce(http_signature.NONCE_BYTES),
        )


def checked_url(url: str) -> str:
    """Return a node's URL in the form that requests are built on.

    Raises:
        ConfigError: Not http or https with a host, or with a user, a query or
            a fragment.
    """
    parts = urlsplit(url)
    if (
        parts.scheme not in ("http", "https")
        or not parts.hostname
        or "@" in parts.netloc
        or parts.query
        or parts.fragment
    ):
        raise ConfigError(
            "expected the address of a node such as http://127.0.0.1:7101, "
            "found another text",
            fix="give the URL that the node's operator named",
        )
    return url.rstrip("/")


def blocking(signer: Signer, transport: httpx.BaseTransport | None = None) -> Blocking:
    """A driver that speaks HTTP in the caller's thread.

    Args:
        signer: Who speaks.
        transport: Takes the place of the network: a test's, or a WSGI app's.
    """
    client = httpx.Client(transport=transport, **_settings(signer))

    def send(request: Request) -> Response:
        try:
            with client.stream(
                request.method,
                signer.url + request.path,
                headers=signer.headers(request),
                content=_chunks(request.file) if request.file else request.body,
            ) as answer:
                body = bytearray()
                for chunk in answer.iter_bytes():
                    _grow(body, chunk)
                return Response(answer.status_code, _lower(answer), bytes(body))
        except httpx.HTTPError as error:
            _unreachable(signer, error)

    return Blocking(send, close=client.close)


def awaiting(
    signer: Signer, transport: httpx.AsyncBaseTransport | None = None
) -> Awaiting:
    """A driver that speaks HTTP on the caller's event loop; as `blocking`."""
    client = httpx.AsyncClient(transport=transport, **_settings(signer))

    async def send(request: Request) -> Response:
        try:
            async with client.stream(
                request.method,
                signer.url + request.path,
                headers=signer.headers(request),
                content=_achunks(request.file) if request.file else request.body,
            ) as answer:
                body = bytearray()
                async for chunk in answer.aiter_bytes():
                    _grow(body, chunk)
                return Response(answer.status_code, _lower(answer), bytes(body))
        except httpx.HTTPError as error:
            _unreachable(signer, error)

    return Awaiting(send, close=client.aclose)


class _Settings(TypedDict):
    timeout: httpx.Timeout
    trust_env: bool
    verify: ssl.SSLContext | bool


def _settings(signer: Signer) -> _Settings:
    """What both httpx clients are made with; proxies of the environment are not
    used, because requests name the node that they are signed for."""
    return {
        "timeout": httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        "trust_env": False,
        "verify": ssl.create_default_context(cafile=signer.ca) if signer.ca else True,
    }


def _lower(answer: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def _grow(body: bytearray, chunk: bytes) -> None:
    if len(body) + len(chunk) > MAX_ANSWER_BYTES:
        raise OutOfRange(
            f"expected an answer of at most {MAX_ANSWER_BYTES} bytes, found more"
        )
    body += chunk


def _measure(request: Request) -> tuple[bytes, int]:
    """SHA-256 and length of the body."""
    hasher, length = hashlib.sha256(), 0
    chunks = _chunks(request.file) if request.file else iter((request.body,))
    for chunk in chunks:
        hasher.update(chunk)
        length += len(chunk)
    return hasher.digest(), length


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


async def _achunks(path: Path) -> AsyncIterator[bytes]:
    for chunk in _chunks(path):
        yield chunk


def _unreachable(signer: Signer, error: Exception) -> NoReturn:
    where = urlsplit(signer.url).netloc
    raise Unavailable(
        f"expected an answer from the node at {where}, found {type(error).__name__}",
        fix="check the address, and that the node runs: privshare node status",
        detail={"url": signer.url},
    ) from None
