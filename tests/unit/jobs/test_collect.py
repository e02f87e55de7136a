"""Collectors on faked machines: what they hand over, and what they refuse.

None of these platforms is here. A kernel of our own answers, as the documents
say that Linux, Gramine and the drivers do; the content comes from recorded
evidence where the vectors are, and is judged by the verifiers, not here.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
import tpm_kit as kit

from privshare.errors import EncodingError, OutOfRange, Unavailable
from privshare.jobs.attestation.collect.collector import Collector, collect, detect
from privshare.jobs.attestation.collect.configfs import ConfigfsCollector
from privshare.jobs.attestation.collect.endorsement_template import (
    TEMPLATES,
    policy_a,
    policy_b,
)
from privshare.jobs.attestation.collect.gramine import GramineCollector
from privshare.jobs.attestation.collect.nsm import SEND, NsmCollector
from privshare.jobs.attestation.collect.sev_guest import (
    GET_EXT_REPORT,
    SevGuestCollector,
)
from privshare.jobs.attestation.collect.snp_certificates import read_table
from privshare.jobs.attestation.tpm_reader import write_sized
from privshare.jobs.attestation.tpm_structure import (
    parse_public,
)

DATA = bytes(range(64))
SNP = bytes(0x50) + DATA + bytes(1184 - 0x90)
TDX = b"\x04\x00" + bytes(566) + DATA + bytes(4000)

VCEK = "63da758d-e664-4564-adc5-f4b93be8accd"
VLEK = "a8074bc2-a25a-483e-aae6-39c045a0b8a1"
ASK = "4ab7b379-bbac-4fe4-a02f-05aef327c782"
ARK = "c0b406a4-a803-4952-9743-3fb6014cd0ae"
CRL = "92f81bc3-5811-4d3d-97ff-d19f88dc67ea"


def recorded(vectors: Path, name: str) -> bytes:
    file = vectors.parent / "fixtures/attestation" / name
    if not file.is_file():
        pytest.skip(f"no test vectors {name}")
    return file.read_bytes()


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(Unavailable) as refused:
        call()
    return str(refused.value.detail["rule"])


class Kernel:
    """configfs-tsm on a folder: attributes appear with their folder."""

    def __init__(self, provider: str, report: bytes, table: bytes = b"") -> None:
        self.files = {
            "provider": f"{provider}\n".encode(),
            "outblob": report,
            "auxblob": table,
        }
        self.generation = 0
        self.written = b""
        self.folders: list[Path] = []
        self.errors: dict[str, OSError] = {}
        self.taken: int | None = None
        self.others = 0

    def make(self, folder: Path) -> None:
        self._fail("make")
        folder.mkdir()
        self.folders.append(folder)

    def write(self, path: Path, data: bytes) -> int:
        assert path.name == "inblob" and path.parent.is_dir()
        self._fail("inblob")
        self.written = data
        self.generation += 1 + self.others
        return len(data) if self.taken is None else self.taken

    def read(self, path: Path, most: int) -> bytes:
        self._fail(path.name)
        if path.name == "generation":
            return b"%d\n" % self.generation
        return self.files[path.name][: most + 1]

    def remove(self, folder: Path) -> None:
        self._fail("remove")
        folder.rmdir()
        self.folders.remove(folder)

    def _fail(self, name: str) -> None:
        if name in self.errors:
            raise self.errors[name]


def table(*entries: tuple[str, bytes]) -> bytes:
    """The host's table of certificates."""
    at, head, tail = 24 * (len(entries) + 1), b"", b""
    for guid, data in entries:
        head += UUID(guid).bytes_le + struct.pack("<II", at + len(tail), len(data))
        tail += data
    return head + bytes(24) + tail


MAKER = kit.Maker("an authority")
CERT = kit.der(MAKER.root)
TABLE = table((VCEK, CERT), (ASK, kit.der(MAKER.issuer)), (ARK, CERT))


@pytest.mark.parametrize(
    ("name", "at"), [("quote_v4_td10.bin", 568), ("quote_v5_td15.bin", 574)]
)
def test_configfs_gives_a_tdx_quote(
    tmp_path: Path, vectors: Path, name: str, at: int
) -> None:
    """The quote as recorded, over our report data, and the folder is gone."""
    quote = recorded(vectors, f"tdx/{name}")
    said = quote[at : at + 64]
    kernel = Kernel("tdx_guest", quote)
    found = ConfigfsCollector(tmp_path, kernel).collect(said)
    assert (found.kind, dict(found.parts)) == ("tdx-dcap", {"quote": quote})
    assert kernel.written == said and not kernel.folders
    collector = ConfigfsCollector(tmp_path, kernel)
    assert refusal(lambda: collector.collect(DATA)) == "collect.raced"


def test_configfs_gives_an_snp_report(tmp_path: Path) -> None:
    """The report, and beside it the certificates that the host has."""
    kernel = Kernel("sev_guest", SNP, TABLE)
    found = ConfigfsCollector(tmp_path, kernel).gather(DATA)
    assert found.evidence.kind == "sev-snp"
    assert found.evidence.parts["report"] == SNP
    assert found.endorsements == {"vek": CERT, "chain": MAKER.chain}
    kernel = Kernel("sev_guest", bytes(1184))
    collector = ConfigfsCollector(tmp_path, kernel)
    assert refusal(lambda: collector.collect(DATA)) == "collect.raced"


def test_configfs_notices_another_writer(tmp_path: Path) -> None:
    """Two writes where one was ours: nothing is handed over."""
    kernel = Kernel("tdx_guest", TDX)
    kernel.others = 1
    collector = ConfigfsCollector(tmp_path, kernel)
    assert refusal(lambda: collector.collect(DATA)) == "collect.raced"
    assert not kernel.folders


@pytest.mark.parametrize(
    ("where", "number", "expected"),
    [
        ("make", errno.ENXIO, "collect.provider"),
        ("make", errno.ENOENT, "collect.provider"),
        ("make", errno.EACCES, "collect.provider"),
        ("inblob", errno.EINVAL, "collect.provider"),
        ("inblob", errno.EBUSY, "collect.raced"),
        ("outblob", errno.EFBIG, "collect.too_big"),
        ("outblob", errno.EWOULDBLOCK, "collect.raced"),
        ("outblob", errno.EINTR, "collect.interrupted"),
        ("outblob", errno.EIO, "collect.provider"),
        ("auxblob", errno.ENOENT, "collect.provider"),
        ("generation", errno.ENOENT, "collect.provider"),
        ("provider", errno.ENOENT, "collect.provider"),
    ],
)
def test_configfs_says_what_failed(
    tmp_path: Path, where: str, number: int, expected: str
) -> None:
    """Each error of the kernel, and the folder is removed all the same."""
    kernel = Kernel("sev_guest", SNP)
    kernel.errors[where] = OSError(number, "no")
    collector = ConfigfsCollector(tmp_path, kernel)
    assert refusal(lambda: collector.collect(DATA)) == expected
    assert not kernel.folders


@pytest.mark.parametrize(
    ("provider", "report", "expected"),
    [
        ("tdx_guest", TDX[:631], "collect.short"),
        ("tdx_guest", b"", "collect.short"),
        ("tdx_guest", b"\x03" + TDX[1:], "collect.short"),
        ("sev_guest", bytes(1183), "collect.short"),
        ("sev_guest", b"", "collect.short"),
        ("sev_guest", bytes(40000), "collect.too_big"),
        ("arm_cca_guest", bytes(1184), "collect.provider"),
        ("", bytes(1184), "collect.provider"),
    ],
)
def test_configfs_refuses_other_answers(
    tmp_path: Path, provider: str, report: bytes, expected: str
) -> None:
    """Short, long, or of a provider that we do not know."""
    collector = ConfigfsCollector(tmp_path, Kernel(provider, report))
    assert refusal(lambda: collector.collect(DATA)) == expected


def test_configfs_notices_a_short_write(tmp_path: Path) -> None:
    """Not all of the report data were taken."""
    kernel = Kernel("tdx_guest", TDX)
    kernel.taken = 63
    collector = ConfigfsCollector(tmp_path, kernel)
    assert refusal(lambda: collector.collect(DATA)) == "collect.short"


def test_configfs_needs_a_number_of_writes(tmp_path: Path) -> None:
    """A kernel that does not count cannot tell us about races."""
    kernel = Kernel("tdx_guest", TDX)
    kernel.generation = -1
    collector = ConfigfsCollector(tmp_path, kernel)
    assert refusal(lambda: collector.collect(DATA)) == "collect.generation"


def test_a_request_that_stays_is_an_error(tmp_path: Path) -> None:
    """Whoever comes next would read our report."""
    kernel = Kernel("tdx_guest", TDX)
    kernel.errors["remove"] = OSError(errno.EBUSY, "no")
    collector = ConfigfsCollector(tmp_path, kernel)
    assert refusal(lambda: collector.collect(DATA)) == "collect.remove"


def test_the_real_tree_is_used_by_itself(tmp_path: Path) -> None:
    """On a folder that is no configfs, the attributes are missing."""
    collector = ConfigfsCollector(tmp_path)
    assert refusal(lambda: collector.collect(DATA)) == "collect.provider"
    assert list(tmp_path.iterdir()) == []
    missing = ConfigfsCollector(tmp_path / "none")
    assert refusal(lambda: missing.collect(DATA)) == "collect.provider"


def test_certificate_tables() -> None:
    """Each part under its name; nothing where the host gave nothing."""
    assert read_table(b"") == {} == read_table(bytes(4096))
    found = read_table(table((VLEK, CERT), (CRL, b"crl"), (str(UUID(int=5)), b"?")))
    assert found == {"vek": CERT, "crl": b"crl"}


@pytest.mark.parametrize(
    "data",
    [
        b"short",
        TABLE[:-1],
        table((VCEK, CERT))[:24],
        table((VCEK, b"")),
        table((VCEK, CERT), (VLEK, CERT)),
        table((ASK, b"no certificate")),
        table(*[(str(UUID(int=n + 1)), b"x") for n in range(20)]),
    ],
)
def test_other_tables_are_refused(data: bytes) -> None:
    """Cut off, empty, ambiguous, or without end."""
    assert refusal(lambda: read_table(data)) == "collect.certificates"


def at(address: int, data: bytes) -> None:
    ctypes.memmove(address, data, len(data))


def driver(
    report: bytes, certificates: bytes = b"", *, status: int = 0, length: int = 1184
) -> Callable[[int, int, int], int]:
    """What /dev/sev-guest does with SNP_GET_EXT_REPORT."""

    def ioctl(_handle: int, request: int, address: int) -> int:
        assert request == GET_EXT_REPORT == 0xC0205302
        version, inner, response, _ = struct.unpack(
            "<B7xQQQ", ctypes.string_at(address, 32)
        )
        data, vmpl, where, room = struct.unpack(
            "<64sI28xQI4x", ctypes.string_at(inner, 112)
        )
        assert (version, data, vmpl, room) == (1, DATA, 0, 0x4000)
        at(where, certificates)
        at(response, struct.pack("<II24x", status, length) + report)
        return 0

    return ioctl


def failing(number: int) -> Callable[[int, int, int], int]:
    def ioctl(_handle: int, _request: int, _address: int) -> int:
        raise OSError(number, "no")

    return ioctl


@pytest.fixture
def device(tmp_path: Path) -> Path:
    path = tmp_path / "device"
    path.touch()
    return path


def test_sev_guest_gives_a_report(device: Path) -> None:
    """The report of the response, and the certificates of the table."""
    found = SevGuestCollector(device, ioctl=driver(SNP, TABLE)).gather(DATA)
    assert found.evidence.parts["report"] == SNP
    assert set(found.endorsements) == {"vek", "chain"}
    bare = SevGuestCollector(device, ioctl=driver(SNP)).gather(DATA)
    assert bare.endorsements == {}


@pytest.mark.parametrize(
    ("ioctl", "expected"),
    [
        (driver(bytes(1184), status=0x16), "collect.provider"),
        (driver(bytes(1184), length=1183), "collect.short"),
        (driver(bytes(1184)), "collect.raced"),
        (failing(errno.ENOSPC), "collect.too_big"),
        (failing(errno.EIO), "collect.provider"),
        (failing(errno.ENOTTY), "collect.provider"),
    ],
)
def test_sev_guest_says_what_failed(
    device: Path, ioctl: Callable[[int, int, int], int], expected: str
) -> None:
    """The driver's error, or the firmware's."""
    collector = SevGuestCollector(device, ioctl=ioctl)
    assert refusal(lambda: collector.collect(DATA)) == expected


def module(answer: bytes, length: int | None = None) -> Callable[[int, int, int], int]:
    """What /dev/nsm does with a request."""

    def ioctl(_handle: int, request: int, address: int) -> int:
        assert request == SEND == 0xC0200A00
        where, size, response, room = struct.unpack(
            "<QQQQ", ctypes.string_at(address, 32)
        )
        cbor2 = pytest.importorskip("cbor2")
        expected = {"nonce": None, "public_key": None, "user_data": DATA}
        assert cbor2.loads(ctypes.string_at(where, size)) == {"Attestation": expected}
        assert room == 0x3000
        at(response, answer[:room])
        at(
            address + 24,
            (len(answer) if length is None else length).to_bytes(8, "little"),
        )
        return 0

    return ioctl


def answer(document: bytes) -> bytes:
    head = b"\xa1\x6bAttestation\xa1\x68document\x59"
    return head + len(document).to_bytes(2, "big") + document


def test_nsm_gives_a_document(device: Path) -> None:
    """As the module wrapped it."""
    document = bytes(5000)
    found = NsmCollector(device, ioctl=module(answer(document))).collect(DATA)
    assert (found.kind, found.parts["document"]) == ("aws-nitro", document)


@pytest.mark.parametrize(
    ("ioctl", "expected"),
    [
        (module(b"\xa1\x65Error\x6fInvalidArgument"), "collect.provider"),
        (module(b"\xf6"), "collect.provider"),
        (module(answer(b"")), "collect.short"),
        (module(answer(bytes(5000))[:-1]), "collect.short"),
        (module(answer(bytes(5000)) + b"\0"), "collect.short"),
        (module(b"", 0), "collect.short"),
        (module(b"\xf6", 0x3001), "collect.short"),
        (failing(errno.EMSGSIZE), "collect.too_big"),
        (failing(errno.EIO), "collect.provider"),
    ],
)
def test_nsm_says_what_failed(
    device: Path, ioctl: Callable[[int, int, int], int], expected: str
) -> None:
    """The module's error by its name, other answers by none."""
    collector = NsmCollector(device, ioctl=ioctl)
    assert refusal(lambda: collector.collect(DATA)) == expected


def test_devices_that_are_not_there(tmp_path: Path) -> None:
    """No device, no evidence; and a file is no device."""
    for collector in (SevGuestCollector(tmp_path / "x"), NsmCollector(tmp_path / "x")):
        assert refusal(lambda c=collector: c.collect(DATA)) == "collect.provider"
    (tmp_path / "y").touch()
    assert refusal(lambda: NsmCollector(tmp_path / "y").collect(DATA)) == (
        "collect.provider"
    )


@pytest.fixture
def enclave(tmp_path: Path) -> Path:
    """What Gramine shows to a process."""
    folder = tmp_path / "attestation"
    folder.mkdir()
    (folder / "attestation_type").write_bytes(b"dcap\n")
    (folder / "user_report_data").write_bytes(bytes(64))
    (folder / "quote").write_bytes(bytes(368) + DATA + bytes(4000))
    return folder


def test_gramine_gives_a_quote(enclave: Path) -> None:
    """After our report data were written."""
    found = GramineCollector(enclave).collect(DATA)
    assert (found.kind, len(found.parts["quote"])) == ("sgx-dcap", 4432)
    assert (enclave / "user_report_data").read_bytes() == DATA


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("attestation_type", b"none\n", "collect.provider"),
        ("attestation_type", None, "collect.provider"),
        ("user_report_data", None, "collect.provider"),
        ("quote", None, "collect.provider"),
        ("quote", b"", "collect.short"),
        ("quote", bytes(5000), "collect.raced"),
        ("quote", bytes(40000), "collect.too_big"),
    ],
)
def test_gramine_says_what_failed(
    enclave: Path, name: str, content: bytes | None, expected: str
) -> None:
    """No DCAP, no file, or a quote that is not over our data."""
    if content is None:
        (enclave / name).unlink()
    else:
        (enclave / name).write_bytes(content)
    assert refusal(lambda: GramineCollector(enclave).collect(DATA)) == expected


@pytest.mark.parametrize("length", [0, 32, 63, 65])
def test_report_data_have_a_length(tmp_path: Path, length: int) -> None:
    """Refused before the platform is asked."""
    collectors: list[Collector] = [
        ConfigfsCollector(tmp_path),
        SevGuestCollector(tmp_path),
        GramineCollector(tmp_path),
        NsmCollector(tmp_path),
    ]
    for collector in collectors:
        with pytest.raises(EncodingError):
            collector.collect(bytes(length))


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("sys/kernel/config/tsm/report/", ConfigfsCollector),
        ("dev/sev-guest", SevGuestCollector),
        ("dev/attestation/quote", GramineCollector),
        ("dev/nsm", NsmCollector),
    ],
)
def test_the_machine_is_detected(
    tmp_path: Path, place: str, kind: type[Collector]
) -> None:
    """By the device that it has."""
    assert detect(tmp_path) is None
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir() if place.endswith("/") else path.touch()
    assert isinstance(detect(tmp_path), kind)


def test_a_machine_without_any(monkeypatch: pytest.MonkeyPatch) -> None:
    """Says so."""
    monkeypatch.setattr(
        "privshare.jobs.attestation.collect.collector.detect", lambda: None
    )
    assert refusal(lambda: collect(DATA)) == "collect.platform"


def test_the_policies_are_the_profile_s() -> None:
    """Annex B of the EK profile prints these digests."""
    assert policy_a(0x000B).hex().startswith("837197674484b3f81a90cc8d46a5d724fd52d76e")
    assert policy_b(0x000C).hex().startswith("b26e7d28d11a50bc53d882bcf5fd3a1a074148bb")
    assert policy_b(0x000B).hex().startswith("ca3d0a99a2b93906f7a3342414efcfb3a385d44c")


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda t: hex(t.certificate))
def test_templates_are_public_areas(template: object) -> None:
    """Of storage keys: our own reader takes them, but for an empty key."""
    area = template.area()  # type: ignore[attr-defined]
    empty = {0x0001: bytes(256), 0x0023: b""}[int.from_bytes(area[:2], "big")]
    if empty:
        area = area[: -len(empty)] + b"\x80" + empty[1:]
    elif template.high:  # type: ignore[attr-defined]
        area = area[:-4] + 2 * write_sized(bytes(48))
    ek = parse_public(write_sized(area))
    assert ek.attributes.has("restricted") and ek.attributes.has("decrypt")
    assert ek.aes_bits in (128, 256) and not ek.attributes.has("sign")


@pytest.mark.parametrize("register", [0, 7, 16, 23])
def test_a_job_s_register_is_8_to_15(register: int) -> None:
    """Refused before a TPM is looked for."""
    from privshare.jobs.attestation.collect.tpm_device import TpmCollector

    with pytest.raises(OutOfRange):
        TpmCollector("none", job_register=register, registers=(register,))
