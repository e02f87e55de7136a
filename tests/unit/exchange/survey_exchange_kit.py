"""A consortium that runs surveys; helper of the tests beside it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from exchange_kit import Asked, Consortium

from privshare.exchange import survey_close, survey_open, survey_run
from privshare.exchange.survey_open import Draft
from privshare.jobs.survey.report import make
from privshare.jobs.survey.task import Survey
from privshare.wire.canonical import decode

LEADER, HELPER, COLLECTOR = "tax", "title", "housing"
SUM: Any = {"bound": "10000", "circuit": "sum"}


class SurveyConsortium(Consortium):
    """Two of its agencies aggregate for a third."""

    def answer(self, asked: Asked) -> Any:
        """The routes of surveys, and all others."""
        node = self.nodes[asked.agency]
        match urlsplit(asked.path).path.split("/")[3:]:
            case ["surveys"]:
                return survey_open.take_document(node, asked.caller, asked.body)
            case ["surveys", "offer"]:
                return survey_open.offer(node, asked.caller, asked.body)
            case ["surveys", survey, "key"]:
                return survey_open.take_key(node, asked.caller, survey, asked.body)
            case ["surveys", survey, "begin"]:
                return survey_run.answer_begin(node, asked.caller, survey, asked.body)
            case ["surveys", survey, "commit"]:
                return survey_run.answer_commit(node, asked.caller, survey, asked.body)
            case ["surveys", survey, "close"]:
                return survey_close.claim(node, asked.caller, survey)
            case ["surveys", survey, "release"]:
                return survey_close.released(node, asked.caller, survey)
            case _:
                return super().answer(asked)

    def begin(self, vdaf: Any = SUM, **changes: Any) -> str:
        """Open a survey, and have both aggregators accept it."""
        now = self.clock()
        fields: dict[str, Any] = {
            "closes": now + 3_600,
            "helper": HELPER,
            "leader": LEADER,
            "max_batch": 10_000,
            "min_batch": 5,
            "name": "wages",
            "opens": now - 60,
            "precision": 60,
            "title": "What do you earn an hour, in cents?",
            "vdaf": vdaf,
        }
        id_ = survey_open.open_survey(self[COLLECTOR], Draft(**(fields | changes)))
        self.sync()
        for agency in (LEADER, HELPER):
            survey_open.accept(self[agency], id_)
            self.sync()
        return id_

    def document(self, id_: str) -> Survey:
        """What every submitter reads."""
        data = self[LEADER].store.blob(f"survey:{id_}", "document")
        return Survey.from_bytes(data or b"")

    def reports(self, id_: str, answers: list[Any]) -> bytes:
        """Reports as submitters make them."""
        made = make(self.document(id_), answers, self.clock())
        return b"".join(one.to_bytes() for one in made)

    def finish(self, id_: str) -> dict[str, Any]:
        """Close, collect, and what came out."""
        survey_close.close(self[LEADER], id_)
        self.sync()
        found = survey_close.collect(self[COLLECTOR], id_)
        self.sync()
        return found


__all__ = ["COLLECTOR", "HELPER", "LEADER", "SUM", "SurveyConsortium", "decode"]
