"""Submissions at intake: what is refused, by which rule, and how often."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gate_kit import (
    APPROVER,
    DATASET,
    GRANTEE,
    KEY,
    OWNER,
    PURPOSE,
    SCRIPT,
    GateConsortium,
    files,
)

from privshare.errors import (
    Conflict,
    EncodingError,
    NotFound,
    NotPermitted,
    StepNotAllowed,
)
from privshare.exchange import (
    gate_account,
    gate_decide,
    gate_mock,
    gate_room,
    gate_take,
    grant,
    privacy,
)
from privshare.exchange.gate_room import Sent
from privshare.ledger import query_submission

DAY_S = 86_400


@pytest.fixture
def network(tmp_path: Path) -> Iterator[GateConsortium]:
    """A gate that is open, and no account or right yet."""
    made = GateConsortium(tmp_path)
    made.open_gate()
    yield made
    made.close()


def entries(network: GateConsortium) -> int:
    """How long the log is."""
    return network.host.view().size


def refused(network: GateConsortium, found: Any, rule: str) -> None:
    """It was refused by this rule, in the log, with a receipt."""
    assert (found["status"], found["rule"]) == ("refused", rule), found
    receipt = network[OWNER].store.receipt(found["receipt"])
    assert receipt is not None and receipt.operation == "submission.decide"
    network.prove(found["receipt"])
    held = query_submission.submission(network.host.view(), found["submission"])
    assert held.decisions[-1].rule == rule


def test_a_submission_with_a_right_waits(network: GateConsortium) -> None:
    """Nothing of it is on the ledger before people have decided."""
    ann = network.enrol()
    network.right()
    before = entries(network)
    found = network.submit(ann)
    assert (found["status"], found["rule"], found["receipt"]) == ("pending", None, None)
    assert network.submit(ann) == found and entries(network) == before
    shown = gate_decide.show(network[OWNER], found["submission"], files=True)
    assert (shown["dataset"], shown["purpose"]) == (DATASET, PURPOSE)
    assert (shown["agency"], shown["user"]) == (GRANTEE, "ann@example.org")
    assert [one["path"] for one in shown["files"]] == [
        "code/main.py",
        "config.yaml",
        "run.sh",
    ]
    assert shown["approvals"] == {
        "confirmed": 0,
        "given": [],
        "missing": [OWNER],
        "people": 1,
    }


def test_the_same_refused_bytes_are_answered_once(network: GateConsortium) -> None:
    """No second transaction, whatever has changed since; another byte helps."""
    ann = network.enrol()
    first = network.submit(ann)
    refused(network, first, "grant.missing")
    before = entries(network)
    network.right()
    meanwhile = entries(network)
    assert network.submit(ann) == first and entries(network) == meanwhile > before
    assert network.submit(ann, SCRIPT + "#\n")["status"] == "pending"


def test_who_is_not_known_is_refused(network: GateConsortium) -> None:
    """No document, a made-up one, another's key, an account that ended."""
    network.right()
    ann = network.enrol()
    made_up = {**ann["document"], "account": "bob@example.org"}
    for number, (account, rule) in enumerate(
        (
            (None, "account.unknown"),
            ({**ann, "document": {"v": 1}}, "account.unknown"),
            ({**ann, "document": made_up}, "account.unknown"),
            ({**ann, "document": {**ann["document"], "agency": "title"}}, None),
            ({**ann, "key": bytes(32)}, "account.key"),
        )
    ):
        found = network.submit(account, SCRIPT + f"# {number}\n")
        refused(network, found, rule or "account.unknown")
        held = query_submission.submission(network.host.view(), found["submission"])
        assert held.decisions[-1].account is None
    gate_account.end(network[GRANTEE], ann["id"], "left the agency")
    network.sync()
    refused(network, network.submit(ann), "account.ended")


@pytest.mark.parametrize(
    ("header", "rule"),
    [
        ("# privshare: dataset=tax/wages purpose=wage-study tea=yes\n", None),
        ("# privshare: dataset=tax/wages dataset=tax/wages\n", None),
        ("# privshare: dataset=TAX\n", None),
        ("# privshare: dataset=tax/wages\n# privshare: dataset=tax/wages\n", None),
        ("# privshare: dataset=tax/nothing\n", "mock.none"),
        ("# privshare: dataset=title/deeds\n", "mock.none"),
        ("# privshare: purpose=mere-curiosity\n", "grant.purpose"),
    ],
)
def test_what_a_script_says(
    network: GateConsortium, header: str, rule: str | None
) -> None:
    """A comment that cannot be read, or that names what nobody may have."""
    ann = network.enrol()
    network.right()
    refused(network, network.submit(ann, header), rule or "submission.header")


def test_what_a_script_leaves_out(network: GateConsortium) -> None:
    """One dataset, one purpose: both are meant. Two purposes: neither is."""
    ann = network.enrol()
    network.right()
    found = network.submit(ann, "print(1)\n")
    shown = gate_decide.show(network[OWNER], found["submission"])
    assert (shown["dataset"], shown["purpose"]) == (DATASET, PURPOSE)
    network.right(purpose="other-study")
    refused(network, network.submit(ann, "print(2)\n"), "submission.header")


def test_files_over_the_bounds(network: GateConsortium) -> None:
    """Too many, too large, a name that hides something, no entry."""
    ann = network.enrol()
    network.right()
    many = {f"d/{n}": "" for n in range(1_000)}
    refused(network, network.submit(ann, **many), "submission.count")
    refused(network, network.submit(ann, **{"../x": ""}), "submission.path")
    large = "x" * (17 << 20)
    refused(network, network.submit(ann, large=large), "submission.size")
    for entry in ("code/other.py", "run.sh"):
        found: Any = gate_take.take(
            network[OWNER],
            enrolment=ann["document"],
            entry=entry,
            files=files(SCRIPT + f"# {entry}\n"),
            key=KEY,
            name="wages",
        )
        refused(network, found, "run.entry")


def test_rights_say_no(network: GateConsortium) -> None:
    """Another purpose, a right that is over or was revoked."""
    ann = network.enrol()
    ended = network.right(purpose="other-study", days=1)
    refused(network, network.submit(ann), "grant.purpose")
    grant.revoke(network[OWNER], ended, reason="enough")
    network.sync()
    refused(network, network.submit(ann, SCRIPT + "#1\n"), "grant.revoked")
    network.right(days=1)
    network.clock.now += 2 * DAY_S
    refused(network, network.submit(ann, SCRIPT + "#2\n"), "grant.expired")


def test_a_right_for_certain_bytes(network: GateConsortium) -> None:
    """The owner's policy permits the class; the right names one of its programs."""
    ann = network.enrol()
    tree = Sent.read(files(SCRIPT)).digest
    network.right(programs=[f"code.run/v1:{tree}"])
    assert network.submit(ann)["status"] == "pending"
    refused(network, network.submit(ann, SCRIPT + "#\n"), "grant.program")


@pytest.mark.parametrize("rule", gate_decide._IN_VAIN)
def test_what_waits_in_vain_is_refused(network: GateConsortium, rule: str) -> None:
    """Its right or its account ends while people think: the author has an answer."""
    ann = network.enrol()
    right = network.right(days=1 if rule == "grant.expired" else 30)
    assert network.submit(ann)["status"] == "pending"
    assert gate_decide.tick(network[OWNER]) == []
    if rule == "grant.revoked":
        grant.revoke(network[OWNER], right, reason="enough")
        network.sync()
    elif rule == "account.ended":
        gate_account.end(network[GRANTEE], ann["id"], "left")
        network.sync()
    else:
        network.clock.now += 2 * DAY_S
    assert gate_decide.tick(network[OWNER]) == []
    network.clock.now += 3_600  # all grants are read once an hour, and not each time
    assert gate_decide.tick(network[OWNER], grown=False) == []
    refused(network, network.submit(ann), rule)
    assert gate_room.waiting(network[OWNER]) == []


@pytest.mark.parametrize("decided", [False, True])
def test_what_waits_for_a_month_is_refused(
    network: GateConsortium, decided: bool
) -> None:
    """Also what was approved and never run: room and files are given back."""
    ann = network.enrol()
    network.right(days=60)
    found = network.submit(ann)
    if decided:
        gate_decide.approve(network[OWNER], found["submission"], person="p1")
        network.sync()
    gate_decide.tick(network[OWNER])
    network.clock.now += gate_decide.WAIT_S - 1
    gate_decide.tick(network[OWNER], grown=False)
    assert network.submit(ann)["status"] == "pending"
    network.clock.now += 2 * 3_600
    gate_decide.tick(network[OWNER], grown=False)
    refused(network, network.submit(ann), "submission.expired")
    assert gate_room.files_of(network[OWNER], found["submission"]) is None


def test_a_mock_of_an_older_version(network: GateConsortium) -> None:
    """The dataset was amended since: its mock is published anew first."""
    from privshare.exchange import dataset as datasets

    ann = network.enrol()
    network.right()
    policy = datasets.documents(network[OWNER], DATASET).policy.to_json()
    datasets.amend_policy(network[OWNER], DATASET, policy, expected_version=1)
    network.sync()
    refused(network, network.submit(ann), "mock.stale")
    network.show_mock()
    assert network.submit(ann, SCRIPT + "#\n")["status"] == "pending"


def test_a_dataset_with_a_privacy_account(network: GateConsortium) -> None:
    """No code of one's own runs on it, and it is said at once."""
    ann = network.enrol()
    network.right()
    privacy.open_account(network[OWNER], DATASET, 1_000_000)
    network.sync()
    refused(network, network.submit(ann), "privacy.answer")
    with pytest.raises(NotPermitted) as caught:
        network.show_mock()
    assert caught.value.detail["rule"] == "privacy.answer"


def test_a_gate_looser_than_the_right(network: GateConsortium) -> None:
    """The rule of the gate asks for no less than the grant does."""
    ann = network.enrol()
    network.right(k=12)
    refused(network, network.submit(ann), "grant.k")


def test_a_stranger_cannot_fill_the_log(network: GateConsortium) -> None:
    """So many refusals a day, of one account and of all unknown ones together."""
    ann = network.enrol()
    for account in (None, ann):
        for n in range(gate_take.MAX_REFUSALS):
            network.submit(account, f"print({n}, {account is None})\n")
        before = entries(network)
        for n in range(3):
            with pytest.raises(NotPermitted) as caught:
                network.submit(account, f"print('more', {n})\n")
            assert caught.value.detail["rule"] == "submission.rate"
        assert entries(network) == before
    rooms = len(gate_room.rooms(network[OWNER]))
    assert rooms == 2 * gate_take.MAX_REFUSALS
    assert not network[OWNER].store.blob_jobs(gate_room.WAIT)
    network.clock.now += DAY_S + 1
    refused(network, network.submit(ann), "grant.missing")


def test_so_many_wait(network: GateConsortium) -> None:
    """An account has a bounded number of submissions that wait for people."""
    ann = network.enrol()
    network.right()
    for n in range(gate_take.MAX_WAITING):
        assert network.submit(ann, SCRIPT + f"# {n}\n")["status"] == "pending"
    with pytest.raises(Conflict) as caught:
        network.submit(ann, SCRIPT)
    assert caught.value.detail["rule"] == "submission.waiting"
    waiting = gate_room.waiting(network[OWNER])
    gate_decide.refuse(network[OWNER], waiting[0], "no", person="p1")
    assert network.submit(ann, SCRIPT)["status"] == "pending"


def test_files_of_somebody_else(network: GateConsortium) -> None:
    """The same bytes of another author do not touch what waits."""
    ann, bob = network.enrol(), network.enrol(bytes(32), APPROVER)
    network.right()
    found = network.submit(ann)
    for account in (bob, None):
        with pytest.raises(Conflict) as caught:
            network.submit(account)
        assert caught.value.detail["rule"] == "submission.known"
    assert network.submit(ann) == found


def test_a_node_without_a_gate(network: GateConsortium) -> None:
    """It says what to set."""
    node = replace(network[OWNER], gate=None)
    with pytest.raises(StepNotAllowed) as caught:
        gate_take.take(node, enrolment=None, entry="x", files=[], key=KEY, name="")
    assert caught.value.detail["rule"] == "gate.off" and "node.toml" in caught.value.fix


def test_mocks_are_held_against_the_ledger(network: GateConsortium) -> None:
    """Anybody reads one, and the owner cannot show another."""
    own = gate_mock.show(network[OWNER], DATASET)
    assert own.mock.startswith(b"person,district,wage\n")
    assert gate_mock.show(network[GRANTEE], DATASET).mock == own.mock
    network.meddle[(OWNER, "mocks")] = lambda asked: {
        **asked.go_on(network),
        "mock": "person,district,wage\n",
    }
    with pytest.raises(Exception, match="that the ledger names"):
        gate_mock.show(network[APPROVER], DATASET)
    with pytest.raises(NotFound):
        gate_mock.show(network[GRANTEE], "tax/nothing")
    assert [one["dataset"] for one in gate_mock.listing(network[GRANTEE])] == [DATASET]


def test_accounts_are_listed_and_end(network: GateConsortium) -> None:
    """By the agency that enrolled them; a reason is needed."""
    ann = network.enrol()
    (listed,) = gate_account.listing(network[GRANTEE])
    assert (listed["id"], listed["ended"]) == (ann["id"], None)
    with pytest.raises(EncodingError):
        gate_account.end(network[GRANTEE], ann["id"], " ")
    with pytest.raises(NotPermitted):
        gate_account.end(network[OWNER], ann["id"], "not mine")
    gate_account.end(network[GRANTEE], ann["id"], "left")
    network.sync()
    assert gate_account.listing(network[GRANTEE])[0]["ended"] is not None
