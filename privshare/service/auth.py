"""Who is asking: the first check of every request.

A request is signed by RFC 9421 (`schemes.http_signature`). The key belongs to
a person of this agency, as the store says, or to an agency, as the ledger
says; there is nothing else to log in with. The signature is checked before a
byte of the body is read; the body is then held to the digest that was signed.

    WSGI environ ─► Authenticator.authenticate ─► Person | Agency

A nonce is accepted once. The memory of nonces is bounded, and does not outlive
the process: what was signed before this process began is refused as stale.

Implements docs/adr/0005-request-signatures.md.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from privshare.errors import (
    EncodingError,
    SignatureInvalid,
    Unauthenticated,
    Unavailable,
    VerificationError,
)
from privshare.schemes import http_signature
from privshare.schemes.http_signature import Claim, Message
from privshare.schemes.keys import VerifyKey

#: What people of an agency may be.
ROLES = ("analyst", "auditor", "operator", "regulator", "steward")

#: Nonces remembered at most; beyond it requests wait, and none is forgotten.
MAX_NONCES = 200_000


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of this node's own agency.

    Attributes:
        kid: The key that signed.
        roles: What the node's operator said the person is.
    """

    kid: str
    roles: frozenset[str]

    @property
    def name(self) -> str:
        """How logs, limits and idempotency keys call the person."""
        return f"person:{self.kid}"


@dataclass(frozen=True, slots=True)
class Agency:
    """Another agency's node, or this one's own.

    Attributes:
        id: The agency.
        kid: Its key with use `sign` that signed.
    """

    id: str
    kid: str

    @property
    def name(self) -> str:
        """How logs, limits and idempotency keys call the agency."""
        return f"agency:{self.id}"


Principal = Person | Agency


class ReplayCache:
    """Nonces that were used, each until its request has expired.

    Args:
        started: When this process began to serve, Unix seconds.
        most: Nonces remembered at most.
    """

    def __init__(self, started: int, most: int = MAX_NONCES) -> None:
        self._started = started
        self._most = most
        self._seen: dict[int, set[tuple[str, str]]] = {}
        self._count = 0
        self._lock = threading.Lock()

    def use(self, claim: Claim, now: int, skew_s: int) -> None:
        """Use up the nonce of a claim that verified.

        Raises:
            VerificationError: Used before, or signed before this process
                began; `detail["reason"]` is "replay" or "stale".
            Unavailable: Too many nonces are remembered.
        """
        if claim.created <= self._started:
            raise VerificationError(
                "expected a request signed after this node started, found an older one",
                fix="Sign the request again, with a new nonce, and send it.",
                detail={"reason": "stale"},
            )
        nonce = (claim.keyid, claim.nonce)
        with self._lock:
            self._forget(now)
            if any(nonce in seen for seen in self._seen.values()):
                raise VerificationError(
                    "expected a nonce used for the first time, found one used before",
                    fix="Draw a new nonce for each request.",
                    detail={"reason": "replay"},
                )
            if self._count >= self._most:
                raise Unavailable(
                    f"expected at most {self._most} signed requests a minute, "
                    "found more",
                    fix="Wait a minute.",
                )
            self._seen.setdefault(claim.expires + skew_s, set()).add(nonce)
            self._count += 1

    def _forget(self, now: int) -> None:
        for until in [until for until in self._seen if until < now]:
            self._count -= len(self._seen.pop(until))


class Authenticator:
    """Tells who signed a request.

    Args:
        person: Finds (public key, roles) of a person by kid, or None.
        agency: Finds the public key of an active agency's key by agency and
            kid, if its use is `sign` and it is not retired, or None.
        authorities: How this node may be addressed: host and port. A request
            signed for another node does not count here.
        replay: What was used before.
        skew_s: How far the caller's clock may be off.
    """

    def __init__(
        self,
        person: Callable[[str], tuple[bytes, frozenset[str]] | None],
        agency: Callable[[str, str], bytes | None],
        authorities: frozenset[str],
        replay: ReplayCache,
        skew_s: int = http_signature.SKEW_S,
    ) -> None:
        self._person = person
        self._agency = agency
        self._authorities = authorities
        self._replay = replay
        self._skew_s = skew_s

    def authenticate(self, environ: Mapping[str, Any], now: int) -> Principal:
        """Return who signed the request.

        Args:
            environ: The WSGI environment.
            now: Unix seconds.

        Raises:
            Unauthenticated: Nobody that this node knows, or not in time, or
                not for this node; `detail["reason"]` says which.
            Unavailable: Too many requests to remember.
        """
        message = message_of(environ)
        try:
            claim = http_signature.parse(message)
            self._check_target(message, environ)
            principal, public = self._find(claim.keyid)
            http_signature.verify(claim, _key(public), now, skew_s=self._skew_s)
            self._replay.use(claim, now, self._skew_s)
        except (EncodingError, VerificationError) as error:
            raise Unauthenticated(
                error.message,
                fix=error.fix or "Sign the request as docs/rest.md describes.",
                detail={"reason": error.detail.get("reason", "signature")},
            ) from None
        return principal

    def _check_target(self, message: Message, environ: Mapping[str, Any]) -> None:
        if message.authority not in self._authorities:
            raise VerificationError(
                f"expected a request for {' or '.join(sorted(self._authorities))}, "
                "found one for another authority",
                fix="Call the node by the URL that GET /v1/meta shows.",
                detail={"reason": "authority"},
            )
        if has_body(environ) and "content-digest" not in message.headers:
            raise SignatureInvalid(
                "expected a Content-Digest of the body under the signature, found none"
            )

    def _find(self, keyid: str) -> tuple[Principal, bytes]:
        agency, slash, kid = keyid.rpartition("/")
        if slash:
            public = self._agency(agency, kid)
            if public is not None:
                return Agency(agency, kid), public
            raise VerificationError(
                "expected a key that the ledger holds for the agency with use sign, "
                "found another",
                fix="Wait until this node has seen the key, or rotate to a new one.",
                detail={"reason": "key"},
            )
        person = self._person(kid)
        if person is None:
            raise VerificationError(
                "expected the key of a person of this agency, found another",
                fix="Ask the node's operator to add the key.",
                detail={"reason": "key"},
            )
        return Person(kid, person[1]), person[0]


def message_of(environ: Mapping[str, Any]) -> Message:
    """Take the parts that a signature covers from a WSGI environment."""
    target = environ.get("RAW_URI") or environ.get("REQUEST_URI") or "/"
    path, _, query = str(target).partition("?")
    headers = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = str(environ["CONTENT_TYPE"])
    scheme = environ.get("wsgi.url_scheme", "http")
    authority = http_signature.authority_of(f"{scheme}://{headers.get('host', '')}")
    return Message(str(environ["REQUEST_METHOD"]), authority, path, query, headers)


def has_body(environ: Mapping[str, Any]) -> bool:
    """Tell whether the request carries anything behind its headers."""
    return (
        environ.get("CONTENT_LENGTH") not in (None, "", "0")
        or "HTTP_TRANSFER_ENCODING" in environ
    )


@lru_cache(maxsize=4096)
def _key(public: bytes) -> VerifyKey:
    return VerifyKey(public)
