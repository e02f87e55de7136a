"""Approved code: decided on, run once, answered; rights exact to the last use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gate_kit import (
    APPROVER,
    DATASET,
    GRANTEE,
    OUTPUTS,
    OWNER,
    PURPOSE,
    SCRIPT,
    GateConsortium,
    files,
)

from privshare.errors import (
    Conflict,
    EvidenceInvalid,
    NotPermitted,
    PrivShareError,
    RunRefused,
    StepNotAllowed,
    Unavailable,
)
from privshare.exchange import (
    gate_account,
    gate_decide,
    gate_hand,
    gate_room,
    gate_run,
    gate_take,
    grant,
)
from privshare.ledger import query, query_submission
from privshare.wire.canonical import unb64u


@pytest.fixture
def network(tmp_path: Path) -> Iterator[GateConsortium]:
    """A gate that is open."""
    made = GateConsortium(tmp_path)
    yield made
    made.close()


def ready(network: GateConsortium, **gate: Any) -> tuple[Any, str, str]:
    """An account, a right for one use, and a submission that waits."""
    network.open_gate(**gate)
    ann, right = network.enrol(), network.right()
    return ann, right, network.submit(ann)["submission"]


def refused(network: GateConsortium, found: Any, rule: str | None) -> None:
    """Refused by this rule, with a receipt in the drawer."""
    assert (found["status"], found["rule"]) == ("refused", rule), found
    network.prove(found["receipt"])


def test_approved_code_runs_once(network: GateConsortium) -> None:
    """Outputs and a receipt, the use spent; asked again, the same answer."""
    _, right, name = ready(network)
    with pytest.raises(StepNotAllowed) as caught:
        network.run(name)
    assert caught.value.detail["rule"] == "submission.unapproved"
    shown = network.approve(name)
    assert (shown["status"], shown["approvals"]["missing"]) == ("approved", [])
    found = network.run(name)
    assert found["status"] == "done", found
    (output,) = found["outputs"]
    assert output["name"] == "means.csv"
    assert unb64u(output["bytes"]).startswith(b"district,mean,people\n")
    receipt = network[OWNER].store.receipt(found["receipt"])
    assert receipt is not None and receipt.operation == "job.result"
    assert "software" in network.prove(found["receipt"])
    assert query.job(network.host.view(), found["job"]).status == "done"
    assert network.run(name) == found and network.walls.runs == 1
    assert network.counts(right) == (1, 0)
    assert gate_decide.show(network[OWNER], name)["status"] == "done"
    assert not network[OWNER].store.blob_jobs(gate_room.RUN)


def test_a_long_output(network: GateConsortium) -> None:
    """As much as the rule lets out is in the receipt, and holds there."""
    _, _, name = ready(network, bytes=1 << 20, rows=9_000, numbers=20_000)
    network.approve(name)
    lines = "".join(f"20,{n}\n" for n in range(9_000))
    network.walls.outputs = {"long.csv": f"people,x\n{lines}".encode()}
    found = network.run(name)
    assert found["status"] == "done", found
    network.prove(found["receipt"])


def test_code_sees_the_granted_columns(network: GateConsortium) -> None:
    """And no other: as CSV, decimals with all their digits."""
    network.open_gate()
    ann = network.enrol()
    network.right(columns=["wage"])
    name = network.submit(ann)["submission"]
    network.approve(name)
    network.run(name)
    (rows,) = network.walls.seen
    assert rows.startswith(b"wage\n1000.50\n1001.50\n") and rows.count(b"\n") == 41


@pytest.mark.parametrize("path", ["code/main.py", "config.yaml", "run.sh", "more.txt"])
def test_any_file_that_changed(network: GateConsortium, path: str) -> None:
    """Code, start script, configuration, a file more: refused, and for good."""
    _, right, name = ready(network)
    network.approve(name)
    found = network.run(name, **{path: "print(2)\n"})
    refused(network, found, "submission.changed")
    assert network.run(name) == found and network.walls.runs == 0
    assert network.counts(right) == (0, 0)
    held = query_submission.submission(network.host.view(), name)
    assert [one.rule for one in held.decisions] == [None, "submission.changed"]


def test_other_files_after_it_ran(network: GateConsortium) -> None:
    """The answer stands; nothing is entered for who asks with other files."""
    _, _, name = ready(network)
    network.approve(name)
    done = network.run(name)
    size = network.host.view().size
    with pytest.raises(EvidenceInvalid) as caught:
        network.run(name, script="print(2)\n")
    assert caught.value.detail["rule"] == "submission.changed"
    assert network.run(name) == done and network.host.view().size == size


def test_so_many_persons(network: GateConsortium) -> None:
    """The same person twice counts once; it shows who is missing."""
    _, _, name = ready(network, people=2)
    for _ in range(2):
        shown = network.approve(name, person="p1")
        assert shown["approvals"]["confirmed"] == 1
        assert shown["approvals"]["missing"] == [OWNER]
    assert network.approve(name, person="p2")["approvals"]["missing"] == []
    assert network.approve(name, person="p2")["status"] == "approved"
    held = query_submission.submission(network.host.view(), name)
    assert len(held.decisions) == 1


def test_other_agencies_approve(network: GateConsortium) -> None:
    """They get all files, and enter their own decision."""
    _, right, name = ready(network, approvals=[APPROVER])
    shown = network.approve(name)
    assert shown["approvals"]["missing"] == [APPROVER]
    with pytest.raises(StepNotAllowed) as caught:
        network.run(name)
    assert caught.value.detail["missing"] == [APPROVER]
    theirs = gate_decide.show(network[APPROVER], name, files=True)
    assert len(theirs["files"]) == 3 and theirs["owner"] == OWNER
    network.approve(name, APPROVER, "q1")
    assert gate_decide.show(network[APPROVER], name)["status"] == "approved"
    receipts = network[APPROVER].store.receipts()
    assert receipts[0].operation == "submission.decide"
    assert network.run(name)["status"] == "done"
    assert network.counts(right) == (1, 0)


def test_another_rule_is_approved_anew(network: GateConsortium) -> None:
    """By the owner's people, and by whom the rule names: a yes holds under one rule."""
    _, right, name = ready(network, approvals=[APPROVER])
    read = gate_decide.show(network[APPROVER], name)["gate"]
    network.approve(name, gate=read)
    network.approve(name, APPROVER, "q1", gate=read)
    network.show_mock(approvals=[APPROVER], rows=7)
    for agency, person in ((OWNER, "p1"), (APPROVER, "q1")):
        with pytest.raises(Conflict) as stale:
            network.approve(name, agency, person, gate=read)
        assert stale.value.detail["rule"] == "submission.gate"
    shown = gate_decide.show(network[OWNER], name)
    assert shown["status"] == "pending"
    assert shown["approvals"]["missing"] == [OWNER, APPROVER]
    with pytest.raises(StepNotAllowed) as caught:
        network.run(name)
    assert caught.value.detail["rule"] == "submission.unapproved"
    assert network.tick() == []
    network.approve(name)
    network.approve(name, APPROVER, "q1")
    assert network.run(name)["status"] == "done"
    assert network.counts(right) == (1, 0)


def test_an_approver_that_is_away_is_handed_it_later(network: GateConsortium) -> None:
    """A minute later, by itself."""
    network.away.add(APPROVER)
    _, _, name = ready(network, approvals=[APPROVER])
    assert network.tick() == []
    assert gate_room.rooms(network[APPROVER]) == []
    network.away.clear()
    network.clock.now += 61
    assert network.tick() == []
    assert gate_room.rooms(network[APPROVER]) == [name]


def test_a_withdrawn_approval(network: GateConsortium) -> None:
    """By the owner, or by another agency: refused, each with a receipt."""
    ann, right, name = ready(network, approvals=[APPROVER])
    network.approve(name)
    network.approve(name, APPROVER, "q1")
    gate_decide.refuse(network[APPROVER], name, "I have read it again", person="q1")
    network.sync()
    assert gate_decide.show(network[OWNER], name)["status"] == "refused"
    found = network.run(name)
    refused(network, found, "submission.unapproved")
    assert "I have read it again" in found["reason"]
    other = network.submit(ann, SCRIPT + "#\n")["submission"]
    network.approve(other)
    gate_decide.refuse(network[OWNER], other, "not this one", person="p1")
    network.sync()
    refused(network, network.run(other, SCRIPT + "#\n"), None)
    third = network.submit(ann, SCRIPT + "##\n")["submission"]
    gate_decide.refuse(network[APPROVER], third, "nor this", person="q1")
    network.sync()
    assert network.tick() == []
    refused(network, network.run(third, SCRIPT + "##\n"), "submission.unapproved")
    assert network.walls.runs == 0 and network.counts(right) == (0, 0)


@pytest.mark.parametrize("agency", [APPROVER, OWNER])
def test_an_approval_withdrawn_at_the_last_moment(
    network: GateConsortium, agency: str
) -> None:
    """After the right was reserved, before it is spent: it is given back."""
    _, right, name = ready(network, approvals=[APPROVER])
    network.approve(name)
    network.approve(name, APPROVER, "q1")

    def withdraw(asked: Any) -> Any:
        answer = asked.go_on(network)
        gate_decide.refuse(network[agency], name, "wait", person="p1")
        network.sync()
        return answer

    network.meddle[(GRANTEE, "submissions")] = withdraw
    found = network.run(name)
    refused(network, found, "submission.unapproved")
    assert network.walls.runs == 0 and network.counts(right) == (0, 0)
    assert query.job(network.host.view(), found["job"]).opened is None


def test_a_right_for_one_use(network: GateConsortium) -> None:
    """Two submissions are approved; the second finds no use left."""
    ann, right, first = ready(network)
    script = SCRIPT + "# second\n"
    second = network.submit(ann, script)["submission"]
    network.approve(first)
    network.approve(second)
    assert network.run(first)["status"] == "done"
    refused(network, network.run(second, script), "grant.uses")
    third = network.submit(ann, SCRIPT + "# third\n")
    refused(network, third, "grant.uses")
    assert network.counts(right) == (1, 0) and network.walls.runs == 1


def test_rights_that_end_while_people_think(network: GateConsortium) -> None:
    """Expired, revoked, the account ended: each by its rule, nothing spent."""
    ann, right, name = ready(network)
    network.approve(name)
    expired = network.right(days=1)
    again = network.submit(ann, SCRIPT + "# 1\n")["submission"]
    network.approve(again)
    grant.revoke(network[OWNER], right, reason="enough")
    network.sync()
    network.clock.now += 2 * 86_400
    found = network.run(name)
    assert found["rule"] in ("grant.expired", "grant.revoked")
    refused(network, found, found["rule"])
    network.right()
    gate_account.end(network[GRANTEE], ann["id"], "left")
    network.sync()
    refused(network, network.run(again, SCRIPT + "# 1\n"), "account.ended")
    assert network.counts(right) == network.counts(expired) == (0, 0)
    with pytest.raises(PrivShareError):
        network.approve(name)


def test_a_right_for_these_bytes(network: GateConsortium) -> None:
    """A grant that names the digest is for no other submission."""
    network.open_gate()
    ann = network.enrol()
    refused(network, network.submit(ann), "grant.missing")
    script = SCRIPT + "# these\n"
    name = gate_room.Sent.read(files(script)).digest
    done = grant.request(
        network[GRANTEE],
        DATASET,
        columns=["wage"],
        operations=["run"],
        programs=[f"code.run/v1:{name}"],
        purpose=PURPOSE,
        k=5,
    )
    network.sync()
    found = grant.find(network[GRANTEE], done.id)
    assert found["terms"]["programs"] == [f"code.run/v1:{name}"]


def test_a_program_that_fails(network: GateConsortium) -> None:
    """What stopped it is its answer; the use is spent, for that tells a bit."""
    _, right, name = ready(network)
    network.approve(name)

    def fall() -> None:
        raise RunRefused("expected an end, found none", detail={"rule": "run.time"})

    network.walls.before = fall
    found = network.run(name)
    refused(network, found, "run.time")
    job = query.job(network.host.view(), found["job"])
    assert (job.status, job.reason) == (
        "aborted",
        "run.time: expected an end, found none",
    )
    assert network.run(name) == found and network.walls.runs == 1
    assert network.counts(right) == (1, 0)


def test_a_fault_of_ours(network: GateConsortium) -> None:
    """It leaves no job open."""
    _, right, name = ready(network)
    network.approve(name)

    def fall() -> None:
        raise ZeroDivisionError

    network.walls.before = fall
    refused(network, network.run(name), "run.fault")
    assert network.counts(right) == (1, 0)


@pytest.mark.parametrize(
    ("outputs", "rule"),
    [
        ({}, "output.files"),
        ({"a.csv": b"people,x\n9,1\n"}, "output.k"),
        ({"a.csv": b"x\n1\n"}, "output.count"),
        ({"a.bin": b"\x00"}, "output.files"),
        ({"a.json": b"\x00"}, "output.format"),
        ({"a.csv": b"people,x\n" + b"20,1\n" * 11}, "output.rows"),
        ({"a.csv": b"people,x\n20,nan\n"}, "output.numbers"),
        ({"a.csv": b"people,x\n20," + b"w" * 99 + b"\n"}, "output.text"),
        ({f"{n}.csv": OUTPUTS["means.csv"] for n in range(3)}, "output.files"),
        ({"a.csv": b"people,x\n20,1" + b" " * 5_000 + b"\n"}, "output.size"),
    ],
)
def test_outputs_over_the_rule(
    network: GateConsortium, outputs: dict[str, bytes], rule: str
) -> None:
    """Nothing of them leaves, and the use is spent."""
    _, right, name = ready(network)
    network.approve(name)
    network.walls.outputs = outputs
    found = network.run(name)
    refused(network, found, rule)
    assert found["outputs"] == [] and network.counts(right) == (1, 0)


def test_so_many_run_at_a_time(network: GateConsortium) -> None:
    """The others wait, without a thread and without their use."""
    network.open_gate()
    ann, right = network.enrol(), network.right(uses=9)
    scripts = [SCRIPT + f"# {n}\n" for n in range(3)]
    names = [network.submit(ann, one)["submission"] for one in scripts]
    for name in names:
        network.approve(name)
    let, gate_s = threading.Event(), gate_run.WAIT_S
    network.walls.before = lambda: let.wait(30) and None
    try:
        gate_run.WAIT_S = 0.05  # type: ignore[misc]
        for name, script in zip(names, scripts, strict=True):
            found = gate_run.run(network[OWNER], name, files(script))
            assert found["status"] == "working"
        for _ in range(200):
            if network.walls.runs == 2:
                break
            threading.Event().wait(0.02)
        assert network.walls.runs == 2 and network.counts(right) == (0, 2)
        assert gate_decide.show(network[OWNER], names[0])["status"] == "working"
        with pytest.raises(StepNotAllowed):
            network.approve(names[0])
        let.set()
        gate_run.WAIT_S = gate_s  # type: ignore[misc]
        for name, script in zip(names, scripts, strict=True):
            assert network.run(name, script)["status"] == "done"
    finally:
        gate_run.WAIT_S = gate_s  # type: ignore[misc]
        let.set()
    assert network.walls.runs == 3 and network.counts(right) == (3, 0)


def test_the_holder_of_the_right_is_away(network: GateConsortium) -> None:
    """Nothing is spent; asked again later, it runs."""
    _, right, name = ready(network)
    network.approve(name)
    network.away.add(GRANTEE)
    with pytest.raises(Unavailable):
        network.run(name)
    assert network.counts(right) == (0, 0)
    network.away.clear()
    assert network.run(name)["status"] == "done"
    assert network.counts(right) == (1, 0) and network.walls.runs == 1


def test_an_owner_that_has_not_approved(network: GateConsortium) -> None:
    """The holder's node signs nothing for it, nor for anybody else."""
    _, right, name = ready(network)
    network.approve(name)
    asked: list[Any] = []

    def note(one: Any) -> Any:
        asked.append(one)
        raise Unavailable("not now")

    network.meddle[(GRANTEE, "submissions")] = note
    with pytest.raises(Unavailable):
        network.run(name)
    network.meddle.clear()
    gate_decide.refuse(network[OWNER], name, "no", person="p1")
    network.sync()
    (one,) = asked
    with pytest.raises(NotPermitted) as caught:
        one.go_on(network)
    assert caught.value.detail["rule"] == "submission.unapproved"
    one.caller = APPROVER
    with pytest.raises(EvidenceInvalid):
        one.go_on(network)
    assert network.counts(right) == (0, 0)


def test_a_right_revoked_while_it_runs(network: GateConsortium) -> None:
    """No result is entered, so nothing leaves."""
    _, right, name = ready(network)
    network.approve(name)

    def revoke() -> None:
        grant.revoke(network[OWNER], right, reason="enough")

    network.walls.before = revoke
    found = network.run(name)
    refused(network, found, "grant.revoked")
    assert found["outputs"] == []


def test_an_approver_is_asked_by_the_owner_alone(network: GateConsortium) -> None:
    """And only where the gate asks for it."""
    ann, _, _ = ready(network)
    body = {
        "dataset": DATASET,
        "enrolment": ann["document"],
        "entry": "code/main.py",
        "files": files(SCRIPT),
        "name": "wages",
        "purpose": PURPOSE,
    }
    for caller in (OWNER, GRANTEE):
        with pytest.raises(NotPermitted) as caught:
            gate_hand.take_handed(network[APPROVER], caller, body)
        assert caught.value.detail["rule"] == "submission.party"
    network.show_mock(approvals=[APPROVER])
    gate_hand.take_handed(network[APPROVER], OWNER, body)
    assert gate_take.MAX_WAITING < gate_hand.MAX_ASKED


def test_noise_is_charged(network: GateConsortium) -> None:
    """One run takes the epsilon of the gate's rule; a right without is no right."""
    noise = {
        "epsilon": 1_000_000,
        "fields": ["mean"],
        "places": 0,
        "sensitivity": 1,
    }
    network.open_gate(noise=noise)
    ann = network.enrol()
    network.right()
    refused(network, network.submit(ann), "grant.budget")
    right = network.right(budget=2_000_000)
    name = network.submit(ann, SCRIPT + "#\n")["submission"]
    network.approve(name)
    network.walls.outputs = {"means.csv": b"district,mean,people\neast,1020,20\n"}
    assert network.run(name, SCRIPT + "#\n")["status"] == "done"
    held = query.grant(network.host.view(), right)
    assert (held.spent, held.held) == (1_000_000, 0)
