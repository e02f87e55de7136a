"""Reads bodies and queries: bounded, strict, and held to their digest.

    Body (of the route) + request ─► read ─► model | JSON | bytes | file

JSON goes through `wire.canonical.decode_loose`, the one reader there is. A
body that was announced by a Content-Digest is compared with it before anybody
looks inside; large ones go to an unlinked temporary file meanwhile.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any
from urllib.parse import parse_qsl

from flask import Request
from pydantic import ValidationError
from werkzeug.wsgi import get_input_stream

from privshare.errors import (
    EncodingError,
    OutOfRange,
    PrivShareError,
    Unauthenticated,
)
from privshare.schemes.http_signature import parse_content_digest
from privshare.service.auth import has_body
from privshare.service.config import Settings
from privshare.service.problems import Refusal
from privshare.service.route import JSON, Body, Model
from privshare.wire.canonical import Json, decode_loose

#: Up to here a streamed body stays in memory.
SPOOL_BYTES = 4 << 20

_CHUNK = 1 << 18
_MAX_QUERY = 4096
_MAX_ERRORS = 20


@contextmanager
def read(body: Body | None, request: Request, settings: Settings) -> Iterator[Any]:
    """Read a request's body as its route says.

    Args:
        body: What the route takes.
        request: The request.
        settings: May hold a lower bound than the route's.

    Yields:
        A model, decoded JSON, bytes, an open file at its start, or None.

    Raises:
        Refusal: 413 too long, 415 another content type.
        Unauthenticated: The body is not the one whose digest was sent.
        EncodingError: Not the JSON of the model.
    """
    if body is None:
        _expect_nothing(request)
        yield None
        return
    if body.optional and not has_body(request.environ):
        yield None
        return
    _expect_media(body, request)
    most = body.max_bytes
    if body.setting:
        most = min(most, getattr(settings, body.setting))
    if body.stream:
        with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as file:
            _copy(request, most, file)
            file.seek(0)
            yield file
        return
    data = _bytes(request, most)
    if body.media != JSON:
        yield data
        return
    value = decode_loose(data, max_bytes=most)
    yield value if body.model is None else validate(body.model, value)


def read_query(model: type[Model] | None, query: bytes) -> Model | None:
    """Read the query part of a URL.

    Raises:
        EncodingError: A field twice, an unknown one, or another form.
    """
    if len(query) > _MAX_QUERY:
        raise EncodingError(f"expected a query of at most {_MAX_QUERY} bytes")
    try:
        pairs = parse_qsl(
            query.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(query),
            errors="strict",
            max_num_fields=32,
        )
    except (UnicodeDecodeError, ValueError):
        raise EncodingError("expected a query name=value&..., found another") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise EncodingError("expected each query field once, found one twice")
    if model is None:
        if fields:
            raise EncodingError("expected no query, found one")
        return None
    return validate(model, dict(fields))


def validate(model: type[Model], value: Json | dict[str, Any]) -> Model:
    """Hold a decoded value to its model.

    Raises:
        EncodingError: It does not fit; `detail["errors"]` lists where and
            why, never with the value itself.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = error.errors(
            include_url=False, include_input=False, include_context=False
        )
        listed = [
            {
                "field": ".".join(str(part)[:64] for part in item["loc"]),
                "message": item["msg"][:200],
            }
            for item in found[:_MAX_ERRORS]
        ]
        raise EncodingError(
            f"expected the fields of {model.__name__}, found "
            f"{len(found)} that do not fit",
            fix="See errors; GET /openapi.json describes each field.",
            detail={"errors": listed},
        ) from None


def too_large(max_bytes: int | None = None) -> Refusal:
    """Refuse a body for its length."""
    bound = f"at most {max_bytes} bytes" if max_bytes is not None else "a shorter body"
    return Refusal(OutOfRange(f"expected {bound}, found more"), 413)


def _expect_nothing(request: Request) -> None:
    stream = get_input_stream(request.environ, max_content_length=_CHUNK)
    if request.content_length or stream.read(1):
        raise EncodingError("expected a request without a body, found one")


def _expect_media(body: Body, request: Request) -> None:
    encoding = request.environ.get("HTTP_CONTENT_ENCODING", "identity")
    if request.environ.get("CONTENT_TYPE") == body.media and encoding == "identity":
        return
    if body.media not in ("*/*", request.mimetype) or encoding != "identity":
        raise Refusal(
            EncodingError(
                f"expected a body of type {body.media}, not compressed; found another"
            ),
            415,
        )
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in ("utf-8", "utf8"):
        raise Refusal(EncodingError("expected UTF-8, found another charset"), 415)


def _bytes(request: Request, max_bytes: int) -> bytes:
    data = b"".join(_chunks(request, max_bytes))
    if "HTTP_CONTENT_DIGEST" in request.environ:
        _check_digest(request, hashlib.sha256(data).digest())
    return data


def _copy(request: Request, max_bytes: int, file: IO[bytes]) -> None:
    digest = hashlib.sha256()
    for chunk in _chunks(request, max_bytes):
        file.write(chunk)
        digest.update(chunk)
    _check_digest(request, digest.digest())


def _chunks(request: Request, max_bytes: int) -> Iterator[bytes]:
    """Yield the body, and never more of it than is allowed."""
    if (request.content_length or 0) > max_bytes:
        raise too_large(max_bytes)
    # One byte more than allowed may pass, so that excess is told from an end.
    stream = get_input_stream(request.environ, max_content_length=max_bytes + 1)
    left = max_bytes
    while chunk := stream.read(min(_CHUNK, left + 1)):
        left -= len(chunk)
        if left < 0:
            raise too_large(max_bytes)
        yield chunk


def _check_digest(request: Request, found: bytes) -> None:
    """Compare the body with its Content-Digest, where one was sent."""
    header = request.headers.get("Content-Digest")
    if header is None:
        return  # signed requests with a body have one: see `auth`
    try:
        expected = parse_content_digest(header)
    except PrivShareError as error:
        raise EncodingError(error.message) from None
    if expected != found:
        raise Unauthenticated(
            "expected the body whose digest was sent, found another body",
            fix="Send the body that was signed.",
            detail={"reason": "digest"},
        )
