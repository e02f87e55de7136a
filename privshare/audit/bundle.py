"""A bundle: many receipts in one file, with all that is needed to check them.

For a court or an archive: a zip of receipts, their attachments, the trust
policy and a page that says what to do. `manifest.json` names every file with
its digest, so a bundle is exactly its manifest.

    node      receipts, attachments ─► write_bundle ─► bytes ─► `.zip`
    auditor   bytes ─► open_bundle ─► Bundle ─► verifier, receipt by receipt

The reader is strict and bounded: names of one form, each once, no link, no
encryption, no file that the manifest does not name, sizes checked before and
while unpacking. Writing is deterministic.

Implements docs/formats/bundle.md.

>>> data = write_bundle({"sum": (b"{}", {})}, trust=b"")
>>> open_bundle(data).receipts["sum"].data
b'{}'
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field

from privshare.errors import EncodingError
from privshare.jobs.receipt import MAX_ATTACHMENT
from privshare.jobs.receipt import MAX_BYTES as MAX_RECEIPT
from privshare.wire.canonical import Fields, Json, b64u, decode, encode
from privshare.wire.digest import sha256

TYPE = "privshare.bundle"
MANIFEST = "manifest.json"
TRUST = "trust.policy"
README = "README.txt"

MAX_FILES = 4_096
MAX_BYTES = 256 << 20
MAX_MANIFEST = 2 << 20

#: What a receipt may be called: a part of a path and nothing else.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_ATTACHMENT = r"[a-z][a-z0-9.-]{0,63}"
_PATH = re.compile(
    rf"receipts/{NAME.pattern}\.psr|attachments/{NAME.pattern}/{_ATTACHMENT}"
    rf"|{re.escape(TRUST)}|{re.escape(README)}"
)
_EPOCH = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16

_TEXT = """\
This is a bundle of PrivShare receipts.

receipts/       one file for each operation
attachments/    the files that belong to a receipt
trust.policy    whom to trust: compare its SHA-256 with one that you got from
                somebody other than the sender of this bundle
manifest.json   every file with its digest

To check everything, offline:  privshare verify BUNDLE.zip
Without the command:           python -m privshare.audit BUNDLE.zip
"""


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A receipt in a bundle. Nothing about it is verified yet.

    Attributes:
        data: The bytes of the `.psr` file.
        attachments: Its files, by name.
    """

    data: bytes = field(repr=False)
    attachments: Mapping[str, bytes] = field(repr=False)

    def attachment(self, name: str) -> bytes | None:
        """The bytes of an attachment, or None."""
        return self.attachments.get(name)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose files are those of its manifest.

    Attributes:
        receipts: By name, sorted.
        trust: The trust policy's bytes; believe it after comparing its digest.
    """

    receipts: Mapping[str, Enclosed]
    trust: bytes = field(repr=False)


def write_bundle(
    receipts: Mapping[str, tuple[bytes, Mapping[str, bytes]]], trust: bytes
) -> bytes:
    """Pack receipts into a bundle.

    Args:
        receipts: Name to the receipt's bytes and its attachments by name.
        trust: The bytes of the trust policy file.

    Returns:
        The zip's bytes; the same for the same files.

    Raises:
        EncodingError: A name that `open_bundle` would refuse, or too much.
    """
    files = {TRUST: trust, README: _TEXT.encode()}
    for name, (data, attachments) in receipts.items():
        files[f"receipts/{name}.psr"] = data
        for file, content in attachments.items():
            files[f"attachments/{name}/{file}"] = content
    _check_files({path: len(content) for path, content in files.items()})
    files[MANIFEST] = encode(_manifest(files))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            item = zipfile.ZipInfo(path, _EPOCH)
            item.external_attr = _PLAIN_FILE
            item.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(item, files[path])
    return packed.getvalue()


def _manifest(files: Mapping[str, bytes]) -> dict[str, Json]:
    return {
        "files": [
            {"digest": b64u(sha256(content)), "path": path, "size": len(content)}
            for path, content in sorted(files.items())
        ],
        "type": TYPE,
        "v": 1,
    }


def open_bundle(data: bytes) -> Bundle:
    """Read a bundle.

    Raises:
        EncodingError: Not a zip, one that is broken, too large, or that holds
            anything but the files of its manifest.
    """
    if len(data) > MAX_BYTES:
        raise EncodingError(
            f"expected a bundle of at most {MAX_BYTES} bytes, found {len(data)}"
        )
    try:
        files = _unpack(data)
    except EncodingError:
        raise
    except Exception as error:  # the zip reader's own errors are many
        raise EncodingError(
            f"expected a zip file, found a broken one ({type(error).__name__})"
        ) from None
    manifest = files.pop(MANIFEST, b"")
    if manifest != encode(_manifest(files)):
        raise _manifest_error(manifest)
    return _sort(files)


def _unpack(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        items = archive.infolist()
        if archive.comment:
            raise EncodingError("expected a zip without a comment, found one")
        paths = [item.filename for item in items]
        if len(set(paths)) != len(paths):
            raise EncodingError("expected each file once in the bundle, found more")
        _check_files(
            {
                item.filename: item.file_size
                for item in items
                if item.filename != MANIFEST
            }
        )
        return {item.filename: _read(archive, item) for item in items}


def _read(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> bytes:
    kind = stat.S_IFMT(item.external_attr >> 16)  # 0 where none was written
    odd = kind not in (0, stat.S_IFREG) or item.flag_bits & 1 or item.is_dir()
    if odd or item.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise EncodingError(
            f"expected plain files in the bundle, found {item.filename[:64]!a} of "
            "another kind"
        )
    limit = MAX_MANIFEST if item.filename == MANIFEST else item.file_size
    with archive.open(item) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise EncodingError(
            f"expected {item.filename[:64]!a} of {limit} bytes, found more"
        )
    return content


def _check_files(sizes: Mapping[str, int]) -> None:
    """Refuse names and sizes before anything is unpacked."""
    if len(sizes) > MAX_FILES or sum(sizes.values()) > MAX_BYTES:
        raise EncodingError(
            f"expected at most {MAX_FILES} files of {MAX_BYTES} bytes together, found "
            f"{len(sizes)} of {sum(sizes.values())}"
        )
    for path, size in sizes.items():
        if not _PATH.fullmatch(path):
            raise EncodingError(
                "expected receipts/NAME.psr, attachments/NAME/FILE, trust.policy or "
                f"README.txt, found {path[:64]!a}"
            )
        most = MAX_RECEIPT if path.endswith(".psr") else MAX_ATTACHMENT
        if not 0 <= size <= most:
            raise EncodingError(f"{path}: expected at most {most} bytes, found {size}")


def _manifest_error(manifest: bytes) -> EncodingError:
    """Say whether the manifest is malformed or another bundle's."""
    try:
        fields = Fields(decode(manifest, max_bytes=MAX_MANIFEST), "manifest")
        fields.constant("type", TYPE)
        fields.constant("v", 1)
    except EncodingError as error:
        return EncodingError(f"{MANIFEST}: {error.message}")
    return EncodingError(
        f"expected exactly the files that {MANIFEST} names, found others"
    )


def _sort(files: Mapping[str, bytes]) -> Bundle:
    names = sorted(
        path.removeprefix("receipts/").removesuffix(".psr")
        for path in files
        if path.startswith("receipts/")
    )
    attached: dict[str, dict[str, bytes]] = {name: {} for name in names}
    for path, content in files.items():
        if path.startswith("attachments/"):
            _, name, file = path.split("/")
            if name not in attached:
                raise EncodingError(f"{path}: expected a receipt {name}, found none")
            attached[name][file] = content
    if TRUST not in files:
        raise EncodingError(f"expected {TRUST} in the bundle, found none")
    receipts = {
        name: Enclosed(files[f"receipts/{name}.psr"], attached[name]) for name in names
    }
    return Bundle(receipts, files[TRUST])
