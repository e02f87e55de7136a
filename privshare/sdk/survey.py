"""Answer a survey, without an account: `privshare.survey`.

    find(id, node) ─► the question, held against its id
    submit(id, answer, node) ─► two sealed shares and a proof ─► the leader's node

No agency learns the answer: each aggregator gets a share that is random, and a
proof that both together lie within the range. The node that takes the report sees
the address it came from; who must not be seen uses another way there.

Implements docs/protocols/vdaf.md.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from privshare.errors import EncodingError, OutOfRange, VerificationError
from privshare.sdk import wallet
from privshare.sdk.call import Call, Request, Response
from privshare.sdk.document import Document
from privshare.sdk.nameless import nameless
from privshare.sdk.session import Session, read_json
from privshare.wire.canonical import Fields, b64u

if TYPE_CHECKING:
    from privshare.jobs.survey.task import Survey

__all__ = ["find", "submit"]


def find(survey: str, node: str | wallet.Profile = "default") -> Survey:
    """Read a survey from an aggregator's node, and hold it against its id.

    Args:
        survey: The survey's id, from whoever asks to take part.
        node: Profile or URL of the leader's or the helper's node.

    Raises:
        NotFound: The node takes part in none of that id.
        VerificationError: The node gave another document.
    """
    from privshare.jobs.survey.task import Survey  # noqa: PLC0415 - brings the core

    path = f"/v1/surveys/{quote(survey, safe='')}/document"
    answer = nameless(node, lambda session: session.get(path))
    found = Survey.read(Fields(answer.json(), "survey"))
    if b64u(found.id) != survey:
        raise VerificationError(
            f"expected the survey {survey}, found {b64u(found.id)}",
            fix="do not answer through this node; tell its operator",
            detail={"rule": "survey.other"},
        )
    return found


def submit(
    survey: str | Survey,
    answer: int | list[int],
    node: str | wallet.Profile = "default",
) -> None:
    """Answer a survey at its leader's node.

    Args:
        survey: Its id, or what `find` gave.
        answer: A number; of a histogram the bucket, from 0; of a vector a list.
        node: Profile or URL of the leader's node.

    Raises:
        OutOfRange: An answer outside the survey's range: nothing was sent.
        VerificationError: The survey is not open.
        EncodingError: The node did not take the report, and says why.

    Leaks:
        To the leader's node the address that it comes from, and the time; to
        nobody what the answer is.
    """
    from privshare.jobs.survey.report import make  # noqa: PLC0415 - brings numpy

    asked = find(survey, node) if isinstance(survey, str) else survey
    answers: Any = [answer]
    # Of a list that has another shape than an answer of this survey, numpy makes
    # nothing (ValueError), or several answers.
    try:
        (report,) = make(asked, answers, int(time.time()))
    except (OutOfRange, ValueError):
        raise OutOfRange(
            f"expected {_range(asked)}, found {str(answer)[:60]}",
            fix="nothing was sent; give another answer",
        ) from None
    request = Request(
        "POST",
        f"/v1/surveys/{b64u(asked.id)}/reports",
        {"content-type": "application/octet-stream"},
        report.to_bytes(),
    )

    def ask(session: Session) -> Call[Response]:
        return session.repeat(request)

    said = Document(read_json(nameless(node, ask)), "answer")
    refused = said.obj("refused").json()
    # A report has a random id: "replayed" says that ours arrived when it was first
    # sent, and only the answer was lost.
    if said.int("accepted") != 1 and list(refused) != ["replayed"]:
        why = ", ".join(refused) or "for no reason given"
        raise EncodingError(f"expected the report to be taken, found it refused: {why}")


def _range(survey: Survey) -> str:
    """What an answer may be, in words."""
    kind = Document(survey.to_json()["vdaf"], "vdaf")
    most = kind.str("bound", "1")
    match kind.str("circuit"):
        case "count":
            return "0 or 1"
        case "sum":
            return f"a number from 0 to {most}"
        case "histogram":
            return f"a bucket from 0 to {kind.int('length') - 1}"
        case _:
            return f"{kind.int('length')} numbers from 0 to {most}"
