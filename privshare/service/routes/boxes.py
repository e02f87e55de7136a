"""Routes of boxes: messages of PySyft's clients, by the accounts' own people.

    PUT  /v1/boxes/file?account=…&kind=inbox&owner=…&other=…&name=…&agency=tax

`agency` is whose node keeps the box; where it is another's, this node signs and
asks that one. Nothing that passes is read.
"""

from __future__ import annotations

from typing import cast

from pydantic import Field

from privshare.exchange import box as boxes
from privshare.exchange.box_account import Caller
from privshare.exchange.box_room import MAX_PAGE
from privshare.jobs.submission.account import MAX_ACCOUNT
from privshare.jobs.submission.box import MAX_FILE, MAX_NAME, Box
from privshare.rights import identifier
from privshare.service.paging import Number
from privshare.service.route import Answer, Body, Call, Model, Route, people
from privshare.wire.canonical import Json

BYTES = "application/octet-stream"
#: As how many requests the rate limit counts a file.
FILE_COST = 2
#: Scientists and stewards have accounts; others have no business here.
HOLDERS = people("analyst", "operator", "steward")
_AGENCY = f"^(?:{identifier.AGENCY.pattern.pattern})?$"


class Place(Model):
    """A box, and for which account one reaches into it."""

    account: str = Field(max_length=MAX_ACCOUNT, description="one's own account")
    kind: str = Field(max_length=16, description="private, inbox, outbox or shown")
    owner: str = Field(max_length=MAX_ACCOUNT, description="whose box")
    other: str = Field(
        max_length=MAX_ACCOUNT, description="at its other end, or what it is for"
    )

    @property
    def box(self) -> Box:
        """The box itself."""
        return Box.of(self.kind, self.owner, self.other)


class FilePlace(Place):
    """A file in a box."""

    name: str = Field(max_length=MAX_NAME, description="of the file")


class Listing(Place):
    """Part of a box's list."""

    after: str = Field(default="", max_length=MAX_NAME, description="names behind this")
    limit: Number = Field(
        default=MAX_PAGE, ge=1, le=MAX_PAGE, description="most names in the answer"
    )


class Ends(Model):
    """Part of the list of those at the other end of boxes."""

    account: str = Field(max_length=MAX_ACCOUNT, description="one's own account")
    kind: str = Field(max_length=16, description="private, inbox, outbox or shown")
    after: str = Field(
        default="", max_length=MAX_ACCOUNT, description="accounts behind this"
    )
    limit: Number = Field(
        default=MAX_PAGE, ge=1, le=MAX_PAGE, description="most accounts in the answer"
    )


class OwnFile(FilePlace):
    """A file in a box, and whose node keeps it."""

    agency: str = Field(
        default="", pattern=_AGENCY, description="whose node keeps the box; else this"
    )


class OwnListing(Listing):
    """Part of a box's list, and whose node keeps it."""

    agency: str = Field(
        default="", pattern=_AGENCY, description="whose node keeps the box; else this"
    )


class OwnEnds(Ends):
    """Part of a list of other ends, and at whose node."""

    agency: str = Field(
        default="", pattern=_AGENCY, description="whose node keeps the boxes; else this"
    )


class Asked(Model):
    """An account that one wants to know."""

    account: str = Field(max_length=MAX_ACCOUNT, description="one's own account")
    about: str = Field(max_length=MAX_ACCOUNT, description="the other account")


def put(call: Call) -> Answer:
    """Write a file, in place of an older one of that name."""
    query: OwnFile = call.query
    boxes.put(
        call.context.node,
        _caller(call),
        query.box,
        query.name,
        call.body,
        query.agency,
    )
    return Answer()


def get(call: Call) -> Answer:
    """A file's bytes."""
    query: OwnFile = call.query
    data = boxes.get(
        call.context.node, _caller(call), query.box, query.name, query.agency
    )
    return Answer(data, media=BYTES)


def drop(call: Call) -> Answer:
    """Take a file out, if it is there."""
    query: OwnFile = call.query
    boxes.drop(call.context.node, _caller(call), query.box, query.name, query.agency)
    return Answer()


def listing(call: Call) -> Json:
    """Names of files."""
    query: OwnListing = call.query
    return cast(
        Json,
        boxes.names(
            call.context.node,
            _caller(call),
            query.box,
            query.after,
            query.limit,
            query.agency,
        ),
    )


def others(call: Call) -> Json:
    """Accounts at the other end of boxes."""
    query: OwnEnds = call.query
    return cast(
        Json,
        boxes.others(
            call.context.node,
            _caller(call),
            query.kind,
            query.after,
            query.limit,
            query.agency,
        ),
    )


def account(call: Call) -> Json:
    """Whose account it is, and its enrolment."""
    query: Asked = call.query
    return cast(Json, boxes.show(call.context.node, _caller(call), query.about))


def _caller(call: Call) -> Caller:
    return Caller(call.query.account, call.context.node.agency, call.person.kid)


ROUTES: tuple[Route, ...] = (
    Route(
        "PUT",
        "/v1/boxes/file",
        put,
        HOLDERS,
        "Put a message of one's account into a box, here or at another node.",
        body=Body(BYTES, None, MAX_FILE),
        query=OwnFile,
        status=204,
        refusals=(409,),
        cost=FILE_COST,
    ),
    Route(
        "GET",
        "/v1/boxes/file",
        get,
        HOLDERS,
        "A message from a box that one's account may read.",
        query=OwnFile,
        media=BYTES,
        cost=FILE_COST,
    ),
    Route(
        "DELETE",
        "/v1/boxes/file",
        drop,
        HOLDERS,
        "Take a message out of a box of one's account.",
        query=OwnFile,
        status=204,
    ),
    Route(
        "GET",
        "/v1/boxes",
        listing,
        HOLDERS,
        "Names of the messages in a box.",
        query=OwnListing,
    ),
    Route(
        "GET",
        "/v1/boxes/others",
        others,
        HOLDERS,
        "The accounts at the other end of one's boxes.",
        query=OwnEnds,
    ),
    Route(
        "GET",
        "/v1/boxes/account",
        account,
        HOLDERS,
        "Whose an account is that has shown its enrolment here.",
        query=Asked,
    ),
)
