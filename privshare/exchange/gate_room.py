"""What a node keeps of submissions: at their owner's gate, and at approvers.

    submission:<digest>   what was submitted, its files, what became of it
    gate-wait:<digest>    it has no answer yet; to whom it was handed
    gate-run:<digest>     it is being run: specification, job, outcome

The digest names all files, so a room is one set of bytes. Everything that a
step needs after a crash is here before anything that follows from it is said
to anybody.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NoReturn

from privshare.errors import NotFound, OutOfRange
from privshare.exchange.node import Node
from privshare.jobs.submission.account import Enrolment
from privshare.jobs.submission.tree import (
    MAX_BYTES,
    MAX_FILES,
    Submission,
    Tree,
)
from privshare.rights import identifier
from privshare.wire import domain
from privshare.wire.canonical import Fields, Json, b64u, decode, encode
from privshare.wire.digest import digest_json

__all__ = [
    "MAX_BODY",
    "Answer",
    "Kept",
    "Sent",
    "answer_of",
    "files_of",
    "find",
    "keep",
    "keep_answer",
    "room_of",
    "rooms",
    "run_of",
    "runs",
    "wait_of",
    "waiting",
]

ROOM: Final = "submission:"
WAIT: Final = "gate-wait:"
RUN: Final = "gate-run:"

#: Longest body that carries a submission: its bytes in base64url, and names.
MAX_BODY: Final = 24 << 20
_MAX_LISTED: Final = 4 * MAX_FILES
_MAX_OUTPUTS: Final = 8 << 20
_MAX_NAME: Final = 120


def room_of(submission: str) -> str:
    """Where a submission is kept.

    Raises:
        EncodingError: Not a digest.
    """
    return ROOM + identifier.ID.check(submission, "submission")


def wait_of(submission: str) -> str:
    """Where it stands that a submission has no answer yet."""
    return WAIT + identifier.ID.check(submission, "submission")


def run_of(submission: str) -> str:
    """Where it stands how far the run of a submission is."""
    return RUN + identifier.ID.check(submission, "submission")


def rooms(node: Node) -> list[str]:
    """All submissions that this node keeps something of."""
    return _named(node, ROOM)


def waiting(node: Node) -> list[str]:
    """Those without an answer."""
    return _named(node, WAIT)


def runs(node: Node) -> list[str]:
    """Those that are being run."""
    return _named(node, RUN)


def _named(node: Node, prefix: str) -> list[str]:
    return [one.removeprefix(prefix) for one in node.store.blob_jobs(prefix)]


@dataclass(frozen=True, slots=True)
class Sent:
    """Files as somebody sent them, named by their bytes and not yet judged.

    Attributes:
        files: What the tree would list, in order of path.
        contents: Path to bytes.
    """

    files: tuple[Mapping[str, Json], ...]
    contents: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def read(cls, items: Sequence[Json], where: str = "files") -> Sent:
        """Read `[{"bytes", "executable", "path"}]`.

        Raises:
            EncodingError: Another form.
            OutOfRange: More than a body may list: rule submission.count.
        """
        if len(items) > _MAX_LISTED:
            _refuse("count", f"at most {MAX_FILES} files", str(len(items)))
        listed: list[Mapping[str, Json]] = []
        contents: dict[str, bytes] = {}
        for number, item in enumerate(items):
            fields = Fields(item, f"{where}[{number}]")
            path = fields.str("path")
            data = fields.bytes("bytes", max=MAX_BODY)
            executable = fields.bool("executable")
            fields.end()
            contents[path] = data
            listed.append(
                {
                    "executable": executable,
                    "path": path,
                    "sha256": b64u(hashlib.sha256(data).digest()),
                    "size": len(data),
                }
            )
        listed.sort(key=lambda one: str(one["path"]))
        return cls(tuple(listed), contents)

    @property
    def tree(self) -> dict[str, Json]:
        """The tree's document, whether or not it is one that may be submitted."""
        return {"files": [dict(one) for one in self.files], "v": 1}

    @property
    def digest(self) -> str:
        """What names the submission."""
        return b64u(digest_json(domain.SUBMISSION, self.tree))

    def checked(self) -> Submission:
        """The submission, if it is within the bounds.

        Raises:
            OutOfRange: It is not: rules submission.count, submission.size,
                submission.path.
        """
        if len(self.files) > MAX_FILES:
            _refuse("count", f"at most {MAX_FILES} files", str(len(self.files)))
        if sum(len(data) for data in self.contents.values()) > MAX_BYTES:
            _refuse("size", f"at most {MAX_BYTES} bytes", "more")
        return Submission(Tree.from_json(self.tree), self.contents)

    def to_json(self) -> list[Json]:
        """Lay the files out as `read` takes them."""
        return [
            {
                "bytes": b64u(self.contents[str(one["path"])]),
                "executable": one["executable"],
                "path": one["path"],
            }
            for one in self.files
        ]


def _refuse(rule: str, expected: str, found: str) -> NoReturn:
    raise OutOfRange(
        f"submission: expected {expected}, found {found}",
        fix="Hand in plain files alone, few and small.",
        detail={"rule": f"submission.{rule}"},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A submission as a node keeps it, its files aside.

    Attributes:
        submission: Digest of all files.
        owner: Whose gate it came to.
        enrolment: Who submitted it; None where nobody knows.
        key: The key by which the other system knew its author.
        entry: The file that runs.
        name: What its author calls it.
        dataset: Whose rows it is for; "" where it was refused before.
        purpose: What for; likewise.
        at: Unix seconds.
        tree: Its files by name and digest.
        vouched: Whether an agency vouches that it is of this account: the
            document alone proves nothing.
    """

    submission: str
    owner: str
    enrolment: Enrolment | None
    key: bytes
    entry: str
    name: str
    dataset: str = ""
    purpose: str = ""
    at: int
    tree: Mapping[str, Json] = field(repr=False)
    vouched: bool = False

    @property
    def account(self) -> str | None:
        """The id of the enrolment, or None: nobody vouches for one."""
        if self.enrolment is None or not self.vouched:
            return None
        return b64u(self.enrolment.id())

    @property
    def grantee(self) -> str | None:
        """The agency that vouches for the account, or None."""
        if self.enrolment is None or not self.vouched:
            return None
        return self.enrolment.agency

    @property
    def documents(self) -> dict[str, Json]:
        """What the receipt of a decision on it holds."""
        known = self.enrolment if self.vouched else None
        return {
            "enrolment": None if known is None else known.to_json(),
            "tree": dict(self.tree),
        }

    def to_json(self) -> dict[str, Json]:
        """Lay it out."""
        return {
            "at": self.at,
            "dataset": self.dataset,
            "enrolment": None if self.enrolment is None else self.enrolment.to_json(),
            "entry": self.entry,
            "key": b64u(self.key),
            "name": self.name,
            "owner": self.owner,
            "purpose": self.purpose,
            "submission": self.submission,
            "tree": dict(self.tree),
            "vouched": self.vouched,
        }

    @classmethod
    def from_bytes(cls, data: bytes) -> Kept:
        """Read what `to_json` gave, encoded."""
        fields = Fields(decode(data, max_bytes=MAX_BODY), "submission")
        enrolled, tree = fields.json("enrolment"), fields.obj("tree")
        made = cls(
            submission=fields.str("submission"),
            owner=fields.str("owner"),
            enrolment=None if enrolled is None else Enrolment.from_json(enrolled),
            key=fields.bytes("key", 32),
            entry=fields.str("entry"),
            name=fields.str("name"),
            dataset=fields.str("dataset"),
            purpose=fields.str("purpose"),
            at=fields.int("at", 0),
            tree={"files": tree.list("files", _MAX_LISTED), "v": tree.int("v")},
            vouched=fields.bool("vouched"),
        )
        fields.end()
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of a submission, for good.

    Attributes:
        status: `done` or `refused`.
        rule: Which rule refused it, or None.
        reason: In words, or None.
        receipt: The receipt's id; None where the ledger took nothing.
        job: The job on the ledger, if it came so far.
        outputs: What may leave, by name.
    """

    status: str
    rule: str | None = None
    reason: str | None = None
    receipt: str | None = None
    job: str | None = None
    outputs: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    def to_json(self) -> dict[str, Json]:
        """For whoever asked to run it."""
        return {
            "job": self.job,
            "outputs": [
                {"bytes": b64u(data), "name": name}
                for name, data in sorted(self.outputs.items())
            ],
            "reason": self.reason,
            "receipt": self.receipt,
            "rule": self.rule,
            "status": self.status,
        }


def keep(node: Node, kept: Kept, sent: Sent | None) -> None:
    """Keep a submission; its files as well, if there are any to keep."""
    room = room_of(kept.submission)
    if sent is not None:
        node.store.put_blob(room, "files", encode(sent.to_json()))
    node.store.put_blob(room, "kept", encode(kept.to_json()))


def find(node: Node, submission: str) -> Kept:
    """A submission that this node keeps.

    Raises:
        NotFound: It keeps none by that digest.
    """
    data = node.store.blob(room_of(submission), "kept")
    if data is None:
        raise NotFound(
            "expected a submission that this node keeps, found none by that digest"
        )
    return Kept.from_bytes(data)


def files_of(node: Node, submission: str) -> Sent | None:
    """Its files, or None: those of a refused one are not kept."""
    data = node.store.blob(room_of(submission), "files")
    if data is None:
        return None
    value = decode(data, max_bytes=2 * MAX_BODY)
    return Sent.read(value if isinstance(value, list) else [])


def keep_answer(node: Node, submission: str, answer: Answer) -> None:
    """Keep what became of it: the last thing that is done with it.

    The files of a submission that never came to a job are dropped.
    """
    room = room_of(submission)
    value = answer.to_json()
    node.store.put_blob(room, "outputs", encode(value.pop("outputs")))
    node.store.put_blob(room, "answer", encode(value))
    if answer.job is None:
        node.store.drop_blobs(room, "files")
    node.store.drop_blobs(wait_of(submission))
    node.store.drop_blobs(run_of(submission))


def answer_of(node: Node, submission: str, *, outputs: bool = False) -> Answer | None:
    """What became of it, or None: not yet.

    Args:
        node: This node.
        submission: Which.
        outputs: Whether the outputs are wanted, too.
    """
    room = room_of(submission)
    data = node.store.blob(room, "answer")
    if data is None:
        return None
    fields = Fields(decode(data), "answer")
    listed = node.store.blob(room, "outputs") if outputs else None
    found: dict[str, bytes] = {}
    items = Fields(
        {"outputs": decode(listed or b"[]", max_bytes=_MAX_OUTPUTS)}, "answer"
    )
    for item in items.objs("outputs"):
        found[item.str("name")] = item.bytes("bytes", max=_MAX_OUTPUTS)
    return Answer(
        status=fields.str("status"),
        rule=fields.nullable("rule", fields.str),
        reason=fields.nullable("reason", fields.str, max=2_000),
        receipt=fields.nullable("receipt", fields.str),
        job=fields.nullable("job", fields.str),
        outputs=found,
    )


def plain_name(name: str) -> str:
    """What an author calls a submission, as one short line."""
    line = " ".join(name.split())
    return "".join(c if c.isprintable() else "?" for c in line)[:_MAX_NAME]
