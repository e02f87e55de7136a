"""Forgers of ring signatures, who try what has worked elsewhere.

A challenge that leaves a part of the statement out can be met by choosing that
part afterwards. Each forger here makes a circle that closes for a statement of
which it then changes the part it has solved for; what it makes would be
accepted by a verifier that did not absorb that part.
"""

from __future__ import annotations

import ring_reference as r

from privshare.errors import EncodingError, SignatureInvalid
from privshare.schemes.ring import Ring
from privshare.schemes.ring_key import RingKey
from privshare.schemes.ring_signature import RingSignature, sign, verify

MESSAGE, SCOPE, CONTEXT = b"message", b"scope", b"context"
SECRETS = (5, 6, 7)
KEYS = sorted(r.encode(r.times(x, r.GENERATOR)) for x in SECRETS)
STRANGER = 1234567


def point(k: int) -> r.Point:
    """k·G."""
    return r.times(k % r.L, r.GENERATOR)


def minus(p: r.Point) -> r.Point:
    """-p."""
    return -p[0] % r.P, p[1], p[2], -p[3] % r.P


def packed(tag: bytes, words: list[int]) -> bytes:
    """The bytes of a signature."""
    head = b"\1" + tag + len(words).to_bytes(2, "little")
    return head + b"".join((w % r.L).to_bytes(32, "little") for w in words)


def accepted(signature: bytes, keys: list[bytes]) -> bool:
    """What the core and a stranger say, who agree."""
    try:
        verify(
            RingSignature.from_bytes(signature),
            MESSAGE,
            scope=SCOPE,
            context=CONTEXT,
            ring=Ring(keys),
        )
    except (SignatureInvalid, EncodingError):
        ours = False
    else:
        ours = True
    try:
        theirs = r.verify(signature, MESSAGE, SCOPE, CONTEXT, keys)
    except ValueError:
        theirs = False
    assert ours == theirs
    return ours


def circle(
    t: r.Transcript,
    keys: list[bytes],
    tag: r.Point,
    left: r.Point,
    right: r.Point,
    answers: list[int],
) -> list[int]:
    """Go round from the last place; challenges, the last place's own included."""
    base, n = r.scope_base(SCOPE), len(keys)
    c = [r.step(t, left, right)]
    for i in range(n - 1):
        s = answers[i]
        first = r.add(point(s), r.times(c[i], r.decode(keys[i])))
        second = r.add(r.times(s, base), r.times(c[i], tag))
        c.append(r.step(t, first, second))
    return c


def test_an_honest_one_is_accepted() -> None:
    """The tools of the forgers make signatures that hold, with a secret."""
    base, keys = r.scope_base(SCOPE), list(KEYS)
    secret = next(x for x in SECRETS if r.encode(point(x)) == keys[-1])
    tag = r.times(secret, base)
    t = r.begin(MESSAGE, SCOPE, CONTEXT, keys, r.encode(tag))
    c = circle(t, keys, tag, point(99), r.times(99, base), [11, 22])
    assert accepted(packed(r.encode(tag), [c[0], 11, 22, 99 - c[-1] * secret]), keys)


def test_answers_without_a_secret() -> None:
    """Challenges and answers of the forger's choice: the hash gives others."""
    for seed in range(20):
        words = [(seed + 2) ** (i + 40) for i in range(4)]
        assert not accepted(packed(r.encode(r.scope_base(SCOPE)), words), KEYS)


def test_a_key_solved_for_afterwards() -> None:
    """A tag of nobody's, with a last key that would fit it.

    The forger knows t with T = t·U and wants P with another secret: it commits
    to L = b·G and R = a·U, answers s = a - c·t, and takes P = (b - s)/c · G.
    """
    base, a, b = r.scope_base(SCOPE), 101, 202
    tag = r.times(STRANGER, base)
    t = r.begin(MESSAGE, SCOPE, CONTEXT, KEYS, r.encode(tag))
    c = circle(t, KEYS, tag, point(b), r.times(a, base), [11, 22])
    s = (a - c[-1] * STRANGER) % r.L
    late = r.encode(point((b - s) * pow(c[-1], -1, r.L)))
    signature = packed(r.encode(tag), [c[0], 11, 22, s])
    # The equations of the circle hold for the late key, all but the hash:
    left = r.add(point(s), r.times(c[-1], r.decode(late)))
    right = r.add(r.times(s, base), r.times(c[-1], tag))
    assert r.step(t, left, right) == c[0]
    for keys in (KEYS, [*KEYS[:2], late]):
        if keys == sorted(keys):
            assert not accepted(signature, keys)


def test_a_tag_solved_for_afterwards() -> None:
    """A member who wants a second tag: T from R and the answer."""
    base, keys = r.scope_base(SCOPE), list(KEYS)
    secret = next(x for x in SECRETS if r.encode(point(x)) == keys[-1])
    tag = r.times(secret, base)
    t = r.begin(MESSAGE, SCOPE, CONTEXT, keys, r.encode(tag))
    right = r.times(303, base)
    c = circle(t, keys, tag, point(101), right, [11, 22])
    s = (101 - c[-1] * secret) % r.L
    second = r.add(right, minus(r.times(s, base)))
    second = r.times(pow(c[-1], -1, r.L), second)
    assert r.encode(second) != r.encode(tag)
    for one in (tag, second):
        assert not accepted(packed(r.encode(one), [c[0], 11, 22, s]), keys)


def test_a_tag_of_a_multiple() -> None:
    """A member who signs with the tag of another's secret, or of twice its own."""
    base, keys = r.scope_base(SCOPE), list(KEYS)
    secret = next(x for x in SECRETS if r.encode(point(x)) == keys[-1])
    for claimed in (2 * secret, secret + 1, SECRETS[0] + SECRETS[1], 1):
        tag = r.times(claimed, base)
        t = r.begin(MESSAGE, SCOPE, CONTEXT, keys, r.encode(tag))
        c = circle(t, keys, tag, point(99), r.times(99, base), [11, 22])
        for answer in (99 - c[-1] * secret, 99 - c[-1] * claimed):
            assert not accepted(packed(r.encode(tag), [c[0], 11, 22, answer]), keys)


def test_a_recorded_signature_elsewhere() -> None:
    """The same bytes for another scope of the same member: its tag is another."""
    key = RingKey.from_bytes((6).to_bytes(32, "little"))
    one = sign(MESSAGE, scope=b"other", context=CONTEXT, ring=Ring(KEYS), key=key)
    assert not accepted(one.to_bytes(), KEYS)
    moved = sign(MESSAGE, scope=SCOPE, context=CONTEXT, ring=Ring(KEYS), key=key)
    assert accepted(moved.to_bytes(), KEYS)
    mixed = RingSignature("lsag", moved.tag, one.proof)
    assert not accepted(mixed.to_bytes(), KEYS)
