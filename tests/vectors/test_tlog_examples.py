"""The examples printed in the C2SP specifications.

signed-note, tlog-checkpoint, tlog-cosignature and tlog-witness, as quoted in
each document. Only signed-note prints the key beside the signature.
"""

from __future__ import annotations

import pytest

from privshare.errors import SignatureInvalid
from privshare.log.checkpoint import body, parse_checkpoint
from privshare.log.witness import decode_request, encode_request
from privshare.schemes.keys import VerifyKey
from privshare.wire import note

SIGNED_NOTE_VKEY = (
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
)
SIGNED_NOTE = """\
This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1E\
RYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
""".encode()

CHECKPOINT = """\
example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeO\
oRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI\
5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==
""".encode()

ADD_CHECKPOINT = (
    b"""\
old 20852014
PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=
5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=
/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=

"""
    + CHECKPOINT
)


def test_the_signed_note_verifies() -> None:
    """Under its own key and no other text."""
    signed = note.parse(SIGNED_NOTE)
    vkey = note.parse_vkey(SIGNED_NOTE_VKEY)
    (line,) = signed.signatures
    assert (line.name, line.key_id) == (vkey.name, vkey.key_id)
    key = VerifyKey(vkey.public_key)
    key.verify(line.sig, signed.text.encode())
    with pytest.raises(SignatureInvalid):
        key.verify(line.sig, signed.text.encode() + b"\n")


def test_the_cosigned_checkpoint_is_read() -> None:
    """Size, root, and the time in the cosignature, 1679315147."""
    signed = note.parse(CHECKPOINT)
    cp = parse_checkpoint(signed)
    assert (cp.origin, cp.size) == ("example.com/behind-the-sofa", 20852163)
    assert body(cp) == signed.text
    log_line, cosignature = signed.signatures
    assert len(log_line.sig) == 64
    assert len(cosignature.sig) == 72
    assert int.from_bytes(cosignature.sig[:8], "big") == 1679315147
    assert note.format(signed) == CHECKPOINT


def test_the_add_checkpoint_request_is_read() -> None:
    """Old size, four hashes, and the checkpoint verbatim."""
    request = decode_request(ADD_CHECKPOINT)
    assert request.old_size == 20852014
    assert len(request.proof) == 4
    assert request.checkpoint == CHECKPOINT
    assert encode_request(request) == ADD_CHECKPOINT
