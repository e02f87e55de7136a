"""The specifications of jobs in attested machines: one machine, or three.

    spec document ─► read ─► TeeSpec (program `tee.run/v1`)
                         └─► MpcSpec (program `mpc.run/v1`)

Both say who relies on evidence, whose machines show it, and what goes in; what
differs is what happens to the data then.
"""

from __future__ import annotations

from privshare.errors import EncodingError
from privshare.jobs.mpc_spec import MpcSpec
from privshare.jobs.tee_spec import TeeSpec
from privshare.rights import identifier

__all__ = ["AttestedSpec", "read"]

AttestedSpec = TeeSpec | MpcSpec


def read(obj: object) -> AttestedSpec:
    """Read a specification of either kind.

    Raises:
        EncodingError: Of neither kind, or of another form.
        OutOfRange: A number outside its interval.
    """
    named = obj.get("program") if isinstance(obj, dict) else None
    if named == identifier.MEASURED:
        return TeeSpec.from_json(obj)
    if named == identifier.JOINT:
        return MpcSpec.from_json(obj)
    raise EncodingError(
        f"spec.program: expected {identifier.MEASURED} or {identifier.JOINT}, found "
        f"{identifier.shown(str(named))}"
    )
