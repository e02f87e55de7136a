"""Rules for the consortium's threshold key: `threshold.deal`, `threshold.accept`.

The operator puts a key on the ledger, dealt anew or re-shared by holders of
the active one; each agency it names says that the share it was handed fits.
The key is in use from the acceptance on that makes k of them. A deal that too
few accept never becomes the key: the next deal takes its place.

    threshold.deal    operator   epoch = newest + 1 ─► dealt
    threshold.accept  holder     k of them ─► active, and the former superseded

That commitments fit one another, and that any k shares open rightly, is
checked here by everybody who replays the log (`ThresholdKey`); that a holder
has its share, only the holder can say.

Implements docs/formats/entry.md, section 4.9, and docs/formats/threshold.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from privshare.errors import Conflict, EncodingError, StepNotAllowed
from privshare.ledger import query
from privshare.ledger.rule import Context, need
from privshare.ledger.shared_key import EPOCHS, Epochs, Holder, SharedKey
from privshare.ledger.state_map import Value
from privshare.rights import identifier
from privshare.schemes.threshold_key import MAX_HOLDERS, ThresholdKey
from privshare.wire.canonical import INTEGER_LIMIT, Fields, b64u

__all__ = ["ThresholdAccept", "ThresholdDeal"]

_MOST = INTEGER_LIMIT - 1


def _write(context: Context, key: SharedKey) -> None:
    context.draft.put(f"threshold/{key.epoch}", key.to_json())


def _write_epochs(context: Context, epochs: Epochs) -> None:
    context.draft.put(EPOCHS, epochs.to_json())


@dataclass(frozen=True, slots=True)
class ThresholdDeal:
    """The operator puts a key on the ledger whose shares were handed out."""

    epoch: int
    evidence: str | None
    holders: tuple[str, ...]
    key: Value
    previous: int | None

    @classmethod
    def parse(cls, fields: Fields) -> ThresholdDeal:
        """Read the body; what the key's numbers say is looked at in `apply`.

        That costs time, which nobody but the operator may ask of everybody.
        """
        epoch = fields.int("epoch", 1, _MOST)
        evidence = fields.nullable("evidence", fields.digest)
        holders = fields.str_list("holders", MAX_HOLDERS, identifier.AGENCY.pattern)
        key = fields.json("key")
        previous = fields.nullable("previous", fields.int, 1, _MOST)
        if len(set(holders)) != len(holders):
            raise EncodingError("body.holders: expected each agency once, found more")
        if not isinstance(key, dict):
            raise EncodingError("body.key: expected an object, found something else")
        if (previous is None) != (evidence is None):
            raise EncodingError(
                "body: expected a fresh key without previous and evidence, or a "
                "re-shared one with both, found otherwise"
            )
        digest = None if evidence is None else b64u(evidence)
        return cls(epoch, digest, holders, key, previous)

    def apply(self, context: Context) -> None:
        """Enter the key; one that nobody uses yet makes way for it."""
        operator = context.genesis.operator
        need(
            context.account == operator,
            "threshold.operator",
            f"expected {operator}, the operator, found {context.account}",
        )
        epochs = query.epochs(context.draft)
        if self.epoch != epochs.newest + 1:
            raise Conflict(
                f"expected epoch {epochs.newest + 1}, found {self.epoch}",
                fix="Look at the newest key, and deal again.",
                detail={"epoch": epochs.newest + 1},
            )
        for agency in self.holders:
            need(
                query.is_active(context.draft, agency),
                "threshold.holder",
                f"expected holders that are members, found {agency}",
            )
        dealt = SharedKey(
            epoch=self.epoch,
            key=self.key,
            holders=tuple(map(Holder, self.holders)),
            dealer=context.account,
            status="dealt",
            at=context.index,
            previous=self.previous,
            evidence=self.evidence,
        )
        key = dealt.opened  # checks it, as everybody can
        if len(self.holders) != key.holders:
            raise EncodingError(
                f"body.holders: expected {key.holders} agencies, one for each share, "
                f"found {len(self.holders)}"
            )
        if self.previous is None:
            self._check_fresh(context, key)
        else:
            self._check_reshared(context, key, epochs, self.previous)
        self._withdraw(context, epochs)
        _write(context, dealt)
        _write_epochs(context, replace(epochs, newest=self.epoch))

    def _check_fresh(self, context: Context, key: ThresholdKey) -> None:
        """A fresh key's modulus was nobody's before."""
        if key.past:
            raise EncodingError("body.key: expected a fresh key, found a re-shared one")
        before = (value["key"]["n"] for _, value in context.draft.items("threshold/"))
        need(
            self.key["n"] not in before,
            "threshold.modulus",
            "expected a new modulus, found one that was dealt before",
        )
        held = {name.rsplit("/", 1)[1] for name, _ in context.draft.items("key/")}
        need(
            key.kid not in held,
            "threshold.modulus",
            f"expected a modulus that no agency opens alone, found one's {key.kid}",
        )

    def _check_reshared(
        self, context: Context, key: ThresholdKey, epochs: Epochs, previous: int
    ) -> None:
        """A re-shared key is the active one, in other pieces."""
        if previous != epochs.active:
            raise StepNotAllowed(
                f"expected a re-sharing of epoch {epochs.active}, the active key, "
                f"found one of {previous}",
                detail={"rule": "threshold.previous"},
            )
        before = query.threshold_epoch(context.draft, previous).opened
        need(
            key.n == before.n,
            "threshold.modulus",
            f"expected the modulus of epoch {previous}, found another",
        )
        expected = (*before.past, before.holders)
        need(
            key.past == expected,
            "threshold.past",
            f"expected a key re-shared from {list(expected)} holders, found one from "
            f"{list(key.past)}",
        )

    @staticmethod
    def _withdraw(context: Context, epochs: Epochs) -> None:
        if epochs.newest in (0, epochs.active):
            return
        waiting = query.threshold_epoch(context.draft, epochs.newest)
        _write(context, replace(waiting, status="withdrawn", until=context.index))


@dataclass(frozen=True, slots=True)
class ThresholdAccept:
    """A holder says that it has the share which the key commits to."""

    epoch: int

    @classmethod
    def parse(cls, fields: Fields) -> ThresholdAccept:
        """Read the body."""
        return cls(fields.int("epoch", 1, _MOST))

    def apply(self, context: Context) -> None:
        """Note it; the acceptance that makes k of them puts the key in force."""
        held = query.threshold_epoch(context.draft, self.epoch)
        need(
            context.account in held.agencies,
            "threshold.holder",
            f"expected one of {', '.join(held.agencies)}, who hold shares, found "
            f"{context.account}",
        )
        if held.status not in ("dealt", "active"):
            raise StepNotAllowed(
                f"expected a key that is dealt or active, found epoch {self.epoch} "
                f"{held.status}",
                fix="Import the share of the newest epoch.",
                detail={"rule": "threshold.status"},
            )
        if context.account in held.accepted:
            raise Conflict(
                f"expected a share that {context.account} has not accepted yet, found "
                f"one of epoch {self.epoch} that it has"
            )
        accepted = replace(
            held,
            holders=tuple(
                replace(one, accepted=context.index)
                if one.agency == context.account
                else one
                for one in held.holders
            ),
        )
        if held.status == "dealt" and len(accepted.accepted) == held.threshold:
            accepted = replace(accepted, status="active", since=context.index)
            self._supersede(context)
        _write(context, accepted)

    def _supersede(self, context: Context) -> None:
        epochs = query.epochs(context.draft)
        if epochs.active is not None:
            former = query.threshold_epoch(context.draft, epochs.active)
            _write(context, replace(former, status="superseded", until=context.index))
        _write_epochs(context, replace(epochs, active=self.epoch))
