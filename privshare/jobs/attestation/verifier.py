"""The verifier of each kind of evidence, found by its name.

    Evidence ─► verify ─► the module of its kind ─► Claims

Pure, like the modules that it calls. One of them is imported when the first
evidence of its kind is verified: whoever reads a receipt of another method
loads no parser of quotes.

>>> sorted(MODULES)[:3]
['aws-nitro', 'azure-snp-vtpm', 'nvidia-gpu']
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final, Protocol, cast

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation.evidence import (
    Claims,
    Endorsements,
    Evidence,
    RootSet,
)

__all__ = ["MODULES", "Verify", "beside", "verify"]

#: Which module verifies which kind; several kinds may share one.
MODULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "aws-nitro": "nitro",
        "azure-snp-vtpm": "azure",
        "nvidia-gpu": "nvidia",
        "sev-snp": "sev_snp",
        "sgx-dcap": "intel",
        "simulated": "simulated",
        "tdx-dcap": "intel",
        "tpm2": "tpm",
    }
)


class Verify(Protocol):
    """What each of these modules has under the name `verify`."""

    def __call__(
        self, evidence: Evidence, endorsements: Endorsements, roots: RootSet, at: int
    ) -> Claims: ...


def verify(
    evidence: Evidence, endorsements: Endorsements, roots: RootSet, at: int
) -> Claims:
    """Find out what is proven of a machine.

    Args:
        evidence: What the machine says of itself.
        endorsements: What its makers say of it.
        roots: The roots that the reader knows.
        at: Unix seconds for which the question is asked.

    Returns:
        The claims. Whether they are good enough is for `appraisal` to say.

    Raises:
        EvidenceInvalid: Not proven; `detail["rule"]` names the check.
    """
    module = importlib.import_module(
        f"privshare.jobs.attestation.{MODULES[evidence.kind]}"
    )
    claims = cast(Verify, module.verify)(evidence, endorsements, roots, at)
    # The parser that the kind picked must not speak for another kind, and the
    # class must be that of a root which the reader knows.
    if claims.kind != evidence.kind or claims.root not in roots.roots:
        raise EvidenceInvalid(
            f"expected claims of {evidence.kind} that end at a known root, found "
            f"{claims.kind} that ends at {claims.root.name[:64]}",
            detail={"rule": "root.unknown"},
        )
    return claims


def beside(claims: Claims, name: str, submodule: Claims) -> Claims:
    """Claims of a machine with those of what stands beside it, such as a GPU.

    They never suffice alone, so they ride along; whether they answer the same
    job is judged with everything else, by what they were given to say.

    Raises:
        EvidenceInvalid: There is one of this name (`evidence.parts`), or it is
            a machine of its own (`evidence.kind`).
    """
    if submodule.kind != "nvidia-gpu":
        raise EvidenceInvalid(
            f"expected nvidia-gpu beside a processor, found {submodule.kind}",
            detail={"rule": "evidence.kind"},
        )
    if name in claims.submodules:
        raise EvidenceInvalid(
            f"expected one submodule {name[:64]}, found two",
            detail={"rule": "evidence.parts"},
        )
    return replace(claims, submodules={**claims.submodules, name: submodule})
