"""The state machine: the same transactions give the same state, everywhere.

The host feeds it what agencies submit; a mirror feeds it what the log holds;
both must come to the same block entries, byte for byte.

    submit    bytes ─► check ─► Checked          (signatures; any thread)
    host      Checked ─► Machine.apply ─► index  ... ─► close_block ─► Block
    mirror    entries ─► Machine.replay_block ─► Block, or the host broke a rule

`check` does what costs time and does not age: grammar, signatures, leaves; a
ring signature it verifies and remembers.
`apply` does what depends on the state at that place in the log. There is no
clock in here: time is what the block says.

Implements docs/formats/entry.md, section 4; the invariants are property-tested
in tests/laws/test_ledger_grants.py.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from privshare.errors import (
    Conflict,
    NotFound,
    OutOfRange,
    PrivShareError,
    SignatureInvalid,
    VerificationError,
)
from privshare.ledger import transaction as tx
from privshare.ledger.block import (
    Accepted,
    Block,
    BlockEntry,
    is_block,
    is_leaf,
    leaf_entry,
)
from privshare.ledger.genesis import Genesis
from privshare.ledger.query import Reader
from privshare.ledger.rule import Context, Draft, Rule
from privshare.ledger.rules import parse_body
from privshare.ledger.rules_agency import KeyRotate, write_agency
from privshare.ledger.rules_dataset import AnchorBatch, split_leaves
from privshare.ledger.rules_statement import StatementRing
from privshare.ledger.state_map import StateMap, Value
from privshare.schemes.keys import VerifyKey, verify_envelope
from privshare.wire.canonical import unb64u


@dataclass(frozen=True, slots=True)
class Checked:
    """A transaction whose form, signatures and leaves are verified.

    Attributes:
        transaction: What was signed.
        statement: Its body, read by the rule of its kind.
        leaves: The digests beside it; none unless it anchors.
        signers: Ids of the keys whose signatures verified.
    """

    transaction: tx.Transaction
    statement: Rule = field(repr=False)
    leaves: tuple[bytes, ...] = field(repr=False)
    signers: frozenset[str]

    def entries(self) -> list[bytes]:
        """The log entries it becomes."""
        return [self.transaction.data, *map(leaf_entry, self.leaves)]


@lru_cache(maxsize=1024)
def _verify_key(public_b64: str) -> VerifyKey:
    return VerifyKey(unb64u(public_b64, 32))


def check(
    genesis: Genesis, reader: Reader, data: bytes, leaves: bytes, time: int
) -> Checked:
    """Verify everything about a submission that does not need the log's order.

    Args:
        genesis: The network.
        reader: A recent state; `apply` looks again.
        data: The transaction's bytes.
        leaves: Digests beside an `anchor.batch`, concatenated; else empty.
        time: Unix seconds, the present or the block's.

    Raises:
        EncodingError: Not the bytes of a transaction, or leaves that do not
            fit it.
        OutOfRange: A number outside its interval, `not_after` among them.
        NotFound: No such agency.
        SignatureInvalid: A signature that does not verify, or by a key that
            does not sign for this account.
        VerificationError: Meant for another network, or other leaves than
            those that were signed.
    """
    transaction = tx.parse(data)
    if transaction.network != genesis.network:
        raise VerificationError(
            f"expected a transaction for {genesis.network}, "
            f"found one for {transaction.network}"
        )
    _check_not_after(genesis, transaction, time)
    _need_member(reader, transaction.account)
    statement = parse_body(transaction)
    digests = _check_leaves(statement, leaves)
    signers = _verify(reader, transaction, statement)
    if isinstance(statement, StatementRing):
        statement.rehearse(genesis.network, reader)
    return Checked(transaction, statement, digests, signers)


def _check_not_after(genesis: Genesis, transaction: tx.Transaction, time: int) -> None:
    latest = time + genesis.params.tx_validity_s
    if not time < transaction.not_after <= latest:
        raise OutOfRange(
            f"tx.not_after: expected {time + 1} to {latest}, "
            f"found {transaction.not_after}",
            fix="Set the clock, or sign the transaction again.",
            detail={"field": "tx.not_after"},
        )


def _need_member(reader: Reader, account: str) -> None:
    member = reader.get(f"agency/{account}")
    if member is None or member["status"] != "active":
        raise NotFound(f"expected a member, found no agency {account}")


def _check_leaves(statement: Rule, leaves: bytes) -> tuple[bytes, ...]:
    if isinstance(statement, AnchorBatch):
        statement.check_leaves(leaves)
        return tuple(split_leaves(leaves))
    if leaves:
        raise VerificationError(
            f"expected leaves beside anchor.batch only, found {len(leaves)} bytes"
        )
    return ()


def _verify(
    reader: Reader, transaction: tx.Transaction, statement: Rule
) -> frozenset[str]:
    """Verify every signature, each by a key that may sign for this account."""
    added: dict[str, VerifyKey] = {}
    if isinstance(statement, KeyRotate):
        added = {
            key.kid: VerifyKey(key.public) for key in statement.add if key.use == "sign"
        }

    def resolve(keyid: str) -> VerifyKey:
        if keyid in added:
            return added[keyid]
        public = _signing_key(reader, transaction.account, keyid)
        if public is None:
            raise _foreign(transaction.account, keyid)
        return _verify_key(public)

    verify_envelope(transaction.envelope, resolve)
    return frozenset(signature.keyid for signature in transaction.envelope.signatures)


def _signing_key(reader: Reader, account: str, keyid: str) -> str | None:
    """The key of this id if it may sign for the account now."""
    held = reader.get(f"key/{account}/{keyid}")
    if held is None or held["use"] != "sign" or held["until"] is not None:
        return None
    return str(held["pub"])


def _foreign(account: str, keyid: str) -> SignatureInvalid:
    return SignatureInvalid(
        f"expected a signature by a key in use for {account}, found one by another",
        detail={"kid": keyid},
    )


class Machine:
    """The state of one network while its log grows.

    Args:
        genesis: The network; its members are in the state at once, and the
            first `close_block` closes the genesis block.

    Attributes:
        state: The state map, changes of the open block included.
        height: Of the last closed block; -1 before the genesis block.
        time: Of the last closed block; the genesis' before.
        size: The next log index.
        anchors: Leaves so far.
        transactions: Transactions so far.
    """

    def __init__(self, genesis: Genesis) -> None:
        self.genesis = genesis
        self.state = StateMap()
        self.height = -1
        self.time = genesis.time
        self.size = 1
        self.anchors = 0
        self.transactions = 0
        self._first = 0
        self._open_time: int | None = None
        self._accepted: list[Accepted] = []
        self._seen: dict[str, int] = {}
        self._expiry: list[tuple[int, str]] = []
        self._children: dict[str, list[str]] = {}
        for member in genesis.agencies:
            write_agency(
                self.state,
                member.agency,
                member.keys,
                roles=member.roles,
                url=member.url,
                index=0,
            )

    @classmethod
    def load(
        cls,
        genesis: Genesis,
        rows: Iterable[tuple[str, bytes]],
        last: BlockEntry,
        seen: Iterable[Accepted],
    ) -> Machine:
        """Go on where a log ended.

        Args:
            genesis: The network.
            rows: State keys and canonical values, in the order they appeared.
            last: The last block entry.
            seen: Transactions whose `not_after` has not passed.

        Raises:
            VerificationError: The rows do not give the block's state root.
        """
        machine = cls(genesis)
        machine.state = StateMap.load(rows)
        root = machine.state.root()
        if root != last.state_root or last.params != genesis.params.digest:
            raise VerificationError(
                f"expected state root {last.state_root.hex()} at height "
                f"{last.height}, found {root.hex()}",
                fix="Rebuild the state from the log.",
            )
        machine.height = last.height
        machine.time = last.time
        machine.size = machine._first = last.size
        machine.anchors = last.anchors
        machine.transactions = last.transactions
        for accepted in seen:
            machine._remember(accepted)
        for key, value in machine.state.items("grant/"):
            machine._note_child(key, value)
        return machine

    def check(self, data: bytes, leaves: bytes, time: int) -> Checked:
        """As the function `check`, against the state as it is now."""
        return check(self.genesis, self.state, data, leaves, time)

    def apply(self, checked: Checked, time: int) -> int:
        """Append a transaction to the open block.

        Args:
            checked: From `check`.
            time: The block's time; one for all transactions of a block.

        Returns:
            The log index of its entry; its leaves follow.

        Raises:
            Conflict: The ledger holds it already; `detail["index"]` says where.
            OutOfRange: Its `not_after` does not fit the block's time.
            SignatureInvalid: A key of it was retired meanwhile.
            PrivShareError: What its rule says. Nothing was changed then.
        """
        self._check_block_time(time)
        transaction = checked.transaction
        first = self._seen.get(transaction.id)
        if first is not None:
            raise Conflict(
                f"expected a new transaction, found the one at index {first}",
                detail={"index": first, "id": transaction.id},
            )
        _check_not_after(self.genesis, transaction, time)
        _need_member(self.state, transaction.account)
        self._check_signers(checked)
        draft = Draft(self.state)
        index = self.size
        checked.statement.apply(
            Context(
                genesis=self.genesis,
                draft=draft,
                account=transaction.account,
                signers=checked.signers,
                tx_id=transaction.id,
                index=index,
                time=time,
                descendants=self._descendants,
            )
        )
        for key, value in draft.keep().items():
            self._note_child(key, value)
        accepted = Accepted(transaction.id, index, transaction.not_after)
        self._remember(accepted)
        self._accepted.append(accepted)
        self._open_time = time
        self.size += 1 + len(checked.leaves)
        self.anchors += len(checked.leaves)
        self.transactions += 1
        return index

    def close_block(self, time: int) -> Block:
        """End the open block with its entry.

        Raises:
            OutOfRange: A time before the last block's.
        """
        self._check_block_time(time)
        entry = BlockEntry(
            anchors=self.anchors,
            entries=self.size + 1 - self._first,
            first=self._first,
            height=self.height + 1,
            network=self.genesis.network,
            params=self.genesis.params.digest,
            state_root=self.state.root(),
            time=time,
            transactions=self.transactions,
        )
        self.height += 1
        self.time = time
        self._open_time = None
        self.size += 1
        self._first = self.size
        accepted, self._accepted = tuple(self._accepted), []
        self._forget(time)
        return Block(entry, entry.encode(), self.state.take_changes(), accepted)

    def replay_block(self, entries: Sequence[bytes]) -> Block:
        """Repeat a block that somebody else made.

        Args:
            entries: All entries of the block, the block entry last.

        Returns:
            The same block.

        Raises:
            VerificationError: It holds what the rules refuse, or its block
                entry says something else than its transactions amount to. The
                machine is unusable then: load it again.
        """
        height = self.height + 1
        claimed = _decode_block(entries, height)
        if claimed.time < self.time:
            raise _broken(height, f"time {claimed.time} is before {self.time}")
        if height == 0:
            if list(entries[:-1]) != [self.genesis.encode()]:
                raise _broken(height, "the genesis block does not hold the genesis")
        else:
            self._replay_transactions(entries[:-1], claimed.time, height)
        block = self.close_block(claimed.time)
        if block.data != entries[-1]:
            what = "state root" if _only_root(block.entry, claimed) else "block entry"
            raise _broken(height, f"its {what} is not what its transactions amount to")
        return block

    def _replay_transactions(
        self, entries: Sequence[bytes], time: int, height: int
    ) -> None:
        position = count = 0
        while position < len(entries):
            data = entries[position]
            end = position + 1
            while end < len(entries) and is_leaf(entries[end]):
                end += 1
            leaves = b"".join(entry[1:] for entry in entries[position + 1 : end])
            index = self.size
            try:
                self.apply(self.check(data, leaves, time), time)
            except PrivShareError as error:
                raise _broken(
                    height,
                    f"entry {index} is refused ({error.name}: {error.message})",
                    index=index,
                    error=error.name,
                ) from error
            position, count = end, count + 1
        if not 1 <= count <= self.genesis.params.max_block_tx:
            raise _broken(height, f"it holds {count} transactions")

    def _check_block_time(self, time: int) -> None:
        """A block has one time, and no block is earlier than the one before."""
        if self._open_time not in (None, time) or time < self.time:
            expected = f"{self.time} or later"
            if self._open_time is not None:
                expected = f"{self._open_time}, as in the open block"
            raise OutOfRange(f"block.time: expected {expected}, found {time}")

    def _check_signers(self, checked: Checked) -> None:
        """Look again: a key may have been retired since the signature was checked."""
        added = set()
        if isinstance(checked.statement, KeyRotate):
            added = {key.kid for key in checked.statement.add}
        account = checked.transaction.account
        for kid in sorted(checked.signers - added):
            if _signing_key(self.state, account, kid) is None:
                raise _foreign(account, kid)
        if checked.signers <= added:
            raise SignatureInvalid(
                f"expected a signature by a key in use for {account}, found none"
            )

    def _descendants(self, grant: str) -> list[str]:
        found: list[str] = []
        level = self._children.get(grant, [])
        while level:
            found.extend(level)
            level = [c for above in level for c in self._children.get(above, [])]
        return found

    def _note_child(self, key: str, value: Value) -> None:
        """Keep the way down: from a grant to those delegated from it."""
        parent = value.get("parent") if key.startswith("grant/") else None
        if parent is not None:
            children = self._children.setdefault(parent, [])
            name = key.removeprefix("grant/")
            if name not in children:
                children.append(name)

    def _remember(self, accepted: Accepted) -> None:
        self._seen[accepted.id] = accepted.index
        heapq.heappush(self._expiry, (accepted.not_after, accepted.id))

    def _forget(self, time: int) -> None:
        """Drop ids that `not_after` refuses from now on anyway."""
        while self._expiry and self._expiry[0][0] <= time:
            self._seen.pop(heapq.heappop(self._expiry)[1], None)


def _decode_block(entries: Sequence[bytes], height: int) -> BlockEntry:
    if len(entries) < 2 or not is_block(entries[-1]):
        raise _broken(height, "it does not end in a block entry")
    try:
        return BlockEntry.decode(entries[-1])
    except PrivShareError as error:
        raise _broken(
            height, f"its block entry is malformed: {error.message}"
        ) from error


def _only_root(ours: BlockEntry, theirs: BlockEntry) -> bool:
    """Whether the two differ in nothing but the state root."""
    same = {name: getattr(ours, name) for name in BlockEntry.__slots__}
    other = {name: getattr(theirs, name) for name in BlockEntry.__slots__}
    return {name for name in same if same[name] != other[name]} == {"state_root"}


def _broken(
    height: int, found: str, *, index: int | None = None, error: str = ""
) -> VerificationError:
    detail: dict[str, str | int] = {"height": height}
    if index is not None:
        detail |= {"index": index, "error": error}
    return VerificationError(
        f"block {height}: expected a block by the rules; {found}", detail=detail
    )
