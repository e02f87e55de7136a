"""What a node brings to attested jobs: roots, a machine, an engine, keys.

    services/node  settings ─► Attester ─► Node.attester ─► tee_party, tee_runner

Every node appraises; one with a `Machine` and an `Engine` also runs jobs.
The keys that data is sealed to live in memory and nowhere else: a runner that
was restarted cannot open what it was given before, and says so.

Implements docs/protocols/attested-job.md, section 2.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from privshare.jobs.attestation.binding import Channel
from privshare.jobs.attestation.evidence import Endorsements, Evidence, RootSet
from privshare.jobs.mpc.dealt import Dealt
from privshare.jobs.mpc.timeout import Notary
from privshare.jobs.mpc_spec import MpcSpec
from privshare.jobs.tee_spec import TeeSpec
from privshare.schemes.recipient import Opener, new_key
from privshare.wire.canonical import Json

__all__ = [
    "Attester",
    "Compute",
    "Engine",
    "JobKeys",
    "JointOutcome",
    "JointWork",
    "Machine",
    "Outcome",
    "Work",
]


class Machine(Protocol):
    """The machine that this node runs on, asked to speak for itself."""

    @property
    def kind(self) -> str:
        """Of the evidence it makes."""
        ...

    @property
    def measurement(self) -> bytes:
        """What its evidence will say that it runs; 1 to 64 bytes."""
        ...

    def speak(self, report_data: bytes, code: bytes) -> tuple[Evidence, Endorsements]:
        """Have the machine sign these bytes.

        Args:
            report_data: As long as the kind has it.
            code: Digest of the program that runs, for machines that keep a log.

        Raises:
            Unavailable: It does not.
        """
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """What a module is given.

    Attributes:
        spec: The job.
        module: The module's bytes.
        closure: The document whose digest is `spec.code`.
        tables: Dataset and table, in the order of the inputs. Secret.
    """

    spec: TeeSpec
    module: bytes
    closure: Json
    tables: Sequence[tuple[str, bytes]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it.

    Attributes:
        output: The table that comes out. Secret.
        fuel: Units of work done.
        sandbox: What held the process, in one word.
    """

    output: bytes = field(repr=False)
    fuel: int
    sandbox: str


class Engine(Protocol):
    """Runs measured modules."""

    def run(self, work: Work) -> Outcome:
        """Run a module on tables, within its limits.

        Raises:
            NotPermitted: It was stopped; `detail["rule"]` is `run.fuel`,
                `run.memory`, `run.import`, `run.trap`, `run.output` or another.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class JointWork:
    """What a node computes with two others.

    Attributes:
        job: The job's id.
        spec: The job.
        index: Which of the nodes this is, 0 to 2.
        channels: Where each node is reached, in order.
        pieces: Dataset, rows, and this node's own and next piece, as they were
            dealt, in the order of the inputs. Secret.
        deadline: Unix seconds at which it is given up.
    """

    job: str
    spec: MpcSpec
    index: int
    channels: tuple[Channel, ...]
    pieces: Sequence[Dealt] = field(repr=False)
    deadline: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JointOutcome:
    """What came of it at this node.

    Attributes:
        own: This node's own piece of the result, its salt in front. Secret.
        next: The next node's. Secret.
        pieces: Commitments to all three, which all nodes agreed on.
        transcript: What all nodes agreed that they had sent.
        elements: How many ring elements the result has.
        ring: Bits of each.
        bounds: What is not certain, as negated binary logarithms.
        noise: What was added, or None.
        charge: Privacy budget spent, in micro-epsilon.
        sandbox: What held the process, in one word.
    """

    own: bytes = field(repr=False)
    next: bytes = field(repr=False)
    pieces: tuple[bytes, ...]
    transcript: bytes
    elements: int
    ring: int
    bounds: Mapping[str, int]
    noise: Mapping[str, Any] | None = None
    charge: int = 0
    sandbox: str = "none"


class Compute(Protocol):
    """Computes on shares with the nodes of two other agencies."""

    def channel(self, job: str) -> Channel:
        """Where this node takes connections for a job, under a key made for it."""
        ...

    def forget(self, job: str) -> None:
        """Drop the key of a job that is over; one that is not known is none."""
        ...

    def run(self, work: JointWork, notary: Notary) -> JointOutcome:
        """Compute, together with the two others.

        Args:
            work: What.
            notary: Signs that a node fell silent, and knows the others' keys.

        Raises:
            VerificationError: A node cheated, or the nodes disagree;
                `detail["rule"]` is `mpc.opening`, `mpc.check` or another.
            Unavailable: A node fell silent; `detail["party"]` names it.
        """
        ...


class JobKeys:
    """One key a job, in memory alone.

    >>> keys = JobKeys()
    >>> keys.make("job") is keys.make("job")
    True
    >>> keys.drop("job"); keys.find("job") is None
    True
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: dict[str, Opener] = {}

    def make(self, job: str) -> Opener:
        """The key of a job, drawn the first time."""
        with self._lock:
            return self._keys.setdefault(job, new_key())

    def find(self, job: str) -> Opener | None:
        """The key of a job, or None: it was not made by this process."""
        with self._lock:
            return self._keys.get(job)

    def drop(self, job: str) -> None:
        """Forget a key: what was sealed to it stays sealed."""
        with self._lock:
            self._keys.pop(job, None)

    @property
    def jobs(self) -> tuple[str, ...]:
        """The jobs that have one."""
        with self._lock:
            return tuple(self._keys)


@dataclass(frozen=True, slots=True)
class Attester:
    """What a node brings to attested jobs.

    Attributes:
        roots: Where it lets chains of certificates end.
        production: Whether software and simulated roots are out of the question,
            whatever else was set.
        machine: Its own, or None: then it runs no attested jobs.
        engine: Its runner, or None: the same.
        compute: Its part in jobs on shares, or None: it computes in none.
        silent: Why it runs none although it was told to, or "".
        keys: Of the jobs it runs.
    """

    roots: RootSet
    production: bool = True
    machine: Machine | None = None
    engine: Engine | None = None
    compute: Compute | None = None
    silent: str = ""
    keys: JobKeys = field(default_factory=JobKeys, repr=False)

    def forget(self, job: str) -> None:
        """Drop the keys of a job that is over."""
        self.keys.drop(job)
        if self.compute is not None:
            self.compute.forget(job)
