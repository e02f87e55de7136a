"""The request profile of RFC 9421: its base, its bounds, and another library."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import http_message_signatures as other
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from hypothesis import given
from hypothesis import strategies as st

from privshare.errors import EncodingError, SignatureInvalid, VerificationError
from privshare.schemes import http_signature
from privshare.schemes.http_signature import (
    COVERED_HEADERS,
    DERIVED,
    Message,
    authority_of,
    content_digest,
    parse,
    parse_content_digest,
    sign,
    signature_base,
    verify,
)
from privshare.schemes.keys import SigningKey, VerifyKey
from privshare.wire.base64 import unb64, unb64u

KEY = SigningKey.from_seed(bytes(range(32)))
KID = KEY.verify_key.kid
URL = "http://127.0.0.1:7101/v1/grants?limit=2"


def _signed(
    method: str = "GET", url: str = URL, headers: dict[str, str] | None = None
) -> dict[str, str]:
    sent = dict(headers or {})
    message = Message.of_url(method, url, sent)
    return sent | sign(message, KEY, KID, created=1000, nonce=bytes(16))


def test_a_signed_request_verifies() -> None:
    """What was signed is what is parsed, and holds in its time."""
    headers = _signed("POST", URL, {"Content-Digest": content_digest(b"x")})
    claim = parse(Message.of_url("post", URL, headers))
    assert (claim.keyid, claim.created, claim.expires) == (KID, 1000, 1060)
    assert verify(claim, KEY.verify_key, 1030) is claim


def test_the_base_is_that_of_the_rfc(vectors: Path) -> None:
    """RFC 9421, B.2.6: its base, under its public key, verifies."""
    text = (vectors / "rfc9421" / "examples-public-parts.md").read_text()
    section = text[text.index("### Signing a Request using ed25519") :]
    blocks = re.findall(r"~~~[^\n]*\n(.*?)~~~", section, re.DOTALL)
    base, sent = (
        re.sub(
            r"\\\n\s*", "", block.replace("NOTE: '\\' line wrapping per RFC 8792", "")
        )
        for block in blocks[:2]
    )
    components = [
        (match[1], match[2])
        for match in re.finditer(r'"([@a-z-]+)": ([^\n]*)', base)
        if match[1] != "@signature-params"
    ]
    parameters = re.search(r"sig-b26=(\(.*)", sent)
    signature = re.search(r"sig-b26=:([^:]*):", sent)
    public = re.search(
        r'"x": "([A-Za-z0-9_-]{43})"', text[text.index("test-key-ed25519") :]
    )
    assert parameters and signature and public
    made = signature_base(components, parameters[1].strip())
    VerifyKey(unb64u(public[1], 32)).verify(unb64(signature[1], 64), made)


class _Keys(other.HTTPSignatureKeyResolver):  # type: ignore[misc]
    def resolve_private_key(self, key_id: str) -> Any:
        return Ed25519PrivateKey.from_private_bytes(KEY.seed())

    def resolve_public_key(self, key_id: str) -> Any:
        return Ed25519PublicKey.from_public_bytes(KEY.verify_key.raw)


def test_another_library_accepts_ours() -> None:
    """http-message-signatures verifies what we sign."""
    body = b'{"a":1}'
    headers = _signed(
        "POST",
        URL,
        {
            "Content-Type": "application/json",
            "Content-Digest": content_digest(body),
            "Idempotency-Key": "k-1",
        },
    )
    request = requests.Request("POST", URL, data=body, headers=headers).prepare()
    verifier = other.HTTPMessageVerifier(
        signature_algorithm=other.algorithms.ED25519, key_resolver=_Keys()
    )
    verifier.validate_created_and_expires = lambda *_, **__: None
    (result,) = verifier.verify(request)
    assert set(result.covered_components) >= {f'"{name}"' for name in DERIVED}


def test_we_accept_another_library() -> None:
    """What http-message-signatures signs under the profile, we verify."""
    import datetime

    headers = {"Content-Type": "text/csv", "Content-Digest": content_digest(b"x")}
    request = requests.Request("POST", URL, data=b"x", headers=headers).prepare()
    signer = other.HTTPMessageSigner(
        signature_algorithm=other.algorithms.ED25519, key_resolver=_Keys()
    )
    created = datetime.datetime.fromtimestamp(1000, datetime.UTC)
    signer.sign(
        request,
        key_id=KID,
        label="sig",
        created=created,
        expires=created + datetime.timedelta(seconds=30),
        nonce="A" * 22,
        covered_component_ids=(*DERIVED, "content-type", "content-digest"),
        use_existing_digest=True,
    )
    sent = {str(k): str(v) for k, v in request.headers.items()}
    sent.pop("Content-Length")
    claim = parse(Message.of_url("POST", URL, sent))
    verify(claim, KEY.verify_key, 1001)


@pytest.mark.parametrize(
    ("now", "reason"), [(1066, "stale"), (994, "early"), (5000, "stale"), (0, "early")]
)
def test_time_is_checked(now: int, reason: str) -> None:
    """A claim holds from a little before its time to a little after."""
    claim = parse(Message.of_url("GET", URL, _signed()))
    with pytest.raises(VerificationError) as error:
        verify(claim, KEY.verify_key, now)
    assert error.value.detail["reason"] == reason


@pytest.mark.parametrize("now", [995, 1000, 1060, 1065])
def test_the_edges_of_time_hold(now: int) -> None:
    """The skew is allowed on both sides."""
    verify(parse(Message.of_url("GET", URL, _signed())), KEY.verify_key, now)


@pytest.mark.parametrize("lifetime", [0, -1, 61, 3600])
def test_a_long_life_is_refused(lifetime: int) -> None:
    """Nobody may sign for more than a minute."""
    message = Message.of_url("GET", URL, {})
    headers = sign(
        message, KEY, KID, created=1000, nonce=bytes(16), lifetime_s=lifetime
    )
    with pytest.raises((VerificationError, EncodingError)):
        verify(parse(Message.of_url("GET", URL, headers)), KEY.verify_key, 1000)


@pytest.mark.parametrize("name", COVERED_HEADERS)
def test_a_header_cannot_be_added(name: str) -> None:
    """A header that must be covered and is not is refused."""
    headers = _signed() | {name: "x"}
    with pytest.raises(SignatureInvalid):
        parse(Message.of_url("GET", URL, headers))


@pytest.mark.parametrize("name", COVERED_HEADERS)
def test_a_header_cannot_be_dropped_or_changed(name: str) -> None:
    """A header that was covered is there, unchanged."""
    headers = _signed("GET", URL, {name: "x"})
    without = {k: v for k, v in headers.items() if k != name}
    with pytest.raises(SignatureInvalid):
        parse(Message.of_url("GET", URL, without))
    changed = parse(Message.of_url("GET", URL, headers | {name: "y"}))
    with pytest.raises(SignatureInvalid):
        verify(changed, KEY.verify_key, 1000)


@pytest.mark.parametrize(
    "part", ["method", "authority", "path", "query", "created", "nonce", "keyid"]
)
def test_every_part_is_signed(part: str) -> None:
    """Changing one part of the request breaks the signature."""
    headers = _signed()
    url, method = URL, "GET"
    match part:
        case "method":
            method = "PUT"
        case "authority":
            url = URL.replace("7101", "7102")
        case "path":
            url = URL.replace("grants", "Grants")
        case "query":
            url = URL + "0"
        case "created":
            changed = headers["Signature-Input"].replace("=1000", "=1001")
            headers["Signature-Input"] = changed
        case "nonce":
            changed = headers["Signature-Input"].replace("AAAA", "AAAB", 1)
            headers["Signature-Input"] = changed
        case _:
            changed = headers["Signature-Input"].replace(KID, "A" * 43)
            headers["Signature-Input"] = changed
    with pytest.raises(SignatureInvalid):
        verify(parse(Message.of_url(method, url, headers)), KEY.verify_key, 1000)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("sig=", "sig2="), ("sig=", "sig= "), ("sig=(", "a=(), sig=("),
        ('"@method"', '"@METHOD"'), ('"@method"', '"@method" "@method"'),
        ('"@method"', '"@method";req'), ('"@query"', '"@query-param"'),
        (";created=1000", ""), (";created=1000", ";created=1000;created=1000"),
        (";created=1000", ";created=01000"), (";created=1000", ";created=-1"),
        (";created=1000", ';created="1000"'), (";created=1000", ";created=1000.0"),
        ('alg="ed25519"', 'alg="hmac-sha256"'), ('alg="ed25519"', "alg=ed25519"),
        (';alg="ed25519"', ""), (';alg="ed25519"', ';alg="ed25519";tag="x"'),
        ("nonce=\"AAAA", "nonce=\""), ("keyid=\"", "keyid=\"UPPER/"),
        ("keyid=\"", "keyid=\"../"),
    ],
)  # fmt: skip
def test_other_spellings_are_refused(old: str, new: str) -> None:
    """One spelling of the profile, and no other."""
    headers = _signed()
    assert old in headers["Signature-Input"]
    headers["Signature-Input"] = headers["Signature-Input"].replace(old, new, 1)
    with pytest.raises((EncodingError, SignatureInvalid)):
        verify(parse(Message.of_url("GET", URL, headers)), KEY.verify_key, 1000)


@pytest.mark.parametrize(
    "value",
    ["", "sig=::", "sig=:AAAA:", f"sig=:{'A' * 86}==:x", f"sig=:{'A' * 85}B==:", ":x:"],
)
def test_other_signatures_are_refused(value: str) -> None:
    """A signature is 64 bytes in canonical base64."""
    headers = _signed() | {"Signature": value}
    with pytest.raises((EncodingError, SignatureInvalid)):
        verify(parse(Message.of_url("GET", URL, headers)), KEY.verify_key, 1000)


@given(st.text(max_size=300))
def test_any_text_is_refused_by_name(text: str) -> None:
    """Whatever stands in the headers, the refusal is one of ours."""
    headers = {"Signature-Input": text, "Signature": text}
    with pytest.raises((EncodingError, SignatureInvalid)):
        parse(Message.of_url("GET", URL, headers))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://Example.COM/", "example.com"),
        ("http://example.com:80/", "example.com"),
        ("https://example.com:443/", "example.com"),
        ("https://example.com:80/", "example.com:80"),
        ("http://u:p@h:1/", "h:1"),
        ("http://[::1]:7101/", "[::1]:7101"),
    ],
)
def test_authorities_are_normalised(url: str, expected: str) -> None:
    """RFC 9421, section 2.2.3: lower case, without the scheme's own port."""
    assert authority_of(url) == expected


def test_header_names_are_of_any_case() -> None:
    """HTTP does not tell cases of header names apart."""
    headers = {name.upper(): value for name, value in _signed().items()}
    parse(Message.of_url("GET", URL, headers))


def test_the_digest_is_that_of_rfc9530() -> None:
    """The example of RFC 9530, appendix B, and nothing but sha-256."""
    header = content_digest(b'{"hello": "world"}\n')
    assert header == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"
    assert len(parse_content_digest(header)) == 32
    for bad in ("", "md5=:AAAA:", header + ", " + header, header.replace("=:", ":", 1)):
        with pytest.raises(EncodingError):
            parse_content_digest(bad)


def test_only_http_urls() -> None:
    """Nothing else is ever called."""
    for url in ("ftp://h/", "/v1/me", "http:///x", "file:///etc/passwd"):
        with pytest.raises(EncodingError):
            Message.of_url("GET", url, {})


def test_secrets_stay_out_of_repr() -> None:
    """A claim may be logged without its signature."""
    claim = parse(Message.of_url("GET", URL, _signed()))
    assert "signature=" not in repr(claim)
    assert http_signature.LIFETIME_S == 60
