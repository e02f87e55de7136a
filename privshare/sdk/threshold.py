"""The consortium's threshold key, from the outside: deal, take over, re-share.

    operator  net.threshold.deal(2, ["title", "housing", "tax"], keep=save)
    holder    net.threshold.take(files)
    old       net.threshold.reshare(["title", "tax", "roads"], 2)
    operator  net.threshold.deal_reshared(public parts)

Whoever calls `deal` is the dealer: the key is made in this process, and what it
was made from is forgotten when the call returns. Shares leave it sealed to the
keys that the ledger holds for their agencies.

Implements docs/formats/threshold.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import cast

from privshare.errors import EncodingError, NotFound
from privshare.ledger.sealed_share import (
    MAX_FILE,
    PublicPart,
    evidence,
    read_file,
    seal_share,
)
from privshare.schemes.sealing import SealPublicKey
from privshare.schemes.threshold import KeyShare, ThresholdKey
from privshare.schemes.threshold import deal as deal_key
from privshare.schemes.threshold_reshare import successor
from privshare.sdk.call import Bound, Call, M, verb
from privshare.sdk.document import Document
from privshare.sdk.session import Session
from privshare.wire.canonical import Encodable, b64u, decode, encode, unb64u

#: Saves files, by name, before what they are for is on the ledger.
Keep = Callable[[Mapping[str, bytes]], None]

_PATH = "/v1/threshold"


class Threshold(Bound[M]):
    """What can be done with the threshold key; `net.threshold`."""

    def __init__(self, driver: M, session: Session, network: Callable[[], str]) -> None:
        super().__init__(driver)
        self._session, self._network = session, network

    @verb
    def epochs(self) -> Call[list[Document]]:
        """List the threshold keys, the newest first."""
        answer = yield from self._session.get(_PATH)
        return list(answer.objs("items"))

    @verb
    def key(self, epoch: int) -> Call[ThresholdKey]:
        """Read a key with its commitments, and check them.

        Raises:
            NotFound: There is no such epoch.
            VerificationError: The commitments do not fit one another.
        """
        return (yield from self._key(epoch))

    @verb
    def deal(
        self,
        threshold: int,
        holders: Sequence[str],
        *,
        keep: Keep,
        bits: int = 2048,
        made: tuple[ThresholdKey, Sequence[KeyShare]] | None = None,
    ) -> Call[Document]:
        """Deal a key: any `threshold` of the holders open, and fewer never.

        The files are kept before the key is on the ledger, so that no key is
        there whose shares nobody has.

        Args:
            threshold: From 2 to the number of holders.
            holders: 2 to 16 agencies, in the order of their shares.
            keep: Gets `share-<epoch>-<agency>.json` for each holder, sealed;
                hand each to its agency.
            bits: Of the modulus: 2048 or 3072.
            made: A key that was made before; drawn unless given.

        Returns:
            `epoch`, `id`, `index`: where the key is on the ledger. It is in use
            once as many as the threshold have taken their shares over.

        Raises:
            OutOfRange: Other numbers.
            NotFound: An agency that is no member, or has no sealing key.
            NotPermitted: This is not the operator's node.
            Conflict: Somebody dealt meanwhile.
        """
        recipients = yield from self._sealing_keys(holders)
        epoch = (yield from self._newest()) + 1
        key, shares = made or deal_key(threshold, len(holders), bits)
        keep(
            {
                f"share-{epoch}-{agency}.json": encode(
                    seal_share(
                        share,
                        agency=agency,
                        epoch=epoch,
                        network=self._network(),
                        recipient=recipients[agency],
                    ).to_json()
                )
                for agency, share in zip(holders, shares, strict=True)
            }
        )
        return (yield from self._submit(epoch, holders, key))

    @verb
    def take(self, files: Sequence[bytes]) -> Call[Document]:
        """Take over this agency's share: its node opens, checks, keeps, accepts it.

        Args:
            files: One share; or the parts of one re-sharing, all of them.

        Returns:
            `epoch`, `index`, `accepted`, and the key's `status`.

        Raises:
            EncodingError: Other files.
            PrivShareError: What the node reports.
        """
        listed: list[Encodable] = []
        for data in files:
            read_file(data)  # say what is wrong here, before it is sent
            listed.append(cast(Encodable, decode(data, max_bytes=MAX_FILE)))
        answer = yield from self._session.send(
            "POST", f"{_PATH}/shares", {"files": listed}
        )
        return answer

    @verb
    def reshare(
        self, to: Sequence[str], threshold: int, *, by: Sequence[str] = ()
    ) -> Call[dict[str, bytes]]:
        """Have this agency's node share its share among new holders.

        Args:
            to: The new holders, in the order of their shares.
            threshold: How many of them it takes.
            by: The old holders who do it; the node's choice unless given.

        Returns:
            Files by name: `resharing-…` for the operator, `part-…` one for
            each new holder, sealed.

        Raises:
            PrivShareError: What the node reports.
        """
        body: dict[str, Encodable] = {
            "by": list(by),
            "threshold": threshold,
            "to": list(to),
        }
        answer = yield from self._session.send("POST", f"{_PATH}/resharings", body)
        files = answer.obj("files")
        return {name: encode(files[name]) for name in files}

    @verb
    def deal_reshared(self, public: Sequence[bytes]) -> Call[Document]:
        """Put a re-shared key on the ledger, from its public parts.

        Args:
            public: The `resharing-…` files of all old holders who took part.

        Returns:
            As `deal`.

        Raises:
            EncodingError: Other files, or not of one re-sharing.
            ProofInvalid: A part that does not hold; `detail["index"]` names
                the old holder's share.
            PrivShareError: What the node reports.
        """
        parts = [
            PublicPart.from_json(decode(one, max_bytes=MAX_FILE)) for one in public
        ]
        if not parts or any(
            (one.previous, one.holders, one.network)
            != (parts[0].previous, parts[0].holders, self._network())
            for one in parts
        ):
            raise EncodingError(
                f"expected the public parts of one re-sharing in {self._network()}, "
                f"found {len(parts)} of several",
                fix="put the resharing-….json files of one re-sharing in the folder",
            )
        previous = parts[0].previous
        before = yield from self._key(previous)
        key = successor(before, [one.statement for one in parts])
        epoch = (yield from self._newest()) + 1
        answer = yield from self._submit(
            epoch, parts[0].holders, key, previous, b64u(evidence(parts))
        )
        return answer

    def _newest(self) -> Call[int]:
        answer = yield from self._session.get(_PATH)
        return max((one.int("epoch") for one in answer.objs("items")), default=0)

    def _key(self, epoch: int) -> Call[ThresholdKey]:
        answer = yield from self._session.get(f"{_PATH}/{epoch}")
        return ThresholdKey.from_json(answer["key"])

    def _submit(
        self,
        epoch: int,
        holders: Sequence[str],
        key: ThresholdKey,
        previous: int | None = None,
        digest: str | None = None,
    ) -> Call[Document]:
        body: dict[str, Encodable] = {
            "epoch": epoch,
            "evidence": digest,
            "holders": list(holders),
            "key": key.to_json(),
            "previous": previous,
        }
        return (yield from self._session.send("POST", f"{_PATH}/deals", body))

    def _sealing_keys(self, holders: Sequence[str]) -> Call[dict[str, SealPublicKey]]:
        answer = yield from self._session.get("/v1/agencies")
        known = {one.str("agency"): one for one in answer.objs("items")}
        found = {}
        for agency in holders:
            if agency not in known:
                raise NotFound(f"expected a member of the network, found {agency}")
            keys = [k for k in known[agency].objs("keys") if k.str("use") == "seal"]
            if not keys:
                raise NotFound(
                    f"expected a sealing key of {agency} on the ledger, found none",
                    fix=f"{agency} adds one with `privshare key rotate`.",
                )
            # The last one listed is the newest.
            found[agency] = SealPublicKey(unb64u(keys[-1].str("pub"), 32))
        return found
