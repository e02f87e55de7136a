"""The statement that fresh commitments hold the values of one hidden row.

    public   columns j of candidates C₀ⱼ … C_(N-1)ⱼ, and for each a revealed C'ⱼ
    secret   a row l, and the blindings of C_lⱼ and C'ⱼ
    shown    C_lⱼ and C'ⱼ hold the same value, for every j and one and the same l

With weights βⱼ drawn after everything is absorbed, Σ βⱼ·(C_lⱼ - C'ⱼ) = ρ·H for
ρ = Σ βⱼ·(r_lⱼ - r'ⱼ): one element of a list of N is a multiple of H, which the
one-of-many proof shows (schemes.one_of_many). Were the values of row l and the
revealed ones different in some column, Σ βⱼ·(v_lⱼ - v'ⱼ) would vanish for one
value of one βⱼ only: for any of the N rows, with probability N / 2^252.

Other proofs then speak of C'ⱼ: that it lies between bounds, or equals another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from privshare.bindings import ristretto255 as group
from privshare.bindings import scalar
from privshare.errors import EncodingError, OutOfRange, ProofInvalid
from privshare.schemes import one_of_many
from privshare.schemes.commitment import BLINDING_BASE, Opening
from privshare.schemes.one_of_many import Candidates
from privshare.schemes.proof.statement import (
    ListClaim,
    check_count,
    check_elements,
    read_elements,
    write_elements,
)
from privshare.schemes.proof.witness import Witness
from privshare.schemes.transcript import Transcript
from privshare.wire.canonical import Fields, Json, b64u

#: Candidates of all columns together: what a document can hold.
MAX_CELLS = 1 << 14


@dataclass(frozen=True, slots=True)
class MemberColumn:
    """One column of a list of rows.

    Attributes:
        candidates: The column's commitments, 2 to 4,096.
        revealed: A commitment of the prover's to the hidden row's value.

    Raises:
        EncodingError: Another length, or the identity.
        OutOfRange: Too few candidates, or too many.
    """

    candidates: tuple[bytes, ...]
    revealed: bytes

    def __post_init__(self) -> None:
        least, most = one_of_many.MIN_COUNT, one_of_many.MAX_COUNT
        check_count(len(self.candidates), least, most, "candidates")
        check_elements(self.candidates, "candidates")
        check_elements((self.revealed,), "revealed")

    @classmethod
    def from_fields(cls, fields: Fields) -> MemberColumn:
        """Read one."""
        column = cls(
            read_elements(fields, "candidates", one_of_many.MAX_COUNT),
            fields.digest("revealed"),
        )
        fields.end()
        return column

    def to_json(self) -> dict[str, Json]:
        """Lay it out."""
        return {
            "candidates": write_elements(self.candidates),
            "revealed": b64u(self.revealed),
        }


@dataclass(frozen=True, slots=True)
class MemberOf:
    """Revealed commitments hold the values of one hidden row of a list.

    Attributes:
        columns: 1 to 16, with as many candidates each.
    """

    kind: ClassVar[str] = "member/v1"
    columns: tuple[MemberColumn, ...]
    _candidates: Candidates = field(init=False, repr=False, compare=False)
    _revealed: group.Elements = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_count(len(self.columns), 1, one_of_many.MAX_COLUMNS, "columns")
        counts = {len(column.candidates) for column in self.columns}
        if len(counts) != 1:
            raise EncodingError(
                "columns: expected as many candidates in each, found "
                f"{min(counts)} and {max(counts)}"
            )
        check_count(len(self.columns) * counts.pop(), 2, MAX_CELLS, "candidates")
        lists = [b"".join(column.candidates) for column in self.columns]
        candidates = Candidates.of(b"".join(lists), columns=len(lists))
        object.__setattr__(self, "_candidates", candidates)
        revealed = group.decode(b"".join(self.commitments), "revealed")
        object.__setattr__(self, "_revealed", revealed)

    @property
    def commitments(self) -> tuple[bytes, ...]:
        """The revealed ones."""
        return tuple(column.revealed for column in self.columns)

    def prove(
        self, witness: Witness, transcript: Transcript, rand: bytes | None
    ) -> bytes:
        """Check the witness, then prove.

        The witness has the row's openings, then those of the revealed
        commitments, and the row's index.
        """
        count = len(self.columns)
        witness.need(self.kind, openings=2 * count)
        index = witness.index
        if index is None or index >= self._candidates.count:
            raise OutOfRange(
                f"member/v1: expected a row below {self._candidates.count}, found "
                f"{'none' if index is None else 'another'}"
            )
        differences = [
            _difference(column, index, witness.openings[j], witness.openings[count + j])
            for j, column in enumerate(self.columns)
        ]
        weights = self._weights(transcript)
        secret = scalar.ZERO
        for weight, difference in zip(weights, differences, strict=True):
            secret = scalar.mul_add(weight, difference, secret)
        return one_of_many.prove(
            self._candidates,
            index,
            secret,
            BLINDING_BASE,
            offset=self._offset(weights),
            weights=b"".join(weights),
            transcript=transcript,
            rand=rand,
        )

    def claim(self, proof: bytes, transcript: Transcript) -> ListClaim:
        """What the one-of-many engine has to verify."""
        weights = self._weights(transcript)
        claim = one_of_many.Claim(
            proof,
            BLINDING_BASE,
            transcript,
            offset=self._offset(weights),
            weights=b"".join(weights),
        )
        return ListClaim(claim, self._candidates)

    def _weights(self, transcript: Transcript) -> list[bytes]:
        """βⱼ, once list and revealed commitments are absorbed; 1 for one column."""
        transcript.absorb("candidates", self._candidates.digest)
        transcript.absorb("revealed", b"".join(self.commitments))
        if len(self.columns) == 1:
            return [scalar.ONE]
        return [transcript.challenge_scalar("weight") for _ in self.columns]

    def _offset(self, weights: Sequence[bytes]) -> bytes:
        """Σ βⱼ·C'ⱼ."""
        return group.msm_vartime(b"".join(weights), self._revealed).encode()

    @classmethod
    def from_fields(cls, fields: Fields) -> MemberOf:
        """Read the public values."""
        found = fields.objs("columns", one_of_many.MAX_COLUMNS)
        return cls(tuple(map(MemberColumn.from_fields, found)))

    def to_json(self) -> dict[str, Json]:
        """The public values."""
        return {"columns": [column.to_json() for column in self.columns]}


def _difference(
    column: MemberColumn, index: int, cell: Opening, revealed: Opening
) -> bytes:
    """r - r' for one column, once both openings are known to be right."""
    cell.check(column.candidates[index], "candidates")
    revealed.check(column.revealed, "revealed")
    if cell.scalar != revealed.scalar:
        raise ProofInvalid(
            "member/v1: expected revealed commitments to the row's values, found "
            "another value"
        )
    difference = scalar.sub(cell.blinding, revealed.blinding)
    if difference == scalar.ZERO:
        raise OutOfRange(
            "member/v1: expected fresh blindings, found that of the row itself",
            fix="Commit again with draw_blinding(): the same bytes name the row.",
        )
    return difference
