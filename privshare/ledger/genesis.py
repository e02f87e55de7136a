"""Genesis: entry 0 of a log, which says what network it is.

Whoever knows the genesis' digest knows the network: the key that signs its
checkpoints, the operator that admits agencies, and the parameters that the
rules read. A mirror is started with that digest and believes nothing else.

    operator  create_genesis ─► Genesis ─► EmbeddedLedger.create ─► entry 0
    mirror    LogSource.genesis ─► Genesis.decode ─► digest compared ─► replay

Implements docs/formats/entry.md, section 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from privshare.errors import EncodingError
from privshare.ledger.enrolment import (
    AgencyKey,
    check_uses,
    open_enrolment,
    read_keys,
    read_url,
)
from privshare.rights import identifier
from privshare.wire import domain, note
from privshare.wire.canonical import Fields, Json, b64u, decode, encode
from privshare.wire.digest import tagged
from privshare.wire.envelope import Envelope

#: A role is a label that policies may ask for; the rules know only the operator.
ROLE = r"[a-z][a-z-]{1,30}"
MAX_ROLES = 16

#: Of the rules in `rules.RULES`; 2 added the threshold key, 3 rings and proofs,
#: 4 measured programs and the evidence of their jobs.
RULES_VERSION = 5

_ORIGIN = r"[a-z0-9][a-z0-9.\-]*(/[a-z0-9.\-]+)*"


@dataclass(frozen=True, slots=True)
class Params:
    """Numbers that the rules read; they change with a new version only.

    Attributes:
        tx_validity_s: How far ahead a transaction's `not_after` may lie.
        use_timeout_s: When a grantee may release a use that nobody settled.
        max_block_tx: Most transactions in a block.
        version: Of the rules.
    """

    tx_validity_s: int = 3_600
    use_timeout_s: int = 86_400
    max_block_tx: int = 4_096
    version: int = RULES_VERSION

    def to_json(self) -> Json:
        """Lay the parameters out as the genesis carries them."""
        return {
            "max_block_tx": self.max_block_tx,
            "tx_validity_s": self.tx_validity_s,
            "use_timeout_s": self.use_timeout_s,
            "version": self.version,
        }

    @property
    def digest(self) -> bytes:
        """What block entries carry as `params`."""
        return tagged(domain.PARAMS, encode(self.to_json()))

    @classmethod
    def read(cls, fields: Fields) -> Params:
        """Read the parameters.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval.
        """
        params = cls(
            tx_validity_s=fields.int("tx_validity_s", 1, 30 * 86_400),
            use_timeout_s=fields.int("use_timeout_s", 1, 366 * 86_400),
            max_block_tx=fields.int("max_block_tx", 1, 65_536),
            version=fields.int("version", RULES_VERSION, RULES_VERSION),
        )
        fields.end()
        return params


@dataclass(frozen=True, slots=True)
class Member:
    """An agency as the genesis lists it."""

    agency: str
    keys: tuple[AgencyKey, ...]
    roles: tuple[str, ...]
    url: str

    def to_json(self) -> Json:
        """Lay the member out."""
        return {
            "agency": self.agency,
            "keys": [key.to_json() for key in self.keys],
            "roles": list(self.roles),
            "url": self.url,
        }

    @classmethod
    def read(cls, fields: Fields) -> Member:
        """Read a member.

        Raises:
            EncodingError: Another form.
        """
        member = cls(
            identifier.AGENCY.check(fields.str("agency"), "genesis.agency"),
            read_keys(fields, "keys"),
            read_roles(fields),
            read_url(fields, "url"),
        )
        fields.end()
        check_uses(member.keys)
        return member


def read_roles(fields: Fields) -> tuple[str, ...]:
    """Read the field `roles`: labels in order, each once."""
    return fields.str_list("roles", MAX_ROLES, ROLE, sorted_unique=True)


@dataclass(frozen=True, slots=True)
class Genesis:
    """What entry 0 says.

    Attributes:
        network: The network's id, in every transaction.
        origin: The first line of every checkpoint.
        log_key: The key that signs checkpoints, as a C2SP vkey.
        operator: The agency that admits others.
        agencies: The first members, in the order of their names.
        params: What the rules read.
        time: Unix seconds; no block is earlier.
    """

    network: str
    origin: str
    log_key: str
    operator: str
    agencies: tuple[Member, ...]
    params: Params
    time: int

    def to_json(self) -> Json:
        """Lay the genesis out."""
        return {
            "agencies": [member.to_json() for member in self.agencies],
            "kind": "genesis",
            "log_key": self.log_key,
            "network": self.network,
            "operator": self.operator,
            "origin": self.origin,
            "params": self.params.to_json(),
            "time": self.time,
            "v": 1,
        }

    def encode(self) -> bytes:
        """The bytes of entry 0."""
        return encode(self.to_json())

    @property
    def digest(self) -> bytes:
        """What a mirror or an auditor pins: H(GENESIS, entry 0)."""
        return tagged(domain.GENESIS, self.encode())

    @classmethod
    def decode(cls, data: bytes) -> Genesis:
        """Read entry 0.

        Raises:
            EncodingError: Not a genesis.
            OutOfRange: A number outside its interval.
        """
        return cls.from_json(decode(data))

    @classmethod
    def from_json(cls, obj: Json) -> Genesis:
        """Read a genesis that was decoded already; as `decode`."""
        fields = Fields(obj, where="genesis")
        fields.constant("v", 1)
        fields.constant("kind", "genesis")
        genesis = cls(
            network=identifier.NETWORK.check(fields.str("network"), "genesis.network"),
            origin=fields.str("origin", max=128, pattern=_ORIGIN),
            log_key=fields.str("log_key", max=256),
            operator=identifier.AGENCY.check(
                fields.str("operator"), "genesis.operator"
            ),
            agencies=tuple(Member.read(item) for item in fields.objs("agencies", 64)),
            params=Params.read(fields.obj("params")),
            time=fields.int("time", 0),
        )
        fields.end()
        genesis._check()
        return genesis

    def _check(self) -> None:
        note.parse_vkey(self.log_key)
        names = [member.agency for member in self.agencies]
        if names != sorted(set(names)) or self.operator not in names:
            raise EncodingError(
                "genesis.agencies: expected the operator and others in the order of "
                f"their names, each once, found {', '.join(names)}"
            )
        kids = [key.kid for member in self.agencies for key in member.keys]
        if len(kids) != len(set(kids)):
            raise EncodingError("genesis.agencies: expected each key once, found more")


def create_genesis(
    network: str,
    origin: str,
    log_key: str,
    operator: Envelope,
    params: Params,
    time: int,
    *,
    roles: tuple[str, ...] = ("operator",),
) -> Genesis:
    """Found a network of one agency, its operator.

    Args:
        network: The id that transactions will name.
        origin: The first line of its checkpoints, such as "demo.privshare/log".
        log_key: The vkey of the key that signs checkpoints.
        operator: The operator's own enrolment.
        params: What the rules read.
        time: Unix seconds.
        roles: The operator's labels, in order.

    Raises:
        EncodingError: A field that `Genesis.decode` would refuse.
        SignatureInvalid: The enrolment does not verify.
    """
    enrolled = open_enrolment(operator)
    if enrolled.network != network:
        raise EncodingError(
            f"enrolment.network: expected {network}, found {enrolled.network}"
        )
    member = Member(enrolled.agency, enrolled.keys, roles, enrolled.url)
    genesis = Genesis(
        network, origin, log_key, enrolled.agency, (member,), params, time
    )
    return Genesis.decode(genesis.encode())


def genesis_digest_text(genesis: Genesis) -> str:
    """The digest as configuration files spell it."""
    return b64u(genesis.digest)
