"""One receipt on the desk: its parts, found once and looked up by name.

Step 1 of the verifier. Bytes become a `Case`, or the receipt is malformed and
no further step is taken. A case holds nothing that the receipt does not hold,
and it holds exactly what `jobs.requirement` says a receipt of this operation
must; nothing in it is proven before steps 2 to 4 have passed.

    bytes ─► Receipt.from_bytes ─► open_case ─► Case ─► steps 2 to 9

Implements docs/formats/receipt.md, section 5, step 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from privshare.errors import EncodingError, EvidenceInvalid, NotFound
from privshare.jobs.receipt import Entry, Receipt
from privshare.jobs.requirement import Parts, requirements, row_of
from privshare.jobs.trail import Trail
from privshare.ledger.block import BlockEntry, is_block
from privshare.ledger.rules import parse_body
from privshare.ledger.state_map import Value
from privshare.ledger.transaction import Transaction
from privshare.wire.canonical import b64u
from privshare.wire.digest import digest_json

#: Finds the bytes of an attachment by its name, or None.
Attachments = Callable[[str], bytes | None]

#: What a step found: sentences, and details for --explain.
Found = tuple[list[str], list[str]]


class Missing(Exception):
    """Something a check needs is not there: neither true nor untrue.

    Never leaves the verifier: it becomes a step's outcome.
    """


class NotApplicable(Exception):
    """The step has nothing to look at in receipts of this kind.

    Never leaves the verifier: it becomes a step's outcome.
    """


def expect(holds: bool, expected: str, found: object) -> None:
    """Refuse what the parts of a receipt do not show.

    Raises:
        EvidenceInvalid: `holds` is false.
    """
    if not holds:
        raise EvidenceInvalid(f"expected {expected}, found {found}")


@dataclass(frozen=True, slots=True)
class State:
    """The receipt's values, as a reader of the ledger's state."""

    values: Mapping[str, Value | None]

    def get(self, key: str) -> Value | None:
        """The value under a key, or None."""
        return self.values.get(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A receipt whose form is right, taken apart.

    Attributes:
        receipt: As it was read.
        subject: The transaction it is about.
        statement: What that transaction says, by the rule of its kind.
        entries: By index.
        transactions: By index.
        block: The block entry whose state root the values are under.
        closing: The block entry of the subject's block; often the same.
        state: The values.
        trail: Reads values and transactions.
        attachments: Finds attached files.
        now: Unix seconds for which the verdict is asked.
    """

    receipt: Receipt
    subject: Transaction
    statement: Any = field(repr=False)
    entries: Mapping[int, Entry] = field(repr=False)
    transactions: Mapping[int, Transaction] = field(repr=False)
    block: BlockEntry
    closing: BlockEntry
    state: State = field(repr=False)
    trail: Trail = field(repr=False)
    attachments: Attachments = field(repr=False)
    now: int

    @property
    def time(self) -> int:
        """When the subject entered the log, as the ledger has it."""
        return self.closing.time

    @property
    def index(self) -> int:
        """Log index of the subject."""
        return self.receipt.subject

    @property
    def operation(self) -> str:
        """The receipt's operation."""
        return self.receipt.operation

    def evidence(self) -> dict[str, Any]:
        """The evidence, of an operation that has some."""
        return self.receipt.evidence or {}

    def document(self, name: str, tag: bytes) -> tuple[Any, str]:
        """A document of the evidence, and the digest of exactly its bytes.

        A reader of documents may take two spellings for one; a digest of what
        it read would not notice.
        """
        found = self.evidence()[name]
        return found, b64u(digest_json(tag, found))

    def attachment(self, name: str) -> bytes:
        """The bytes of an attachment, compared with their digest by step 8.

        Raises:
            Missing: Nobody could find it.
        """
        data = self.attachments(name)
        if data is None:
            raise Missing(f"The attachment {name} was not given.")
        return data


def open_case(receipt: Receipt, attachments: Attachments, now: int) -> Case:
    """Take a receipt apart.

    Raises:
        EncodingError: A part too many, too few, or of another form.
        EvidenceInvalid: Parts that do not fit together.
        NotFound: A part that another one refers to is not there.
        OutOfRange: A number outside its interval.
    """
    entries = {entry.index: entry for entry in receipt.entries}
    values = {item.key: item.value for item in receipt.state}
    state = State(values)

    def entry_at(index: int) -> bytes:
        if index not in entries:
            raise NotFound(f"expected entry {index} in the receipt, found none")
        return entries[index].data

    trail = Trail(state, entry_at)
    _check_shape(receipt)
    parts = requirements(receipt.operation, receipt.subject, receipt.evidence, trail)
    blocks = _blocks(receipt)
    _check_parts(receipt, parts, blocks)
    subject = trail.transaction(receipt.subject)
    transactions = {index: trail.transaction(index) for index in parts.indices}
    networks = {one.network for one in transactions.values()}
    networks |= {block.network for block in blocks.values()}
    if networks != {receipt.network}:
        raise EncodingError(
            f"expected every entry to be of network {receipt.network}, found others"
        )
    return Case(
        receipt=receipt,
        subject=subject,
        statement=parse_body(subject),
        entries=entries,
        transactions=transactions,
        block=blocks[receipt.block],
        closing=_closing(receipt.subject, blocks),
        state=state,
        trail=trail,
        attachments=attachments,
        now=now,
    )


def _check_shape(receipt: Receipt) -> None:
    row = row_of(receipt.operation)
    names = tuple(item.name for item in receipt.attachments)
    if names != row.attachments:
        raise EncodingError(
            f"receipt.attachments: expected {', '.join(row.attachments) or 'none'}, "
            f"found {len(names)} others"
        )
    for item in receipt.attachments:
        if (item.size is None) != (receipt.operation == "anchor"):
            raise EncodingError(
                "receipt.attachments.size: expected null for an anchored file and a "
                "number for any other, found otherwise"
            )
    if (receipt.result is not None) != row.has_result:
        raise EncodingError(
            f"receipt.result: expected {'a result' if row.has_result else 'null'}, "
            "found otherwise"
        )


def _blocks(receipt: Receipt) -> dict[int, BlockEntry]:
    """The block entries of a receipt by index, each at its own."""
    blocks = {}
    for entry in receipt.entries:
        data = entry.data
        if is_block(data):
            block = BlockEntry.decode(data)
            if block.index != entry.index:
                raise EncodingError(
                    f"expected the block entry of index {block.index}, found it at "
                    f"{entry.index}"
                )
            blocks[entry.index] = block
    return blocks


def _closing(subject: int, blocks: Mapping[int, BlockEntry]) -> BlockEntry:
    """The block entry that closes the subject's block."""
    for block in blocks.values():
        if block.first <= subject < block.index:
            return block
    raise EncodingError(
        "expected the block entry that closes the subject's block, found none"
    )


def _check_parts(
    receipt: Receipt, parts: Parts, blocks: Mapping[int, BlockEntry]
) -> None:
    """Hold the receipt against what its operation asks for: equal, not more."""
    needed = {receipt.block, _closing(receipt.subject, blocks).index}
    if set(blocks) != needed:
        raise EncodingError(
            "expected the block entries of the subject and of the state and no "
            "other, found otherwise"
        )
    if blocks[receipt.block].index < max(parts.indices):
        raise EvidenceInvalid(
            "expected a state that is not older than the transactions, found one"
        )
    wanted = parts.indices | needed
    found = {entry.index for entry in receipt.entries}
    if found != wanted:
        raise EncodingError(
            f"receipt.entries: expected {sorted(wanted)}, found {sorted(found)}"
        )
    keys = {item.key for item in receipt.state}
    if keys != parts.keys:
        odd = sorted(keys ^ parts.keys)[0]
        raise EncodingError(
            f"receipt.state: expected exactly what the operation rests on, found "
            f"{len(keys)} values instead of {len(parts.keys)} "
            f"({odd[:64]!a} is one too many or missing)"
        )
