"""Idempotency keys: one request, one effect, one answer.

    service   begin_request ─► None: go on ─► finish_request, or release_request
                            └► Answered: send that again

A key that was taken by a process which then died has no answer and never gets
one: what became of the request is not known here, and the caller is told to
look before trying again.
"""

from __future__ import annotations

import sqlalchemy as sa

from privshare.errors import Conflict, VerificationError
from privshare.store.engine import reading, writing
from privshare.store.row import Answered
from privshare.store.tables import RequestTable, table

_REQUEST = table(RequestTable)

#: How long an answer is kept.
KEEP_S = 24 * 3600


class Requests:
    """The part of `Store` that remembers Idempotency-Keys."""

    _engine: sa.Engine

    def begin_request(
        self, principal: str, key: str, digest: bytes, boot: str, now: int
    ) -> Answered | None:
        """Take a key, or find the answer it stands for.

        Args:
            principal: Who asks; keys of different principals never meet.
            key: The Idempotency-Key header.
            digest: Of method, path and body.
            boot: Names this process.
            now: Unix seconds; keys older than `KEEP_S` are forgotten.

        Returns:
            None when the key is now taken, else the earlier answer.

        Raises:
            VerificationError: The key stands for another request.
            Conflict: The earlier request is not answered yet, or never will.
        """
        with writing(self._engine) as db:
            db.execute(_REQUEST.delete().where(_REQUEST.c.created < now - KEEP_S))
            found = db.execute(
                sa.select(_REQUEST).where(
                    _REQUEST.c.principal == principal, _REQUEST.c.key == key
                )
            ).first()
            if found is None:
                db.execute(
                    _REQUEST.insert().values(
                        principal=principal,
                        key=key,
                        digest=digest,
                        boot=boot,
                        status=None,
                        headers_json=b"",
                        body=b"",
                        created=now,
                    )
                )
                return None
        if found.digest != digest:
            raise VerificationError(
                "expected the request that this Idempotency-Key was used for, "
                "found another one",
                fix="Use a new key for a new request.",
            )
        if found.status is None and found.boot == boot:
            raise Conflict(
                "expected a request that is finished, found one in flight under "
                "this Idempotency-Key",
                fix="Wait a moment, then send the same request again.",
            )
        if found.status is None:
            raise Conflict(
                "expected a request that is finished, found one that the node was "
                "serving when it stopped",
                fix="See whether it took effect; if not, use a new key.",
            )
        return Answered(found.status, found.headers_json, found.body)

    def finish_request(
        self, principal: str, key: str, status: int, headers_json: bytes, body: bytes
    ) -> None:
        """Keep the answer that a key stands for."""
        with writing(self._engine) as db:
            db.execute(
                _REQUEST.update()
                .where(_REQUEST.c.principal == principal, _REQUEST.c.key == key)
                .values(status=status, headers_json=headers_json, body=body)
            )

    def release_request(self, principal: str, key: str) -> None:
        """Free a key whose request had no effect."""
        with writing(self._engine) as db:
            db.execute(
                _REQUEST.delete().where(
                    _REQUEST.c.principal == principal,
                    _REQUEST.c.key == key,
                    _REQUEST.c.status.is_(None),
                )
            )

    def requests(self) -> int:
        """Count the keys that are remembered."""
        query = sa.select(sa.func.count()).select_from(_REQUEST)
        with reading(self._engine) as db:
            return int(db.execute(query).scalar_one())
