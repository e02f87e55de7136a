"""How a job on shares ends without a result: by a rule, and at whose door.

Every way of ending has one name here. A node that finds one tells its
neighbours, so that all end soon; what it then says about a third party is a
claim, and is passed on as one (`mpc.aborted`, with `says`).

    mpc.frame       bytes that are no frame of ours, or of another size
    mpc.order       a frame of another job, round, step or place in the row
    mpc.peer        a neighbour that is not the machine whose key was attested
    mpc.silent      nothing heard of a party, or its connection closed
    mpc.deadline    the time of the job is over and a message is missing
    mpc.transcript  two nodes do not agree on what they sent each other
    mpc.aborted     a party ended the job and says why
    mpc.worker      our own process that computes died or broke its limits

The engine adds `mpc.opening`, `mpc.check` and others through the same door.

>>> abort("mpc.silent", "expected a message, found none", party=2)
Traceback (most recent call last):
privshare.errors.Unavailable: party 2: expected a message, found none
"""

from __future__ import annotations

import re
from typing import Any, Final, NoReturn

from privshare.errors import PrivShareError, Unavailable, VerificationError

__all__ = ["AWAY", "RULE", "abort"]

#: Rules that speak of absence; all others say that somebody told an untruth.
AWAY: Final = frozenset(
    {"mpc.silent", "mpc.deadline", "mpc.aborted", "mpc.worker", "mpc.stopped"}
)

#: What a rule looks like, for those that read one from a peer.
RULE: Final = re.compile(r"(mpc|join|survey|privacy)\.[a-z][a-z-]{0,30}")


def abort(
    rule: str,
    message: str,
    *,
    party: int | None = None,
    fix: str = "",
    **detail: Any,
) -> NoReturn:
    """Raise the end of a job.

    Args:
        rule: Its name.
        message: What was expected, and what was found.
        party: Index of the node that it is laid to, or None.
        fix: What to do about it.
        **detail: Further values for programs.

    Raises:
        Unavailable: A rule of `AWAY`.
        VerificationError: Any other.
    """
    kind: type[PrivShareError] = Unavailable if rule in AWAY else VerificationError
    named = {"rule": rule} if party is None else {"rule": rule, "party": party}
    where = "" if party is None else f"party {party}: "
    raise kind(f"{where}{message}", fix=fix, detail={**named, **detail})
