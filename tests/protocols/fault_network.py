"""A consortium for thousands of jobs on shares, each with one thing gone wrong.

As `joint_kit`: four agencies with their nodes, three of which compute over TLS on
real sockets. To be fast, all four read one ledger, which its witnesses cosign as
it grows (mirrors are tested elsewhere), and receipts are left to be filed later.
Everything that passes between two nodes passes `Network.between`, where a fault
may answer, alter, repeat or drop it.

    Network.start(question) ─► drive(job, fault) ─► Run ─► judge
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "unit" / "exchange"))

from exchange_kit import AGENCIES, Asked, LocalPeers, keys_of, permit, taxes
from joint_kit import NODES, JointConsortium, program_of, question
from joint_kit import Asked as Input
from tee_kit import SimulatedMachine

from privshare.errors import Unavailable
from privshare.exchange.attester import JobKeys
from privshare.exchange.mpc_host import HostCompute
from privshare.exchange.mpc_question import MpcQuestion
from privshare.exchange.task import Tasks
from privshare.jobs.mpc import joint
from privshare.jobs.mpc.host import Host
from privshare.ledger.engines.embedded import EmbeddedLedger
from privshare.ledger.genesis import Genesis
from privshare.ledger.trust import witness_name
from privshare.log.cosignature import cosign
from privshare.rights.mechanism import Mechanism
from privshare.schemes.keys import SigningKey
from privshare.wire import note as notes
from privshare.wire.canonical import decode, encode

COORDINATOR = "housing"
RETURNS, DEEDS = "tax/returns", "title/deeds"
ROWS = 6
#: Without a word of a node for so long, it is silent.
SILENCE_S = 0.4
#: Of a job, on the clock that stands still unless nothing moves any more.
DEADLINE_S = 20
COLUMNS = [
    {
        "name": "paid",
        "from": {RETURNS: "tax_paid", DEEDS: "tax_paid"},
        "minimum": 0,
        "maximum": 10_000_000,
        "scale": 2,
    }
]


PUBLISHED = [
    {"name": "parcel"},
    {"name": "district"},
    {"name": "tax_paid", "minimum": 0, "maximum": 10_000_000},
]


class SharedLedger(EmbeddedLedger):
    """The host's ledger, cosigned by all witnesses in the moment it grows."""

    def _show(self, block: Any, note: bytes) -> None:
        super()._show(block, note)
        text = notes.parse(note).text
        for agency in AGENCIES[1:]:
            key = keys_of(agency).witness
            assert key is not None
            name = witness_name(self.genesis.origin, agency)
            with self._changed:
                held = self._cosignatures.setdefault(block.entry.size, {})
                held[name] = cosign(text, name, key, self._clock())


@dataclass
class Message:
    """One call between two nodes, and where in the job it came.

    Attributes:
        asked: The call.
        kind: What was asked, as "nonce" or "sealed".
        nth: Which call of this kind between these two in this job, from 0.
        job: The job's id on the ledger.
    """

    asked: Asked
    kind: str
    nth: int
    job: str

    @property
    def place(self) -> Place:
        """Where in a job it came."""
        return self.kind, self.asked.caller, self.asked.agency, self.nth


Place = tuple[str, str, str, int]

#: Takes a message and the way on; gives the answer, or raises.
Between = Callable[["Network", Message, Callable[[Asked], Any]], Any]


class WatchedPeers(LocalPeers):
    """The way between nodes, with somebody in it."""

    def call(
        self, agency: str, method: str, path: str, body: Any = None, **_: Any
    ) -> Any:
        network = self._network
        assert isinstance(network, Network)
        carried = body if isinstance(body, bytes) else copied(body)
        return network.carry(Asked(self._caller, agency, method, path, carried))


def copied(value: Any) -> Any:
    """A value as it comes out of the bytes on a wire."""
    return decode(encode(value), max_bytes=32 << 20)


class Killed(BaseException):
    """The node that ran this is gone."""


class Network(JointConsortium):
    """The consortium, with one watcher between all nodes."""

    def __init__(self, directory: Path, *, process: bool = False) -> None:
        self.between: Between | None = None
        self._count: Counter[tuple[str, str, str, str]] = Counter()
        self.wire: Callable[[int, str, Any], Any] | None = None
        self._process = process
        super().__init__(directory, process=process)
        for name in NODES:
            self.computes(name)

    def _found(
        self, directory: Path, genesis: Genesis, log_key: SigningKey
    ) -> EmbeddedLedger:
        return SharedLedger.create(
            directory / "registrar", genesis, log_key, clock=self.clock
        )

    def _node(self, agency: str) -> Any:
        made = super()._node(agency)
        return replace(made, peers=WatchedPeers(self, agency), receipt_timeout_s=0.0)

    def computes(self, name: str) -> None:
        """Give a node its part in the computing, on the listener it has now."""
        index = NODES.index(name)

        def work(link: Any, keys: Any, request: Any) -> bytes:
            used = link if self.wire is None else self.wire(index, keys, link)
            return joint.work(used, keys, request)

        self.attester(
            name,
            machine=SimulatedMachine(self.simulators[name]),
            compute=HostCompute(
                self.hosts[name],
                self.clock,
                silence_s=SILENCE_S,
                work=None if self._process else work,
            ),
        )

    def restart(self, agency: str) -> None:
        """End a node without warning and start it again: memory is gone."""
        node = self.nodes[agency]
        assert node.attester is not None
        fresh = replace(node.attester, keys=JobKeys())
        self.nodes[agency] = replace(node, tasks=Tasks(), attester=fresh)
        if agency in self.hosts:
            self.hosts[agency].close()
            self.hosts[agency] = Host("127.0.0.1", 0)
            self.computes(agency)

    def carry(self, asked: Asked) -> Any:
        """Bring a call to another node, and its answer back."""
        parts = asked.path.partition("?")[0].split("/")[3:]
        job, kind = (parts[1], parts[2]) if parts[0] == "jobs" else ("", parts[0])
        key = job, kind, asked.caller, asked.agency
        number = self._count[key]
        self._count[key] += 1
        message = Message(asked, kind, number, job)
        if self.between is None:
            return self.deliver(asked)
        return self.between(self, message, self.deliver)

    def deliver(self, asked: Asked) -> Any:
        """Let the node that was called answer, if it is there."""
        if asked.agency in self.away:
            raise Unavailable("expected an answer", detail={"party": asked.agency})
        return copied(self.answer(asked))

    # Short verbs

    def ready(self, *names: str, budget: int = 0) -> None:
        """Programs are listed, and two tables are granted for them."""
        self.prepare(*names)
        programs = sorted(program_of(name) for name in names)
        more = {
            "operations": ["run"],
            "programs": programs,
        }
        rule = permit(id="runs", max_uses=MANY, max_budget=budget, **more)
        for owner, first in (("tax", 0), ("title", 100)):
            table = "returns" if owner == "tax" else "deeds"
            self.publish(
                owner, table, taxes(ROWS, first), rules=[rule], columns=PUBLISHED
            )
            name = f"{owner}/{table}"
            self.grant("housing", name, uses=MANY, budget=budget, **more)

    def forget(self) -> None:
        """Drop what only tests would look at again, so that runs stay alike."""
        self._count.clear()
        self.sent.clear()
        self.calls.clear()
        for node in self.nodes.values():
            store: Any = node.store
            store._jobs.clear()
            store._receipts.clear()
            store._uses.clear()


MANY = 1_000_000


def asked(program: str = "sum", **changes: Any) -> MpcQuestion:
    """The question that all runs ask: what was paid in both tables together."""
    return question(
        program,
        Input(RETURNS, ("tax_paid",)),
        Input(DEEDS, ("tax_paid",)),
        **{
            "deadline_s": DEADLINE_S,
            "parameters": {
                "columns": COLUMNS,
                "rows": {"kind": "appended"},
                "value": "paid",
            },
            **changes,
        },
    )


def plain_sum() -> dict[str, Any]:
    """The right answer, from the tables themselves."""
    cents = [
        round(float(line.rsplit(",", 1)[1]) * 100)
        for first in (0, 100)
        for line in taxes(ROWS, first).splitlines()[1:]
    ]
    return {"rows": len(cents), "sum": f"{sum(cents) // 100}.{sum(cents) % 100:02}"}


def noisy(level: int = 400_000, **changes: Any) -> MpcQuestion:
    """The same sum with noise, at so many micro-rho."""
    mechanism = Mechanism(
        cells=1,
        delta=40,
        high=10_000_000,
        honest=2,
        level=level,
        low=0,
        mech="dgauss",
        rows=1,
        statistic="sum",
    )
    made = asked(**changes)
    parameters = {**made.parameters, "noisy": True}
    return replace(made, parameters=parameters, noise=mechanism)


def near(wanted: MpcQuestion) -> Callable[[Any], bool]:
    """Whether a noisy sum is as near to the right one as noise ever is."""
    assert wanted.noise is not None
    room = 10 * wanted.noise.error95()
    true = round(float(plain_sum()["sum"]) * 100)

    def holds(output: Any) -> bool:
        return abs(round(float(output["sum"]) * 100) - true) <= room

    return holds
