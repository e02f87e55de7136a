"""Grants: rights asked for, decided on, used and ended.

    Dataset.request ─► Grant (requested) ─► wait ─► active ─► Query, record
    steward           Grant.approve · refuse · revoke
    grantee           Grant.accept, where the owner offered narrower terms

Every decision returns the grant as it then stands, and with it the receipt of
that decision, verified.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote

from privshare.errors import (
    GrantExpired,
    GrantMissing,
    GrantRevoked,
    NotPermitted,
    Unavailable,
)
from privshare.sdk.call import Call, M, Pause, verb
from privshare.sdk.moment import to_text
from privshare.sdk.receipt import Receipt
from privshare.sdk.session import Live, Session
from privshare.sdk.table import html_block
from privshare.wire.canonical import Encodable, Json

#: States in which nothing can be waited for any more.
ENDED = ("refused", "revoked", "expired", "exhausted")

#: Most grants on one dataset that are looked through.
MAX_GRANTS = 2_000

#: What a decision's receipt may be of.
DECISIONS = ("grant.issue", "grant.refuse", "grant.revoke", "ledger.entry")

_PAUSE_S = 0.05
_MAX_PAUSE_S = 5.0


class Grant(Live[M]):
    """One right, as the ledger held it when it was read."""

    _receipt: Receipt | None = None

    @property
    def id(self) -> str:
        """Its id, 43 characters."""
        return self._document.str("id")

    @property
    def status(self) -> str:
        """requested, offered, active, refused, revoked, expired or exhausted."""
        return self._document.str("status")

    @property
    def terms(self) -> dict[str, Json]:
        """What it permits, as docs/formats/entry.md lists the fields."""
        return self._document.obj("terms").json()

    @property
    def dataset(self) -> str:
        """The dataset it is about."""
        return self._document.obj("terms").str("dataset")

    @property
    def grantee(self) -> str:
        """The agency that may use it."""
        return self._document.obj("terms").str("grantee", "")

    @property
    def purpose(self) -> str:
        """The one purpose of every use."""
        return self._document.obj("terms").str("purpose")

    @property
    def operations(self) -> tuple[str, ...]:
        """What may be done."""
        return self._document.obj("terms").strs("operations")

    @property
    def programs(self) -> tuple[str, ...]:
        """The programs that may do it, by name; of listed ones with their digest."""
        return self._document.obj("terms").strs("programs")

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that may be read or computed on."""
        return self._document.obj("terms").strs("columns")

    @property
    def group_by(self) -> tuple[str, ...]:
        """The columns by which results may be split."""
        return self._document.obj("terms").strs("group_by")

    @property
    def k(self) -> int:
        """No result may rest on fewer records."""
        return self._document.obj("terms").int("k", 1)

    @property
    def not_after(self) -> int:
        """Last second at which it is valid, Unix time."""
        return self._document.obj("terms").int("not_after")

    @property
    def uses_left(self) -> int:
        """How many uses are neither made nor reserved."""
        taken = self._document.int("used", 0) + self._document.int("reserved", 0)
        return max(0, self._document.obj("terms").int("uses") - taken)

    @property
    def reason(self) -> str:
        """Why it was refused or revoked, or ""."""
        return self._document.str("reason", "")

    @property
    def receipt(self) -> Receipt | None:
        """The receipt of what was just done with it; None after a mere read."""
        return self._receipt

    @property
    def document(self) -> dict[str, Json]:
        """Everything the node said."""
        return self._document.json()

    def __repr__(self) -> str:
        return f"<Grant {self.id[:8]}… on {self.dataset}, {self.status}>"

    def _repr_html_(self) -> str:
        return html_block(f"Grant {self.id}", self.lines())

    def lines(self) -> tuple[tuple[str, object], ...]:
        """Names and values, to be shown."""
        return (
            ("id", self.id),
            ("dataset", self.dataset),
            ("grantee", self.grantee),
            ("status", self.status),
            ("reason", self.reason),
            ("purpose", self.purpose),
            ("operations", self.operations),
            ("programs", self.programs),
            ("columns", self.columns),
            ("split by", self.group_by),
            ("at least", f"{self.k} records"),
            ("until", to_text(self.not_after)),
            ("uses left", self.uses_left),
        )

    @verb
    def refresh(self) -> Call[Grant[M]]:
        """Read it again.

        Raises:
            PrivShareError: What the node reports.
        """
        return (yield from self._read())

    @verb
    def wait(
        self,
        timeout_s: float = 600.0,
        progress: Callable[[str], None] | None = None,
    ) -> Call[Grant[M]]:
        """Wait until it is decided.

        Args:
            timeout_s: Then give up; the request stands all the same.
            progress: Told what is being waited for.

        Returns:
            The grant: active, or offered with other terms to `accept`.

        Raises:
            NotPermitted: It was refused; `detail["rule"]` names the rule.
            GrantRevoked: It was revoked meanwhile.
            GrantExpired: It can no longer be used.
            Unavailable: Nobody decided in time.
        """
        deadline = self._session.tick() + timeout_s
        pause_s = _PAUSE_S
        grant = yield from self._read()
        while grant.status == "requested":
            owner = grant.dataset.partition("/")[0]
            if progress is not None:
                progress(f"waiting for a steward of {owner}")
            if self._session.tick() + pause_s > deadline:
                raise Unavailable(
                    f"expected a decision by {owner} in {timeout_s:g} s, found none",
                    fix="ask them, and wait again later",
                    detail={"party": owner, "grant": grant.id},
                )
            yield Pause(pause_s)
            pause_s = min(_MAX_PAUSE_S, pause_s * 1.4)
            grant = yield from self._read()
        _check_usable(grant)
        return grant

    @verb
    def approve(self, terms: Mapping[str, Encodable] | None = None) -> Call[Grant[M]]:
        """Grant what was asked for, or less; a steward of the owner decides.

        Args:
            terms: Fields that are to be narrower than asked for, such as
                {"uses": 3}; the requester then accepts first.

        Raises:
            NotPermitted: The policy prohibits it.
            PrivShareError: What else the node reports.
        """
        body: dict[str, Encodable] = {"decision": "permit"}
        if terms:
            body["terms"] = dict(terms)
        return (yield from self._act("POST", "/decision", body))

    @verb
    def refuse(self, reason: str) -> Call[Grant[M]]:
        """Refuse it; a steward of the owner, or of the grantee for an offer.

        Args:
            reason: One sentence, for the requester and the ledger.

        Raises:
            PrivShareError: What the node reports.
        """
        body: dict[str, Encodable] = {"decision": "refuse", "reason": reason}
        return (yield from self._act("POST", "/decision", body))

    @verb
    def accept(self) -> Call[Grant[M]]:
        """Accept the terms that the owner offered.

        Raises:
            PrivShareError: What the node reports.
        """
        return (yield from self._act("POST", "/acceptance", {}))

    @verb
    def revoke(self, reason: str = "") -> Call[Grant[M]]:
        """End it, and everything that was passed on from it.

        Args:
            reason: One sentence, for the ledger.

        Raises:
            PrivShareError: What the node reports.
        """
        return (yield from self._act("DELETE", "", {"reason": reason}))

    def _read(self) -> Call[Grant[M]]:
        document = yield from self._session.get(self._path)
        return Grant(self._driver, self._session, document)

    def _act(self, method: str, path: str, body: Encodable) -> Call[Grant[M]]:
        answer = yield from self._session.send(method, self._path + path, body)
        receipt = answer.str("receipt", "")
        proof = None
        if receipt:
            about = f"grant/{self.id}"
            proof = yield from self._session.receipt(receipt, DECISIONS, about)
        grant = yield from self._read()
        grant._receipt = proof
        return grant

    @property
    def _path(self) -> str:
        return f"/v1/grants/{quote(self.id, safe='')}"


def active_grants(
    session: Session, driver: M, dataset: str, operation: str, purpose: str | None
) -> Call[list[Grant[M]]]:
    """Find the grants on a dataset that allow an operation now.

    Args:
        session: The connection.
        driver: Runs the grants' verbs.
        dataset: The dataset.
        operation: What is to be done.
        purpose: Only grants for it; None for any.

    Returns:
        One or more, the one with most uses left first.

    Raises:
        GrantRevoked: The newest that would have allowed it was revoked.
        GrantExpired: The newest that would have allowed it has expired.
        GrantMissing: There never was one.
    """
    wanted = {"dataset": dataset, "status": "active"}
    found = yield from session.items("/v1/grants", wanted, MAX_GRANTS)
    now = session.clock()
    grants = [Grant(driver, session, item) for item in found]
    usable = [
        grant
        for grant in grants
        if grant.dataset == dataset
        and grant.status == "active"
        and operation in grant.operations
        and purpose in (None, grant.purpose)
        and grant.not_after >= now
        and grant.uses_left > 0
    ]
    if not usable:
        ended = yield from session.items("/v1/grants", {"dataset": dataset}, 1000)
        raise _why_none(
            [Grant(driver, session, item) for item in ended],
            dataset,
            operation,
            purpose,
            now,
        )
    return sorted(usable, key=lambda grant: -grant.uses_left)


def _why_none(
    grants: Sequence[Grant[M]],
    dataset: str,
    operation: str,
    purpose: str | None,
    now: float,
) -> NotPermitted:
    """Say what became of the newest grant that would have allowed it."""
    reason = f" for {purpose}" if purpose else ""
    wish = f"expected an active grant to {operation} on {dataset}{reason}, found"
    fix = f"privshare grant request {dataset} --purpose PURPOSE --operation {operation}"
    detail = {"dataset": dataset, "operation": operation}
    kinds = {"revoked": GrantRevoked, "expired": GrantExpired}
    for grant in grants:
        fits = operation in grant.operations and purpose in (None, grant.purpose)
        over = grant.status == "active" and grant.not_after < now
        status = "expired" if over else grant.status
        if grant.dataset == dataset and fits and status in kinds:
            because = f": {grant.reason}" if grant.reason else ""
            return kinds[status](
                f"{wish} it {status}{because}",
                fix=fix,
                detail={**detail, "grant": grant.id, "rule": f"grant.{status}"},
            )
    return GrantMissing(f"{wish} none", fix=fix, detail=detail)


def _check_usable(grant: Grant[M]) -> None:
    if grant.status not in ENDED:
        return
    error = {"revoked": GrantRevoked, "refused": NotPermitted}.get(
        grant.status, GrantExpired
    )
    rule = grant._document.str("rule", "")
    raise error(
        f"expected a grant on {grant.dataset}, found it {grant.status}"
        + (f": {grant.reason}" if grant.reason else ""),
        fix=f"read the policy: privshare dataset policy {grant.dataset}",
        detail={"grant": grant.id, **({"rule": rule} if rule else {})},
    )
