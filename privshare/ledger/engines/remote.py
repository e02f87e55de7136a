"""The host over HTTP: a mirror's source, and the host's way to a witness.

    mirror   HttpLogSource ─► GET /log/checkpoint, /log/tile/...
                           ─► POST /v1/ledger/transactions
    host     http_witness ─► POST /v1/witness/add-checkpoint (C2SP tlog-witness)

Whoever makes these passes an `httpx.Client` that knows the address, the
certificates and the signatures of requests. What the other side refuses comes
back as the error it raised: problem reports (RFC 9457) name it in `title`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx

from privshare import errors
from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    PrivShareError,
    Unavailable,
)
from privshare.ledger.api import Committed
from privshare.ledger.engines.pusher import Client, Connect
from privshare.ledger.transaction import parse
from privshare.ledger.trust import Witness
from privshare.log.text import MAX_SIZE
from privshare.log.witness import SIZE_TYPE, decode_size
from privshare.wire import envelope
from privshare.wire.canonical import Fields, Json, b64u, decode_loose, encode

#: The largest answer taken: a full bundle of the longest entries.
MAX_ANSWER = 256 * (65_535 + 2)

_TEXT = "text/plain; charset=utf-8"
_KEPT = ("type", "title", "status", "detail", "fix", "instance")


class HttpLogSource:
    """The host's node as a `LogSource`.

    Args:
        client: With the host's address as `base_url`.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def genesis(self) -> bytes:
        """Entry 0, verified by nobody."""
        return self._get("/v1/ledger/genesis")

    def checkpoint(self, size: int | None = None) -> bytes:
        """The newest checkpoint, or the best cosigned one from a size on.

        A host that serves plain files knows no sizes and gives the newest.
        """
        if size is not None:
            try:
                return self._get(f"/log/checkpoint?size={size}")
            except EncodingError:
                pass  # this host takes no query here: ask as C2SP says
        return self._get("/log/checkpoint")

    def tile(self, path: str) -> bytes:
        """A tile or an entry bundle.

        Raises:
            NotFound: No such tile.
        """
        return self._get(f"/log/{path}")

    def submit(self, tx: bytes, leaves: bytes, timeout_s: float) -> Committed:
        """Hand a transaction to the host.

        Raises:
            Unavailable: The host does not answer; whether it took the
                transaction shows in the log.
            PrivShareError: What the host raised.
        """
        body: dict[str, Json] = {
            "leaves": b64u(leaves),
            "tx": envelope.to_json(envelope.decode(tx)),
        }
        response = _send(
            self._client,
            "POST",
            "/v1/ledger/transactions",
            content=encode(body),
            headers={"Content-Type": "application/json"},
            timeout=timeout_s,
        )
        fields = Fields(decode_loose(_read(response)), "committed")
        committed = Committed(
            id=fields.str("id", max=64),
            height=fields.int("height", 0),
            index=fields.int("index", 0),
            size=fields.int("size", 0),
        )
        fields.end()
        expected = parse(tx).id
        if committed.id != expected:
            raise EncodingError(
                f"committed.id: expected {expected}, found another transaction's"
            )
        return committed

    def _get(self, path: str) -> bytes:
        return _read(_send(self._client, "GET", path))


def http_witness(client: httpx.Client) -> Connect:
    """Make the clients by which a host reaches its witnesses.

    Args:
        client: Without `base_url`: each witness has its own address.

    Returns:
        For `EmbeddedLedger(connect=...)`.
    """

    def connect(witness: Witness) -> Client | None:
        if not witness.prefix:
            return None
        url = f"{witness.prefix}/add-checkpoint"

        def push(request: bytes) -> bytes:
            response = _send(
                client, "POST", url, content=request, headers={"Content-Type": _TEXT}
            )
            kind = response.headers.get("Content-Type", "")
            if response.status_code == 409 and kind.startswith(SIZE_TYPE):
                size = min(decode_size(response.content), MAX_SIZE)
                raise Conflict(
                    f"expected a proof from size {size}, found one from another",
                    detail={"size": size},
                )
            return _read(response)

        return push

    return connect


def _send(client: httpx.Client, method: str, url: str, **more: Any) -> httpx.Response:
    try:
        return client.request(method, url, **more)
    except httpx.TransportError as error:
        raise Unavailable(
            f"expected an answer from {client.base_url}, found none "
            f"({type(error).__name__})",
            fix="See whether the node runs and is reachable.",
        ) from error


def _read(response: httpx.Response) -> bytes:
    """An answer's body, or the error it reports."""
    data = response.content
    if len(data) > MAX_ANSWER:
        raise EncodingError(
            f"expected an answer of at most {MAX_ANSWER} bytes, found {len(data)}"
        )
    if response.status_code < 300:
        return data
    raise problem(response.status_code, data)


_ERRORS: dict[str, type[PrivShareError]] = {
    name: found
    for name, found in vars(errors).items()
    if isinstance(found, type) and issubclass(found, PrivShareError)
}

_BY_STATUS: dict[int, Callable[[str], PrivShareError]] = {
    400: EncodingError,
    404: NotFound,
    409: Conflict,
}


def problem(status: int, data: bytes) -> PrivShareError:
    """The error that another node reported.

    Args:
        status: Of the answer.
        data: Its body, a problem report if all is well.

    Returns:
        The error by its name in `title` or `type`; where that says nothing,
        by the status; `Unavailable` where that says nothing either.
    """
    try:
        report = decode_loose(data, max_bytes=1 << 16)
    except PrivShareError:
        report = None
    if not isinstance(report, dict):
        report = {}
    message = report.get("detail")
    if not isinstance(message, str):
        message = f"expected an answer, found status {status}"
    name = str(report.get("title") or report.get("type", "")).rpartition(":")[2]
    if name in _ERRORS:
        fix = report.get("fix")
        detail = {key: value for key, value in report.items() if key not in _KEPT}
        return _ERRORS[name](
            message, fix=fix if isinstance(fix, str) else "", detail=detail
        )
    return _BY_STATUS.get(status, Unavailable)(message)
