"""Evidence by a TPM 2.0: enrol an attestation key, measure, quote.

The same code for a TPM in a machine (`device:/dev/tpmrm0`), one that a
hypervisor lends, and swtpm: only the TCTI string differs. Needs the extra
`privshare[tpm]` (tpm2-pytss, and libtss2-dev to build it).

    once      TpmCollector ─► endorsement(), ak_public ─► enroller
              enroller ─► activate(challenge) ─► answer ─► transcript
    each job  measure(digest) ─► register and log ─► collect(report_data)

Live against swtpm in our tests; not run on a hardware TPM by us.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Final

from privshare.errors import OutOfRange
from privshare.jobs.attestation.collect.collector import (
    Collected,
    Collector,
    absent,
)
from privshare.jobs.attestation.collect.endorsement_template import (
    TEMPLATES,
    Template,
    policy_branches,
)
from privshare.jobs.attestation.credential import Challenge
from privshare.jobs.attestation.endorsement_key import read_ek
from privshare.jobs.attestation.enrolment import challenge as make_challenge
from privshare.jobs.attestation.event_log import Event, replay, write_log
from privshare.jobs.attestation.evidence import Endorsements, Evidence, RootSet
from privshare.jobs.attestation.tpm_structure import (
    HASHES,
    parse_attest,
    parse_public,
)
from privshare.schemes.keys import SigningKey
from privshare.wire import canonical

__all__ = ["Endorsement", "TpmCollector", "enrol"]

#: The firmware's registers and ours.
REGISTERS: Final = (0, 1, 2, 3, 4, 5, 6, 7, 14)
JOB_REGISTER: Final = 14

_NV_PART: Final = 512
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class Endorsement:
    """A TPM's certified endorsement key.

    Attributes:
        certificate: DER.
        public: TPM2B_PUBLIC.
    """

    certificate: bytes
    public: bytes


class TpmCollector(Collector):
    """A connection to a TPM, with an attestation key of its own in it.

    The key is made again from the same template each time, so its name stays
    the same until the TPM is cleared. Calls from several threads wait for one
    another. Close it, or use it in a `with` block.

    Args:
        tcti: Where the TPM is, as tpm2-pytss reads it.
        registers: What to quote, ascending; the job register among them.
        job_register: Which register takes the job's events: 8 to 15.
        log: Events of that register since it was reset, where it is not zero.

    Raises:
        OutOfRange: A job register that anybody resets or that the firmware
            uses.
        Unavailable: No TPM, or no tpm2-pytss (`collect.provider`); the log
            does not explain the register (`collect.log`).
    """

    report_bytes: ClassVar[int] = 32

    def __init__(
        self,
        tcti: str = "device:/dev/tpmrm0",
        *,
        registers: Sequence[int] = REGISTERS,
        job_register: int = JOB_REGISTER,
        log: Iterable[Event] = (),
    ) -> None:
        if not 8 <= job_register <= 15 or job_register not in registers:
            raise OutOfRange(
                f"expected a job register of 8 to 15 that is quoted, "
                f"found {job_register}"
            )
        self._tss = _load()
        self._registers = tuple(registers)
        self._job_register = job_register
        self._events = list(log)
        self._lock = threading.RLock()
        self._closed = False
        self._esys = self._connect(tcti)
        try:
            with self._speaking():
                self._ak, self.ak_public = self._make_ak()
                self._check_log(self._read_registers())
        except BaseException:
            self._esys.close()
            raise

    def __enter__(self) -> TpmCollector:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Forget the attestation key's handle and let go of the TPM."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                with self._speaking():
                    self._esys.flush_context(self._ak)
            finally:
                self._esys.close()

    @property
    def ak_name(self) -> bytes:
        """The attestation key's name."""
        return parse_public(self.ak_public).name

    @property
    def events(self) -> tuple[Event, ...]:
        """The log of the job register so far."""
        return tuple(self._events)

    def endorsement(self) -> Endorsement:
        """The first standard endorsement key that has a certificate.

        Raises:
            Unavailable: None has (`collect.certificate`).
        """
        with self._lock, self._speaking():
            template = self._template()
            certificate = self._read_nv(template.certificate)
            with self._endorsement_key(template) as key:
                public, _, _ = self._esys.read_public(key)
                return Endorsement(_trim(certificate), bytes(public.marshal()))

    def activate(self, challenge: Challenge) -> bytes:
        """Answer an enroller's challenge (TPM2_ActivateCredential).

        Raises:
            Unavailable: The challenge is malformed, or not for this TPM's keys
                (`collect.tpm`).
        """
        tss = self._tss
        with self._lock, self._speaking():
            blob, _ = tss.TPM2B_ID_OBJECT.unmarshal(challenge.blob)
            secret, _ = tss.TPM2B_ENCRYPTED_SECRET.unmarshal(challenge.secret)
            template = self._template()
            with (
                self._endorsement_key(template) as key,
                self._policy_session(template) as session,
            ):
                found = self._esys.activate_credential(
                    self._ak,
                    key,
                    blob,
                    secret,
                    session1=tss.ESYS_TR.PASSWORD,
                    session2=session,
                )
                return bytes(found)

    def measure(self, digest: bytes, description: str) -> Event:
        """Extend the job register and its log, for good.

        Args:
            digest: SHA-256 of what is measured.
            description: Says to people what it is.

        Raises:
            EncodingError: A description that logs do not take.
            OutOfRange: A digest of another length.
        """
        if len(digest) != 32:
            raise OutOfRange(f"expected a digest of 32 bytes, found {len(digest)}")
        event = Event(f"pcr.{self._job_register}", digest, description)
        tss = self._tss
        values = tss.TPML_DIGEST_VALUES(
            [tss.TPMT_HA(hashAlg=tss.TPM2_ALG.SHA256, digest=_union(tss, digest))]
        )
        with self._lock, self._speaking():
            register = getattr(tss.ESYS_TR, f"PCR{self._job_register}")
            self._esys.pcr_extend(register, values)
            self._events.append(event)
        return event

    def _gather(self, report_data: bytes) -> Collected:
        chosen = "sha256:" + ",".join(str(n) for n in self._registers)
        with self._lock, self._speaking():
            for _ in range(_TRIES):
                attest, signature = self._esys.quote(
                    self._ak, chosen, self._tss.TPM2B_DATA(report_data)
                )
                message = bytes(attest)
                values = self._read_registers()
                digest = hashlib.sha256(b"".join(values.values())).digest()
                if parse_attest(message).pcr_digest == digest:
                    break
            else:
                absent("collect.raced", "registers that stay as quoted", "others")
            self._check_log(values)
            log = write_log(self._events)
        parts = {
            "ak_public": self.ak_public,
            "attest": message,
            "event_log": log,
            "pcrs": canonical.encode({str(n): v.hex() for n, v in values.items()}),
            "signature": bytes(signature.marshal()),
        }
        return Collected(Evidence("tpm2", parts))

    def _connect(self, tcti: str) -> Any:
        try:
            return self._tss.ESAPI(tcti)
        except (self._tss.TSS2_Exception, RuntimeError, OSError):
            absent("collect.provider", "a TPM", "none that answers")

    @contextmanager
    def _speaking(self) -> Iterator[None]:
        """Say what the TPM refused in our words."""
        try:
            yield
        except self._tss.TSS2_Exception as error:
            absent("collect.tpm", "an answer of the TPM", f"code {error.rc:#x}")

    def _make_ak(self) -> tuple[Any, bytes]:
        """A primary key that signs nothing but what the TPM made itself."""
        tss = self._tss
        flags = tss.TPMA_OBJECT
        template = tss.TPM2B_PUBLIC.parse(
            "ecc256:ecdsa-sha256:null",
            objectAttributes=flags.FIXEDTPM
            | flags.FIXEDPARENT
            | flags.SENSITIVEDATAORIGIN
            | flags.USERWITHAUTH
            | flags.RESTRICTED
            | flags.SIGN_ENCRYPT,
        )
        key, public, *_ = self._esys.create_primary(
            tss.TPM2B_SENSITIVE_CREATE(), template, tss.ESYS_TR.ENDORSEMENT
        )
        return key, bytes(public.marshal())

    def _check_log(self, values: dict[int, bytes]) -> None:
        value = replay("sha256", bytes(32), self._events)
        if value != values[self._job_register]:
            absent(
                "collect.log",
                f"a log that explains register {self._job_register}",
                "a register that somebody else extended",
                "Give the events since the machine started, or choose another "
                "job register.",
            )

    def _read_registers(self) -> dict[int, bytes]:
        values: dict[int, bytes] = {}
        wanted = list(self._registers)
        while wanted:  # a TPM hands over up to eight at a time
            chosen = "sha256:" + ",".join(str(n) for n in wanted)
            _, selection, digests = self._esys.pcr_read(chosen)
            bits = int.from_bytes(bytes(selection[0].pcrSelect), "little")
            read = [n for n in wanted if bits >> n & 1]
            if not read or len(read) != len(digests):
                absent("collect.short", f"registers {wanted}", "fewer")
            values |= zip(read, (bytes(d) for d in digests), strict=True)
            wanted = [n for n in wanted if n not in values]
        return dict(sorted(values.items()))

    def _template(self) -> Template:
        handles = self._handles(0x01C00000)
        for template in TEMPLATES:
            if template.certificate in handles:
                return template
        absent(
            "collect.certificate",
            "a TPM whose endorsement key has a certificate",
            "none at the standard places",
            "Ask the maker for the certificate, or manufacture swtpm with one.",
        )

    def _handles(self, first: int) -> set[int]:
        _, found = self._esys.get_capability(self._tss.TPM2_CAP.HANDLES, first, 254)
        return {int(handle) for handle in found.data.handles}

    def _read_nv(self, index: int) -> bytes:
        handle = self._esys.tr_from_tpmpublic(index)
        public, _ = self._esys.nv_read_public(handle)
        size, found = int(public.nvPublic.dataSize), b""
        while len(found) < size:
            part = min(_NV_PART, size - len(found))
            found += bytes(self._esys.nv_read(handle, part, len(found), handle))
        return found

    @contextmanager
    def _endorsement_key(self, template: Template) -> Iterator[Any]:
        """The key that the maker kept, or the same one made again."""
        if template.handle in self._handles(0x81000000):
            yield self._esys.tr_from_tpmpublic(template.handle)
            return
        area = template.area()
        tss = self._tss
        public, _ = tss.TPMT_PUBLIC.unmarshal(area)
        key, *_ = self._esys.create_primary(
            tss.TPM2B_SENSITIVE_CREATE(),
            tss.TPM2B_PUBLIC(publicArea=public),
            tss.ESYS_TR.ENDORSEMENT,
        )
        try:
            yield key
        finally:
            self._esys.flush_context(key)

    @contextmanager
    def _policy_session(self, template: Template) -> Iterator[Any]:
        """A session that satisfies the endorsement key's policy."""
        tss = self._tss
        session = self._esys.start_auth_session(
            tss.ESYS_TR.NONE,
            tss.ESYS_TR.NONE,
            tss.TPM2_SE.POLICY,
            tss.TPMT_SYM_DEF(algorithm=tss.TPM2_ALG.NULL),
            tss.TPM2_ALG(template.name_alg),
        )
        try:
            self._esys.policy_secret(tss.ESYS_TR.ENDORSEMENT, session, expiration=0)
            if template.high:
                branches = policy_branches(template.name_alg)
                self._esys.policy_or(
                    session,
                    tss.TPML_DIGEST([tss.TPM2B_DIGEST(branch) for branch in branches]),
                )
            yield session
        finally:
            self._esys.flush_context(session)


def _load() -> Any:
    try:
        import tpm2_pytss  # noqa: PLC0415
    except ImportError:
        absent(
            "collect.provider",
            "tpm2-pytss",
            "none installed",
            "apt-get install libtss2-dev, then pip install 'privshare[tpm]'.",
        )
    return tpm2_pytss


def _union(tss: Any, digest: bytes) -> Any:
    return tss.TPMU_HA(**{HASHES[int(tss.TPM2_ALG.SHA256)]: digest})


def _trim(certificate: bytes) -> bytes:
    """Cut what some makers pad a certificate with, by its outer length."""
    if certificate[:2] != b"\x30\x82" or len(certificate) < 4:
        return certificate
    return certificate[: 4 + int.from_bytes(certificate[2:4], "big")]


def enrol(
    collector: TpmCollector,
    key: SigningKey,
    chain: bytes,
    roots: RootSet,
    at: int,
) -> Endorsements:
    """Enrol a TPM at hand, as its enroller.

    Where TPM and enroller are apart, each half runs in its place: `enrolment`
    makes and concludes the challenge, the collector answers it.

    Args:
        collector: At the TPM.
        key: The enroller's.
        chain: PEM: the issuers of the endorsement certificate and the root.
        roots: Makers' roots.
        at: Unix seconds, when the certificate must be valid.

    Raises:
        EvidenceInvalid: The certificate does not hold, or is of another key
            than the TPM's (`tpm.ek.*`, `root.unknown`).
        Unavailable: The TPM gave no answer.
    """
    found = collector.endorsement()
    ek = read_ek(found.certificate, chain, roots, at)
    ek.check(parse_public(found.public))
    pending = make_challenge(found.public, ek.certificate, collector.ak_name)
    enrolment = pending.conclude(collector.activate(pending.challenge), key)
    return Endorsements(
        {
            "ek_certificate": found.certificate,
            "ek_chain": chain,
            "enrolment": enrolment,
        }
    )
