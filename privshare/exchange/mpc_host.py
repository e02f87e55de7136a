"""A node's part in jobs on shares, with the other agencies' nodes.

    attest   Compute.channel(job) ─► address and key, bound in the evidence
    run      pieces ─► a process of its own (`jobs.mpc.worker`) ─► pieces

What a silent or cheating node leaves behind is an error that names it.

Implements docs/protocols/mpc.md, section 5.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from privshare.errors import PrivShareError, StepNotAllowed, Unavailable
from privshare.exchange.attester import JointOutcome, JointWork
from privshare.jobs.attestation.binding import Channel
from privshare.jobs.mpc.host import Host
from privshare.jobs.mpc.session import Plan
from privshare.jobs.mpc.timeout import Notary
from privshare.jobs.mpc.worker import Work
from privshare.ledger.parties import NODES
from privshare.wire.canonical import unb64u

__all__ = ["HostCompute"]

PROGRAM = "privshare.jobs.mpc.joint:work"
_MAX_DEADLINE_S = 7 * 86_400.0


class HostCompute:
    """`attester.Compute`, over a listener of this node.

    Args:
        host: The listener, and the keys of its jobs.
        clock: Unix seconds.
        silence_s: Without a word of a party that is waited for, it is silent.
        memory: Bytes that a job's process may use.
        work: Run this in a thread, and no process; for tests alone.
    """

    def __init__(
        self,
        host: Host,
        clock: Callable[[], float] = time.time,
        *,
        silence_s: float = 30.0,
        memory: int = 4 << 30,
        work: Work | None = None,
    ) -> None:
        self._host = host
        self._clock = clock
        self._silence_s = silence_s
        self._memory = memory
        self._work = work

    def channel(self, job: str) -> Channel:
        """Where this node takes connections for a job, under a key made for it."""
        return self._host.channel(unb64u(job, 32))

    def forget(self, job: str) -> None:
        """Drop the key of a job that is over."""
        self._host.forget(unb64u(job, 32))

    def run(self, work: JointWork, notary: Notary) -> JointOutcome:
        """Compute, together with the two others; see `attester.Compute`."""
        from privshare.jobs.mpc import joint  # noqa: PLC0415 - brings numpy

        left = min(max(work.deadline - self._clock(), 1.0), _MAX_DEADLINE_S)
        plan = Plan(
            job=unb64u(work.job, 32),
            index=work.index,
            channels=work.channels,
            program=PROGRAM,
            deadline_s=left,
            meet_s=min(left, 2 * self._silence_s),
            silence_s=self._silence_s,
            memory=self._memory,
        )
        task = joint.Task(
            program=work.spec.name,
            parameters=work.spec.parameters,
            k=work.spec.k,
            model=work.spec.model,
            noise=work.spec.noise,
            inputs=work.pieces,
        )
        request = joint.request_of(task)
        try:
            done = self._host.run(plan, request, notary, work=self._work)
        except Unavailable as error:
            raise _final(error, work) from None
        except PrivShareError as error:
            _name(error, work)
            raise
        answer = joint.read_answer(done.result)
        return JointOutcome(
            own=answer.own,
            next=answer.next,
            pieces=answer.pieces,
            transcript=done.root,
            elements=answer.elements,
            ring=answer.ring,
            bounds=answer.bounds,
            noise=answer.noise,
            charge=answer.charge,
            sandbox=done.walls,
        )


def _name(error: PrivShareError, work: JointWork) -> None:
    """Say which agency, where the engine says which number."""
    party = error.detail.get("party")
    if type(party) is int and 0 <= party < NODES:
        error.detail["party"] = work.spec.nodes[party]


def _final(error: Unavailable, work: JointWork) -> StepNotAllowed:
    """A node that was lost ends the job: two nodes cannot go on."""
    _name(error, work)
    return StepNotAllowed(
        error.message,
        fix="Ask again: the job cost nothing.",
        detail={**error.detail, "rule": error.detail.get("rule", "mpc.silent")},
    )
