"""Azure's composite on machines of our own making: each fault has its rule."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import attestation_kit as kit
import pytest
import tpm_kit
from attestation_kit import AT, Guest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from privshare.errors import EvidenceInvalid
from privshare.jobs.attestation.azure import verify
from privshare.jobs.attestation.event_log import Event, replay, write_log
from privshare.jobs.attestation.evidence import Claims, Evidence
from privshare.wire.base64 import b64u

REPORT_DATA = hashlib.sha256(b"what the guest says").digest()
EVENT = Event("pcr.14", hashlib.sha256(b"a module").digest(), "a module")
REGISTERS = {n: hashlib.sha256(bytes([n])).digest() for n in range(24)}
REGISTERS[14] = replay("sha256", bytes(32), [EVENT])


def number(value: int) -> str:
    """A number as keys in JSON have it."""
    return b64u(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def key(label: str = "ak", size: int = 2048, **changed: object) -> dict[str, object]:
    """The attestation key as the firmware names it."""
    public = kit.rsa_key(label, size).public_key().public_numbers()
    return {
        "kid": "HCLAkPub",
        "key_ops": ["sign"],
        "kty": "RSA",
        "e": number(public.e),
        "n": number(public.n),
    } | changed


def runtime(*keys: object, **changed: object) -> bytes:
    """The runtime data: keys and configuration, in no canonical order."""
    found = {
        "keys": list(keys or (key(), key("ek") | {"kid": "HCLEkPub"})),
        "vm-configuration": {
            "secure-boot": True,
            "console-enabled": False,
            "vmUniqueId": "390CBCF5",
        },
        "user-data": "00" * 64,
    } | changed
    return json.dumps({k: v for k, v in found.items() if v is not None}).encode()


@dataclass
class Machine:
    """An Azure machine; each thing right until a test replaces it."""

    text: bytes = b""
    tail: bytes = bytes(100)
    bound: bytes | None = None
    hash_type: int = 1
    version: int = 2
    quote: bytes = b""
    quote_key: str = "ak"
    digest: Any = field(default_factory=hashes.SHA256)
    parts: Mapping[str, bytes] = field(default_factory=dict)
    edits: Mapping[int, bytes] = field(default_factory=dict)

    def evidence(self) -> Evidence:
        """Lay everything out as Azure does."""
        text = self.text or runtime()
        bound = hashlib.sha256(text).digest() if self.bound is None else self.bound
        edits = {0x50: bound.ljust(64, b"\0")} | dict(self.edits)
        report = kit.report("Genoa", edits=edits)

        def words(*values: int) -> bytes:
            return b"".join(value.to_bytes(4, "little") for value in values)

        size = 20 + len(text)
        header = b"HCLA" + words(self.version, 32 + 1184 + size, 2, 0, 0, 0, 0)
        data = words(size, 1, 2, self.hash_type, len(text)) + text
        quote = self.quote or tpm_kit.attest(REGISTERS, report=REPORT_DATA)
        signer = kit.rsa_key(self.quote_key, 2048)
        usual = {
            "hcl_report": header + report + data + self.tail,
            "quote": quote,
            "signature": signer.sign(quote, padding.PKCS1v15(), self.digest),
            "pcrs": tpm_kit.write_registers(REGISTERS),
        }
        return Evidence("azure-snp-vtpm", usual | dict(self.parts))


def check(machine: Machine) -> Claims:
    """Verify a machine as its reader would."""
    guest = Guest("Genoa")
    return verify(machine.evidence(), guest.endorsements(), kit.roots(), AT)


def rule(machine: Machine) -> str:
    """The rule that the machine broke."""
    with pytest.raises(EvidenceInvalid) as caught:
        check(machine)
    return str(caught.value.detail["rule"])


def test_a_right_machine_gives_its_claims() -> None:
    """Registers, event log and what the firmware says."""
    machine = Machine(parts={"event_log": write_log([EVENT])})
    claims = check(machine)
    assert claims.report_data == REPORT_DATA
    assert claims.values["pcr.14"] == REGISTERS[14]
    assert claims.values["clock"] == 1234
    assert claims.values["secure_boot"] is True
    assert claims.values["console"] is False
    assert claims.values["vm_id"] == "390CBCF5"
    assert claims.values["tcb.reported.ucode"] == 219
    assert claims.events == (("pcr.14", EVENT.digest, "a module"),)
    assert not {"pcr.16", "pcr.23"} & set(claims.values)
    assert check(Machine(version=1)).values["product"] == "Genoa"


def test_a_revoked_issuer_counts_here_too() -> None:
    """The list of revoked certificates is that of the report within."""
    guest = Guest("Genoa", parts={"crl": kit.crl("Genoa", 0x10001)})
    with pytest.raises(EvidenceInvalid) as caught:
        verify(Machine().evidence(), guest.endorsements(), kit.roots(), AT)
    assert caught.value.detail["rule"] == "snp.crl.revoked"


def test_debug_is_a_claim_here_too() -> None:
    """The policy of the report within."""
    assert check(Machine(edits={0x0A: b"\x0b"})).debug


CASES: dict[str, tuple[str, Callable[[], Machine]]] = {
    "runtime data not bound": ("azure.runtime", lambda: Machine(bound=bytes(32))),
    "more bound than the runtime data": (
        "azure.runtime",
        lambda: Machine(edits={0x70: b"\1"}),
    ),
    "hashed with SHA-384": ("azure.header", lambda: Machine(hash_type=2)),
    "version 3": ("azure.header", lambda: Machine(version=3)),
    "something behind": ("azure.header", lambda: Machine(tail=bytes(9) + b"\1")),
    "no JSON": ("azure.json", lambda: Machine(text=b"keys")),
    "a name twice": (
        "azure.json",
        lambda: Machine(text=runtime()[:-1] + b',"keys":[]}'),
    ),
    "JSON that goes deep": (
        "azure.json",
        lambda: Machine(text=b'{"keys":' + b"[" * 2000 + b"]" * 2000 + b"}"),
    ),
    "JSON with a fraction": ("azure.json", lambda: Machine(text=b'{"keys":1.5}')),
    "JSON cut": ("azure.json", lambda: Machine(text=runtime()[:-1])),
    "bytes that are no text": ("azure.json", lambda: Machine(text=b'{"keys":"\xff"}')),
    "a list": ("azure.json", lambda: Machine(text=b"[]")),
    "no configuration": (
        "azure.json",
        lambda: Machine(text=runtime(**{"vm-configuration": None})),
    ),
    "secure boot in words": (
        "azure.json",
        lambda: Machine(
            text=runtime(
                **{"vm-configuration": {"secure-boot": "yes", "console-enabled": False}}
            )
        ),
    ),
    "no keys": ("azure.key", lambda: Machine(text=runtime(keys=None))),
    "keys that are none": ("azure.key", lambda: Machine(text=runtime(keys=[1, "a"]))),
    "another key's name": (
        "azure.key",
        lambda: Machine(text=runtime(key(kid="HCLEkPub"))),
    ),
    "two keys of the name": ("azure.key", lambda: Machine(text=runtime(key(), key()))),
    "a key that also encrypts": (
        "azure.key",
        lambda: Machine(text=runtime(key(key_ops=["sign", "encrypt"]))),
    ),
    "another type of key": ("azure.key", lambda: Machine(text=runtime(key(kty="EC")))),
    "a key without a modulus": ("azure.key", lambda: Machine(text=runtime(key(n=3)))),
    "a modulus in another base": (
        "azure.key",
        lambda: Machine(text=runtime(key(n="+/=="))),
    ),
    "an even modulus": (
        "azure.key",
        lambda: Machine(text=runtime(key(n=number(1 << 2047)))),
    ),
    "a short key": ("azure.key", lambda: Machine(text=runtime(key("tiny", 1024)))),
    "an exponent of 3": ("azure.key", lambda: Machine(text=runtime(key(e=number(3))))),
    "a quote by another key": ("azure.signature", lambda: Machine(quote_key="ek")),
    "a quote hashed otherwise": (
        "azure.signature",
        lambda: Machine(digest=hashes.SHA384()),
    ),
    "a signed thing that is no quote": (
        "tpm.type",
        lambda: Machine(quote=tpm_kit.attest(REGISTERS, kind=0x8017)),
    ),
    "a quote that no TPM made": (
        "tpm.magic",
        lambda: Machine(quote=tpm_kit.attest(REGISTERS, magic=b"\xffTCH")),
    ),
    "a quote with a tail": (
        "tpm.trailing",
        lambda: Machine(quote=tpm_kit.attest(REGISTERS, tail=b"\0")),
    ),
    "a quote of fewer registers": (
        "azure.pcr",
        lambda: Machine(quote=tpm_kit.attest({14: REGISTERS[14]})),
    ),
    "a quote of two banks": (
        "azure.pcr",
        lambda: Machine(
            quote=tpm_kit.attest(
                REGISTERS,
                banks=(
                    tpm_kit.selection(REGISTERS),
                    tpm_kit.selection(REGISTERS, 0x000C),
                ),
            )
        ),
    ),
    "a quote of SHA-384's bank": (
        "azure.pcr",
        lambda: Machine(
            quote=tpm_kit.attest(
                REGISTERS, banks=(tpm_kit.selection(REGISTERS, 0x000C),)
            )
        ),
    ),
    "registers of another time": (
        "azure.pcr-digest",
        lambda: Machine(
            parts={"pcrs": tpm_kit.write_registers(REGISTERS | {14: bytes(32)})}
        ),
    ),
    "an event twice": (
        "event_log.replay",
        lambda: Machine(parts={"event_log": write_log([EVENT, EVENT])}),
    ),
    "an event of another register": (
        "event_log.replay",
        lambda: Machine(
            parts={"event_log": write_log([Event("pcr.9", EVENT.digest, "")])}
        ),
    ),
    "a log of another form": (
        "event_log.encoding",
        lambda: Machine(parts={"event_log": b"{}"}),
    ),
    "AMD's report of another version": (
        "snp.version",
        lambda: Machine(edits={0x00: b"\4"}),
    ),
    "AMD's report of another chip": ("snp.chip", lambda: Machine(edits={0x1A0: b"\0"})),
    "AMD's report of older firmware": (
        "snp.tcb",
        lambda: Machine(edits={0x180: kit.tcb("Genoa", snp=23)}),
    ),
}


@pytest.mark.parametrize("case", sorted(CASES))
def test_each_fault_has_its_rule(case: str) -> None:
    """What is wrong in one place is refused for that."""
    expected, make = CASES[case]
    assert expected == rule(make())


def test_other_kind_of_evidence() -> None:
    """Relabelled evidence is refused before it is read."""
    parts, endorsements = Machine().evidence().parts, Guest("Genoa").endorsements()
    for kind in ("sev-snp", "tpm2"):
        with pytest.raises(EvidenceInvalid) as caught:
            verify(Evidence(kind, parts), endorsements, kit.roots(), AT)
        assert caught.value.detail["rule"] == "evidence.kind"


def test_removing_any_endorsement_never_gives_acceptance() -> None:
    """Neither the key's certificate nor its chain can be left out."""
    for name in ("vek", "chain"):
        parts = dict(Guest("Genoa").endorsements().parts)
        del parts[name]
        with pytest.raises(EvidenceInvalid) as caught:
            verify(Machine().evidence(), kit.Endorsements(parts), kit.roots(), AT)
        assert caught.value.detail["rule"] == "evidence.missing"
