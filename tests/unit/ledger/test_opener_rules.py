"""Jobs that holders of the threshold key open together: who may, and of what."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_kit import Bench, digest, parties
from threshold_kit import dealt

from privshare.errors import (
    EncodingError,
    NotFound,
    NotPermitted,
    PrivShareError,
    StepNotAllowed,
)
from privshare.ledger.opener import choose_openers
from privshare.ledger.parties import Parties
from privshare.wire.canonical import Fields

HOLDERS = ["taxes", "housing", "labour"]


@pytest.fixture
def bench() -> Bench:
    """A network of four; all but the operator hold a share of a key."""
    made = Bench()
    made.admit_all()
    share_key(made)
    return made


def share_key(bench: Bench, epoch: int = 1, accepting: int = 3) -> None:
    """A key of two out of three, which some of the holders accept."""
    body = {
        "epoch": epoch,
        "evidence": None,
        "holders": HOLDERS,
        "key": dealt(2, 3, epoch - 1)[0].to_json(),
        "previous": None,
    }
    bench.do(bench.scribe.tx("threshold.deal", "registry", body))
    for holder in HOLDERS[:accepting]:
        bench.do(bench.scribe.tx("threshold.accept", holder, {"epoch": epoch}))


def together(*openers: str, compute: str = "registry", epoch: int = 1) -> Any:
    """Parties of a job with openers."""
    return parties(compute=compute, key={"epoch": epoch}, openers=list(openers))


def admit(bench: Bench, asked: Any) -> str:
    """Labour's job over taxes' data."""
    grants = [bench.granted(grantee="labour", programs=("he.sum/v2",))]
    return bench.do(bench.scribe.job("labour", grants, parties=asked))


def say(bench: Bench, account: str, job: str, of: str = "a") -> None:
    """Somebody says that it opens."""
    body = {"aggregation": digest(of), "job": job}
    bench.do(bench.scribe.tx("job.open", account, body))


def test_openers_are_admitted(bench: Bench) -> None:
    """Any two holders may open, the coordinator and the owner among them."""
    for openers in (("labour", "taxes"), ("housing", "taxes"), ("housing", "labour")):
        job = admit(bench, together(*openers))
        held = bench.state(f"job/{job}")
        assert held["parties"] == {
            "compute": "registry",
            "custodian": None,
            "key": {"epoch": 1},
            "nodes": [],
            "openers": list(openers),
            "owners": ["taxes"],
        }
        assert (held["opened"], held["aggregation"]) == (None, None)


@pytest.mark.parametrize(
    ("asked", "error", "rule"),
    [
        (together("taxes"), NotPermitted, "job.openers"),
        (together("housing", "labour", "taxes"), NotPermitted, "job.openers"),
        (together("registry", "taxes"), NotPermitted, "job.openers"),
        (together("ghost", "taxes"), NotPermitted, "job.openers"),
        (
            together("housing", "taxes", compute="housing"),
            NotPermitted,
            "job.openers",
        ),
        (together("housing", "taxes", compute="ghost"), NotFound, ""),
        (together("housing", "taxes", epoch=2), NotFound, ""),
        (together(), EncodingError, ""),
        (together("taxes", "housing"), EncodingError, ""),
        (together("taxes", "taxes"), EncodingError, ""),
        (
            {**together("housing", "taxes"), "custodian": "taxes"},
            EncodingError,
            "",
        ),
        (parties(compute="registry", openers=["taxes"]), EncodingError, ""),
        (parties(compute="registry", key={"epoch": 1}), EncodingError, ""),
    ],
)
def test_other_openers_are_not(
    bench: Bench, asked: Any, error: type[PrivShareError], rule: str
) -> None:
    """Too few, too many, strangers, the one who computes, another key."""
    with pytest.raises(error) as refused:
        admit(bench, asked)
    assert refused.value.detail.get("rule", "") == rule


def test_a_holder_that_did_not_accept_opens_nothing() -> None:
    """A share that nobody has said to fit is not counted on."""
    bench = Bench()
    bench.admit_all()
    share_key(bench, accepting=2)
    assert admit(bench, together("housing", "taxes"))
    with pytest.raises(NotPermitted) as refused:
        admit(bench, together("labour", "taxes"))
    assert refused.value.detail["rule"] == "job.openers"


def test_who_computes_opens_where_the_others_are_too_few() -> None:
    """Two holders, one of whom computes: it may open, for nobody else can."""
    bench = Bench()
    bench.admit_all()
    share_key(bench, accepting=2)
    assert admit(bench, together("housing", "taxes", compute="housing"))


def test_the_key_must_be_the_one_in_use(bench: Bench) -> None:
    """A job names the active key; one admitted before goes on with its own."""
    before = admit(bench, together("housing", "taxes"))
    share_key(bench, epoch=2)
    with pytest.raises(NotPermitted) as refused:
        admit(bench, together("housing", "taxes"))
    assert refused.value.detail["rule"] == "job.key"
    assert admit(bench, together("housing", "taxes", epoch=2))
    say(bench, "housing", before)


def test_one_aggregation_is_opened(bench: Bench) -> None:
    """Whoever says it first says it for all; another aggregation is refused."""
    job = admit(bench, together("housing", "taxes"))
    with pytest.raises(NotPermitted) as refused:
        say(bench, "labour", job)
    assert refused.value.detail["rule"] == "job.opener"
    say(bench, "taxes", job)
    first = bench.state(f"job/{job}")
    assert first["aggregation"] == digest("a")
    say(bench, "housing", job)
    assert bench.state(f"job/{job}") == first
    for account in ("housing", "taxes"):
        with pytest.raises(StepNotAllowed) as other:
            say(bench, account, job, "b")
        assert other.value.detail["rule"] == "job.opened"


def test_any_opener_may_abort_and_an_opened_job_is_spent(bench: Bench) -> None:
    """Before the opening nothing is spent, after it everything."""
    for opened, status in ((False, "released"), (True, "settled")):
        job = admit(bench, together("housing", "taxes"))
        if opened:
            say(bench, "taxes", job)
        body = {"job": job, "reason": "over"}
        bench.do(bench.scribe.tx("job.abort", "housing", body))
        assert bench.state(f"use/{job}.0")["status"] == status


def choose(threshold: int = 2, **changes: Any) -> tuple[str, ...]:
    roles = {"compute": "registrar", "coordinator": "housing", "owners": ("tax",)}
    holders = ("title", "housing", "tax", "bank")
    return choose_openers(holders, threshold, **{**roles, **changes})


def test_the_choice_of_openers() -> None:
    """Owners first, then who has no part, then who asks; who computes at the end."""
    assert choose() == ("tax", "title")
    assert choose(3) == ("bank", "tax", "title")
    assert choose(4) == ("bank", "housing", "tax", "title")
    assert choose(owners=("bank", "housing")) == ("bank", "title")
    assert choose(compute="title") == ("bank", "tax")
    assert choose(3, compute="tax") == ("bank", "housing", "title")
    assert choose(4, compute="tax") == ("bank", "housing", "tax", "title")
    with pytest.raises(NotPermitted):
        choose(5)


def test_parties_have_one_form() -> None:
    """What `roles` writes `read` reads, and the state's object comes back."""
    for made in (
        Parties(compute="land", custodian="tax"),
        Parties(compute="land", epoch=7, openers=("tax", "title")),
    ):
        assert Parties.read(Fields(made.roles(), "parties")) == made
        assert Parties.from_json(made.to_json()) == made
    assert made.asked == made and made.opened_by == ("tax", "title")
    with pytest.raises(EncodingError):
        Parties(compute="land", epoch=1, openers=tuple(f"a{i:02}" for i in range(17)))
