"""docs/protocols/one-of-many.md: its example runs, its bytes verify."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

from privshare.audit import second_one_of_many as second
from privshare.audit import second_ristretto as group
from privshare.schemes.one_of_many import proof_bytes

PAGE = (Path(__file__).parents[3] / "docs/protocols/one-of-many.md").read_text()


def example() -> dict[str, Any]:
    """The names that the page's program leaves behind."""
    (program,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(program, "one-of-many.md", "exec"), names)
    return names


def test_the_example_runs_and_verifies_elsewhere() -> None:
    """What the core made is verified from the page's words in Python's integers."""
    names = example()
    tag = (names["tag"].base, names["tag"].value)
    statement = second.Statement([names["keys"]], names["base"], tag=tag)
    transcript = group.Transcript("example/v1")
    transcript.absorb("message", b"hello")
    assert second.is_one_of_many(statement, names["proof"], transcript)
    assert transcript.challenge("next", 8).hex() == "c8ee4ad3e47b27ad"


def nonces(names: dict[str, Any]) -> list[int]:
    """Section 3, "Nonces", for the page's example: one digit."""
    tag = (names["tag"].base, names["tag"].value)
    statement = second.Statement([names["keys"]], names["base"], tag=tag)
    fork = group.Transcript("example/v1")
    fork.absorb("message", b"hello")
    second._absorb(statement, fork)
    fork.absorb("secret", names["secrets"][1])
    fork.absorb("index", (1).to_bytes(8, "little"))
    fork.absorb("rand", bytes(32))
    return [fork.challenge_scalar("nonce") for _ in range(6)]


def test_the_example_is_made_as_the_page_says() -> None:
    """The prover of section 2, once more in Python's integers: the same bytes."""
    names = example()
    a1, a2, a3, r_a, r_b, rho = nonces(names)
    a = [-a1 - a2 - a3, a1, a2, a3]
    bits = [0, 1, 0, 0]
    bases, secret = second._bases(), 12

    def commit(u: list[int], v: list[int], r: int) -> group.Point:
        terms = [(r, bases[0])]
        terms += [(value, bases[1 + d]) for d, value in enumerate(u)]
        terms += [(value, bases[25 + d]) for d, value in enumerate(v)]
        return group.combine(terms)

    keys = [group.decode(names["keys"][i : i + 32]) for i in (0, 32, 64, 64)]
    masked = [(rho, group.BASE)]
    elements = [
        commit(a, [-x * x for x in a], r_a),
        commit(bits, [x * (1 - 2 * b) for x, b in zip(a, bits, strict=True)], r_b),
        group.combine([*zip(a, keys, strict=True), *masked]),
        group.multiply(rho, group.decode(names["tag"].base)),
    ]
    first = b"".join(map(group.encode, elements))
    assert first == names["proof"][:128]

    transcript = group.Transcript("example/v1")
    transcript.absorb("message", b"hello")
    tag = (names["tag"].base, names["tag"].value)
    second._absorb(
        second.Statement([names["keys"]], names["base"], tag=tag), transcript
    )
    transcript.absorb("commitments", first)
    xi = transcript.challenge_scalar("xi")
    f = [b * xi + x for b, x in zip(bits, a, strict=True)]
    answers = [*f[1:], r_a + xi * r_b, secret * xi - rho]
    scalars = b"".join((x % group.ORDER).to_bytes(32, "little") for x in answers)
    assert scalars == names["proof"][128:]


def test_the_bases_are_what_the_page_derives() -> None:
    """SHAKE128 of the published string, 64 bytes for each."""
    stream = hashlib.shake_128(b"privshare/one-of-many/bases/v1").digest(64 * 49)
    assert "privshare/one-of-many/bases/v1" in PAGE
    assert group.encode(second._bases()[48]) == group.encode(
        group.from_uniform(stream[-64:])
    )


def test_the_sizes_of_the_page() -> None:
    """The table of section 3."""
    for row, tagged in (("| bytes, 32", False), ("| with a tag, 32", True)):
        (line,) = (line for line in PAGE.splitlines() if line.startswith(row))
        found = [int(cell.replace(",", "")) for cell in line.split("|")[2:-1]]
        assert found == [proof_bytes(4**m, tagged=tagged) for m in range(1, 7)]
