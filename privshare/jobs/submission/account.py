"""Whose an account of another system is: the enrolment that an agency signs.

    agency    Enrolment ─► its id ─► account.enrol on the ledger
    owner     Enrolment, handed over by the account ─► id on the ledger, and whose

The document names a person's address and stays off the ledger; its id is salted,
so that nobody finds an address by trying. The key is the digest of the account's
public keys in the other system: who has an account's name and not its keys is
not taken for it.

Implements docs/formats/entry.md, section 9.

>>> one = Enrolment(account="ada@labour.example", agency="labour", key=bytes(32),
...     network="demo.privshare", salt=bytes(32))
>>> Enrolment.from_json(one.to_json()) == one
True
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from privshare.errors import EncodingError
from privshare.rights import identifier
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u
from privshare.wire.digest import digest_json

__all__ = ["MAX_ACCOUNT", "SYSTEM", "Enrolment", "check_account"]

SYSTEM: Final = "syft"
#: Bytes of an account, in UTF-8.
MAX_ACCOUNT: Final = 120
KEY_BYTES: Final = 32


def check_account(account: str, where: str = "account") -> str:
    """Return what has the form of an account.

    Raises:
        EncodingError: It has not.
    """
    odd = not account.isprintable() or "/" in account or account.startswith(".")
    if account and not odd and len(account.encode("utf-8", "replace")) <= MAX_ACCOUNT:
        return account
    raise EncodingError(
        f"{where}: expected an account of 1 to {MAX_ACCOUNT} bytes of visible text "
        "without a slash or a leading dot, found another",
        detail={"field": where},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """That an account belongs to an agency.

    Attributes:
        account: Its name there, such as an e-mail address.
        agency: Whose it is.
        key: Digest of its public keys there, 32 bytes.
        network: The ledger's.
        salt: 32 random bytes.
        system: "syft".

    Raises:
        EncodingError: Another form.
    """

    account: str
    agency: str
    key: bytes
    network: str
    salt: bytes = field(repr=False)
    system: str = SYSTEM

    def __post_init__(self) -> None:
        check_account(self.account, "enrolment.account")
        identifier.AGENCY.check(self.agency, "enrolment.agency")
        identifier.NETWORK.check(self.network, "enrolment.network")
        if self.system != SYSTEM:
            raise EncodingError(
                f"enrolment.system: expected {SYSTEM}, found "
                f"{identifier.shown(self.system)}"
            )
        for name in ("key", "salt"):
            if len(getattr(self, name)) != KEY_BYTES:
                raise EncodingError(f"enrolment.{name}: expected {KEY_BYTES} bytes")

    def id(self) -> bytes:
        """The 32 bytes that the ledger knows it by."""
        return digest_json(domain.ACCOUNT, self.to_json())

    def to_json(self) -> dict[str, Json]:
        """Lay it out."""
        return {
            "account": self.account,
            "agency": self.agency,
            "key": b64u(self.key),
            "network": self.network,
            "salt": b64u(self.salt),
            "system": self.system,
            "v": 1,
        }

    @classmethod
    def from_json(cls, obj: object) -> Enrolment:
        """Read what `to_json` gave.

        Raises:
            EncodingError: A field too few, too many or of another form.
        """
        fields = Fields(obj, "enrolment")
        fields.constant("v", 1)
        made = cls(
            account=fields.str("account", max=MAX_ACCOUNT),
            agency=fields.str("agency"),
            key=fields.bytes("key", KEY_BYTES),
            network=fields.str("network"),
            salt=fields.bytes("salt", KEY_BYTES),
            system=fields.str("system"),
        )
        fields.end()
        return made
