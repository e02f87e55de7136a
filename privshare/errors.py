"""Every error PrivShare raises, in one tree.

The ground floor: nothing is imported here and everybody imports it. An error
carries data: what was expected, what was found, what would mend it. It knows
no logger, no HTTP status and no exit code; `service/problems.py` is the only
map to HTTP and `cli/main.py` the only map to exit codes.

Messages say what was expected and then what was found, and never a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class PrivShareError(Exception):
    """Root of the tree.

    Args:
        message: What was expected, then what was found.
        fix: One sentence that tells the reader what to do, or "".
        detail: Values that a program may want (row, column, rule, index).
            Only strings, integers, booleans, lists and mappings of them.
    """

    def __init__(
        self,
        message: str,
        *,
        fix: str = "",
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.detail: dict[str, Any] = dict(detail or {})

    @property
    def name(self) -> str:
        """The error's name as documents and problem reports spell it."""
        return type(self).__name__


class EncodingError(PrivShareError):
    """Not the canonical bytes of the thing."""


class OutOfRange(PrivShareError):
    """Outside a documented interval."""


class VerificationError(PrivShareError):
    """Well formed, and not true."""


class SignatureInvalid(VerificationError):
    """A signature does not verify under the key that was named."""


class ProofInvalid(VerificationError):
    """A proof about a value does not hold."""


class CredentialInvalid(VerificationError):
    """A credential does not verify."""


class InclusionInvalid(VerificationError):
    """The entry is not in the tree that the root commits to."""


class ConsistencyInvalid(VerificationError):
    """The newer tree does not extend the older one."""


class EvidenceInvalid(VerificationError):
    """Evidence that accompanies a result does not support it."""


class NotPermitted(PrivShareError):
    """The rights say no; `detail["rule"]` names the rule."""


class GrantMissing(NotPermitted):
    """No grant covers the request."""


class GrantExpired(NotPermitted):
    """The grant is not valid at this time: expired or not yet valid."""


class GrantRevoked(NotPermitted):
    """The grant was revoked or suspended."""


class PurposeMismatch(NotPermitted):
    """The grant is for another purpose, operation or column."""


class RunRefused(NotPermitted):
    """The runner refused or stopped a program; `detail["rule"]` says why."""


class Unauthenticated(PrivShareError):
    """The caller did not prove who it is."""


class NotFound(PrivShareError):
    """No such thing, or none that the caller may know of."""


class Conflict(PrivShareError):
    """Somebody else was first: read again and retry, or it is done already."""


class StepNotAllowed(PrivShareError):
    """The state machine has no such transition from the present state."""


class Unavailable(PrivShareError):
    """A party or a resource is away for the moment."""


class SplitView(PrivShareError):
    """Two checkpoints that cannot both be true. Stop and alarm."""


class ConfigError(PrivShareError):
    """The configuration is such that we refuse to start."""


class NativeError(PrivShareError):
    """A contract with the C core was broken: our bug."""
