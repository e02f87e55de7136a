"""Trust policies: the file, and what it lets pass."""

from __future__ import annotations

import pytest

from privshare.errors import EncodingError, SignatureInvalid, VerificationError
from privshare.log.checkpoint import Checkpoint, LogKey, body, sign_checkpoint
from privshare.log.cosignature import WitnessKey
from privshare.log.policy import (
    Group,
    Log,
    TrustPolicy,
    Witness,
    format_policy,
    parse_policy,
)
from privshare.schemes.keys import SigningKey, VerifyKey
from privshare.wire import note
from privshare.wire.note import Note, NoteSignature

TWO_OF_THREE = "group G 2 X Y Z\nquorum G"


def policy(small, quorum: str) -> TrustPolicy:
    return parse_policy(small.policy_text(quorum).encode())


def altered(data: bytes, *more: NoteSignature) -> bytes:
    signed = note.parse(data)
    return note.format(Note(signed.text, (*signed.signatures, *more)))


@pytest.mark.parametrize(
    ("quorum", "enough", "short"),
    [
        ("quorum none", ["", "x", "xyz"], []),
        ("quorum X", ["x", "xy"], ["", "y", "yz"]),
        (TWO_OF_THREE, ["xy", "yz", "xyz"], ["", "x", "z"]),
        ("group G any X Y Z\nquorum G", ["x", "z"], [""]),
        ("group G all X Y Z\nquorum G", ["xyz"], ["xy", "yz", ""]),
        ("group A any X Y\ngroup B all A Z\nquorum B", ["xz", "yz"], ["xy", "z", "x"]),
        ("group A all X Y\nquorum Z", ["z"], ["xy"]),
    ],
)
def test_the_quorum_decides(small, quorum: str, enough: list[str], short: list[str]):
    """Each rule with witnesses that reach it and witnesses that do not."""
    trusted = policy(small, quorum)
    names = {"x": "X", "y": "Y", "z": "Z"}
    for by in enough:
        verified = trusted.check(small.note(by=by), strict=True)
        assert verified.checkpoint == small.checkpoint()
        assert verified.witnesses == {names[letter]: 1000 for letter in by}
        assert verified.log == small.log_key
    for by in short:
        with pytest.raises(VerificationError, match="reach the quorum") as refusal:
            trusted.check(small.note(by=by))
        assert refusal.value.detail["witnesses"] == [names[letter] for letter in by]


def test_the_log_must_have_signed(small) -> None:
    """Witnesses alone are not enough, nor is a log that the policy does not know."""
    cp = small.checkpoint()
    lines = tuple(small.cosignature(cp, name) for name in "xyz")
    stranger = sign_checkpoint(cp, "log.example/1", SigningKey.from_seed(b"o" * 32))
    for data in (Note(body(cp), lines), Note(body(cp), (stranger, *lines))):
        with pytest.raises(SignatureInvalid, match="signature by the log"):
            policy(small, "quorum none").check(note.format(data))
    nobody = TrustPolicy((), (), (), "none")
    with pytest.raises(SignatureInvalid):
        nobody.check(small.note())


def test_a_log_speaks_for_its_own_origin_only(small) -> None:
    """Of two known logs, one cannot sign the other's checkpoint."""
    other = SigningKey.from_seed(b"o" * 32)
    two = TrustPolicy(
        (Log(small.log_key), Log(LogKey("log.example/2", other.verify_key))),
        (),
        (),
        "none",
    )
    cp = Checkpoint("log.example/2", 20, small.checkpoint().root)
    forged = note.format(Note(body(cp), (small.line(cp),)))
    with pytest.raises(SignatureInvalid, match=r"log\.example/2"):
        two.check(forged)
    honest = altered(forged, sign_checkpoint(cp, "log.example/2", other))
    assert two.check(honest).log.name == "log.example/2"
    with pytest.raises(VerificationError, match=r"found another by log\.ex"):
        two.check(honest, strict=True)


def test_a_known_key_s_bad_line_spoils_the_note(small) -> None:
    """Even where the quorum is reached without it."""
    trusted = policy(small, TWO_OF_THREE)
    wrong = small.cosignature(small.checkpoint(19), "z")
    with pytest.raises(SignatureInvalid):
        trusted.check(altered(small.note(by="xy"), wrong))
    earlier = small.line(small.checkpoint(19))
    with pytest.raises(SignatureInvalid):
        trusted.check(altered(small.note(by="xy"), earlier))


def test_strict_accounts_for_every_line(small) -> None:
    """Unknown keys and second lines pass by default and are refused when strict."""
    trusted = policy(small, TWO_OF_THREE)
    cp = small.checkpoint()
    unknown = sign_checkpoint(cp, "stranger.example", SigningKey.from_seed(b"s" * 32))
    again = small.cosignature(cp, "x", time=2000)
    data = small.note(by="xy")
    assert trusted.check(altered(data, unknown)).witnesses == {"X": 1000, "Y": 1000}
    assert trusted.check(altered(data, again)).witnesses == {"X": 2000, "Y": 1000}
    for line in (unknown, again, small.line(cp)):
        with pytest.raises(VerificationError, match="one line for each key"):
            trusted.check(altered(data, line), strict=True)
    merged = note.format(note.add_signatures(note.parse(data), [again]))
    assert trusted.check(merged, strict=True).witnesses == {"X": 2000, "Y": 1000}


def test_every_bit_of_a_cosigned_checkpoint_counts(small) -> None:
    """When strict, no flipped bit leaves a note that passes."""
    trusted = policy(small, TWO_OF_THREE)
    data = small.note(by="xy")
    trusted.check(data, strict=True)
    for position in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises((EncodingError, VerificationError)):
            trusted.check(bytes(flipped), strict=True)


def test_a_policy_file_may_be_written_freely(small) -> None:
    """Comments, empty lines, tabs, URLs, and octets that are not UTF-8."""
    x, y, _ = small.witnesses
    text = (
        b"# the consortium\n\n \t\n\tlog  " + str(small.log_key).encode() + b"\t"
        b"https://log.example/1\n"
        b"  # witnesses \xff\n"
        b"witness Caf\xe9 " + str(x).encode() + b" https://w.example/\xff \n"
        b"group G all Caf\xe9\nquorum G\n"
        b"witness later " + str(y).encode()
    )
    found = parse_policy(text)
    assert found.logs == (Log(small.log_key, "https://log.example/1"),)
    assert [w.name for w in found.witnesses] == ["Caf\udce9", "later"]
    assert found.groups == (Group("G", 1, ("Caf\udce9",)),)
    assert parse_policy(format_policy(found)) == found
    assert b"witness Caf\xe9 " in format_policy(found)
    assert found.check(small.note(by="x")).witnesses == {"Caf\udce9": 1000}


def test_a_policy_is_written_back(small) -> None:
    """Thresholds come out as all, any or a number."""
    quorum = "group A any X Y\ngroup B 1 Z\ngroup C 2 A B\nquorum C"
    text = format_policy(policy(small, quorum)).decode()
    assert text == small.policy_text(
        "group A any X Y\ngroup B all Z\ngroup C all A B\nquorum C"
    )
    text = format_policy(policy(small, TWO_OF_THREE)).decode()
    assert text == small.policy_text(TWO_OF_THREE)


@pytest.mark.parametrize(
    ("last", "message"),
    [
        ("", "expected a quorum line"),
        ("quorum none\nquorum none", "expected one line: quorum"),
        ("quorum", "expected one line: quorum"),
        ("quorum X Y", "expected one line: quorum"),
        ("quorum W", "policy line 5: expected a name defined above, found 'W'"),
        ("quorum G\ngroup G any X", "line 5: expected a name defined above"),
        ("group G any W\nquorum G", "line 5: expected a name defined above"),
        ("group G any G\nquorum G", "expected a name defined above, found 'G'"),
        ("group G any none\nquorum G", "expected a name defined above, found 'none'"),
        ("group G any\nquorum G", "expected: group <name>"),
        ("group G 0 X\nquorum G", "expected all, any or a number"),
        ("group G 01 X\nquorum G", "expected all, any or a number"),
        ("group G -1 X\nquorum G", "expected all, any or a number"),
        ("group G most X\nquorum G", "expected all, any or a number"),
        ("group G 3 X Y\nquorum G", "expected a threshold of 1 to 2 in 'G'"),
        ("group G any X X\nquorum G", "expected each member in one group"),
        ("group G any X\ngroup H any X\nquorum H", "expected each member in one"),
        ("group X any Y\nquorum X", "expected a new name, found 'X'"),
        ("group none any Y\nquorum none", "expected a new name, found 'none'"),
        ("group G any X\ngroup G any Y\nquorum G", "expected a new name, found 'G'"),
        ("witness V\nquorum none", "expected: witness <name> <vkey>"),
        ("log\nquorum none", "expected: log <vkey>"),
        ("log a+00000000+AA== b c\nquorum none", "expected: log <vkey>"),
        ("log a+00000000+AA==\nquorum none", "line 5: expected"),
        ("trust all\nquorum none", "expected log, witness, group or quorum"),
        ("quorum none\r", "policy line 5: found a control character"),
        ("quorum\x0bnone", "policy line 5: found a control character"),
        ("quorum none\n#\x7f", "policy line 6: found a control character"),
    ],
)
def test_other_policies_are_refused(small, last: str, message: str) -> None:
    """The refusal names the line wherever there is one."""
    with pytest.raises(EncodingError) as refusal:
        policy(small, last)
    assert message in refusal.value.message


def test_keys_and_names_stand_once(small) -> None:
    """A key under two names could count twice; so it is refused."""
    x, y, _ = small.witnesses
    twice = Witness("W", type(x)("witness.example/other", x.key))
    first = Witness("X", x)
    with pytest.raises(EncodingError, match="each public key once"):
        TrustPolicy((), (first, twice), (), "none")
    with pytest.raises(EncodingError, match="each public key once"):
        log = Log(LogKey("log.example/2", small.key.verify_key))
        TrustPolicy((Log(small.log_key), log), (), (), "none")
    with pytest.raises(EncodingError, match="expected a new name"):
        TrustPolicy((), (first, Witness("X", y)), (), "none")
    with pytest.raises(EncodingError, match="expected a new name"):
        TrustPolicy((), (Witness("a b", y),), (), "none")
    with pytest.raises(EncodingError, match="URL"):
        TrustPolicy((), (Witness("Y", y, "https://a b"),), (), "none")
    with pytest.raises(EncodingError, match="expected a log key of type 1"):
        parse_policy(f"log {x}\nquorum none\n".encode())
    with pytest.raises(EncodingError, match="expected a witness key of type 4"):
        parse_policy(f"witness X {small.log_key}\nquorum none\n".encode())


def test_two_keys_under_one_name_and_id_are_refused() -> None:
    """Key ids have 32 bits: who makes two keys collide gains nothing."""
    seen: dict[bytes, WitnessKey] = {}
    for i in range(2, 2**20):
        witness = WitnessKey("w", VerifyKey(i.to_bytes(32, "little")))
        other = seen.setdefault(witness.key_id, witness)
        if other is not witness:
            break
    assert other.key != witness.key
    with pytest.raises(EncodingError, match="differ in key name or key id"):
        TrustPolicy((), (Witness("A", other), Witness("B", witness)), (), "none")


def test_a_policy_made_by_hand_obeys_the_same_rules(small) -> None:
    """Members and quorum must be defined, in whatever way the value was made."""
    x = Witness("X", small.witnesses[0])
    with pytest.raises(EncodingError, match="to be defined before"):
        TrustPolicy((), (x,), (Group("G", 1, ("Y",)),), "none")
    with pytest.raises(EncodingError, match="to be defined before"):
        TrustPolicy((), (x,), (Group("G", 1, ("H",)), Group("H", 1, ("X",))), "G")
    with pytest.raises(EncodingError, match="as quorum"):
        TrustPolicy((), (x,), (), "Y")


def test_a_policy_has_bounds() -> None:
    """256 witnesses pass, one more does not, nor a file beyond 1 MiB."""
    lines = []
    for i in range(257):
        key = SigningKey.from_seed(i.to_bytes(32, "big")).verify_key.raw
        vkey = note.Vkey(f"w{i}", note.COSIGNATURE_V1, key)
        lines.append(f"witness w{i} {vkey}\n")
    most = parse_policy("".join([*lines[:-1], "quorum none\n"]).encode())
    assert len(most.witnesses) == 256
    with pytest.raises(EncodingError, match="at most 256 lines"):
        parse_policy("".join([*lines, "quorum none\n"]).encode())
    with pytest.raises(EncodingError, match="at most 1048576 bytes"):
        parse_policy(b"#" * (1 << 20) + b"\nquorum none\n")
