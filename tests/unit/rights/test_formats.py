"""The pages of docs/formats: their examples and vectors, computed again."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date
from pathlib import Path

import ring_reference as group

from privshare.rights.disclosure import Disclosure
from privshare.rights.policy import Policy, decide
from privshare.rights.row import commit_row, commit_rows
from privshare.rights.schema import Schema
from privshare.rights.terms import Terms
from privshare.wire.canonical import decode, unb64u

FORMATS = Path(__file__).parents[3] / "docs" / "formats"
ROWS = ((b'["a-1"]', b"[3]"), (b'["a-2"]', b"[4]"))
SALTS = (b"\1" * 32, b"\2" * 32)


def page(name: str, vectors: str = "## Vectors") -> tuple[list[bytes], dict[str, str]]:
    """The JSON blocks of a page, and the rows of the table under a heading."""
    text = (FORMATS / name).read_text(encoding="utf-8")
    blocks = re.findall(r"```json\n(.*)\n```", text)
    part = text.partition("## Vectors")[2]
    if vectors != "## Vectors":
        part = part.partition(f"{vectors}\n")[2]
    table = re.findall(r"^\| (.*) \| `(.*)` \|$", part.partition("\n### ")[0], re.M)
    return [block.encode() for block in blocks], dict(table)


def tagged(tag: str, *parts: bytes) -> bytes:
    name = f"privshare/v1/{tag}".encode()
    data = bytes([len(name)]) + name
    for part in parts:
        data += len(part).to_bytes(8, "big") + part
    return hashlib.sha256(data).digest()


def text(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def test_the_vectors_of_a_dataset_by_the_standard_library() -> None:
    """Salts, cells, rows and root follow from the equations on the page."""
    (schema, _, _), expected = page("dataset.md")
    found = {"digest of the schema": text(tagged("schema", schema))}
    leaves = []
    for i, (row, salt) in enumerate(zip(ROWS, SALTS, strict=True)):
        cells = b""
        for j, laid in enumerate(row):
            message = b"privshare/v1/cell-salt" + j.to_bytes(4, "big")
            own = hmac.new(salt, message, hashlib.sha256).digest()
            cell = tagged("cell", own, laid)
            cells += cell
            found[f"salt({j}) of row {i}"] = text(own)
            found[f"cell({j}) of row {i}, `{laid.decode()[1:-1]}`"] = text(cell)
        commitment = tagged("row", (2).to_bytes(4, "big"), cells)
        found[f"row {i}"] = text(commitment)
        leaves.append(hashlib.sha256(b"\0" + commitment).digest())
    found["root"] = text(hashlib.sha256(b"\1" + b"".join(leaves)).digest())
    assert found == expected


def test_the_example_of_a_dataset_by_the_package() -> None:
    """The package reads the page's schema and disclosure and finds its root."""
    (laid, shown, _), expected = page("dataset.md")
    schema = Schema.from_json(decode(laid))
    committed = commit_rows(schema, [["a-1", 3], ["a-2", 4]], SALTS)
    assert committed.root == unb64u(expected["root"])
    assert schema.digest() == unb64u(expected["digest of the schema"])
    disclosure = Disclosure.from_json(decode(shown))
    opened = disclosure.verify(committed.root, committed.rows, schema)
    assert opened == {"rooms": 4}


def wide(tag: str, part: bytes) -> int:
    name = f"privshare/v1/{tag}".encode()
    data = bytes([len(name)]) + name + len(part).to_bytes(8, "big") + part
    return int.from_bytes(hashlib.sha512(data).digest(), "little") % group.L


def test_the_vectors_of_provable_cells_by_integers() -> None:
    """Values, blindings and commitments follow from the page, in plain Python."""
    (_, _, schema), expected = page("dataset.md", "### Provable cells")
    h = group.derive(hashlib.sha3_512(group.encode(group.GENERATOR)).digest())
    days = (date(2026, 3, 1) - date(1, 1, 1)).days + 1
    values = (250_000, days, wide("cell-value", b'["home"]'))
    found, cells = {"digest of the schema": text(tagged("schema", schema))}, b""
    for j, v in enumerate(values):
        message = b"privshare/v1/cell-salt" + j.to_bytes(4, "big")
        salt = hmac.new(b"\3" * 32, message, hashlib.sha256).digest()
        r = wide("cell-blinding", salt)
        cell = group.encode(
            group.add(group.times(v, group.GENERATOR), group.times(r, h))
        )
        cells += cell
        found[f"salt({j})"] = text(salt)
        found[f"v of cell({j})"] = text(v.to_bytes(32, "little"))
        found[f"r of cell({j})"] = text(r.to_bytes(32, "little"))
        found[f"cell({j})"] = text(cell)
    found["row"] = text(tagged("row", (3).to_bytes(4, "big"), cells))
    assert found == expected


def test_the_example_of_provable_cells_by_the_package() -> None:
    """The package has the page's schema and finds its row."""
    (_, _, laid), expected = page("dataset.md", "### Provable cells")
    schema = Schema.from_json(decode(laid))
    assert text(schema.digest()) == expected["digest of the schema"]
    row = commit_row(schema, [250_000, "2026-03-01", "home"], b"\3" * 32)
    assert text(row) == expected["row"]


def test_the_example_of_a_policy() -> None:
    """The page's policy permits the page's terms, and both have their digests."""
    (policy_bytes, terms_bytes), expected = page("policy.md")
    policy = Policy.from_json(decode(policy_bytes))
    terms = Terms.from_json(decode(terms_bytes))
    assert expected == {
        "digest of the policy above": text(tagged("policy", policy_bytes)),
        "digest of the terms above": text(tagged("terms", terms_bytes)),
    }
    assert text(policy.digest()) == expected["digest of the policy above"]
    assert text(terms.digest()) == expected["digest of the terms above"]
    decision = decide(policy, terms, 1_795_000_000)
    assert (decision.permitted, decision.rule) == (True, "housing-totals")
    assert urlsafe_b64decode(text(terms.policy) + "=") == policy.digest()
