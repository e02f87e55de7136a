"""The story: three bureaus share, somebody cheats, an auditor judges.

Each step uses what a user would use (the SDK over HTTP, the offline verifier)
and checks its own claim against the plain tables, which only this process
knows. A step that does not hold ends the story and says so.

    publish ─► ask ─► share a record ─► encrypted sum ─► revoke ─► cheat ─► audit
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from privshare.audit.bundle import write_bundle
from privshare.audit.trust_root import EvidenceRoots
from privshare.audit.verifier import Verdict, verify
from privshare.demo import phases
from privshare.demo.anonymous import ReportError, Stage, report
from privshare.demo.attested import ROOTS_FILE, Machine, run_attested
from privshare.demo.band import BandError, Deed, prove_band
from privshare.demo.cluster import HOST, Cluster
from privshare.demo.drawer import (
    StoryError,
    enclosed,
    first_sentence,
    last,
    neighbours,
    proof,
    until,
)
from privshare.demo.joining import run_join
from privshare.demo.narrator import Narrator
from privshare.demo.regression import ROOTS_FILE as SHARES_ROOTS
from privshare.demo.regression import run_regression, tell_regression
from privshare.demo.scene import OTHER_PURPOSE, PURPOSE, Bureau, K, Scene
from privshare.demo.tamper import flipped, one_letter_changed, total_raised
from privshare.demo.together import open_alone, opened_together
from privshare.demo.trio import Trio
from privshare.errors import (
    NotPermitted,
    OutOfRange,
    PrivShareError,
    VerificationError,
)
from privshare.sdk.call import Blocking
from privshare.sdk.client import Client
from privshare.sdk.dataset import Dataset
from privshare.sdk.grant import Grant
from privshare.sdk.query import sum as sum_of
from privshare.sdk.receipt import Receipt

TRUST_FILE = "trust.policy"
BUNDLE_FILE = "bundle.zip"


@dataclass(frozen=True, slots=True)
class StepReport:
    """How one step went."""

    name: str
    ok: bool
    seconds: float
    detail: str


@dataclass(slots=True)
class Story:
    """One telling.

    Args:
        scene: What to play on.
        cluster: Nodes, already built and started by the first step.
        folder: Where receipts go.
        tell: To whom.
        heed: Called between steps; raises when it is time to leave.
    """

    scene: Scene
    cluster: Cluster
    folder: Path
    tell: Narrator
    heed: Callable[[], None] = lambda: None
    steps: list[StepReport] = field(default_factory=list)
    receipts: list[Path] = field(default_factory=list)
    machine: Machine = field(default_factory=Machine)
    trio: Trio | None = None
    trials: dict[Path, EvidenceRoots] = field(default_factory=dict)
    _clients: dict[tuple[str, str], Client[Blocking]] = field(default_factory=dict)
    _reading: Grant[Blocking] | None = None
    _adding: Grant[Blocking] | None = None

    def run(self) -> bool:
        """Tell it from the first step to the last, or to the first that fails.

        Returns:
            Whether every step held.
        """
        parts: tuple[tuple[str, str, Callable[[], str]], ...] = (
            ("start", "Four nodes start", self._start),
            ("publish", "Each bureau publishes, and keeps its rows", self._publish),
            ("ask", "An analyst asks for rights", self._ask),
            ("record", "One record is shared, with its proof", self._record),
            ("sum", "A sum is made of numbers nobody else can read", self._sum),
            ("attested", "A program runs where its machine proves it", self._attested),
            ("shares", "Three machines compute on pieces of columns", self._shares),
            ("join", "Two bureaus count whom both know", self._join),
            ("band", "A price band is proven, and the price stays hidden", self._band),
            ("report", "An official reports as one of eight", self._report),
            ("revoke", "A right is revoked", self._revoke),
            ("cheat", "Somebody cheats", self._cheat),
            ("audit", "An auditor checks everything, offline", self._audit),
        )
        try:
            for number, (name, heading, act) in enumerate(parts, 1):
                self.heed()
                self.tell.step(number, heading)
                if not self._step(name, act):
                    return False
        finally:
            for client in self._clients.values():
                client.__exit__(None, None, None)
            self.machine.close()
        return True

    def _step(self, name: str, act: Callable[[], str]) -> bool:
        begun = time.monotonic()
        try:
            detail, ok = act(), True
        except (PrivShareError, StoryError, BandError, ReportError) as error:
            detail, ok = f"{type(error).__name__}: {error}", False
            self.tell.refused(detail)
        self.steps.append(StepReport(name, ok, time.monotonic() - begun, detail))
        return ok

    def _start(self) -> str:
        scene = self.scene
        people = [(bureau.agency, "steward") for bureau in scene.bureaus]
        people += [(scene.analyst, "analyst"), (HOST, "operator")]
        people += [(bureau.agency, "regulator") for bureau in scene.bureaus]
        holders = [bureau.agency for bureau in scene.bureaus]
        together = len(holders) // 2 + 1
        self.cluster.draw_key(holders, together)
        self.machine.prepare(self.cluster.folder)
        with self.tell.working("making keys and a network"):
            self.cluster.build(people)
            self.machine.equip(self.cluster)
            self.trio = Trio((holders[0], holders[1], holders[2]))
            self.trio.equip(self.cluster)
        with self.tell.working("starting the nodes"):
            self.cluster.start(self.tell.good)
        with self.tell.working("dealing the key that nobody holds alone"):
            _, seconds = self.cluster.share_key(self._as)
        self.tell.good(
            f"{', '.join(holders)} hold a key together: any {together} open, nobody "
            f"alone (safe primes and shares in {seconds:.1f} s)"
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / TRUST_FILE).write_text(self.cluster.trust, encoding="utf-8")
        for words in scene.words:
            self.tell.say(words)
        return f"{len(self.cluster.members)} nodes, each a process of its own"

    def _publish(self) -> str:
        self.tell.side_by_side(
            [(b.title, b.columns, b.rows[:3]) for b in self.scene.bureaus]
        )
        self.tell.say("each bureau sees its own table, and no other")
        for bureau in self.scene.bureaus:
            with self.tell.working(f"{bureau.agency} commits to its rows"):
                dataset = self._as(bureau.agency, "steward").publish(
                    bureau.data,
                    bureau.dataset,
                    title=bureau.title,
                    key=bureau.key,
                    policy=self.scene.policy(bureau),
                    provable=self._provable(bureau),
                )
            receipt = proof(dataset.receipt)
            self._keep(f"publish-{bureau.agency}", receipt)
            self.tell.good(
                f"{bureau.name}: {len(bureau.rows):,} rows committed, anchored at "
                f"#{receipt.index}"
            )
        return f"{len(self.scene.bureaus)} datasets on the ledger, no row left home"

    def _ask(self) -> str:
        total, shared = self.scene.total, self.scene.shared
        adding, reading = self._dataset(total.bureau.name), self._dataset(shared.name)
        wish = adding.request(
            purpose=OTHER_PURPOSE, operations=["sum"], columns=[total.column],
            by=[total.by], k=K,
        )  # fmt: skip
        self._refusal(wish)
        wish = adding.request(
            purpose=PURPOSE, operations=["sum"], columns=[total.column],
            by=[total.by], k=K,
        )  # fmt: skip
        self._adding = self._granted(wish, "sum")
        wish = reading.request(purpose=PURPOSE, operations=["read"])
        self._reading = self._granted(wish, "read")
        return "one request refused by rule, two granted by stewards"

    def _refusal(self, wish: Grant[Blocking]) -> None:
        try:
            wish.wait(30)
        except NotPermitted as error:
            rule = str(error.detail.get("rule", ""))
            self.tell.refused(
                f"{wish.dataset} for {wish.purpose}: refused by rule {rule}: "
                f"{error.message}"
            )
        else:
            raise StoryError(f"a request for {wish.purpose} was not refused")
        owner = self._as(wish.dataset.partition("/")[0], "steward")
        self._keep("refused", last(owner, "grant.refuse"))

    def _granted(self, wish: Grant[Blocking], word: str) -> Grant[Blocking]:
        owner = wish.dataset.partition("/")[0]
        steward = self._as(owner, "steward")
        until(lambda: any(g.id == wish.id for g in steward.grants()))
        decided = steward.grant(wish.id).approve()
        self._keep(f"granted-{word}", proof(decided.receipt))
        grant = wish.wait(30)
        self.tell.good(
            f"{owner}'s steward grants {', '.join(wish.operations)} of "
            f"{', '.join(wish.columns)} in {wish.dataset} for {wish.purpose}"
        )
        return grant

    def _record(self) -> str:
        shared = self.scene.shared
        column, key = (
            shared.key or "",
            shared.rows[0][shared.columns.index(shared.key or "")],
        )
        record = self._dataset(shared.name).record(key)
        if str(record[column]) != key:
            raise StoryError(f"asked for {key}, got {record[column]}")
        for name, value in zip(shared.columns, shared.rows[0], strict=True):
            if str(record[name]) != value:
                raise StoryError(f"{name}: expected {value}, found {record[name]}")
        self.tell.table(
            f"{shared.name}, {column} {key}",
            ("column", "value"),
            [(name, record[name]) for name in shared.columns],
        )
        self._keep("record", proof(record.receipt))
        self.tell.good(
            f"sealed for {self.scene.analyst} alone, and proven to be the row that "
            f"{shared.agency} committed to"
        )
        return f"record {key} of {shared.name}, equal to the owner's row"

    def _sum(self) -> str:
        total = self.scene.total
        query = sum_of(
            self._dataset(total.bureau.name), total.column, by=total.by, purpose=PURPOSE
        )
        self.tell.say(f"estimate: {query.estimate()}")
        for agency, does, learns in query.explain().parties:
            self.tell.say(f"{agency} {does}; learns {learns}")
        before = self._counters()
        begun = time.monotonic()
        with self.tell.working("encrypting, adding, opening totals"):
            job = query.submit("he")
            asked = time.monotonic()
            result = job.result()
        ended = time.monotonic()
        took = phases.phases(
            phases.gained(before, self._counters()), asked - begun, ended - begun
        )
        plain = total.groups()
        rows: list[tuple[object, ...]] = []
        for group, (count, truth) in plain.items():
            if count < K:
                if group not in result.suppressed:
                    raise StoryError(f"{group} has {count} records and was shown")
                rows.append((group, f"<{K}", "suppressed", "", ""))
                continue
            found = result[group]
            if found != truth:
                raise StoryError(f"{group}: expected {truth}, found {found}")
            rows.append((group, count, f"{found:,}", f"{truth:,}", "equal"))
        self.tell.table(
            f"{total.column} by {total.by}",
            (total.by, "records", "decrypted total", "plain sum", ""),
            rows,
        )
        self._keep("sum", result.receipt)
        self.tell.good("every total equals the plain sum; small groups stay hidden")
        values = sum(count for count, _ in plain.values())
        self.tell.say(f"{values:,} values: {phases.told(took)}")
        who = self._opened(self._named("sum").read_bytes())
        suppressed = sum(count < K for count, _ in plain.values())
        return (
            f"{len(plain)} groups, {suppressed} suppressed; {phases.told(took)}; {who}"
        )

    def _opened(self, receipt: bytes) -> str:
        """Who opened the totals, and that one of them could not have."""
        found = opened_together(receipt)
        who = (
            f"{len(found.openers)} of {len(found.shared.agencies)} holders opened the "
            f"totals: {' and '.join(found.openers)} together"
        )
        self.tell.good(f"{who}; none of them can alone")
        try:
            open_alone(found)
        except OutOfRange as error:
            self.tell.refused(f"with the part of {found.openers[0]} alone: {error}")
        else:
            raise StoryError("one part alone opened the totals")
        return who

    def _counters(self) -> dict[str, float]:
        return phases.counters(member.url for member in self.cluster.members.values())

    def _provable(self, bureau: Bureau) -> tuple[str, ...]:
        banded = self.scene.banded
        return (banded[1],) if banded and bureau is banded[0] else ()

    def _attested(self) -> str:
        self.tell.say(self.machine.words)
        trial = self.folder.parent / "trial"
        with self.tell.working("evidence, appraisal, release, run"):
            told = run_attested(self.machine, self._as, self.scene, trial)
        self.tell.good(
            f"the owner's node verified the machine by its own policy, then sealed its "
            f"rows to it: {told.groups} groups, {told.suppressed} too small"
        )
        self._keep_trial(told.receipt, trial / ROOTS_FILE, self.machine.roots)
        return f"trust class {told.trust_class}: a trial; receipt in {trial.name}/"

    def _shares(self) -> str:
        if self.scene.fit is None or self.trio is None:
            self.tell.say("no table here has two numeric columns without gaps")
            return "nothing to compute on shares"
        trial = self.folder.parent / "trial"
        with self.tell.working("evidence of three machines, pieces, rounds, result"):
            done = run_regression(self.trio, self._as, self.scene, trial)
        said = tell_regression(done, self.scene.fit, self.tell)
        self._keep_trial(done.receipt, trial / SHARES_ROOTS, self.trio.roots)
        return said

    def _join(self) -> str:
        analyst = self._as(self.scene.analyst, "analyst")
        return run_join(self.scene.match, analyst, self.tell, self._keep)

    def _keep_trial(self, receipt: Path, roots: Path, trusted: EvidenceRoots) -> None:
        """A receipt whose machines are test machines: judged by their roots alone."""
        (receipt.parent / TRUST_FILE).write_text(self.cluster.trust, encoding="utf-8")
        self.tell.say(f"privshare verify --trial-roots {roots} {receipt}")
        self.trials[receipt] = trusted

    def _band(self) -> str:
        if self.scene.banded is None:
            self.tell.say("no table here has a key and a numeric column without gaps")
            return "nothing to prove a band of"
        bureau, column = self.scene.banded
        row = dict(zip(bureau.columns, bureau.rows[0], strict=True))
        deed = Deed(row[bureau.key or ""], column, Decimal(row[column]))
        owner = self._as(bureau.agency, "steward").dataset(bureau.name)
        self._keep("band", prove_band(owner, deed, self.tell))
        return f"a band of {column} proven, a false one refused"

    def _report(self) -> str:
        names = tuple(bureau.agency for bureau in self.scene.bureaus)
        return report(
            Stage(
                owner=self.scene.analyst,
                regulators=names,
                together=len(names) // 2 + 1,
                posting=self.cluster.members[names[0]].url,
                client=self._as,
                until=until,
                keep=self._keep,
                tell=self.tell,
            )
        )

    def _revoke(self) -> str:
        assert self._adding is not None
        total = self.scene.total
        steward = self._as(total.bureau.agency, "steward")
        ended = steward.grant(self._adding.id).revoke("the demonstration ends it")
        self._keep("revoked", proof(ended.receipt))
        self.tell.say(f"{total.bureau.agency}'s steward revokes the right to add")
        query = sum_of(
            self._dataset(total.bureau.name), total.column, by=total.by, purpose=PURPOSE
        )
        begun = time.monotonic()
        try:
            query.run("he")
        except NotPermitted as error:
            took = time.monotonic() - begun
            self.tell.refused(
                f"the same question, {took * 1000:.0f} ms later: {error.name}: "
                f"{error.message}"
            )
            return f"{error.name}, {took * 1000:.0f} ms after the question"
        raise StoryError("a revoked right was still good")

    def _cheat(self) -> str:
        said = self._cheat_with_record()
        sums = self._named("sum")
        data = sums.read_bytes()
        for what, forged in (
            ("one bit of the receipt of the sum is flipped", flipped(data)),
            ("a total in it is raised by one cent", total_raised(data)),
        ):
            verdict = self._judge(forged, sums)
            if verdict.outcome == "valid":
                raise StoryError(f"accepted, though {what}")
            step = next(step for step in verdict.steps if step.outcome == "failed")
            self.tell.say(what)
            self.tell.refused(f"step {step.number}, {step.title}: {step.sentences[0]}")
        return f"{said}; changed receipts refused"

    def _cheat_with_record(self) -> str:
        shared = self.scene.shared
        place = shared.columns.index(shared.key or "")
        key = shared.rows[1][place]
        database = self.cluster.members[shared.agency].folder / "node.db"
        with one_letter_changed(database, shared.name, key):
            self.tell.say(
                f"an insider at {shared.agency} changes one byte of stored row {key}"
            )
            try:
                self._dataset(shared.name).record(key)
            except VerificationError as error:
                self.tell.refused(
                    f"record {key} is not the one that {shared.agency} committed to: "
                    f"{error.message}"
                )
            else:
                raise StoryError("a changed record was accepted")
        return f"changed record {key} refused"

    def _audit(self) -> str:
        begun = time.monotonic()
        for file in (*self.receipts, *self.trials):
            verdict = self._judge(file.read_bytes(), file)
            if verdict.outcome != "valid":
                raise StoryError(f"{file.name}: {verdict.outcome}\n{verdict.report()}")
            self.tell.good(f"{file.name:24} {first_sentence(verdict.report())}")
        took = time.monotonic() - begun
        count = len(self.receipts) + len(self.trials)
        bundle = self.folder.parent / BUNDLE_FILE
        bundle.write_bytes(
            write_bundle(
                {file.stem: enclosed(file) for file in self.receipts},
                self.cluster.trust.encode(),
            )
        )
        self.tell.say(
            f"{count} receipts in {took * 1000:.0f} ms, without a node, an account or "
            f"a network; {len(self.trials)} of them of test machines, as a trial"
        )
        return f"{count} receipts valid"

    def _judge(self, data: bytes, file: Path) -> Verdict:
        """What the offline verifier says of some bytes in the place of a file."""
        return verify(
            data,
            self.cluster.trust,
            int(time.time()),
            neighbours(file),
            roots=self.trials.get(file),
        )

    def _as(self, agency: str, role: str) -> Client[Blocking]:
        if (agency, role) not in self._clients:
            self._clients[agency, role] = self.cluster.connect(agency, role)
        return self._clients[agency, role]

    def _dataset(self, name: str) -> Dataset[Blocking]:
        """The dataset as the analyst sees it; waits until her node knows it."""
        analyst = self._as(self.scene.analyst, "analyst")
        found: list[Dataset[Blocking]] = []

        def known() -> bool:
            try:
                found.append(analyst.dataset(name))
            except PrivShareError:
                return False
            return True

        until(known)
        return found[-1]

    def _named(self, name: str) -> Path:
        return next(path for path in self.receipts if path.stem[3:] == name)

    def _keep(self, name: str, receipt: Receipt) -> None:
        file = self.folder / f"{len(self.receipts) + 1:02d}-{name}.psr"
        self.receipts.append(receipt.save(file))
