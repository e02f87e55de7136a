"""Every challenge comes from the transcript: nothing else draws one.

Who may hash without an end, who may hash under the tag of proofs, and who may
touch the sponges themselves stands here, with the reason. What is not here asks
`schemes.transcript`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2] / "privshare"

#: Functions whose output has any length.
ENDLESS = {"shake128", "shake256", "shake_128", "shake_256"}
MAY_DRAW = {
    "bindings/hash.py": "binds them",
    "schemes/hybrid_sealing.py": "expands a private key's seed",
    "audit/second_transcript.py": "the transcript again, with hashlib alone",
    "audit/second_one_of_many.py": "bases from a published string",
    "audit/second_range.py": "generators from published strings",
}

#: `domain.PROOF` is for plain digests of what a proof is for.
MAY_DIGEST = {
    "jobs/statement.py": "context of the proof in a contribution",
    "jobs/threshold_statement.py": "context of the proof in a partial opening",
    "schemes/threshold_resharing.py": "names a re-sharing",
}

#: The sponges of the core; bindings hand them from a `Transcript` to C.
SPONGES = {"TranscriptCore", "Merlin"}
MAY_HOLD = {
    "schemes/transcript.py": "is the transcript",
    "schemes/range_proof.py": "range proofs that were made elsewhere use Merlin",
}


def names(path: Path) -> Iterator[str]:
    """Every name and attribute that a module writes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name.split(".")[-1]


def users(wanted: set[str]) -> set[str]:
    found = set()
    for path in ROOT.rglob("*.py"):
        if wanted & set(names(path)):
            found.add(path.relative_to(ROOT).as_posix())
    return found


def test_nothing_else_draws() -> None:
    """An endless hash outside of the transcript would be a second way."""
    assert users(ENDLESS) <= set(MAY_DRAW)


def test_the_tag_of_proofs_is_for_digests() -> None:
    """Statements, and no challenges."""
    assert users({"PROOF"}) - {"wire/domain.py"} <= set(MAY_DIGEST)


def test_the_sponges_have_one_owner() -> None:
    """Everybody else holds a `Transcript`."""
    holders = {name for name in users(SPONGES) if not name.startswith("bindings/")}
    assert holders <= set(MAY_HOLD)
