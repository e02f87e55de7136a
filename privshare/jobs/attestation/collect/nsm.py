"""Evidence by /dev/nsm: the attestation document of an AWS Nitro enclave.

One call, a request in CBOR and a response in CBOR. The report data travels as
`user_data`; the freshness that the nonce would bring is in it already.

Implements the request `Attestation` of AWS's Nitro Secure Module interface.
Tested with a driver of our own; not run on hardware by us.
"""

from __future__ import annotations

import errno
import struct
from pathlib import Path
from typing import Final

from privshare.jobs.attestation.collect.collector import (
    Collected,
    Collector,
    absent,
)
from privshare.jobs.attestation.collect.device import Buffer, Ioctl, call
from privshare.jobs.attestation.evidence import Evidence

__all__ = ["SEND", "NsmCollector"]

#: _IOWR(0x0A, 0, struct nsm_message), a structure of 32 bytes.
SEND: Final = (3 << 30) | (32 << 16) | (0x0A << 8)

_MESSAGE: Final = struct.Struct("<QQQQ")  # request and response: address, length
_MAX_RESPONSE: Final = 0x3000
_LENGTH_AT: Final = 24


class NsmCollector(Collector):
    """Asks the Nitro Secure Module for a document.

    Args:
        device: The driver's device.
        ioctl: Answers in the driver's place.
    """

    def __init__(
        self, device: Path = Path("/dev/nsm"), *, ioctl: Ioctl | None = None
    ) -> None:
        self._device = device
        self._ioctl = ioctl

    def _gather(self, report_data: bytes) -> Collected:
        data = _request(report_data)
        request, response = Buffer(data), Buffer(bytes(_MAX_RESPONSE))
        message = Buffer(
            _MESSAGE.pack(request.address, len(data), response.address, _MAX_RESPONSE)
        )
        number = call(self._device, SEND, message, self._ioctl)
        if number:
            absent(
                "collect.too_big" if number == errno.EMSGSIZE else "collect.provider",
                "a document by the module",
                errno.errorcode.get(number, str(number)),
            )
        length = int.from_bytes(message.read(_LENGTH_AT, 8), "little")
        if not 0 < length <= _MAX_RESPONSE:
            absent("collect.short", f"1 to {_MAX_RESPONSE} bytes", length)
        document = _document(response.read(0, length))
        return Collected(Evidence("aws-nitro", {"document": document}))


def _request(report_data: bytes) -> bytes:
    """{"Attestation": {"nonce": null, "public_key": null, "user_data": bytes}}."""
    data = b"\x58" + len(report_data).to_bytes(1, "big") + report_data
    fields = (_text("nonce"), _NULL, _text("public_key"), _NULL, _text("user_data"))
    return _MAP_1 + _text("Attestation") + _MAP_3 + b"".join(fields) + data


_MAP_1: Final = b"\xa1"
_MAP_3: Final = b"\xa3"
_NULL: Final = b"\xf6"
_BYTES_U16: Final = b"\x59"


def _text(word: str) -> bytes:
    """A text of up to 23 characters (RFC 8949, section 3.1)."""
    return bytes((0x60 + len(word),)) + word.encode("ascii")


def _document(response: bytes) -> bytes:
    """Take {"Attestation": {"document": bytes}} apart; one shape, no other."""
    head = _MAP_1 + _text("Attestation") + _MAP_1 + _text("document") + _BYTES_U16
    if response.startswith(head):
        length = int.from_bytes(response[len(head) : len(head) + 2], "big")
        document = response[len(head) + 2 :]
        if length == len(document) > 0:
            return document
        absent("collect.short", f"a document of {length} bytes", len(document))
    said = _MAP_1 + _text("Error")
    word = response[len(said) + 1 :].decode("ascii", "replace")
    if not (response.startswith(said) and word.isalnum()):
        word = "another answer"
    absent("collect.provider", "a document by the module", word[:64])
