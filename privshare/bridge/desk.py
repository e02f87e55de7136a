"""PySyft, as the bridge uses it: its folders, its jobs, its own result path.

    Desk ─► SyftRDSClient ─► BoxConnection ─► Store

An answer goes where a result of PySyft goes, `outputs/` of the job's review
folder, with `receipt.psr` in it: `job.output_paths` and `job.files` show it to
the scientist. What was refused is rejected there, with its reason.

No job is approved here, none is run, and none of PySyft's runners is called.

Needs the extra: `pip install privshare[syft]`.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, Final

from syft_job.job import JobInfo
from syft_job.job_ref import JobRef
from syft_job.models import JobState, JobStatus, JobSubmissionMetadata
from syft_permissions.spec.ruleset import PERMISSION_FILE_NAME
from syft_rds.client import SyftRDSClient

from privshare.bridge.client import connection_of, open_do
from privshare.bridge.desk_repair import repair
from privshare.bridge.files import Files
from privshare.bridge.gate import Answer, Caller, Handed, Shown, plain_reason
from privshare.bridge.journal import write_whole
from privshare.bridge.key import bundle_digest
from privshare.bridge.store import Store
from privshare.errors import NotFound, NotPermitted, OutOfRange, PrivShareError
from privshare.wire.canonical import Encodable

__all__ = ["RECEIPT", "SyftDesk"]

RECEIPT: Final = "receipt.psr"
_LIVE: Final = (JobStatus.RECEIVED, JobStatus.PENDING, JobStatus.APPROVED)
_STUB: Final = "The rows are in the node of their owner, and nowhere else.\n"
#: Messages of one account that are put aside in one round.
_ASIDE: Final = 16

_LOG = logging.getLogger(__name__)


class SyftDesk:
    """An owner's PySyft.

    Args:
        account: The owner's.
        folder: The bridge's own.
        store: Where messages wait.
        enrolment: The document by which its agency enrolled the account.
    """

    def __init__(
        self,
        account: str,
        folder: Path,
        store: Store,
        enrolment: Mapping[str, Encodable] | None = None,
    ) -> None:
        home = folder / "syft"
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        repair(home, account)
        self._account = account
        self._staging = folder / "staging"
        self._shared = set[str]()
        with _quiet():
            self._client: SyftRDSClient = open_do(account, home, store, enrolment)
        self._boxes = connection_of(self._client)
        jobs = self._client.job_client
        self._jobs = jobs.manager
        self._inbox: Path = jobs.config.get_all_submissions_dir(account)

    # -- messages and accounts -------------------------------------------------

    def sync(self) -> None:
        """Take in what came, send out what was laid out.

        A message that PySyft cannot take is put aside: it stops no other.
        """
        with _quiet():
            try:
                self._client.sync()
            except PrivShareError:
                raise
            except Exception as error:
                _LOG.warning("one account at a time: %s", type(error).__name__)
                self._sync_apart()

    def _sync_apart(self) -> None:
        engine: Any = self._client.sync_engine
        with engine.sync_file_lock():
            engine.load_peers()
            for peer in engine.peer_manager.approved_peers:
                for _ in range(_ASIDE):
                    try:
                        engine.datasite_owner_syncer.sync([peer.email])
                    except PrivShareError:
                        raise
                    except Exception as error:
                        if not self._put_aside(peer.email, error):
                            raise
                    else:
                        break

    def _put_aside(self, account: str, error: Exception) -> bool:
        """Take out the message that stopped the inbox; false if there is none."""
        found = self._boxes.owner_download_next_raw_proposed_message_from_inbox(account)
        if found is None:
            return False
        self._boxes.delete_file_by_id(found[1])
        _LOG.warning(
            "a message of %s is put aside: %s", ascii(account), type(error).__name__
        )
        return True

    def callers(self) -> Sequence[Caller]:
        """Accounts that ask to be let in."""
        peers = self._client.peer_manager.requested_by_peer_peers
        return [self._asking(peer.email) for peer in peers]

    def _asking(self, account: str) -> Caller:
        """One of them, with the keys that it shows; without, if that fails.

        They lie with its own agency, whose node shows them to whom it knows, and
        may be away: that is a reason to wait for this one, and for no other.
        """
        enrolment, shown = self._boxes.enrolment_of(account), None
        try:
            try:
                shown = self._boxes.read_peer_encryption_bundle(account)
            except NotPermitted:
                self._boxes.add_peer(account)  # which shows our enrolment there
                shown = self._boxes.read_peer_encryption_bundle(account)
        except PrivShareError as error:
            _LOG.info("keys of %s: %s", ascii(account), ascii(error.message))
        key = None
        if shown is not None:
            key = bundle_digest(json.loads(shown)["public_encryption_bundle"])
        return Caller(account, enrolment, key)

    def _caller(self, account: str) -> Caller:
        """Whose job it is: the keys are those that its messages verify under."""
        peer = self._client.peer_manager.get_cached_peer(account)
        bundle = None if peer is None else peer.public_encryption_bundle
        key = None if bundle is None else bundle_digest(bundle)
        return Caller(account, self._boxes.enrolment_of(account), key)

    def welcome(self, account: str) -> None:
        """Let one in: from now on PySyft takes its jobs."""
        with _quiet():
            # First its folder, or what it sends at once would be dropped.
            self._client.job_client.setup_ds_job_folder_as_do(account)
            self._client.approve_peer_request(account, verbose=False)

    # -- jobs ------------------------------------------------------------------

    def jobs(self) -> Sequence[str]:
        """Jobs that have no answer in PySyft yet."""
        with _quiet():
            self._client.job_client.scan_inbox()
            return [
                self._name(ref)
                for ref in self._jobs.iter_submission_refs(self._account)
                if self._state(ref).status in _LIVE
            ]

    def open(self, job: str) -> Handed:
        """Read a job, whatever has become of it.

        Raises:
            OutOfRange: Files that no submission can have.
            NotFound: Not a job's name.
        """
        ref = self._ref(job)
        folder = self._jobs.submission_dir(ref)
        folder.mkdir(parents=True, exist_ok=True)
        files = Files.read(folder)
        metadata = self._metadata(ref)
        entry = metadata.entrypoint if metadata.type == "python" else None
        return Handed(
            job,
            ref.job_name,
            self._caller(ref.ds_email),
            f"code/{entry}" if entry else "",
            files,
        )

    def answer(self, job: str, answer: Answer, *, again: bool) -> None:
        """Lay out an end for its author; `again` sends what may have been sent."""
        ref = self._ref(job)
        with _quiet():
            info = self._reopened(ref)
            outputs = info.job_review_path / "outputs"
            beside = dict(answer.beside)
            receipt = beside.pop(RECEIPT, None)
            _fill(outputs, {**answer.outputs, **beside})
            info.share_outputs([ref.ds_email])
            if answer.status == "done" and receipt is not None:
                self._staging.mkdir(mode=0o700, exist_ok=True)
                staged = self._staging / RECEIPT
                write_whole(staged, receipt)
                info.accept_by_depositing_result(str(staged))
            else:
                if receipt is not None:
                    write_whole(outputs / RECEIPT, receipt)
                info.reject(plain_reason(answer))
            if again:
                self._send_again(ref, info.job_review_path)

    def _reopened(self, ref: JobRef) -> JobInfo:
        """The job, waiting for an answer, whatever its state in PySyft says."""
        state = self._state(ref)
        if state.status != JobStatus.PENDING:
            if state.status == JobStatus.APPROVED:
                _LOG.warning(
                    "%s was approved in PySyft alone, which counts for nothing",
                    ascii(self._name(ref)),
                )
            state = JobState(status=JobStatus.PENDING, received_at=state.received_at)
            self._jobs.write_state(ref, state)
        return JobInfo(
            self._metadata(ref), state, self._account, self._client.job_client, ref
        )

    def _send_again(self, ref: JobRef, review: Path) -> None:
        """Send the author the whole answer: a crash may have swallowed a part."""
        home = self._client.syftbox_folder / self._account
        files = {
            path.relative_to(home): path.read_bytes()
            for path in sorted(review.rglob("*"))
            if path.is_file()
        }
        engine: Any = self._client.sync_engine
        with engine.sync_file_lock():
            syncer = engine.datasite_owner_syncer
            syncer.queue_event_for_syftbox(
                recipients=[ref.ds_email],
                file_change_events_message=syncer.event_cache.create_events_for_files(
                    files
                ),
            )
            syncer.process_syftbox_events_queue()

    def _state(self, ref: JobRef) -> JobState:
        try:
            return self._jobs.read_state(ref)
        except FileNotFoundError:
            return JobState(status=JobStatus.PENDING, received_at=datetime.now(UTC))

    def _metadata(self, ref: JobRef) -> JobSubmissionMetadata:
        """What the author says of the job; of one that says nothing, its name."""
        try:
            return self._jobs.read_submission(ref)
        except Exception:
            return JobSubmissionMetadata(
                name=ref.job_name,
                type="bash",
                submitted_by=ref.ds_email,
                datasite_email=self._account,
                submitted_at=datetime.now(UTC),
            )

    def _name(self, ref: JobRef) -> str:
        folder: Path = self._jobs.submission_dir(ref)
        return folder.relative_to(self._inbox).as_posix()

    def _ref(self, job: str) -> JobRef:
        match PurePosixPath(job).parts:
            case (account, name):
                return JobRef(self._account, account, name, "0")
            case (account, version, name) if version.startswith("v"):
                return JobRef(self._account, account, name, version[1:])
        raise NotFound(f"expected a job of PySyft, found {job!a}")

    # -- datasets --------------------------------------------------------------

    def show(self, shown: Shown) -> None:
        """Show a dataset's mock to whoever was, or will be, let in."""
        name = shown.dataset.partition("/")[2]
        with _quiet():
            if any(
                one.name == name and one.owner == self._account
                for one in self._client.dataset_manager.get_all()
            ):
                self._client.delete_dataset(
                    name, datasite=self._account, require_confirmation=False, sync=False
                )
            folder = self._staging / name
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(mode=0o700, parents=True)
            mock, private = folder / f"{name}.csv", folder / "rows.txt"
            mock.write_bytes(shown.mock)
            private.write_text(_STUB)
            self._client.create_dataset(
                name, mock, private, summary=shown.summary, users="any", sync=False
            )
            shutil.rmtree(folder, ignore_errors=True)


def _fill(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make a folder hold these files, and PySyft's own, and nothing else."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in folder.iterdir():
        if one.name == PERMISSION_FILE_NAME or one.name in files:
            continue
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one)
        else:
            one.unlink()
    for name, data in files.items():
        if PurePosixPath(name).name != name or name.startswith("."):
            raise OutOfRange(f"expected the name of an output, found {name!a}")
        write_whole(folder / name, data)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what PySyft tells people at a notebook out of a service's log."""
    with contextlib.redirect_stdout(io.StringIO()):
        yield
