"""Names of public keys: the kid.

Envelopes, the ledger and receipts name a key by its kid: the base64url of the
tagged digest of its algorithm and its public bytes
(docs/formats/envelope.md, "Key ids").

>>> len(key_id("ed25519", bytes(32)))
43
"""

from __future__ import annotations

from privshare.wire import domain
from privshare.wire.digest import digest_text, tagged


def key_id(alg: str, public: bytes) -> str:
    """Name a public key: its kid, 43 characters.

    Args:
        alg: "ed25519", "x25519" or "paillier".
        public: The key's bytes; for Paillier the modulus, big-endian.
    """
    return digest_text(tagged(domain.KEY_ID, alg.encode("ascii"), public))


def paillier_kid(n: int) -> str:
    """Name a Paillier public key by its modulus n > 0."""
    return key_id("paillier", n.to_bytes((n.bit_length() + 7) // 8, "big"))
