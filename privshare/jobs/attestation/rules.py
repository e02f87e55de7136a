"""Which questions a policy answers for each kind of evidence.

The one table behind the schema of `policy`, the judgement of `appraisal` and
docs/formats/appraisal-policy.md. A policy must answer every question of a kind
that it names; a field that stands in no line here is an error.

>>> [rule.name for rule in RULES["aws-nitro"]]
['pcr']
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, cast

from privshare.jobs.attestation.evidence import Claims
from privshare.jobs.attestation.finding import Finding
from privshare.jobs.attestation.rule import (
    Among,
    Entry,
    Event,
    Forbid,
    Least,
    Listed,
    Most,
    Numbers,
    PolicyValue,
    Registers,
    Rule,
    Within,
    Without,
    Words,
)
from privshare.wire.canonical import Fields

__all__ = ["PRODUCTS", "RULES", "TCB_FIELDS", "Choice", "Crl", "Tcb"]

#: Components of a platform's firmware, as each AMD product counts them.
PRODUCTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "Genoa": ("bl", "snp", "tee", "ucode"),
        "Milan": ("bl", "snp", "tee", "ucode"),
        "Turin": ("bl", "fmc", "snp", "tee", "ucode"),
    }
)

#: The four versions that a report states.
TCB_FIELDS: Final = ("committed", "current", "launch", "reported")

_COMPONENTS = {
    "bl": "boot loader",
    "fmc": "FMC",
    "snp": "SNP firmware",
    "tee": "TEE",
    "ucode": "microcode",
}
_ADVISORY = r"[A-Z][A-Z0-9\-]{0,63}"


@dataclass(frozen=True, slots=True)
class Tcb(Listed):
    """No component of the firmware is older than the product's minimum.

    Reads `tcb_min`; which of the report's versions are held against it stands
    beside it in `tcb_fields`.
    """

    def read(self, fields: Fields) -> PolicyValue:
        """Read minima under the names of products."""
        products = fields.obj(self.name)
        found: dict[str, PolicyValue] = {}
        for product in products.names():
            if product in PRODUCTS:
                inner = products.obj(product)
                found[product] = {
                    name: inner.int(name, 0, 255) for name in PRODUCTS[product]
                }
                inner.end()
        products.end()
        return found

    def judge(self, entry: Entry, claims: Claims) -> Iterator[Finding]:
        """A finding for each component of each version, with the distance."""
        minima = cast(Mapping[str, Mapping[str, int]], entry[self.name])
        product = claims.values.get("product")
        if type(product) is not str:
            yield self.missing("product")
            return
        wanted = minima.get(product.partition("-")[0])
        if wanted is None:
            names = " or ".join(minima) or "none at all"
            yield self.found(
                "contraindicated",
                f"product is {product[:64]}, policy has minima for {names}",
                "product",
            )
            return
        fields = cast(tuple[str, ...], entry["tcb_fields"])
        if not fields:
            yield self.found("contraindicated", "policy accepts no version of the TCB")
        for version in fields:
            for component, least in wanted.items():
                yield self._component(claims, f"tcb.{version}.{component}", least)

    def _component(self, claims: Claims, claim: str, least: int) -> Finding:
        found = claims.values.get(claim)
        _, version, component = claim.split(".")
        if type(found) is not int:
            return self.missing(claim)
        name = f"{_COMPONENTS[component]} {found} ({version})"
        if found >= least:
            return self.found("affirming", f"{name}, policy wants {least}", claim)
        return self.found(
            "contraindicated",
            f"{name}, policy wants {least}: {least - found} behind",
            claim,
        )


@dataclass(frozen=True, slots=True)
class Choice(Words):
    """A part of another rule's question; judged there.

    Attributes:
        words: What may be listed.
    """

    words: tuple[str, ...] = ()

    def read(self, fields: Fields) -> PolicyValue:
        """Read some of the words, sorted."""
        return fields.str_list(
            self.name, len(self.words), "|".join(self.words), sorted_unique=True
        )

    def judge(self, entry: Entry, claims: Claims) -> Iterator[Finding]:
        """Nothing of its own."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Crl(Listed):
    """Whether the maker's revocation list must have been there."""

    def read(self, fields: Fields) -> PolicyValue:
        """Read "required" or "if-present"."""
        return fields.str(self.name, max=16, pattern="required|if-present")

    def judge(self, entry: Entry, claims: Claims) -> Iterator[Finding]:
        """One finding; a list that is there was checked by the verifier."""
        found = claims.values.get(self.claim)
        if found is True:
            yield self.found("affirming", "the maker's revocation list was checked")
        elif entry[self.name] == "required" or found is not False:
            yield self.found(
                "contraindicated", "expected the maker's revocation list, found none"
            )
        else:
            yield self.found("warning", "no revocation list, which policy accepts")


_TCB_STATUS = Words(
    "tcb_status",
    "tcb_status",
    "hardware",
    pattern=r"[A-Za-z]{1,64}",
    calm=("UpToDate",),
)

_INTEL: Final[tuple[Rule, ...]] = (
    _TCB_STATUS,
    Within("accept_advisories", "advisories", "hardware", True, _ADVISORY),
    Without("reject_advisories", "advisories", "hardware", pattern=_ADVISORY),
    Least("min_tcb_eval", "tcb_eval", "hardware"),
    Forbid("dynamic_platform", "dynamic_platform", "hardware"),
    Forbid("cached_keys", "cached_keys", "hardware"),
    Forbid("smt", "smt", "hardware"),
)

_TDX: Final[tuple[Rule, ...]] = (
    Among("mr_td", "mr_td", "executables"),
    Registers("rtmr", "rtmr", "executables", required=(0, 1, 2), count=4),
    Among("mr_seam", "mr_seam", "hardware", nullable=True),
    Among("mr_config_id", "mr_config_id", "configuration", nullable=True),
    Among("mr_owner", "mr_owner", "configuration", nullable=True),
    Among("mr_owner_config", "mr_owner_config", "configuration", nullable=True),
    Among("td_attributes", "td_attributes", "configuration", True, (8,)),
    *_INTEL,
)

_SGX: Final[tuple[Rule, ...]] = (
    Among("mr_enclave", "mr_enclave", "executables", True, (32,)),
    Among("mr_signer", "mr_signer", "executables", lengths=(32,)),
    Numbers("isv_prod_id", "isv_prod_id", "executables"),
    Least("isv_svn_min", "isv_svn", "executables"),
    *_INTEL,
)

_SNP: Final[tuple[Rule, ...]] = (
    Among("measurement", "measurement", "executables"),
    Among("host_data", "host_data", "configuration", True, (32,)),
    Among("id_key_digest", "id_key_digest", "executables", True),
    Among("author_key_digest", "author_key_digest", "executables", True),
    Least("guest_svn_min", "guest_svn", "executables"),
    Most("vmpl_max", "vmpl", "configuration", limit=3),
    Words("signer", "signer", "instance-identity", pattern="VCEK|VLEK"),
    Forbid("migration_agent", "migration_agent", "configuration"),
    Forbid("smt", "policy", "configuration", bit=16),
    Tcb("tcb_min", "tcb", "hardware"),
    Choice("tcb_fields", "tcb", "hardware", words=TCB_FIELDS),
    Crl("crl", "crl", "hardware"),
)

_PCR_LENGTHS = (32, 48)
_VBIOS_LENGTHS = tuple(range(1, 65))

#: The rules of each kind, in the order in which they are judged.
RULES: Final[Mapping[str, tuple[Rule, ...]]] = MappingProxyType(
    {
        "aws-nitro": (
            Registers("pcr", "pcr", "executables", required=(0, 1, 2), count=16),
        ),
        "azure-snp-vtpm": (
            *_SNP,
            Registers("pcr", "pcr", "executables", False, _PCR_LENGTHS, (0,)),
        ),
        "nvidia-gpu": (
            Words("driver_version", "driver_version", "executables", True),
            Among(
                "vbios_version", "vbios_version", "executables", True, _VBIOS_LENGTHS
            ),
        ),
        "sev-snp": _SNP,
        "sgx-dcap": _SGX,
        "simulated": (
            Among("measurement", "measurement", "executables", False, (32, 48)),
        ),
        "tdx-dcap": _TDX,
        "tpm2": (
            Registers("pcr", "pcr", "executables", False, _PCR_LENGTHS, (0,)),
            Event("event_log_pcr", "events", "executables"),
        ),
    }
)
