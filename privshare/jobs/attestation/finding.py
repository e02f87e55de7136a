"""What was found of one claim, and how bad that is.

An appraisal is a list of these. The words are those of AR4SI (RATS): three
tiers of a verdict, and the entries of a trustworthiness vector.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from privshare.wire.canonical import Json

__all__ = ["ASPECTS", "Aspect", "Finding", "Verdict"]

Verdict = Literal["affirming", "warning", "contraindicated"]

#: Entries of the trustworthiness vector (AR4SI) that our rules speak to.
Aspect = Literal[
    "configuration",
    "executables",
    "hardware",
    "instance-identity",
    "runtime-opaque",
    "sourced-data",
]
ASPECTS: Final[tuple[Aspect, ...]] = (
    "configuration",
    "executables",
    "hardware",
    "instance-identity",
    "runtime-opaque",
    "sourced-data",
)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found of one claim.

    Attributes:
        rule: Stable id of the check, such as "appraisal.vmpl_max".
        claim: The name of the claim, as docs/formats/evidence.md has it.
        verdict: Affirming, warning or contraindicated.
        sentence: What the policy wants, what was found, how far apart.
        aspect: To which entry of the trustworthiness vector it counts.
    """

    rule: str
    claim: str
    verdict: Verdict
    sentence: str
    aspect: Aspect

    def to_json(self) -> dict[str, Json]:
        """Lay the finding out."""
        return {
            "aspect": self.aspect,
            "claim": self.claim,
            "rule": self.rule,
            "sentence": self.sentence,
            "verdict": self.verdict,
        }
