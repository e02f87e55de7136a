"""Peers over HTTP: signed requests to the address that the ledger holds.

    verb ─► HttpPeers.call ─► RFC 9421 signature ─► the other agency's node
                          ◄─ JSON, or the error that the other node named

The answer is bounded in size and in time. A node that is away, or answers what
no node of ours would, is `Unavailable` with its agency in `detail["party"]`; a
named problem becomes the same error again.

Implements docs/adr/0005-request-signatures.md, as its client.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from secrets import token_bytes
from typing import cast

import httpx

from privshare import errors
from privshare.errors import EncodingError, Unavailable
from privshare.ledger.engines.remote import problem
from privshare.schemes import http_signature
from privshare.schemes.http_signature import Message
from privshare.schemes.keys import SigningKey
from privshare.wire.canonical import Json, decode_loose, encode

#: Answers of peers are JSON documents; columns travel the other way.
MAX_ANSWER_BYTES = 64 << 20

_PROBLEM = "application/problem+json"
_CONNECT_TIMEOUT_S = 5.0


class HttpPeers:
    """The nodes of other agencies, reached over HTTP; see `exchange.peers`.

    Args:
        agency: This node's agency.
        key: Its key with use `sign`.
        url: Finds the address of an agency, "" when it has none. Raises
            NotFound for an agency that the ledger does not hold.
        clock: Unix seconds.
        client: Tests hand in their own.
    """

    def __init__(
        self,
        agency: str,
        key: SigningKey,
        url: Callable[[str], str],
        clock: Callable[[], int],
        client: httpx.Client | None = None,
    ) -> None:
        self._key = key
        self._keyid = f"{agency}/{key.verify_key.kid}"
        self._url = url
        self._clock = clock
        self._client = client or httpx.Client(
            follow_redirects=False,
            trust_env=False,
            limits=httpx.Limits(max_connections=32, max_keepalive_connections=16),
        )

    def call(
        self,
        agency: str,
        method: str,
        path: str,
        body: Json | bytes = None,
        *,
        timeout_s: float = 30.0,
    ) -> Json:
        """Make one call and wait for its answer; see `Peers.call`.

        Raises:
            NotFound: The ledger holds no such agency.
            Unavailable: No connection or no whole answer in time, or an
                answer that no node gives; detail `party`.
            PrivShareError: The error that the other node named.
        """
        url = self._url(agency)
        if not url:
            raise Unavailable(
                f"expected an address of {agency} on the ledger, found none",
                fix=f"{agency} publishes one with `privshare key rotate --url`.",
                detail={"party": agency},
            )
        try:
            return self._attempt(agency, url, method, path, body, timeout_s=timeout_s)
        except errors.Unauthenticated as error:
            # A node that has just started takes nothing signed before.
            if error.detail.get("reason") != "stale":
                raise
        time.sleep(1.0)
        return self._attempt(agency, url, method, path, body, timeout_s=timeout_s)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def _attempt(
        self,
        agency: str,
        url: str,
        method: str,
        path: str,
        body: Json | bytes,
        *,
        timeout_s: float,
    ) -> Json:
        target = url.rstrip("/") + path
        content, headers = self._signed(method, target, body)
        limits = httpx.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_TIMEOUT_S))
        deadline = time.monotonic() + timeout_s
        try:
            with self._client.stream(
                method, target, content=content, headers=headers, timeout=limits
            ) as response:
                answer = _read(response, deadline)
        except (httpx.HTTPError, _Bounds) as error:
            raise Unavailable(
                f"expected an answer of {agency} within {timeout_s:g} s, "
                f"found {type(error).__name__}",
                fix=f"Try again; if it lasts, tell the operator of {agency}.",
                detail={"party": agency},
            ) from None
        media = response.headers.get("content-type", "").partition(";")[0].strip()
        return _answered(agency, response.status_code, media, answer)

    def _signed(
        self, method: str, target: str, body: Json | bytes
    ) -> tuple[bytes, dict[str, str]]:
        headers = {"accept": "application/json"}
        content = b""
        if body is not None:
            raw = isinstance(body, bytes)
            content = cast(bytes, body) if raw else encode(cast(Json, body))
            headers["content-type"] = (
                "application/octet-stream" if raw else "application/json"
            )
            headers["content-digest"] = http_signature.content_digest(content)
        signature = http_signature.sign(
            Message.of_url(method, target, headers),
            self._key,
            self._keyid,
            created=self._clock(),
            nonce=token_bytes(http_signature.NONCE_BYTES),
        )
        return content, headers | signature


class _Bounds(Exception):
    """An answer that is too long, or takes too long."""


def _read(response: httpx.Response, deadline: float) -> bytes:
    data = bytearray()
    for chunk in response.iter_bytes(1 << 16):
        data += chunk
        if len(data) > MAX_ANSWER_BYTES or time.monotonic() > deadline:
            raise _Bounds
    return bytes(data)


def _answered(agency: str, status: int, media: str, data: bytes) -> Json:
    """Return what was answered, or raise what was reported."""
    if 200 <= status < 300:
        try:
            return decode_loose(data, max_bytes=MAX_ANSWER_BYTES) if data else None
        except EncodingError:
            pass
    elif media == _PROBLEM:
        error = problem(status, data)
        error.detail["party"] = agency
        raise error
    raise Unavailable(
        f"expected an answer of a PrivShare node from {agency}, "
        f"found HTTP status {status} with something else",
        fix=f"Compare the address of {agency} on the ledger.",
        detail={"party": agency},
    )
