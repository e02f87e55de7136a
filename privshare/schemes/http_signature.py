"""Signed HTTP requests: the one profile of RFC 9421 that PrivShare speaks.

Nodes, the SDK and the service sign and check requests here, so that the rule
is written once. This floor knows no socket and no clock: the caller hands in
the parts of the request, the time and the nonce.

    client    Message ─► sign ─► Signature-Input, Signature
    service   Message ─► parse ─► Claim ─► verify(claim, key, now)

The profile: one signature, labelled `sig`, by Ed25519, over exactly

    "@method" "@authority" "@path" "@query"
    and, where the request has them,
    "content-digest" "content-type" "idempotency-key" "if-match"

with the parameters created, expires (at most 60 s later), nonce, keyid and
alg. A header of that list that is present and not covered is refused, and so
is a component that is not on the list: what is signed is what is meant.
`keyid` is a person's kid, or `<agency>/<kid>` for a key that the ledger holds.

Implements docs/adr/0005-request-signatures.md; RFC 9421, sections 2 and 3;
RFC 9530 with sha-256.

>>> from privshare.schemes.keys import SigningKey
>>> key = SigningKey.from_seed(bytes(32))
>>> message = Message.of_url("GET", "http://127.0.0.1:7101/v1/me?x=1", {})
>>> headers = sign(message, key, key.verify_key.kid, created=1000, nonce=bytes(16))
>>> signed = Message.of_url("GET", "http://127.0.0.1:7101/v1/me?x=1", headers)
>>> claim = parse(signed)
>>> verify(claim, key.verify_key, now=1001) is claim
True
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from privshare.bindings import hash as _hash
from privshare.errors import EncodingError, SignatureInvalid, VerificationError
from privshare.schemes.keys import SigningKey, VerifyKey
from privshare.wire.base64 import b64, b64u, unb64

#: A signature is good for this long, at most.
LIFETIME_S = 60

#: How far the clocks of two machines may be apart.
SKEW_S = 5

#: Bytes of randomness in a nonce.
NONCE_BYTES = 16

#: Always covered, in the order in which `sign` writes them.
DERIVED = ("@method", "@authority", "@path", "@query")

#: Covered exactly when the request has them.
COVERED_HEADERS = ("content-digest", "content-type", "idempotency-key", "if-match")

_MAX_HEADER = 2048
_VISIBLE = re.compile(r"[\x20-\x7e]*")
_METHOD = re.compile(r"[A-Z]{3,10}")
_AUTHORITY = re.compile(r"[a-z0-9.\[\]:-]{1,255}")
_TARGET = re.compile(r"[\x21-\x7e]*")
_KEYID = re.compile(r"(?:[a-z][a-z0-9-]{1,30}/)?[A-Za-z0-9_-]{43}")
_INPUT = re.compile(r'sig=(\((?:"[@a-z-]{1,32}"(?: "[@a-z-]{1,32}")*)?\)(;.*))')
_PARAMETER = re.compile(
    r";(?:(created|expires)=([1-9][0-9]{0,11})"
    r'|(nonce|keyid|alg)="([A-Za-z0-9_/.-]{1,128})")'
)
_SIGNATURE = re.compile(r"sig=:([A-Za-z0-9+/]{86}==):")
_DIGEST = re.compile(r"sha-256=:([A-Za-z0-9+/]{43}=):")
_PARAMETERS = frozenset({"created", "expires", "nonce", "keyid", "alg"})
_DEFAULT_PORT = {"http": ":80", "https": ":443"}


@dataclass(frozen=True, slots=True)
class Message:
    """The parts of one request that a signature can cover.

    Attributes:
        method: In capitals.
        authority: Host and port, lower case, without the scheme's own port.
        path: As on the wire, percent-encoded; at least "/".
        query: As on the wire, without the question mark; "" for none.
        headers: Values by lower-case name; others than those named above
            are not looked at.
    """

    method: str
    authority: str
    path: str
    query: str
    headers: Mapping[str, str]

    @classmethod
    def of_url(cls, method: str, url: str, headers: Mapping[str, str]) -> Message:
        """Take the parts from a URL that a client is about to call.

        Args:
            method: In any case.
            url: Absolute, http or https, already percent-encoded.
            headers: In any case.

        Raises:
            EncodingError: Not such a URL.
        """
        parts = urlsplit(url)
        if parts.scheme not in _DEFAULT_PORT or not parts.hostname:
            raise EncodingError("expected an absolute http or https URL, found another")
        return cls(
            method.upper(),
            authority_of(url),
            parts.path or "/",
            parts.query,
            {name.lower(): value for name, value in headers.items()},
        )


@dataclass(frozen=True, slots=True)
class Claim:
    """What a request says about its own signature; true only after `verify`.

    Attributes:
        keyid: Names the key: a kid, or an agency's name, a slash and a kid.
        created: Unix seconds.
        expires: Unix seconds, at most `LIFETIME_S` later.
        nonce: Unique to the request; the verifier remembers it until expiry.
        base: The bytes that were signed.
        signature: 64 bytes.
    """

    keyid: str
    created: int
    expires: int
    nonce: str
    base: bytes = field(repr=False)
    signature: bytes = field(repr=False)


def authority_of(url: str) -> str:
    """Return the authority of a URL as RFC 9421 section 2.2.3 normalises it."""
    parts = urlsplit(url)
    authority = parts.netloc.rpartition("@")[2].lower()
    return authority.removesuffix(_DEFAULT_PORT.get(parts.scheme, ":"))


def content_digest(body: bytes) -> str:
    """Return the Content-Digest header for a body (RFC 9530, sha-256)."""
    return digest_header(_hash.sha256(body))


def digest_header(sha256: bytes) -> str:
    """Return the Content-Digest header for a body whose SHA-256 is known."""
    return f"sha-256=:{b64(sha256)}:"


def parse_content_digest(header: str) -> bytes:
    """Read a Content-Digest header that holds one SHA-256.

    Raises:
        EncodingError: It holds something else.
    """
    match = _DIGEST.fullmatch(header)
    if match is None:
        raise EncodingError(
            "expected Content-Digest with one sha-256 value, found another"
        )
    return unb64(match[1], 32)


def signature_base(components: Iterable[tuple[str, str]], parameters: str) -> bytes:
    """Lay out the bytes to sign.

    Args:
        components: Name and value of each covered component, in order.
        parameters: The signature parameters as they stand in Signature-Input
            behind the label.

    Source:
        RFC 9421, section 2.5.
    """
    lines = [f'"{name}": {value}' for name, value in components]
    lines.append(f'"@signature-params": {parameters}')
    return "\n".join(lines).encode("ascii")


def sign(
    message: Message,
    key: SigningKey,
    keyid: str,
    *,
    created: int,
    nonce: bytes,
    lifetime_s: int = LIFETIME_S,
) -> dict[str, str]:
    """Sign a request.

    Args:
        message: The request; its headers hold Content-Digest and Content-Type
            when there is a body.
        key: The signer's key.
        keyid: The kid of `key`, with the agency in front when it is a node's.
        created: Now, Unix seconds.
        nonce: `NONCE_BYTES` random bytes, never used twice.
        lifetime_s: 1 to `LIFETIME_S`.

    Returns:
        The headers Signature-Input and Signature to add.

    Raises:
        EncodingError: A part of the message has characters that HTTP does not
            carry.
    """
    components = _components(message)
    names = " ".join(f'"{name}"' for name in components)
    parameters = (
        f"({names});created={created};expires={created + lifetime_s}"
        f';nonce="{b64u(nonce)}";keyid="{keyid}";alg="ed25519"'
    )
    base = signature_base(components.items(), parameters)
    return {
        "Signature-Input": f"sig={parameters}",
        "Signature": f"sig=:{b64(key.sign(base))}:",
    }


def parse(message: Message) -> Claim:
    """Read a request's signature headers and rebuild what was signed.

    Raises:
        EncodingError: The headers are missing or not of this profile.
        SignatureInvalid: The signature does not cover what it must.
    """
    given = message.headers.get("signature-input", "")
    match = _INPUT.fullmatch(given) if len(given) <= _MAX_HEADER else None
    if match is None:
        raise EncodingError(
            'expected Signature-Input with one signature "sig" of the PrivShare '
            "profile, found " + ("none" if not given else "another")
        )
    parameters = _parameters(match[2])
    names = re.findall('"([^"]*)"', match[1].partition(")")[0])
    components = _components(message)
    if sorted(names) != sorted(components):
        raise SignatureInvalid(
            f"expected a signature over {', '.join(components)}; "
            f"found one over {', '.join(names) or 'nothing'}"
        )
    signature = _SIGNATURE.fullmatch(message.headers.get("signature", ""))
    if signature is None:
        raise EncodingError("expected Signature with 64 bytes under sig, found another")
    base = signature_base(((name, components[name]) for name in names), match[1])
    return Claim(
        str(parameters["keyid"]),
        int(parameters["created"]),
        int(parameters["expires"]),
        str(parameters["nonce"]),
        base,
        unb64(signature[1], 64),
    )


def verify(claim: Claim, key: VerifyKey, now: int, *, skew_s: int = SKEW_S) -> Claim:
    """Return a claim that holds: signed by this key, and in time.

    The caller has chosen `key` by `claim.keyid`, and afterwards refuses a
    nonce that it has seen.

    Args:
        claim: From `parse`.
        key: The key that `claim.keyid` names.
        now: Unix seconds.
        skew_s: How far the signer's clock may be off.

    Raises:
        VerificationError: Too old, from the future, or valid for more than
            `LIFETIME_S`; `detail["reason"]` is "stale", "early" or "lifetime".
        SignatureInvalid: The signature is not by this key.
    """
    if not 0 < claim.expires - claim.created <= LIFETIME_S:
        raise _not_in_time("lifetime", f"expires 1 to {LIFETIME_S} s after created")
    if claim.created > now + skew_s:
        raise _not_in_time("early", f"created at most {skew_s} s ahead of the clock")
    if now > claim.expires + skew_s:
        raise _not_in_time("stale", "a request that has not expired")
    key.verify(claim.signature, claim.base)
    return claim


def _not_in_time(reason: str, expected: str) -> VerificationError:
    return VerificationError(
        f"expected {expected}, found another time in the signature",
        fix="Check both clocks, and sign the request again.",
        detail={"reason": reason},
    )


def _components(message: Message) -> dict[str, str]:
    """Name and value of all that this request's signature must cover."""
    values = {
        "@method": _form(_METHOD, message.method, "a method in capitals"),
        "@authority": _form(_AUTHORITY, message.authority, "a host and port"),
        "@path": _form(_TARGET, message.path, "a percent-encoded path"),
        "@query": "?" + _form(_TARGET, message.query, "a percent-encoded query"),
    }
    for name in COVERED_HEADERS:
        if name in message.headers:
            value = message.headers[name].strip()
            values[name] = _form(_VISIBLE, value, f"ASCII in {name}")
    return values


def _form(pattern: re.Pattern[str], value: str, expected: str) -> str:
    if pattern.fullmatch(value) is None:
        raise EncodingError(f"expected {expected}, found other characters")
    return value


def _parameters(text: str) -> dict[str, str | int]:
    """Read the parameters: the five of the profile, each once, in any order."""
    found: dict[str, str | int] = {}
    position = 0
    while match := _PARAMETER.match(text, position):
        name = match[1] or match[3]
        if name in found:
            break
        found[name] = int(match[2]) if match[1] else match[4]
        position = match.end()
    if position != len(text) or found.keys() != _PARAMETERS:
        raise EncodingError(
            "expected the signature parameters created, expires, nonce, keyid and "
            "alg, each once; found others"
        )
    if found["alg"] != "ed25519":
        raise EncodingError("expected alg ed25519, found another")
    if _KEYID.fullmatch(str(found["keyid"])) is None:
        raise EncodingError("expected keyid as a kid or agency/kid, found another")
    if not 22 <= len(str(found["nonce"])) <= 86:
        raise EncodingError("expected a nonce of 22 to 86 characters, found another")
    return found
