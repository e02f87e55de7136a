"""What a prover knows: openings, a secret scalar, a place in a list.

One type for all kinds, so that a file can hold it and a caller need not know
eleven of them; each kind says which parts it takes.

>>> Witness()
<Witness (secret)>
"""

from __future__ import annotations

from collections.abc import Sequence

from privshare.bindings import scalar
from privshare.errors import OutOfRange
from privshare.schemes.commitment import Opening
from privshare.schemes.secret import Secret
from privshare.wire.canonical import Fields, Json, b64u

MAX_OPENINGS = 256


class Witness(Secret):
    """The secrets behind one statement.

    Attributes:
        openings: Of its commitments, in the statement's order.
        secret: A scalar of 32 bytes, or b"".
        index: A place in a list, from 0, or None.

    Raises:
        EncodingError: The secret is no scalar.
        OutOfRange: Too many openings, or a negative index.
    """

    __slots__ = ("index", "openings", "secret")

    def __init__(
        self,
        openings: Sequence[Opening] = (),
        *,
        secret: bytes = b"",
        index: int | None = None,
    ) -> None:
        if len(openings) > MAX_OPENINGS:
            raise OutOfRange(
                f"witness: expected at most {MAX_OPENINGS} openings, found "
                f"{len(openings)}"
            )
        if index is not None and index < 0:
            raise OutOfRange("witness.index: expected 0 or more, found less")
        self.openings = tuple(openings)
        self.secret = scalar.check(secret, "witness.secret")
        self.index = index

    def need(self, kind: str, *, openings: int = 0, secret: bool = False) -> None:
        """Check that the parts are there which a kind takes.

        Raises:
            OutOfRange: They are not, or there are others.
        """
        found = (len(self.openings), len(self.secret))
        wanted = (openings, scalar.SCALAR_BYTES if secret else 0)
        if found != wanted:
            raise OutOfRange(
                f"{kind}: expected a witness of {wanted[0]} openings and {wanted[1]} "
                f"bytes of a secret, found {found[0]} and {found[1]}"
            )

    @classmethod
    def from_json(cls, obj: object, where: str = "witness") -> Witness:
        """Read the object that `to_json` writes.

        Raises:
            EncodingError: A field too few, too many, or not of its form.
            OutOfRange: A number outside its bounds.
        """
        fields = Fields(obj, where)
        witness = cls(
            [
                Opening.from_json(one, f"{where}.openings[{i}]")
                for i, one in enumerate(fields.list("openings", MAX_OPENINGS))
            ],
            secret=fields.nullable("secret", fields.bytes, scalar.SCALAR_BYTES) or b"",
            index=fields.nullable("index", fields.int, 0),
        )
        fields.end()
        return witness

    def to_json(self) -> dict[str, Json]:
        """Lay it out, for its owner's own files: it is a secret."""
        return {
            "index": self.index,
            "openings": [one.to_json() for one in self.openings],
            "secret": b64u(self.secret) if self.secret else None,
        }
