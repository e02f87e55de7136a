"""What a whole job on shares takes: the plan's operations, and what comes around.

    Cost, model, speed() of this machine ─► cpu_seconds ─► exchange.mpc_plan.estimate

The engine's part follows from the plan (`cost`) and the machine (`calibration`); what
each byte and each round takes in processes with transcript and TLS, what a job takes
before its first round, and how much more the checked model takes, was measured with
`bench/mpc.py`, which prints estimate and measurement side by side. They agree within a
factor of two for the programs there, on an idle machine.
"""

from __future__ import annotations

from typing import Final

from privshare.jobs.mpc.programs.cost import Cost
from privshare.jobs.mpc_spec import Model

__all__ = ["cpu_seconds", "wall_seconds"]

#: All three nodes, on the machine of `cost.SECONDS`: a job that does nothing; a byte
#: that is hashed, sealed and sent; a round between processes; and how much longer the
#: engine takes in them than in threads.
_JOB_S: Final = 0.02
_BYTE_S: Final = 8e-9
_ROUND_S: Final = 4e-4
_PROCESSES: Final = 1.3
#: In the model malicious-abort: work and bytes so many times; and each product that is
#: summed up once more, in a larger ring, with its tag.
_CHECKED: Final = 6
_CHECKED_MAC_S: Final = 9e-7
#: From the question to the receipt, beside computing: admission, three appraisals,
#: pieces on their way, conclusions, some twenty entries of the ledger.
_EXCHANGE_S: Final = 2.0
_NODES: Final = 3


def cpu_seconds(cost: Cost, model: Model, speed: float = 1.0) -> float:
    """CPU seconds of all three nodes for a whole job.

    Args:
        cost: Of the plan.
        model: In which it runs.
        speed: How many times longer this machine takes than that of the table:
            `calibration.speed`.
    """
    work = _PROCESSES * cost.seconds + cost.bytes * _BYTE_S
    if model == "malicious-abort":
        work = _CHECKED * work + _CHECKED_MAC_S * cost.counts.get("mac", 0)
    return speed * (_JOB_S + work + _ROUND_S * cost.rounds)


def wall_seconds(cost: Cost, model: Model, speed: float = 1.0) -> float:
    """Seconds from question to receipt, where each node has a machine like this."""
    return _EXCHANGE_S + cpu_seconds(cost, model, speed) / _NODES
