"""Rules for members and keys: `org.admit`, `key.rotate`.

Only the operator that the genesis names admits agencies, and an agency's keys
are its own affair: it adds and retires them with a signature by a key that
still counts. A retired key stays in the state with the index from which it no
longer counts, so that old signatures keep their meaning.

    agency  ─► active            key  active (until = null) ─► retired

Implements docs/formats/entry.md, sections 4.1 and 4.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from privshare.errors import Conflict, EncodingError, StepNotAllowed
from privshare.ledger import query
from privshare.ledger.enrolment import (
    MAX_KEYS,
    AgencyKey,
    Enrolment,
    open_enrolment,
    read_keys,
    read_url,
)
from privshare.ledger.genesis import read_roles
from privshare.ledger.rule import Context, Draft, need
from privshare.ledger.state_map import StateMap
from privshare.ledger.values import Agency, Key
from privshare.rights import identifier
from privshare.schemes.key_id import paillier_kid
from privshare.wire.canonical import Fields, b64u
from privshare.wire.envelope import from_json as envelope_from_json


def write_agency(
    draft: Draft | StateMap,
    agency_id: str,
    keys: Iterable[AgencyKey],
    *,
    roles: tuple[str, ...],
    url: str,
    index: int,
) -> None:
    """Enter a new agency and its keys."""
    member = Agency(roles, "active", url, index, index)
    draft.put(f"agency/{agency_id}", member.to_json())
    for item in keys:
        write_key(draft, agency_id, item, index)


def write_key(
    draft: Draft | StateMap, agency_id: str, item: AgencyKey, index: int
) -> None:
    """Enter a key that counts from `index` on."""
    held = Key(item.alg, item.use, b64u(item.public), index, None)
    draft.put(f"key/{agency_id}/{item.kid}", held.to_json())


def _refuse_known(draft: Draft, keys: Iterable[AgencyKey]) -> None:
    """A key has one owner and one life: it never comes back.

    What several hold together is nobody's own, so it is known, too.
    """
    known = {name.rsplit("/", 1)[1] for name, _ in draft.items("key/")}
    known |= {paillier_kid(one.n) for one in query.threshold_epochs(draft).values()}
    for item in keys:
        if item.kid in known:
            raise Conflict(f"expected a new key, found {item.kid}, which is known")


@dataclass(frozen=True, slots=True)
class OrgAdmit:
    """The operator admits an agency that presented its keys."""

    enrolment: Enrolment
    roles: tuple[str, ...]

    @classmethod
    def parse(cls, fields: Fields) -> OrgAdmit:
        """Read the body and verify the enrolment's own signatures."""
        envelope = envelope_from_json(fields.json("enrolment"))
        return cls(open_enrolment(envelope), read_roles(fields))

    def apply(self, context: Context) -> None:
        """Enter the agency."""
        enrolled, genesis = self.enrolment, context.genesis
        need(
            context.account == genesis.operator,
            "org.operator",
            f"expected {genesis.operator}, the operator, found {context.account}",
        )
        if enrolled.network != genesis.network:
            raise EncodingError(
                f"enrolment.network: expected {genesis.network}, "
                f"found {enrolled.network}"
            )
        if context.draft.get(f"agency/{enrolled.agency}") is not None:
            raise Conflict(f"expected a new agency, found {enrolled.agency} admitted")
        _refuse_known(context.draft, enrolled.keys)
        write_agency(
            context.draft,
            enrolled.agency,
            enrolled.keys,
            roles=self.roles,
            url=enrolled.url,
            index=context.index,
        )


@dataclass(frozen=True, slots=True)
class KeyRotate:
    """An agency adds keys, retires keys, or moves its node."""

    add: tuple[AgencyKey, ...]
    retire: tuple[str, ...]
    url: str | None

    @classmethod
    def parse(cls, fields: Fields) -> KeyRotate:
        """Read the body."""
        retire = fields.str_list(
            "retire", MAX_KEYS, identifier.ID.pattern, sorted_unique=True
        )
        url = fields.nullable("url", lambda name: read_url(fields, name))
        return cls(read_keys(fields, "add"), retire, url)

    def apply(self, context: Context) -> None:
        """Enter the new keys and close the retired ones."""
        if not self.add and not self.retire and self.url is None:
            raise StepNotAllowed("expected a change of keys or address, found none")
        new = {item.kid for item in self.add if item.use == "sign"}
        need(
            new <= context.signers,
            "key.possession",
            "expected a signature by each new signing key, found fewer",
        )
        _refuse_known(context.draft, self.add)
        for item in self.add:
            write_key(context.draft, context.account, item, context.index)
        for kid in self.retire:
            self._retire(context, kid)
        self._check_left(context)
        if self.url is not None:
            member = query.agency(context.draft, context.account)
            moved = replace(member, url=self.url, changed=context.index)
            context.draft.put(f"agency/{context.account}", moved.to_json())

    def _retire(self, context: Context, kid: str) -> None:
        held = query.key(context.draft, context.account, kid)
        if held.until is not None:
            raise StepNotAllowed(
                f"expected a key in use, found {kid} retired at index {held.until}"
            )
        if held.since == context.index:
            raise StepNotAllowed("expected a key in use, found one added just now")
        closed = replace(held, until=context.index)
        context.draft.put(f"key/{context.account}/{kid}", closed.to_json())

    def _check_left(self, context: Context) -> None:
        left = query.keys_of(context.draft, context.account).values()
        uses = [item.use for item in left]
        if "sign" not in uses:
            raise StepNotAllowed("expected a signing key to remain, found none")
        if uses.count("witness") > 1:
            raise StepNotAllowed("expected one witness key, found a second one")
        if len(uses) > MAX_KEYS:
            raise StepNotAllowed(f"expected at most {MAX_KEYS} keys in use, found more")
