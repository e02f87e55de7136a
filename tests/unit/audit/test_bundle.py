"""Bundles: exactly their manifest, and nothing that a zip can hide."""

from __future__ import annotations

import io
import random
import stat
import struct
import zipfile
from collections.abc import Callable

import pytest

from privshare.audit import bundle
from privshare.audit.bundle import MANIFEST, open_bundle, write_bundle
from privshare.errors import EncodingError
from privshare.wire.canonical import encode

RECEIPTS = {"a": (b"{}", {"record.json": b"[1]"}), "b-2": (b"[]", {})}
TRUST = b"quorum none\n"


@pytest.fixture(scope="module")
def data() -> bytes:
    """A small bundle."""
    return write_bundle(RECEIPTS, TRUST)


def repack(data: bytes, change: Callable[[dict[str, bytes]], None]) -> bytes:
    """A zip of the same files after a change."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_what_was_written_is_read(data: bytes) -> None:
    """Receipts, attachments and the policy come back, byte for byte."""
    opened = open_bundle(data)
    assert list(opened.receipts) == ["a", "b-2"]
    assert opened.receipts["a"].data == b"{}"
    assert opened.receipts["a"].attachment("record.json") == b"[1]"
    assert opened.receipts["a"].attachment("other") is None
    assert opened.trust == TRUST


def test_the_same_files_give_the_same_bytes(data: bytes) -> None:
    """No clock and no order of making gets into a bundle."""
    again = write_bundle(dict(reversed(RECEIPTS.items())), TRUST)
    assert data == again


def test_a_bundle_packed_by_others_is_read(data: bytes) -> None:
    """Order, dates and compression are nobody's business."""
    assert open_bundle(repack(data, lambda files: None)) == open_bundle(data)


@pytest.mark.parametrize(
    "change",
    [
        lambda files: files.pop("receipts/a.psr"),
        lambda files: files.pop("README.txt"),
        lambda files: files.pop("trust.policy"),
        lambda files: files.pop(MANIFEST),
        lambda files: files.update({"receipts/c.psr": b"{}"}),
        lambda files: files.update({"receipts/a.psr": b"{ }"}),
        lambda files: files.update({"../escape.psr": b"{}"}),
        lambda files: files.update({"/receipts/c.psr": b"{}"}),
        lambda files: files.update({"receipts/sub/c.psr": b"{}"}),
        lambda files: files.update({"receipts/": b""}),
        lambda files: files.update({"receipts\\c.psr": b"{}"}),
        lambda files: files.update({"receipts/ü.psr": b"{}"}),
        lambda files: files.update({MANIFEST: b"{}"}),
        lambda files: files.update({MANIFEST: files[MANIFEST] + b" "}),
    ],
)
def test_other_files_than_the_manifest_names_are_refused(
    data: bytes, change: Callable[[dict[str, bytes]], None]
) -> None:
    """One too many, one too few, another content, or a name that climbs."""
    with pytest.raises(EncodingError):
        open_bundle(repack(data, change))


def test_an_attachment_needs_its_receipt() -> None:
    """Files that belong to nothing are refused, manifest or not."""
    files = {"attachments/x/file": b"1", "trust.policy": b"", "README.txt": b""}
    files[MANIFEST] = encode(bundle._manifest(files))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    with pytest.raises(EncodingError, match="expected a receipt x"):
        open_bundle(packed.getvalue())


def test_links_comments_and_doubles_are_refused(data: bytes) -> None:
    """What unpackers disagree about does not come in."""
    packed = io.BytesIO(data)
    with zipfile.ZipFile(packed, "a") as archive:
        archive.comment = b"hello"
    with pytest.raises(EncodingError, match="comment"):
        open_bundle(packed.getvalue())
    packed = io.BytesIO(data)
    with (
        zipfile.ZipFile(packed, "a") as archive,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        archive.writestr("trust.policy", b"another")
    with pytest.raises(EncodingError, match="once"):
        open_bundle(packed.getvalue())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        link = zipfile.ZipInfo("receipts/a.psr")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, b"/etc/passwd")
    with pytest.raises(EncodingError, match="plain files"):
        open_bundle(packed.getvalue())


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    """Declared sizes are bounds; a file that is larger than declared is refused."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("receipts/a.psr", bytes(9 << 20))
    data = packed.getvalue()
    with pytest.raises(EncodingError, match="at most"):
        open_bundle(data)
    small = data.replace(struct.pack("<I", 9 << 20), struct.pack("<I", 10))
    with pytest.raises(EncodingError):
        open_bundle(small)


def test_names_are_checked_when_writing() -> None:
    """A bundle that could not be read is not written."""
    for name in ("", "../x", "a/b", "x" * 101, "."):
        with pytest.raises(EncodingError):
            write_bundle({name: (b"{}", {})}, TRUST)


def test_damaged_zips_end_in_one_error(data: bytes) -> None:
    """Whatever the zip reader stumbles over, the caller sees an EncodingError."""
    rng = random.Random(3)
    for _ in range(600):
        changed = bytearray(data)
        for _ in range(rng.choice((1, 2, 8))):
            changed[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        cut = bytes(changed)[: rng.choice((len(data), rng.randrange(len(data))))]
        try:
            opened = open_bundle(cut)
        except EncodingError:
            continue
        # Bits that no reader looks at (dates, versions) may differ.
        assert opened == open_bundle(data)
    for other in (b"", b"PK", b"PK\3\4" + bytes(100), rng.randbytes(1000)):
        with pytest.raises(EncodingError):
            open_bundle(other)
