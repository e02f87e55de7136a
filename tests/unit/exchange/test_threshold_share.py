"""Shares of the threshold key: sealed, taken over, re-shared, and refused."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from exchange_kit import Consortium, keys_of
from threshold_kit import dealt

from privshare.audit.verifier import verify
from privshare.errors import (
    ConfigError,
    Conflict,
    EncodingError,
    NotFound,
    NotPermitted,
    OutOfRange,
    PrivShareError,
    StepNotAllowed,
    Unavailable,
    VerificationError,
)
from privshare.exchange import threshold
from privshare.exchange.node import NodeKeys
from privshare.ledger import query
from privshare.ledger.sealed_share import (
    PublicPart,
    SealedShare,
    evidence,
    read_file,
    seal_share,
)
from privshare.ledger.shared_key import SharedKey
from privshare.schemes.key_file import Passphrase
from privshare.schemes.keys import SealKey
from privshare.schemes.threshold import KeyShare, combine, verify_partial
from privshare.schemes.threshold_reshare import successor
from privshare.service import share_folder
from privshare.service.share_folder import ShareFolder
from privshare.wire.canonical import b64u, decode, encode

HOLDERS = ("title", "housing", "tax")


@pytest.fixture
def network(tmp_path: Path) -> Iterator[Consortium]:
    """Four agencies without a threshold key."""
    made = Consortium(tmp_path)
    yield made
    made.close()


def held(network: Consortium, epoch: int = 1) -> SharedKey:
    """The key on the ledger."""
    return query.threshold_epoch(network.host.view(), epoch)


def opens(network: Consortium, epoch: int, agencies: tuple[str, ...]) -> bool:
    """Whether the shares of these nodes open a ciphertext together."""
    key = held(network, epoch).opened
    data = [key.public.encrypt_batch([value]) for value in (41, -7)]
    partials = []
    for agency in agencies:
        share = network[agency].share(epoch)
        assert share is not None
        partial = share.partial(key, data, b"a test")
        verify_partial(key, data, partial, b"a test")
        partials.append(partial)
    return combine(key, data, partials) == [41, -7]


# Taking a dealt share over


def test_a_share_is_taken_over(network: Consortium) -> None:
    """The node has its share at once, the ledger its acceptance; two open."""
    files = network.deal_key()
    assert network["tax"].share(1) is None
    done = threshold.import_shares(network["tax"], [files["tax"]], person="Wen")
    assert (done.epoch, done.index, done.status) == (1, 3, "dealt")
    assert network["tax"].share(1) is not None
    network.sync()
    done = threshold.import_shares(network["title"], [files["title"]])
    assert done.status == "active"
    network.sync()
    assert held(network).accepted == ("title", "tax")
    assert opens(network, 1, ("title", "tax"))
    assert network["housing"].share(1) is None


def test_the_helper_puts_a_key_in_use(network: Consortium) -> None:
    """`share_key` deals and imports at all holders."""
    assert network.share_key() == 1
    assert held(network).accepted == HOLDERS
    assert opens(network, 1, ("housing", "tax"))


def test_a_share_comes_twice(network: Consortium) -> None:
    """A second import says that the share is here and accepted."""
    files = network.deal_key()
    threshold.import_shares(network["tax"], [files["tax"]])
    with pytest.raises(Conflict, match="accepted at index"):
        threshold.import_shares(network["tax"], [files["tax"]])


def test_a_share_of_another_network_is_not_accepted(network: Consortium) -> None:
    """What lies in the place of this epoch is another key's: nothing is accepted."""
    files = network.deal_key()
    network["tax"].shares.put(1, dealt(2, 3, 1)[1][2])
    with pytest.raises(Conflict, match="of another key"):
        threshold.import_shares(network["tax"], [files["tax"]])
    assert held(network).accepted == ()


def test_an_import_that_broke_off_is_finished(
    network: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the ledger was away the share is kept; again, and it is accepted."""
    files, node = network.deal_key(), network["tax"]

    def away(*_: object, **__: object) -> None:
        raise Unavailable("expected the ledger, found nobody")

    with monkeypatch.context() as patched:
        patched.setattr(type(node), "submit", away)
        with pytest.raises(Unavailable):
            threshold.import_shares(node, [files["tax"]])
    assert node.share(1) is not None and held(network).accepted == ()
    assert threshold.import_shares(node, [files["tax"]]).accepted


def test_a_lost_share_comes_back_from_its_file(network: Consortium) -> None:
    """A node that accepted and lost its share takes it over again, silently."""
    files = network.deal_key()
    before = threshold.import_shares(network["tax"], [files["tax"]])
    bare = replace(network["tax"], shares=type(network["tax"].shares)())
    after = threshold.import_shares(bare, [files["tax"]])
    assert after.accepted == before.accepted and bare.share(1) is not None


def test_a_file_for_another_agency_is_refused(network: Consortium) -> None:
    """By its header; and with a forged header by its seal."""
    files = network.deal_key()
    with pytest.raises(VerificationError, match="for tax") as refused:
        threshold.import_shares(network["tax"], [files["title"]])
    assert refused.value.fix == "hand it to title"
    forged = read_file(files["title"])
    assert isinstance(forged, SealedShare)
    for change in ({"agency": "tax"}, {"agency": "tax", "index": 3}):
        bad = encode(replace(forged, **change).to_json())  # type: ignore[arg-type]
        with pytest.raises(VerificationError):
            threshold.import_shares(network["tax"], [bad])
    assert network["tax"].share(1) is None and held(network).accepted == ()


def test_a_file_of_another_key_is_refused(network: Consortium) -> None:
    """A share of an epoch that is not on the ledger, or not this key's."""
    files = network.deal_key()
    file = read_file(files["tax"])
    assert isinstance(file, SealedShare)
    with pytest.raises(NotFound, match="epoch 2"):
        threshold.import_shares(
            network["tax"], [encode(replace(file, epoch=2).to_json())]
        )
    other = encode(replace(file, key=bytes(32)).to_json())
    with pytest.raises(VerificationError, match="another"):
        threshold.import_shares(network["tax"], [other])


def test_an_altered_file_is_refused(network: Consortium) -> None:
    """One bit of what is sealed, and the seal does not open."""
    file = read_file(network.deal_key()["tax"])
    assert isinstance(file, SealedShare)
    flipped = bytes([file.sealed[0] ^ 1]) + file.sealed[1:]
    with pytest.raises(VerificationError, match="does not open"):
        threshold.import_shares(
            network["tax"], [encode(replace(file, sealed=flipped).to_json())]
        )


def test_a_share_that_does_not_fit_is_refused(network: Consortium) -> None:
    """A dealer who seals something else than the ledger commits to is found out."""
    network.deal_key()
    key, shares = dealt(2, 3)
    wrong = KeyShare(3, shares[2].value + 1, key.digest)
    recipient = keys_of("tax").seal[0].public_key
    bad = seal_share(
        wrong, agency="tax", epoch=1, network="demo.privshare", recipient=recipient
    )
    with pytest.raises(VerificationError, match="commits holder 3 to"):
        threshold.import_shares(network["tax"], [encode(bad.to_json())])
    swapped = seal_share(
        KeyShare(2, shares[1].value, key.digest),
        agency="tax",
        epoch=1,
        network="demo.privshare",
        recipient=recipient,
    )
    bad_index = encode(swapped.to_json())
    with pytest.raises(VerificationError):
        threshold.import_shares(network["tax"], [bad_index])
    assert network["tax"].share(1) is None and held(network).accepted == ()


def test_a_file_opens_with_a_former_key(network: Consortium) -> None:
    """After a rotation of the sealing key the file still opens; another's does not."""
    files, node = network.deal_key(), network["tax"]
    old = node.keys.seal[0]
    rotated = NodeKeys(node.keys.sign, seal=(SealKey.generate(), old))
    assert threshold.import_shares(replace(node, keys=rotated), [files["tax"]])
    lost = NodeKeys(node.keys.sign, seal=(SealKey.generate(),))
    with pytest.raises(VerificationError, match="sealed to") as refused:
        threshold.import_shares(
            replace(network["housing"], keys=lost), [files["housing"]]
        )
    assert "another file" in refused.value.fix


def test_files_that_are_no_shares_are_refused(network: Consortium) -> None:
    """Nothing, two shares, JSON of another kind: one sentence each."""
    files, node = network.deal_key(), network["tax"]
    obj: dict[str, Any] = decode(files["tax"])  # type: ignore[assignment]
    for bad in (
        [],
        [files["tax"], files["tax"]],
        [encode({})],
        [b"{}{}"],
        [encode(obj | {"type": "privshare.key"})],
        [encode(obj | {"more": 1})],
        [encode(obj | {"sealed": b64u(bytes(20_000))})],
    ):
        with pytest.raises(EncodingError):
            threshold.import_shares(node, bad)


def test_a_share_of_a_key_that_was_replaced_is_refused(network: Consortium) -> None:
    """What another deal has withdrawn is not accepted any more."""
    first = network.deal_key()
    network.deal_key(which=1)
    with pytest.raises(StepNotAllowed, match="withdrawn"):
        threshold.import_shares(network["tax"], [first["tax"]])
    assert network["tax"].share(1) is None


def test_only_the_operator_deals(network: Consortium) -> None:
    """The ledger's rule speaks through the node."""
    body = {
        "epoch": 1,
        "evidence": None,
        "holders": list(HOLDERS),
        "key": dealt()[0].to_json(),
        "previous": None,
    }
    with pytest.raises(NotPermitted) as refused:
        threshold.deal(network["tax"], body)  # type: ignore[arg-type]
    assert refused.value.detail["rule"] == "threshold.operator"


def test_an_auditor_reads_what_was_done(network: Consortium) -> None:
    """Deal and acceptance leave receipts that verify offline, under who did it."""
    files = network.deal_key()
    threshold.import_shares(network["tax"], [files["tax"]], person="wen")
    for agency, kind in (("registrar", "deal"), ("tax", "accept")):
        (kept,) = network[agency].store.receipts()
        verdict = verify(kept.body, network.trust, network.clock(), lambda _: None)
        assert verdict.outcome == "valid", verdict.report()
        assert f"threshold.{kind}" in verdict.report()
    use = network["tax"].store.uses()[0]
    assert (use.action, use.person) == ("threshold.accept", "wen")


# Nothing of it shows


def test_a_share_shows_nowhere(network: Consortium) -> None:
    """Not in repr, not in errors, not in the store, not pickled."""
    files = network.deal_key()
    threshold.import_shares(network["tax"], [files["tax"]])
    share = network["tax"].share(1)
    assert share is not None
    secret = share.to_bytes()
    shown = [repr(share), repr(network["tax"]), repr(network["tax"].shares)]
    shown += [repr(read_file(files["tax"]))]
    for text in shown:
        assert str(share.value) not in text and secret.hex() not in text
    with pytest.raises(TypeError):
        pickle.dumps(share)
    try:
        threshold.import_shares(network["tax"], [files["tax"]])
    except PrivShareError as error:
        assert str(share.value) not in f"{error.message}{error.fix}{error.detail}"


def test_a_share_lies_in_the_key_folder(tmp_path: Path) -> None:
    """Encrypted, readable by its owner alone, and there again after a restart."""
    key, shares = dealt()
    folder = ShareFolder(tmp_path, Passphrase("a passphrase"))
    folder.put(4, shares[1])
    found = folder.get(4)
    assert found is not None and folder.get(1) is None
    file = tmp_path / "share.4.key"
    assert file.stat().st_mode & 0o077 == 0
    assert b64u(shares[1].to_bytes()).encode() not in file.read_bytes()
    again = ShareFolder(tmp_path, Passphrase("a passphrase")).get(4)
    assert again is not None
    again.check(key)
    with pytest.raises(Conflict):
        folder.put(4, shares[1])
    with pytest.raises(VerificationError):
        ShareFolder(tmp_path, Passphrase("another"))
    assert "passphrase" not in repr(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["share.4.key"]


def test_a_share_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the power fails half way, the node starts and takes the share again."""
    _, shares = dealt()
    folder = ShareFolder(tmp_path, Passphrase("a passphrase"))

    def fail(path: Path, *_: Any, **__: Any) -> None:
        path.write_bytes(b"half")
        raise OSError("no power")

    monkeypatch.setattr(share_folder, "write_key", fail)
    with pytest.raises(OSError, match="no power"):
        folder.put(4, shares[1])
    monkeypatch.undo()
    again = ShareFolder(tmp_path, Passphrase("a passphrase"))
    assert again.get(4) is None
    again.put(4, shares[1])
    assert [path.name for path in tmp_path.iterdir()] == ["share.4.key"]
    (tmp_path / "share.5.key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError):
        again.put(5, shares[1])


# Re-sharing


def public_parts(files: list[dict[str, bytes]]) -> list[PublicPart]:
    """The files for the operator."""
    return [
        PublicPart.from_json(decode(data))
        for one in files
        for name, data in one.items()
        if name.startswith("resharing-")
    ]


def parts_for(files: list[dict[str, bytes]], agency: str) -> list[bytes]:
    """The files for one new holder."""
    return [
        data
        for one in files
        for name, data in one.items()
        if name.startswith("part-") and name.endswith(f"-to-{agency}.json")
    ]


def put_reshared(network: Consortium, files: list[dict[str, bytes]]) -> int:
    """What `threshold deal --from` does."""
    parts = public_parts(files)
    previous = held(network, parts[0].previous)
    key = successor(previous.opened, [part.statement for part in parts])
    epoch = query.epochs(network.host.view()).newest + 1
    body = {
        "epoch": epoch,
        "evidence": b64u(evidence(parts)),
        "holders": list(parts[0].holders),
        "key": key.to_json(),
        "previous": previous.epoch,
    }
    threshold.deal(network["registrar"], body)  # type: ignore[arg-type]
    network.sync()
    return epoch


@pytest.fixture
def resharing(network: Consortium) -> list[dict[str, bytes]]:
    """Title and housing share the key of the three anew: registrar in, title out."""
    network.share_key()
    to = ("housing", "registrar", "tax")
    return [threshold.reshare(network[name], to, 2) for name in ("title", "housing")]


def test_a_key_is_reshared(
    network: Consortium, resharing: list[dict[str, bytes]]
) -> None:
    """New holders open what was encrypted before; old and new shares do not mix."""
    assert put_reshared(network, resharing) == 2
    for agency in ("registrar", "tax"):
        done = threshold.import_shares(network[agency], parts_for(resharing, agency))
        network.sync()
    assert done.status == "active" and done.epoch == 2
    assert held(network, 1).status == "superseded"
    assert held(network, 2).opened.kid == held(network, 1).opened.kid
    assert opens(network, 2, ("registrar", "tax"))
    assert opens(network, 1, ("title", "tax"))
    old, new = network["title"].share(1), network["tax"].share(2)
    assert old is not None and new is not None
    with pytest.raises(VerificationError):
        old.check(held(network, 2).opened)


def test_a_reshared_key_is_reshared_again(
    network: Consortium, resharing: list[dict[str, bytes]]
) -> None:
    """Twice in a row, the second time to fewer who need all."""
    put_reshared(network, resharing)
    for agency in ("housing", "registrar", "tax"):
        threshold.import_shares(network[agency], parts_for(resharing, agency))
        network.sync()
    again = [
        threshold.reshare(network[name], ("title", "tax"), 2, by=("registrar", "tax"))
        for name in ("registrar", "tax")
    ]
    assert put_reshared(network, again) == 3
    for agency in ("title", "tax"):
        threshold.import_shares(network[agency], parts_for(again, agency))
        network.sync()
    assert opens(network, 3, ("title", "tax"))


def test_parts_wait_for_the_ledger(
    network: Consortium, resharing: list[dict[str, bytes]]
) -> None:
    """Before the operator's deal there is nothing to hold them against."""
    with pytest.raises(NotFound) as refused:
        threshold.import_shares(network["tax"], parts_for(resharing, "tax"))
    assert "deal --from" in refused.value.fix


def test_all_parts_come_together(
    network: Consortium, resharing: list[dict[str, bytes]]
) -> None:
    """One part is too few; the same one twice, too."""
    put_reshared(network, resharing)
    parts = parts_for(resharing, "tax")
    for bad in (parts[:1], [parts[0], parts[0]], [*parts, parts[0]]):
        with pytest.raises(EncodingError):
            threshold.import_shares(network["tax"], bad)
    with pytest.raises(VerificationError, match="for tax"):
        threshold.import_shares(network["tax"], parts_for(resharing, "registrar"))


def test_parts_of_two_resharings_do_not_mix(
    network: Consortium, resharing: list[dict[str, bytes]]
) -> None:
    """A part of another attempt is not what the ledger's digest covers."""
    put_reshared(network, resharing)
    to = ("housing", "registrar", "tax")
    other = threshold.reshare(network["title"], to, 2)
    mixed = [parts_for([other], "tax")[0], parts_for(resharing, "tax")[1]]
    with pytest.raises(NotFound, match="this re-sharing"):
        threshold.import_shares(network["tax"], mixed)
    assert network["tax"].share(2) is None


def test_who_reshares(network: Consortium) -> None:
    """Holders of the key in use, as many as it takes, who all name the same."""
    with pytest.raises(NotFound, match="in use"):
        threshold.reshare(network["title"], HOLDERS, 2)
    network.share_key(accepting=("title", "housing"))
    with pytest.raises(NotFound, match="share of epoch 1"):
        threshold.reshare(network["tax"], HOLDERS, 2)
    for by in (("title",), ("title", "tax"), ("title", "title"), ("title", "fire")):
        with pytest.raises(OutOfRange, match="hold shares"):
            threshold.reshare(network["title"], HOLDERS, 2, by=by)
    threshold.import_shares(network["tax"], [_file_again(network)])
    network.sync()
    with pytest.raises(NotPermitted) as refused:
        threshold.reshare(network["tax"], HOLDERS, 2)
    assert refused.value.detail["rule"] == "threshold.participant"
    assert threshold.reshare(network["tax"], HOLDERS, 2, by=("title", "tax"))
    with pytest.raises(NotFound):
        threshold.reshare(network["title"], ("title", "fire"), 2)
    for to, count in ((("title", "title"), 2), (("title", "tax"), 3), (("tax",), 2)):
        with pytest.raises(OutOfRange):
            threshold.reshare(network["title"], to, count)


def _file_again(network: Consortium) -> bytes:
    """The file of tax, sealed anew."""
    share = dealt(2, 3)[1][2]
    file = seal_share(
        share,
        agency="tax",
        epoch=1,
        network="demo.privshare",
        recipient=network["tax"].keys.seal[0].public_key,
    )
    return encode(file.to_json())
