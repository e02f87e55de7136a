"""The DSSE envelope as bytes."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from privshare.errors import EncodingError
from privshare.wire import canonical
from privshare.wire.envelope import (
    Envelope,
    Signature,
    decode,
    encode,
    from_json,
    media_type,
    pae,
    to_json,
)

ENVELOPE = Envelope(
    media_type("tx"),
    b'{"v":1}',
    (Signature("a", b"\xfb\xff"), Signature("b", b"sig")),
)


def altered(**changes: Any) -> bytes:
    return canonical.encode({**to_json(ENVELOPE), **changes})


def test_pae_is_that_of_the_protocol() -> None:
    """The example of the DSSE protocol document."""
    assert (
        pae("http://example.com/HelloWorld", b"hello world")
        == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("é", b"") == b"DSSEv1 2 \xc3\xa9 0 "


def test_an_envelope_is_dsse_json() -> None:
    """Another JSON reader finds the fields of DSSE in padded base64."""
    assert json.loads(encode(ENVELOPE)) == {
        "payload": base64.b64encode(b'{"v":1}').decode(),
        "payloadType": "application/vnd.privshare.tx+json",
        "signatures": [
            {"keyid": "a", "sig": "+/8="},
            {"keyid": "b", "sig": "c2ln"},
        ],
    }
    assert decode(encode(ENVELOPE)) == ENVELOPE
    assert from_json(to_json(ENVELOPE)) == ENVELOPE


@pytest.mark.parametrize(
    "data",
    [
        altered(payload="e30"),
        altered(payload="e31="),
        altered(payload=1),
        altered(payloadType=""),
        altered(payloadType="a b"),
        altered(payloadType="é"),
        altered(payloadType="a" * 129),
        altered(signatures=[]),
        altered(signatures={}),
        altered(signatures=["sig"]),
        altered(signatures=[{"keyid": "", "sig": "c2ln"}]),
        altered(signatures=[{"keyid": "a b", "sig": "c2ln"}]),
        altered(signatures=[{"keyid": "a" * 129, "sig": "c2ln"}]),
        altered(signatures=[{"keyid": "a", "sig": ""}]),
        altered(signatures=[{"keyid": "a", "sig": "c2l="}]),
        altered(signatures=[{"keyid": "a"}]),
        altered(signatures=[{"keyid": "a", "sig": "c2ln", "cert": ""}]),
        altered(signatures=[{"keyid": k, "sig": "c2ln"} for k in "ba"]),
        altered(signatures=[{"keyid": k, "sig": "c2ln"} for k in "aa"]),
        altered(signatures=[{"keyid": k, "sig": "c2ln"} for k in "abcdefghi"]),
        altered(extra=1),
        encode(ENVELOPE) + b"\n",
        encode(ENVELOPE).replace(b'","', b'", "', 1),
        b"[]",
    ],
)
def test_other_envelopes_are_refused(data: bytes) -> None:
    """Unknown fields, loose base64, unsorted or repeated keys, other layouts."""
    with pytest.raises(EncodingError):
        decode(data)


def test_eight_signatures_are_the_most() -> None:
    """Eight pass; a ninth does not, nor a signature of more than 8 KiB."""
    eight = tuple(Signature(key, b"s") for key in "abcdefgh")
    assert len(Envelope("t", b"", eight).signatures) == 8
    with pytest.raises(EncodingError, match="found 9"):
        Envelope("t", b"", (*eight, Signature("i", b"s")))
    with pytest.raises(EncodingError, match="found 8193"):
        Signature("a", b"s" * 8193)


def test_every_bit_of_an_envelope_counts() -> None:
    """A flipped bit is refused or changes what was decoded: no slack anywhere."""
    data = encode(ENVELOPE)
    for position in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        try:
            found = decode(bytes(flipped))
        except EncodingError:
            continue
        assert found != ENVELOPE
        assert encode(found) == flipped
