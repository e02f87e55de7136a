"""The last word of a node: why it ends the job, in a few bytes.

    {"party": 2, "rule": "mpc.check"}

Canonical JSON. Nothing of an error's text goes to a neighbour: a rule, and whom it
is laid to.

>>> from privshare.errors import VerificationError
>>> error = VerificationError("secret", detail={"rule": "mpc.check", "party": 2})
>>> read_notice(notice_of(error), 1)
('mpc.check', 2)
"""

from __future__ import annotations

from typing import Final

from privshare.errors import PrivShareError
from privshare.jobs.mpc.abort import RULE, abort
from privshare.jobs.mpc.frame import PARTIES
from privshare.wire.canonical import Fields, decode, encode

__all__ = ["notice_of", "read_notice"]

_NAMED: Final = (None, *range(PARTIES))


def notice_of(error: PrivShareError) -> bytes:
    """What the neighbours may know of an error."""
    rule = str(error.detail.get("rule"))
    about = error.detail.get("party")
    return encode(
        {
            "party": about if isinstance(about, int) else None,
            "rule": rule if RULE.fullmatch(rule) else "mpc.stopped",
        }
    )


def read_notice(body: bytes, party: int) -> tuple[str, int | None]:
    """Read a neighbour's notice: the rule, and whom it names.

    Raises:
        VerificationError: `mpc.frame`; it is none, by `party`.
    """
    try:
        fields = Fields(decode(body), "abort")
        rule = fields.str("rule", max=64)
        named = fields.json("party")
        fields.end()
    except PrivShareError as error:
        abort("mpc.frame", error.message, party=party)
    about = named if isinstance(named, int) and not isinstance(named, bool) else None
    if not RULE.fullmatch(rule) or about != named or about not in _NAMED:
        abort("mpc.frame", "abort: expected a rule and a party", party=party)
    return rule, about
