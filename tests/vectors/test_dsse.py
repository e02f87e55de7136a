"""The example of the DSSE v1.0.0 protocol document, through our layout.

Its signature is ECDSA over P-256, which PrivShare does not use; it shows that
our pre-authentication encoding and our reading of the envelope are DSSE's.
"""

from __future__ import annotations

import json

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from privshare.wire.envelope import from_json, pae

X = 46950820868899156662930047687818585632848591499744589407958293238635476079160
Y = 5640078356564379163099075877009565129882514886557779369047442380624545832820

ENVELOPE = (
    '{"payload": "aGVsbG8gd29ybGQ=",\n'
    ' "payloadType": "http://example.com/HelloWorld",\n'
    ' "signatures": [{"sig": "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZ'
    'KciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}'
)


def test_the_published_envelope_verifies() -> None:
    """Payload, type and signature come out so that the signature holds over `pae`."""
    published = json.loads(ENVELOPE)
    published["signatures"][0]["keyid"] = "example"  # ours is never empty
    env = from_json(published)
    assert env.payload == b"hello world"
    r, s = (int.from_bytes(env.signatures[0].sig[i : i + 32], "big") for i in (0, 32))
    ec.EllipticCurvePublicNumbers(X, Y, ec.SECP256R1()).public_key().verify(
        utils.encode_dss_signature(r, s),
        pae(env.payload_type, env.payload),
        ec.ECDSA(hashes.SHA256()),
    )
