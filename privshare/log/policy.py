"""Trust policies: which logs and which quorum of witnesses to believe.

The one file that an auditor brings along and obtained without us. It names
the logs by key and says how many of which witnesses must have cosigned.

    auditor   policy file ─► parse_policy ─► TrustPolicy
              checkpoint ─► TrustPolicy.check ─► Verified

Implements C2SP tlog-policy and the verification of C2SP signed-note: a line
by an unknown key is ignored, a line by a known key must verify. Names are
octets: what is not UTF-8 is kept as Python's surrogate escapes.

>>> from privshare.log.checkpoint import *
>>> from privshare.schemes.keys import SigningKey
>>> from privshare.wire import note
>>> key = SigningKey.from_seed(bytes(32))
>>> log = LogKey("log.example/1", key.verify_key)
>>> policy = parse_policy(f"log {log}\\nquorum none\\n".encode())
>>> cp = Checkpoint("log.example/1", 0, EMPTY_ROOT)
>>> signature = sign_checkpoint(cp, log.name, key)
>>> data = note.format(note.Note(body(cp), (signature,)))
>>> policy.check(data).checkpoint.size
0
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from privshare.errors import EncodingError, SignatureInvalid, VerificationError
from privshare.log.checkpoint import Checkpoint, LogKey, parse_checkpoint
from privshare.log.cosignature import WitnessKey, verify_line
from privshare.wire import note
from privshare.wire.note import Note

MAX_POLICY_BYTES = 1 << 20
MAX_LINES = 256  # logs, witnesses, groups: of each
NO_QUORUM: Final = "none"

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_WORD = re.compile("[^\x00-\x20\x7f]+")
_THRESHOLD = re.compile("[1-9][0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Log:
    """A `log` line: a key, and where the log is found, for who needs it."""

    key: LogKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A `witness` line: its name within the policy, its key, its place."""

    name: str
    key: WitnessKey
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A `group` line: at least `threshold` of the members, witnesses or groups."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """A checkpoint that a policy accepts.

    Args:
        checkpoint: Size and root, now to be believed.
        witnesses: Who cosigned, by name within the policy, and when.
        log: Whose checkpoint it is.
    """

    checkpoint: Checkpoint
    witnesses: dict[str, int]
    log: LogKey


@dataclass(frozen=True, slots=True)
class TrustPolicy:
    """Logs, witnesses, groups, and the quorum.

    Args:
        logs: Any one of them may have signed.
        witnesses: In the order of their lines.
        groups: Each after its members.
        quorum: The name of a witness or group, or `NO_QUORUM`.

    Raises:
        EncodingError: A key twice, a name twice, unknown or none, a member
            of two groups, a threshold outside 1 to the number of members, or
            more than `MAX_LINES` of one kind.
    """

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str
    _log_keys: dict[tuple[str, bytes], LogKey] = field(
        init=False, repr=False, compare=False
    )
    _witness_keys: dict[tuple[str, bytes], Witness] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        _check_structure(self)
        log_keys = {(log.key.name, log.key.key_id): log.key for log in self.logs}
        witness_keys = {(w.key.name, w.key.key_id): w for w in self.witnesses}
        if len(log_keys | witness_keys) < len(self.logs) + len(self.witnesses):
            raise EncodingError(
                "expected keys that differ in key name or key id, found two that do not"
            )
        object.__setattr__(self, "_log_keys", log_keys)
        object.__setattr__(self, "_witness_keys", witness_keys)

    def check(self, data: bytes, *, strict: bool = False) -> Verified:
        """Decide whether a checkpoint is to be believed.

        Args:
            data: A checkpoint with its signatures, as bytes.
            strict: Refuse whatever the decision does not need to understand:
                lines by keys that this policy does not know, lines by
                another log, a key's second line. For files whose every byte
                is to be accounted for.

        Raises:
            EncodingError: Not a note, or not a checkpoint.
            SignatureInvalid: No signature by a log of the policy whose name
                is the origin, or a line by a known key that does not verify.
            VerificationError: The quorum is not reached, or, when strict, a
                line too many. `detail["witnesses"]` names who did cosign.
        """
        signed = note.parse(data)
        checkpoint = parse_checkpoint(signed)
        if strict:
            self._refuse_other_lines(signed, checkpoint)
        log = self._verify_log(signed, checkpoint)
        witnesses = self._verify_witnesses(signed)
        if not self._reaches_quorum(witnesses):
            raise VerificationError(
                f"expected cosignatures that reach the quorum {self.quorum!r}, found "
                f"those of {sorted(witnesses)}",
                fix="Ask the log for a checkpoint that more witnesses have cosigned.",
                detail={"quorum": self.quorum, "witnesses": sorted(witnesses)},
            )
        return Verified(checkpoint, witnesses, log)

    def _verify_log(self, signed: Note, checkpoint: Checkpoint) -> LogKey:
        text = signed.text.encode("utf-8")
        signer: LogKey | None = None
        for line in signed.signatures:
            key = self._log_keys.get((line.name, line.key_id))
            if key is None:
                continue
            key.key.verify(line.sig, text)
            if key.name == checkpoint.origin:
                signer = key
        if signer is None:
            raise SignatureInvalid(
                f"expected a signature by the log {checkpoint.origin!r} under a key "
                "of the policy, found none",
                fix="Compare the log lines of the policy with the log's own key.",
            )
        return signer

    def _verify_witnesses(self, signed: Note) -> dict[str, int]:
        times: dict[str, int] = {}
        for line in signed.signatures:
            witness = self._witness_keys.get((line.name, line.key_id))
            if witness is not None:
                time = verify_line(signed.text, line, witness.key)
                times[witness.name] = max(time, times.get(witness.name, 0))
        return times

    def _refuse_other_lines(self, signed: Note, checkpoint: Checkpoint) -> None:
        seen: set[tuple[str, bytes]] = set()
        for line in signed.signatures:
            key = (line.name, line.key_id)
            by_log = key in self._log_keys and line.name == checkpoint.origin
            if key in seen or not (by_log or key in self._witness_keys):
                raise VerificationError(
                    "expected one line for each key of the policy, found another by "
                    f"{line.name}"
                )
            seen.add(key)

    def _reaches_quorum(self, cosigned: dict[str, int]) -> bool:
        if self.quorum == NO_QUORUM:
            return True
        reached = set(cosigned)
        for group in self.groups:  # members stand before their group
            if sum(member in reached for member in group.members) >= group.threshold:
                reached.add(group.name)
        return self.quorum in reached


def parse_policy(data: bytes) -> TrustPolicy:
    """Read a policy file.

    Raises:
        EncodingError: A line of another form, a name used before it is
            defined, no quorum or two, or what `TrustPolicy` refuses. Says
            the line.
    """
    if len(data) > MAX_POLICY_BYTES:
        raise EncodingError(
            f"expected at most {MAX_POLICY_BYTES} bytes, found {len(data)}"
        )
    text = data.decode("utf-8", "surrogateescape")
    reader = _Reader()
    for number, line in enumerate(text.split("\n"), 1):
        if _CONTROL.search(line):
            raise EncodingError(f"policy line {number}: found a control character")
        words = re.split("[ \t]+", line.strip(" \t"))
        if words == [""] or words[0].startswith("#"):
            continue
        try:
            reader.read(words)
        except EncodingError as error:
            raise EncodingError(f"policy line {number}: {error.message}") from None
    return reader.policy()


def format_policy(policy: TrustPolicy) -> bytes:
    """Lay a policy out as a file that `parse_policy` reads back."""
    lines = [_words("log", str(log.key), log.url) for log in policy.logs]
    lines += [_words("witness", w.name, str(w.key), w.url) for w in policy.witnesses]
    lines += [
        _words("group", group.name, _threshold_word(group), *group.members)
        for group in policy.groups
    ]
    lines += [_words("quorum", policy.quorum), ""]
    return "\n".join(lines).encode("utf-8", "surrogateescape")


class _Reader:
    """Collects the lines of a policy file."""

    def __init__(self) -> None:
        self.logs: list[Log] = []
        self.witnesses: list[Witness] = []
        self.groups: list[Group] = []
        self.quorum: str | None = None
        self._kinds: dict[str, Callable[[list[str]], None]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }

    def read(self, words: list[str]) -> None:
        kind, *rest = words
        if kind not in self._kinds:
            raise EncodingError(
                f"expected log, witness, group or quorum, found {kind[:32]!r}"
            )
        self._kinds[kind](rest)

    def policy(self) -> TrustPolicy:
        if self.quorum is None:
            raise EncodingError("expected a quorum line in the policy, found none")
        return TrustPolicy(
            tuple(self.logs), tuple(self.witnesses), tuple(self.groups), self.quorum
        )

    def _log(self, rest: list[str]) -> None:
        if len(rest) not in (1, 2):
            raise EncodingError("expected: log <vkey> [<url>]")
        self.logs.append(Log(LogKey.parse(rest[0]), *rest[1:]))

    def _witness(self, rest: list[str]) -> None:
        if len(rest) not in (2, 3):
            raise EncodingError("expected: witness <name> <vkey> [<url>]")
        self.witnesses.append(Witness(rest[0], WitnessKey.parse(rest[1]), *rest[2:]))

    def _group(self, rest: list[str]) -> None:
        if len(rest) < 3:
            raise EncodingError("expected: group <name> <k|all|any> <name>...")
        name, threshold, *members = rest
        self._check_defined(*members)
        named = {"all": len(members), "any": 1}
        if threshold not in named and not _THRESHOLD.fullmatch(threshold):
            raise EncodingError(
                f"expected all, any or a number of members, found {threshold[:32]!r}"
            )
        k = named[threshold] if threshold in named else int(threshold)
        self.groups.append(Group(name, k, tuple(members)))

    def _quorum(self, rest: list[str]) -> None:
        if len(rest) != 1 or self.quorum is not None:
            raise EncodingError("expected one line: quorum <name>")
        if rest[0] != NO_QUORUM:
            self._check_defined(rest[0])
        self.quorum = rest[0]

    def _check_defined(self, *names: str) -> None:
        """What comes later in the file cannot be meant here."""
        defined = {w.name for w in self.witnesses} | {g.name for g in self.groups}
        for name in names:
            if name not in defined:
                raise EncodingError(
                    f"expected a name defined above, found {name[:64]!r}"
                )


def _check_structure(policy: TrustPolicy) -> None:
    """The rules that hold for a policy however it was made."""
    for lines in (policy.logs, policy.witnesses, policy.groups):
        if len(lines) > MAX_LINES:
            raise EncodingError(f"expected at most {MAX_LINES} lines of one kind")
    for url in [log.url for log in policy.logs] + [w.url for w in policy.witnesses]:
        if url is not None and not _WORD.fullmatch(url):
            raise EncodingError(f"expected a URL without spaces, found {url[:64]!r}")
    for keys in (
        [log.key.key for log in policy.logs],
        [witness.key.key for witness in policy.witnesses],
    ):
        if len(set(keys)) != len(keys):
            raise EncodingError("expected each public key once, found one twice")
    defined: set[str] = set()
    for witness in policy.witnesses:
        _check_new(witness.name, defined)
        defined.add(witness.name)
    taken: set[str] = set()
    for group in policy.groups:
        _check_new(group.name, defined)
        _check_members(group, defined, taken)
        taken.update(group.members)
        defined.add(group.name)
    if policy.quorum != NO_QUORUM and policy.quorum not in defined:
        raise EncodingError(
            f"expected a witness or group as quorum, found {policy.quorum[:64]!r}"
        )


def _check_new(name: str, defined: set[str]) -> None:
    if not _WORD.fullmatch(name) or name == NO_QUORUM or name in defined:
        raise EncodingError(f"expected a new name, found {name[:64]!r}")


def _check_members(group: Group, defined: set[str], taken: set[str]) -> None:
    members = set(group.members)
    if not members <= defined:
        raise EncodingError(f"expected members of {group.name!r} to be defined before")
    if len(members) != len(group.members) or members & taken:
        raise EncodingError(
            f"expected each member in one group, once; found another in {group.name!r}"
        )
    if not 1 <= group.threshold <= len(members):
        raise EncodingError(
            f"expected a threshold of 1 to {len(members)} in {group.name!r}, found "
            f"{group.threshold}"
        )


def _threshold_word(group: Group) -> str:
    if group.threshold == len(group.members):
        return "all"
    return "any" if group.threshold == 1 else str(group.threshold)


def _words(*words: str | None) -> str:
    return " ".join(word for word in words if word is not None)
