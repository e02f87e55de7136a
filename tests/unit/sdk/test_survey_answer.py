"""An answer that no survey takes is refused before anything is sent."""

from __future__ import annotations

from typing import Any

import pytest
from survey_kit import NOW, survey_of

from privshare.errors import OutOfRange
from privshare.schemes.prio3 import Prio3
from privshare.sdk import survey as answers

SUM = Prio3("sum", bound=20)
VECTOR = Prio3("sum-vec", length=3, bound=10, chunk=3)


@pytest.mark.parametrize(
    ("vdaf", "answer"),
    [
        (SUM, 21),
        (SUM, -1),
        (SUM, 1.5),
        (SUM, "5"),
        (SUM, []),
        (SUM, [1, 2]),
        (Prio3("histogram", length=6, chunk=2), 6),
        (Prio3("histogram", length=6, chunk=2), [0, 1]),
        (VECTOR, 5),
        (VECTOR, [1, 2]),
        (VECTOR, [1, 2, 11]),
        (VECTOR, [[1], 2, 3]),
    ],
)
def test_such_an_answer_is_not_sent(
    vdaf: Prio3, answer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client says what it expected; no node is asked."""
    sent: list[Any] = []
    monkeypatch.setattr(answers, "nameless", lambda *asked: sent.append(asked))
    monkeypatch.setattr("time.time", lambda: float(NOW))
    with pytest.raises(OutOfRange, match="expected"):
        answers.submit(survey_of(vdaf), answer, "https://tax.example")
    assert not sent
