"""What evidence is bound to: before data is released, and after the result.

A machine signs a few bytes of ours with its evidence. They are a digest of
one of these documents, so the evidence belongs to one job of one network:

    Admission   everybody's nonces, the job, the code, the runner, everybody's
                policies, the key that data is sealed to, a checkpoint of the log
    Conclusion  the admission, what went in, what came out, what it cost

A machine that computes on shares with two others is bound to the key of its
`Channel` as well, so that the others talk to it and to nobody else.

Data owners seal to `Admission.hpke_public_key` and to nothing else. The digest
of an admission is what they name in the seal.

    Admission ─► report_data(kind) ─► machine ─► Evidence ─► Claims.report_data

>>> made = Conclusion(admission=bytes(32), inputs=(("tax/returns", bytes(32)),),
...                   output=bytes(32), exit=0, fuel=1000, charge=0)
>>> len(made.report_data("sev-snp")), len(made.report_data("tpm2"))
(64, 32)
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

from privshare.bindings import hash as native
from privshare.errors import EncodingError, OutOfRange
from privshare.log.checkpoint import Checkpoint
from privshare.schemes.recipient import LENGTHS, suite_of
from privshare.wire import domain
from privshare.wire.canonical import (
    INTEGER_LIMIT,
    Encodable,
    Fields,
    Json,
    b64u,
    encode,
)
from privshare.wire.digest import digest_json, tagged

__all__ = [
    "MAX_PARTIES",
    "NONCE_BYTES",
    "Admission",
    "Channel",
    "Conclusion",
    "nonce_commitment",
    "report_data",
]

NONCE_BYTES = 32
MAX_PARTIES = 64
MAX_INPUTS = 256
MAX_RUNNER = 64
MAX_KEY = max(LENGTHS.values())

#: Kinds whose evidence holds 32 bytes of ours; all others hold 64.
SHORT = frozenset({"azure-snp-vtpm", "nvidia-gpu", "tpm2"})

_ADDRESS = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9.-]{0,252})?|\[[0-9a-f:.]{2,45}\]):[1-9][0-9]{0,4}"
)
_AGENCY = re.compile(r"[a-z][a-z0-9-]{1,30}")
_WORD = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9_./:\-]{0,127}")
_INPUT = re.compile(r"[a-z][a-z0-9_./:\-]{0,127}")
_U64 = struct.Struct(">Q")


def report_data(tag: bytes, value: Encodable, kind: str) -> bytes:
    """The bytes that a machine of a kind is given to say.

    SHA-512(u8 len(tag) || tag || u64 len || canonical bytes), 64 bytes; where
    evidence holds 32, the tagged digest, which is SHA-256 of the same.
    """
    data = encode(value)
    if kind in SHORT:
        return tagged(tag, data)
    return native.sha512(bytes((len(tag),)) + tag + _U64.pack(len(data)) + data)


def nonce_commitment(job: str, party: str, nonce: bytes) -> bytes:
    """What a party puts on the log before evidence is made; 32 bytes.

    Args:
        job: Its id.
        party: The agency.
        nonce: 32 random bytes, used once.

    Raises:
        OutOfRange: The nonce has another length.
    """
    if len(nonce) != NONCE_BYTES:
        raise OutOfRange(
            f"expected a nonce of {NONCE_BYTES} bytes, found {len(nonce)}",
        )
    return tagged(domain.NONCE, job.encode(), party.encode(), nonce)


@dataclass(frozen=True, slots=True)
class Channel:
    """Where a node takes connections for a job on shares, and under which key.

    Attributes:
        address: Host and port.
        key: SHA-256 of the SubjectPublicKeyInfo of its certificate, made for
            this job.

    Raises:
        EncodingError: Another form.
    """

    address: str
    key: bytes

    def __post_init__(self) -> None:
        if not _ADDRESS.fullmatch(self.address):
            raise EncodingError("channel.address: expected a host and a port")
        _check_length("channel.key", self.key)

    @property
    def host(self) -> str:
        """The host, without brackets."""
        return self.address.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port."""
        return int(self.address.rpartition(":")[2])

    def to_json(self) -> dict[str, Json]:
        """Lay the channel out."""
        return {"address": self.address, "key": b64u(self.key)}

    @classmethod
    def read(cls, fields: Fields) -> Channel:
        """Read what `to_json` wrote, and close it."""
        made = cls(fields.str("address", max=300), fields.digest("key"))
        fields.end()
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What evidence is bound to before any data is released.

    Attributes:
        network: The network that the job is in.
        job: Its id.
        nonces: Agency and 32 random bytes of its own, by name.
        spec: Digest of the job's specification.
        code: Digest of the program's closure.
        runner: Measurement of the runner that measures the code, 1 to 64 bytes.
        policies: Agency and digest of the policy that it appraises by, by name.
        hpke_public_key: Where data is sealed to, made for this job: 1216 bytes
            of a hybrid key, or 32 of an X25519 key (`schemes.recipient`).
        checkpoint: How far the log was.
        channel: Of a machine that computes on shares; else None.

    Raises:
        EncodingError: A field that no admission can hold.
        OutOfRange: Too many parties, or none.
    """

    network: str
    job: str
    nonces: tuple[tuple[str, bytes], ...]
    spec: bytes
    code: bytes
    runner: bytes
    policies: tuple[tuple[str, bytes], ...]
    hpke_public_key: bytes
    checkpoint: Checkpoint
    channel: Channel | None = None

    def __post_init__(self) -> None:
        _check_pairs("admission.nonces", self.nonces, MAX_PARTIES, _AGENCY)
        _check_pairs("admission.policies", self.policies, MAX_PARTIES, _AGENCY)
        for name in ("spec", "code"):
            _check_length(f"admission.{name}", getattr(self, name))
        suite_of(self.hpke_public_key)
        if not 0 < len(self.runner) <= MAX_RUNNER:
            raise EncodingError(
                f"admission.runner: expected 1 to {MAX_RUNNER} bytes, "
                f"found {len(self.runner)}"
            )
        for name in ("network", "job"):
            if not _WORD.fullmatch(getattr(self, name)):
                raise EncodingError(f"admission.{name}: expected a name, found none")
        if self.checkpoint.extensions or self.checkpoint.size >= INTEGER_LIMIT:
            raise EncodingError(
                "admission.checkpoint: expected one of ours, found another's"
            )

    def nonce(self, party: str) -> bytes | None:
        """The nonce of a party, or None."""
        return dict(self.nonces).get(party)

    def policy(self, party: str) -> bytes | None:
        """The digest of a party's policy, or None."""
        return dict(self.policies).get(party)

    def digest(self) -> bytes:
        """Names this admission."""
        return digest_json(domain.ADMISSION, self.to_json())

    def report_data(self, kind: str) -> bytes:
        """The bytes that a machine of this kind must say; 64 or 32."""
        return report_data(domain.ADMISSION, self.to_json(), kind)

    def to_json(self) -> dict[str, Json]:
        """Lay the admission out."""
        return {
            "channel": None if self.channel is None else self.channel.to_json(),
            "checkpoint": {
                "origin": self.checkpoint.origin,
                "root": b64u(self.checkpoint.root),
                "size": self.checkpoint.size,
            },
            "code": b64u(self.code),
            "hpke_public_key": b64u(self.hpke_public_key),
            "job": self.job,
            "network": self.network,
            "nonces": {party: b64u(nonce) for party, nonce in self.nonces},
            "phase": "admission",
            "policies": {party: b64u(digest) for party, digest in self.policies},
            "runner": b64u(self.runner),
            "spec": b64u(self.spec),
            "v": 1,
        }

    @classmethod
    def from_json(cls, obj: object) -> Admission:
        """Read what `to_json` wrote.

        Raises:
            EncodingError: Another form.
            OutOfRange: Too many parties, or none.
        """
        fields = Fields(obj, "admission")
        fields.constant("v", 1)
        fields.constant("phase", "admission")
        checkpoint = fields.obj("checkpoint")
        channel = fields.nullable("channel", fields.obj)
        made = cls(
            network=fields.str("network", max=128),
            job=fields.str("job", max=128),
            nonces=_read_pairs(fields, "nonces", MAX_PARTIES),
            spec=fields.digest("spec"),
            code=fields.digest("code"),
            runner=fields.bytes("runner", max=MAX_RUNNER),
            policies=_read_pairs(fields, "policies", MAX_PARTIES),
            hpke_public_key=fields.bytes("hpke_public_key", max=MAX_KEY),
            checkpoint=Checkpoint(
                checkpoint.str("origin", max=1024),
                checkpoint.int("size", 0),
                checkpoint.bytes("root", 32),
            ),
            channel=None if channel is None else Channel.read(channel),
        )
        checkpoint.end()
        fields.end()
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """What evidence is bound to when the job is done.

    Attributes:
        admission: Digest of the admission that it was run under.
        inputs: Name of each input and the commitment to it, by name.
        output: Commitment to the result.
        exit: 0, or the code with which the program ended.
        fuel: Units of work done.
        charge: Privacy budget spent, in micro-epsilon.

    Raises:
        EncodingError: A field that no conclusion can hold.
        OutOfRange: A number outside 0 to 2^53 - 1, or too many inputs.
    """

    admission: bytes
    inputs: tuple[tuple[str, bytes], ...]
    output: bytes
    exit: int
    fuel: int
    charge: int

    def __post_init__(self) -> None:
        _check_pairs("conclusion.inputs", self.inputs, MAX_INPUTS, _INPUT)
        _check_length("conclusion.admission", self.admission)
        _check_length("conclusion.output", self.output)
        for name in ("exit", "fuel", "charge"):
            if not 0 <= getattr(self, name) < INTEGER_LIMIT:
                raise OutOfRange(f"conclusion.{name}: expected 0 to 2^53 - 1")

    def digest(self) -> bytes:
        """Names this conclusion."""
        return digest_json(domain.CONCLUSION, self.to_json())

    def report_data(self, kind: str) -> bytes:
        """The bytes that a machine of this kind must say; 64 or 32."""
        return report_data(domain.CONCLUSION, self.to_json(), kind)

    def to_json(self) -> dict[str, Json]:
        """Lay the conclusion out."""
        return {
            "admission": b64u(self.admission),
            "charge": self.charge,
            "exit": self.exit,
            "fuel": self.fuel,
            "inputs": {name: b64u(commitment) for name, commitment in self.inputs},
            "output": b64u(self.output),
            "phase": "conclusion",
            "v": 1,
        }

    @classmethod
    def from_json(cls, obj: object) -> Conclusion:
        """Read what `to_json` wrote.

        Raises:
            EncodingError: Another form.
            OutOfRange: A number outside its interval, or too many inputs.
        """
        fields = Fields(obj, "conclusion")
        fields.constant("v", 1)
        fields.constant("phase", "conclusion")
        made = cls(
            admission=fields.digest("admission"),
            inputs=_read_pairs(fields, "inputs", MAX_INPUTS),
            output=fields.digest("output"),
            exit=fields.int("exit", 0),
            fuel=fields.int("fuel", 0),
            charge=fields.int("charge", 0),
        )
        fields.end()
        return made


def _check_length(where: str, data: bytes) -> None:
    if len(data) != 32:
        raise EncodingError(f"{where}: expected 32 bytes, found {len(data)}")


def _check_pairs(
    where: str,
    pairs: tuple[tuple[str, bytes], ...],
    most: int,
    pattern: re.Pattern[str],
) -> None:
    """Check pairs of a name and 32 bytes: at least one, by name, each once."""
    if not 0 < len(pairs) <= most:
        raise OutOfRange(f"{where}: expected 1 to {most}, found {len(pairs)}")
    names = [name for name, _ in pairs]
    if names != sorted(set(names)):
        raise EncodingError(f"{where}: expected each name once, in order")
    for name, data in pairs:
        if not pattern.fullmatch(name):
            raise EncodingError(f"{where}: expected a name, found another form")
        _check_length(f"{where}.{name}", data)


def _read_pairs(fields: Fields, name: str, most: int) -> tuple[tuple[str, bytes], ...]:
    obj = fields.json(name)
    if not isinstance(obj, dict):
        raise EncodingError(f"{name}: expected an object")
    if len(obj) > most:
        raise OutOfRange(f"{name}: expected up to {most}, found {len(obj)}")
    inner = Fields(obj, name)
    return tuple((key, inner.bytes(key, 32)) for key in sorted(obj))
