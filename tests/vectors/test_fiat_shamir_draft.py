"""The codec and sponge vectors of draft-irtf-cfrg-fiat-shamir.

The sponge is what the sigma draft's challenges come from, so it is checked
here by itself first. Every file of the family that is there is read; those
that the shared folder has now are named, so that none can go missing unseen.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cfrg_kit as kit
import pytest

from privshare.errors import EncodingError

MERSENNE31 = 2**31 - 1


def records(vectors: Path) -> list[dict[str, Any]]:
    files = sorted((vectors / "sigma-protocols").glob("fiatShamir*Vectors.json"))
    if not files:
        pytest.skip("no test vectors sigma-protocols/fiatShamir*")
    return [record for file in files for record in json.loads(file.read_bytes())]


def number(value: str | int) -> int:
    return value if isinstance(value, int) else int(value, 16)


def trace(record: dict[str, Any], xof: kit.Xof) -> bytes:
    """What the sponge gives for the operations of a record."""
    sponge, out = kit.Sponge(bytes.fromhex(record["SessionId"]), xof), b""
    for step in record["Operations"]:
        if step["type"] == "absorb":
            sponge.absorb(bytes.fromhex(step["data"]))
        else:
            out += sponge.squeeze(step["length"])
    return out


def check_sponge(record: dict[str, Any], xof: kit.Xof) -> None:
    assert trace(record, xof).hex() == record["Output"]


def check_session_id(record: dict[str, Any], xof: kit.Xof) -> None:
    tag = bytes.fromhex(record["Tag"])
    assert kit.session_id(tag, xof).hex() == record["Output"]


def check_decode_uint(record: dict[str, Any], xof: kit.Xof) -> None:
    data = trace(record, xof) if "Operations" in record else b""
    assert data.hex() == record.get("Output", "")
    data = data or bytes.fromhex(record["Input"])
    found = kit.decode_uint(data, number(record["Modulus"]))
    assert found == number(record["Challenge"])


def check_write_string(record: dict[str, Any], xof: kit.Xof) -> None:
    data = bytes.fromhex(record["Input"])
    written = kit.write_string(data)
    assert written.hex() == record["Output"]
    assert kit.read_string(written + b"rest") == (data, b"rest")


def check_write_uint(record: dict[str, Any], xof: kit.Xof) -> None:
    p, value = number(record["Modulus"]), number(record["Value"])
    written = kit.write_uint(value, p)
    assert written.hex() == record["Output"]
    assert kit.read_uint(written + b"rest", p) == (value, b"rest")


def check_write_field(record: dict[str, Any], xof: kit.Xof) -> None:
    value = number(record["Value"])
    size = kit.field_bytes(number(record["Modulus"]))
    if record.get("ByteOrder") == "big-endian":
        assert value.to_bytes(size, "big").hex() == record["Output"]
    else:
        assert value.to_bytes(size, "little").hex() == record["Output"]


def check_read_field(record: dict[str, Any], xof: kit.Xof) -> None:
    found, rest = kit.read_field(
        bytes.fromhex(record["Input"]),
        number(record["Modulus"]),
        record["ExtensionDegree"],
    )
    assert (found, rest) == ([number(c) for c in record["Coordinates"]], b"")


def check_read_uint(record: dict[str, Any], xof: kit.Xof) -> None:
    found, rest = kit.read_uint(
        bytes.fromhex(record["Input"]), number(record["Modulus"])
    )
    assert (found, rest) == (number(record["Value"]), b"")


def check_read_string(record: dict[str, Any], xof: kit.Xof) -> None:
    found, rest = kit.read_string(bytes.fromhex(record["Input"]))
    assert (found.hex(), rest) == (record["Output"], b"")


def sumcheck(record: dict[str, Any], xof: kit.Xof) -> int:
    """The drafts' example protocol: the verifier's last claim.

    Raises:
        EncodingError: A round's message is malformed, or contradicts the claim.
    """
    rounds, claim = record["NumVariables"], number(record["ClaimedSum"])
    data = bytes.fromhex(record["Narg"])
    sponge = kit.Sponge(bytes.fromhex(record["SessionId"]), xof)
    sponge.absorb(rounds.to_bytes(4, "little") + kit.write_uint(claim, MERSENNE31))
    for _ in range(rounds):
        message = data[:8]
        (a, b), data = kit.read_field(data, MERSENNE31, 2)
        if (2 * a + b) % MERSENNE31 != claim:
            raise EncodingError("expected a round that gives the claim, found another")
        sponge.absorb(message)
        r = int.from_bytes(sponge.squeeze(4), "little")
        claim = (a + b * r) % MERSENNE31
    if data:
        raise EncodingError(f"expected the end, found {len(data)} bytes more")
    return claim


def folded(values: Sequence[int], sponge: kit.Sponge) -> list[int]:
    """What the prover of the example sends, and its last value."""
    sent: list[int] = []
    while len(values) > 1:
        even, odd = sum(values[::2]), sum(values[1::2])
        round_ = [even % MERSENNE31, (odd - even) % MERSENNE31]
        sent += round_
        sponge.absorb(b"".join(kit.write_uint(x, MERSENNE31) for x in round_))
        r = int.from_bytes(sponge.squeeze(4), "little")
        values = [
            (a + r * (b - a)) % MERSENNE31
            for a, b in zip(values[::2], values[1::2], strict=True)
        ]
    return [*sent, values[0]]


def check_sumcheck(record: dict[str, Any], xof: kit.Xof) -> None:
    if "Tag" in record:
        tag = bytes.fromhex(record["Tag"])
        assert kit.session_id(tag, xof).hex() == record["SessionId"]
    final = sumcheck(record, xof)
    assert final == number(record["FinalEvaluation"])
    witness = [number(value) for value in record["Witness"]]
    sponge = kit.Sponge(bytes.fromhex(record["SessionId"]), xof)
    head = record["NumVariables"].to_bytes(4, "little")
    sponge.absorb(head + kit.write_uint(sum(witness) % MERSENNE31, MERSENNE31))
    *sent, last = folded(witness, sponge)
    assert b"".join(kit.write_uint(x, MERSENNE31) for x in sent).hex() == record["Narg"]
    assert last == final


CHECKS = {
    "DuplexSponge": check_sponge,
    "DeriveSessionID": check_session_id,
    "DecodeUint": check_decode_uint,
    "SerializeVarLenString": check_write_string,
    "SerializeUint": check_write_uint,
    "SerializeField": check_write_field,
    "DeserializeField": check_read_field,
    "DeserializeUint": check_read_uint,
    "DeserializeVarLenString": check_read_string,
    "Sumcheck": check_sumcheck,
}


def test_every_vector(vectors: Path) -> None:
    """Each record holds, or is refused where it says so."""
    for record in records(vectors):
        check = CHECKS[record["Function"]]
        names = [record["Hash"]] if "Hash" in record else list(kit.XOFS)
        for name in names:
            if record.get("Expected") == "reject":
                with pytest.raises(EncodingError):
                    check(record, kit.XOFS[name])
            else:
                check(record, kit.XOFS[name])


def test_no_file_is_missing(vectors: Path) -> None:
    """Codec and SHAKE128, thirteen records each."""
    found = [record["Id"].split("/")[1] for record in records(vectors)]
    assert found.count("codec") >= 13
    assert found.count("shake128") >= 13


def test_turboshake() -> None:
    """RFC 9861, section 5: the empty message."""
    found = kit.turboshake128(b"", 32).hex()
    assert found == "1e415f1c5983aff2169217277d17bb538cd945a397ddec541f1ce41af2c1b74c"
