"""Make proof_documents.json: a document of each kind, and one fault each.

    python tests/vectors/make_proof_documents.py

Randomness is 00 01 … 1f for every proof, so the file is the same each time.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from proof_kit import CASES, CONTEXT, RAND, moved

from privshare.schemes.proof import make
from privshare.wire.canonical import b64u, unb64u

FILE = Path(__file__).with_name("proof_documents.json")


def put(*path: Any, value: Any) -> Callable[[Any], None]:
    """Put a value at a place; a function gets what stood there."""

    def change(document: Any) -> None:
        for step in path[:-1]:
            document = document[step]
        old = document[path[-1]]
        document[path[-1]] = value(old) if callable(value) else value

    return change


def shifted(text: str) -> str:
    """Another element."""
    return b64u(moved(unb64u(text)))


def flipped(text: str) -> str:
    """The last byte of a proof, changed in its lowest bit of 252."""
    data = bytearray(unb64u(text))
    data[-32] ^= 1
    return b64u(bytes(data))


IDENTITY = b64u(bytes(32))
NO_ELEMENT = b64u(b"\xff" * 32)

#: Name of a case, the fault, the error, and what is changed.
FAULTS: list[tuple[str, str, str, Callable[[Any], None]]] = [
    *(
        (name, "a flipped bit", "ProofInvalid", put("proof", value=flipped))
        for name in CASES
    ),
    *(
        (name, "another purpose", "ProofInvalid",
         put("context", "purpose", value="price ban"))
        for name in ("opening", "range", "member")
    ),
    ("range", "another nonce", "ProofInvalid",
     put("context", "nonce", value=b64u(bytes(16)))),
    ("range", "another account", "ProofInvalid",
     put("context", "account", value="housing")),
    ("range", "high raised", "ProofInvalid",
     put("public", "intervals", 0, "high", value=201)),
    ("range", "low lowered", "ProofInvalid",
     put("public", "intervals", 0, "low", value=39)),
    ("range", "low above high", "OutOfRange",
     put("public", "intervals", 0, "low", value=201)),
    ("opening", "another commitment", "ProofInvalid",
     put("public", "commitment", value=shifted)),
    ("opening", "the identity", "EncodingError",
     put("public", "commitment", value=IDENTITY)),
    ("opening", "no element", "EncodingError",
     put("public", "commitment", value=NO_ELEMENT)),
    ("equal", "another order", "ProofInvalid",
     put("public", "commitments", value=lambda old: old[::-1])),
    ("equal", "one commitment twice", "EncodingError",
     put("public", "commitments", value=lambda old: [old[0], old[0]])),
    ("dleq", "another value", "ProofInvalid",
     put("public", "values", 1, value=shifted)),
    ("elgamal-decryption", "another number", "ProofInvalid",
     put("public", "value", value=26)),
    ("elgamal-encryption", "another key", "ProofInvalid",
     put("public", "key", value=shifted)),
    ("one-of-set", "values in another order", "ProofInvalid",
     put("public", "values", value=lambda old: old[::-1])),
    ("linear", "another constant", "ProofInvalid", put("public", "constant", value=34)),
    ("linear", "a coefficient of 0", "OutOfRange",
     put("public", "coefficients", 0, value=0)),
    ("at-least", "x and y exchanged", "ProofInvalid",
     put("public", value=lambda old: {**old, "x": old["y"], "y": old["x"]})),
    ("member", "a revealed commitment to another value", "ProofInvalid",
     put("public", "columns", 0, "revealed", value=shifted)),
    ("member", "another candidate", "ProofInvalid",
     put("public", "columns", 1, "candidates", 0, value=shifted)),
    ("opening", "another version of the kind", "EncodingError",
     put("kind", value="opening/v2")),
    ("opening", "another type", "EncodingError", put("type", value="privshare.x")),
    ("opening", "a proof cut short", "ProofInvalid",
     put("proof", value=lambda old: b64u(unb64u(old)[:-1]))),
]  # fmt: skip


def vectors() -> dict[str, Any]:
    """The whole file."""
    valid, faulty = [], []
    laid = {
        name: make(case.statement, case.witness, CONTEXT, RAND)
        for name, case in CASES.items()
    }
    for name, document in laid.items():
        valid.append(
            {
                "name": name,
                "digest": b64u(document.digest()),
                "document": document.to_json(),
            }
        )
    for name, fault, error, change in FAULTS:
        changed = json.loads(json.dumps(laid[name].to_json()))
        change(changed)
        faulty.append(
            {"name": name, "fault": fault, "error": error, "document": changed}
        )
    return {"faulty": faulty, "valid": valid}


def main() -> None:
    text = json.dumps(vectors(), indent=1, sort_keys=True) + "\n"
    FILE.write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
