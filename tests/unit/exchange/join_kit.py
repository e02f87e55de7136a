"""A consortium whose owners join their sets; helper of the tests beside it."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from exchange_kit import Asked, Consortium, permit

from privshare.exchange import join_party
from privshare.exchange.join_question import ASKED, JoinAsked, JoinQuestion
from privshare.rights import identifier

PARCELS, DEEDS = "title/parcels", "tax/deeds"


def people(numbers: list[int], column: str = "citizen", *, values: bool = False) -> str:
    """A table of people, and what they owe."""
    lines = [f"{column},owed" if values else column]
    for number in numbers:
        lines.append(f"c-{number:05},{number}.50" if values else f"C {number:05}")
    return "\n".join(lines) + "\n"


class JoinConsortium(Consortium):
    """Two of its agencies can match their sets."""

    def answer(self, asked: Asked) -> Any:
        """The routes of joins, and all others."""
        node = self.nodes[asked.agency]
        url = urlsplit(asked.path)
        match url.path.split("/")[3:]:
            case ["jobs", job, "set", agency, name]:
                dataset = f"{agency}/{name}"
                return join_party.commit_set(
                    node, asked.caller, job, dataset, asked.body
                )
            case ["jobs", job, "match"]:
                return join_party.match(node, asked.caller, job, asked.body)
            case ["jobs", job, "message"]:
                number = int(parse_qs(url.query)["number"][0])
                return join_party.message(node, asked.caller, job, number, asked.body)
            case _:
                return super().answer(asked)

    def prepare(
        self,
        program: str = "count",
        *,
        left: list[int] | None = None,
        right: list[int] | None = None,
        k: int = 3,
        uses: int = 10,
    ) -> None:
        """Two tables, and rights on them to housing and title."""
        name = ASKED[program]
        operation = identifier.JOINS[name]
        more = {
            "group_by": [],
            "min_k": 1,
            "operations": [operation],
            "programs": [name],
        }
        parcels = people(left or list(range(40)))
        deeds = people(right or list(range(20, 70)), "owner", values=True)
        rules = [permit(columns=["citizen"], **more)]
        self.publish("title", "parcels", parcels, rules=rules)
        rules = [permit(columns=["owed", "owner"], **more)]
        self.publish("tax", "deeds", deeds, rules=rules)
        for dataset, columns in ((PARCELS, ["citizen"]), (DEEDS, ["owed", "owner"])):
            self.grant(
                "title" if operation == "link" and dataset == DEEDS else "housing",
                dataset,
                columns=columns,
                group_by=[],
                k=k,
                operations=[operation],
                programs=[name],
                uses=uses,
            )


def asked(program: str = "count", **changes: Any) -> JoinQuestion:
    """How many of title's parcels' owners are among tax's deeds."""
    value = "owed" if program == "sum" else None
    fields: dict[str, Any] = {
        "program": ASKED[program],
        "inputs": (
            JoinAsked(PARCELS, ("citizen",)),
            JoinAsked(DEEDS, ("owner",), value),
        ),
        "purpose": "housing-policy",
        "bound": 10**9 if program == "sum" else None,
    }
    return JoinQuestion(**(fields | changes))
