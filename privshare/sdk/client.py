"""A connection to the node of one's own agency.

    net = connect("tax", passphrase=...)        Client[Blocking]
    net = await connect_async("tax", ...)       Client[Awaiting]

    net.catalog.search("deed") · net["tax/deed-tax"] · net.publish(...)
    net.grants() · net.jobs() · net.anchor(file) · net.receipts()

Both are one class: what differs is who runs the calls (`sdk.call`). A client
holds the key in memory while it lives; `close` it, or use it in a `with`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Generic
from urllib.parse import quote

from privshare.errors import ConfigError, EncodingError
from privshare.schemes.key_file import Passphrase
from privshare.sdk import transport, wallet
from privshare.sdk.anchor import prepare
from privshare.sdk.boxes import Boxes
from privshare.sdk.call import Awaiting, Blocking, Bound, Call, M, Request, verb
from privshare.sdk.dataset import Catalog, Dataset
from privshare.sdk.document import Document
from privshare.sdk.gate import Accounts, Mocks, Submissions
from privshare.sdk.grant import Grant
from privshare.sdk.job import Job
from privshare.sdk.join import Joins
from privshare.sdk.measured import Programs
from privshare.sdk.receipt import Receipt
from privshare.sdk.rings import Rings
from privshare.sdk.session import Session
from privshare.sdk.shares import Shares
from privshare.sdk.sheet import csv_of
from privshare.sdk.surveys import Surveys
from privshare.sdk.table import html_block
from privshare.sdk.threshold import Threshold
from privshare.wire.canonical import Encodable

if TYPE_CHECKING:
    import httpx
    import pandas  # type: ignore[import-not-found, import-untyped, unused-ignore]

    from privshare.audit.trust_root import EvidenceRoots

MAX_ITEMS = 10_000
_CSV = "text/csv"


class Client(Bound[M], Generic[M]):
    """A connection, made by `connect` or `connect_async`.

    Attributes:
        accounts: Accounts of another system that this agency vouches for.
        boxes: Messages of one's accounts, for PySyft's clients.
        catalog: The datasets of the network.
        join: Matches two owners' tables by who is in them.
        mocks: Mock tables, and the rules by which results may leave.
        mpc: Programs that three nodes compute on shares.
        programs: Measured programs, and this agency's policy for evidence.
        rings: Rings of people who may speak as one of many.
        submissions: Code that somebody submits, approved by its bytes.
        surveys: Sums of many people's answers, none of which anybody sees.
        threshold: The consortium's threshold key.
        url: The node.
    """

    def __init__(self, driver: M, session: Session, url: str) -> None:
        super().__init__(driver)
        self._session = session
        self.url = url
        self.accounts: Accounts[M] = Accounts(driver, session)
        self.boxes: Boxes[M] = Boxes(driver, session)
        self.catalog: Catalog[M] = Catalog(driver, session)
        self.join: Joins[M] = Joins(driver, session)
        self.mocks: Mocks[M] = Mocks(driver, session)
        self.mpc: Shares[M] = Shares(driver, session)
        self.rings: Rings[M] = Rings(driver, session)
        self.submissions: Submissions[M] = Submissions(driver, session)
        self.surveys: Surveys[M] = Surveys(driver, session)
        self.programs: Programs[M] = Programs(driver, session)
        self.threshold: Threshold[M] = Threshold(driver, session, lambda: self.network)
        self._meta = Document({}, "meta")
        self._me = Document({}, "me")

    @property
    def agency(self) -> str:
        """Whose node it is."""
        return self._meta.str("agency", "")

    @property
    def network(self) -> str:
        """The network it belongs to."""
        return self._meta.str("network", "")

    @property
    def roles(self) -> tuple[str, ...]:
        """What one may be there; empty without a key."""
        return self._me.strs("roles")

    @property
    def trust(self) -> str:
        """Text of the trust policy that receipts are judged by."""
        return self._session.trust

    def __repr__(self) -> str:
        roles = ", ".join(self.roles) or "nobody in particular"
        return f"<Client of {self.agency} in {self.network} at {self.url}, as {roles}>"

    def _repr_html_(self) -> str:
        facts = (("node", self.url), ("agency", self.agency), ("network", self.network))
        return html_block("PrivShare", (*facts, ("as", self.roles)))

    def __enter__(self: Client[Blocking]) -> Client[Blocking]:
        return self

    def __exit__(
        self: Client[Blocking],
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._driver.close()

    async def __aenter__(self: Client[Awaiting]) -> Client[Awaiting]:
        return self

    async def __aexit__(
        self: Client[Awaiting],
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._driver.close()

    @verb
    def hello(self) -> Call[Client[M]]:
        """Ask the node who it is, and who it takes us for.

        Raises:
            ConfigError: It is of another major version.
            Unauthenticated: It does not know our key.
            Unavailable: It does not answer.
        """
        return (yield from self._hello(named=True))

    def _hello(self, *, named: bool) -> Call[Client[M]]:
        meta = yield from self._session.get("/v1/meta")
        theirs, ours = meta.str("version", "0"), own_version()
        if theirs.partition(".")[0] != ours.partition(".")[0]:
            raise ConfigError(
                f"expected a node of version {ours.partition('.')[0]}, found {theirs}",
                fix="install the PrivShare version that the node's operator names",
            )
        self._meta = meta
        if named:
            self._me = yield from self._session.get("/v1/me")
        return self

    @verb
    def __getitem__(self, name: str) -> Call[Dataset[M]]:
        """Read a dataset: net["tax/deed-tax"].

        Raises:
            NotFound: There is none of that name.
            EncodingError: The name has another form.
        """
        return (yield from self._dataset(name))

    @verb
    def dataset(self, name: str) -> Call[Dataset[M]]:
        """Read a dataset; as `net[name]`."""
        return (yield from self._dataset(name))

    @verb
    def publish(
        self,
        table: str | Path | bytes | pandas.DataFrame,
        name: str,
        *,
        title: str,
        policy: Mapping[str, Encodable] | None = None,
        description: str = "",
        key: str | None = None,
        columns: Sequence[Mapping[str, Encodable]] = (),
        provable: Sequence[str] = (),
    ) -> Call[Dataset[M]]:
        """Publish a table of one's own agency.

        The rows go to one's own node and no further; the ledger gets their
        commitments.

        Args:
            table: A CSV file, its bytes, or a DataFrame.
            name: What stands behind the slash in the dataset's name.
            title: For people of other agencies.
            policy: Which requests may be granted; None refuses them all.
            description: For people of other agencies.
            key: The column that names a record; needed to share single ones.
            columns: Which columns to publish, each with what differs from
                what the node infers; all of them when empty.
            provable: Columns of which bounds, equality and sums can be proven
                later without showing a cell.

        Returns:
            The dataset; its `receipt` proves what was published.

        Raises:
            EncodingError: The table cannot be read; `detail` names the row
                and the column.
            Conflict: There is a dataset of that name.
            PrivShareError: What else the node reports.
        """
        data, filename = csv_of(table, name)
        draft = yield from self._session.upload("/v1/drafts", data, _CSV, filename)
        body: dict[str, Encodable] = {
            "draft": draft.str("draft"),
            "name": name,
            "title": title,
            "description": description,
            "policy": None if policy is None else dict(policy),
            "key": key,
        }
        if columns:
            body["columns"] = [dict(column) for column in columns]
        if provable:
            body["provable"] = list(provable)
        answer = yield from self._session.send("POST", "/v1/datasets", body)
        full = answer.str("dataset", f"{self.agency}/{name}")
        proof = yield from self._session.receipt(
            answer.str("receipt"), ("dataset.publish",), f"dataset/{full}"
        )
        dataset = yield from self._dataset(full)
        dataset._receipt = proof
        return dataset

    @verb
    def grants(self, limit: int = MAX_ITEMS) -> Call[list[Grant[M]]]:
        """List the grants that concern one's own agency, newest first."""
        found = yield from self._session.items("/v1/grants", {}, limit)
        return [Grant(self._driver, self._session, one) for one in found]

    @verb
    def grant(self, grant: str) -> Call[Grant[M]]:
        """Read a grant by its id, or by the first letters of it.

        Raises:
            NotFound: There is none, or more than one begins so.
        """
        full = yield from self._session.complete("/v1/grants", grant)
        answer = yield from self._session.get(f"/v1/grants/{quote(full, safe='')}")
        return Grant(self._driver, self._session, answer)

    @verb
    def jobs(self, limit: int = 200) -> Call[list[Job[M]]]:
        """List the jobs of one's own agency, newest first."""
        found = yield from self._session.items("/v1/jobs", {}, limit)
        return [Job(self._driver, self._session, one) for one in found]

    @verb
    def job(self, job: str) -> Call[Job[M]]:
        """Read a job by its id, or by the first letters of it.

        Raises:
            NotFound: There is none, or more than one begins so.
        """
        full = yield from self._session.complete("/v1/jobs", job)
        answer = yield from self._session.get(f"/v1/jobs/{quote(full, safe='')}")
        return Job(self._driver, self._session, answer)

    @verb
    def anchor(self, file: str | Path | bytes) -> Call[Receipt]:
        """Anchor a file: prove later that it existed now, unchanged.

        The node sees a salted digest, and nothing of the file.

        Args:
            file: A file, or its content.

        Returns:
            The receipt, verified; it carries the file as its attachment.

        Raises:
            PrivShareError: What the node reports, or what in its receipt is
                not true.
        """
        content = file if isinstance(file, bytes) else Path(file).read_bytes()
        return (yield from prepare(content).run(self._session))

    @verb
    def receipts(self, limit: int = 200) -> Call[list[Document]]:
        """List the receipts in the node's drawer, newest first."""
        return (yield from self._session.items("/v1/receipts", {}, limit))

    @verb
    def receipt(self, receipt: str) -> Call[Receipt]:
        """Fetch a receipt by its id, and verify it.

        Raises:
            NotFound: There is none.
            VerificationError: It does not verify.
        """
        full = yield from self._session.complete("/v1/receipts", receipt)
        return (yield from self._session.receipt(full))

    @verb
    def bundle(
        self, limit: int = 200, progress: Callable[[str], None] | None = None
    ) -> Call[bytes]:
        """Pack receipts and what is attached to them for an auditor.

        Each is verified on its way in. The trust policy goes in as well; an
        auditor compares its fingerprint with one from elsewhere. Receipts of
        unnamed members' statements are left out, since their text is read by
        the ring's owner and regulators alone: `net.rings.receipt`.

        Args:
            limit: Most receipts, the newest first.
            progress: Told how far it is.

        Returns:
            The bytes of a zip file that `privshare verify` reads.

        Raises:
            VerificationError: One of them does not verify.
        """
        from privshare.audit.bundle import write_bundle  # noqa: PLC0415 - if asked

        found = yield from self._session.items("/v1/receipts", {}, limit)
        listed = [one for one in found if one.str("operation") != "statement.ring"]
        packed: dict[str, tuple[bytes, dict[str, bytes]]] = {}
        for number, one in enumerate(listed, 1):
            if progress is not None:
                progress(f"receipt {number} of {len(listed)}")
            receipt = yield from self._session.receipt(one.str("id"))
            name = f"{receipt.index:06}-{receipt.operation.replace('.', '-')}"
            packed[name] = (bytes(receipt), receipt.attachments)
        return write_bundle(packed, self._session.trust.encode())

    @verb
    def agencies(self) -> Call[list[Document]]:
        """List the agencies of the network."""
        answer = yield from self._session.get("/v1/agencies")
        return list(answer.objs("items"))

    @verb
    def read(self, path: str) -> Call[bytes]:
        """Read one of the node's public files, such as `/log/checkpoint`.

        Raises:
            PrivShareError: What the node reports.
        """
        request = Request("GET", path, {"accept": "*/*"})
        return (yield from self._session.repeat(request)).body

    def _dataset(self, name: str) -> Call[Dataset[M]]:
        owner, slash, rest = name.partition("/")
        if not (owner and slash and rest) or "/" in rest:
            raise EncodingError(
                f'expected a dataset such as "tax/deed-tax", found {name[:80]!r}'
            )
        path = f"/v1/datasets/{quote(owner, safe='')}/{quote(rest, safe='')}"
        answer = yield from self._session.get(path)
        return Dataset(self._driver, self._session, answer)


def connect(
    where: str | wallet.Profile,
    *,
    key: str | Path | None = None,
    passphrase: str | Passphrase | None = None,
    trust: str | Path | None = None,
    roots: EvidenceRoots | None = None,
    transport_: httpx.BaseTransport | None = None,
) -> Client[Blocking]:
    """Connect to a node.

    Args:
        where: A profile's name, a profile, or the node's URL.
        key: The key file; the profile's unless given.
        passphrase: Opens the key file; $PRIVSHARE_PASSPHRASE unless given. A
            `Passphrase` remembers what it cost to open several.
        trust: A trust policy's file, or its text; the profile's unless given.
        roots: Roots beside the makers' at which evidence of machines may end.
        transport_: In the place of the network, for tests.

    Raises:
        ConfigError: No passphrase, no trust policy, or another version.
        Unauthenticated: The node does not know the key.
        Unavailable: The node does not answer.
    """
    signer, session = _settings(where, key, passphrase, trust)
    session.roots = roots
    driver = transport.blocking(signer, transport_)
    client: Client[Blocking] = Client(driver, session, signer.url)
    try:
        return driver.run(client._hello(named=signer.key is not None))
    except BaseException:
        driver.close()
        raise


async def connect_async(
    where: str | wallet.Profile,
    *,
    key: str | Path | None = None,
    passphrase: str | Passphrase | None = None,
    trust: str | Path | None = None,
    roots: EvidenceRoots | None = None,
    transport_: httpx.AsyncBaseTransport | None = None,
) -> Client[Awaiting]:
    """Connect to a node, for use with `await`; as `connect`."""
    signer, session = _settings(where, key, passphrase, trust)
    session.roots = roots
    driver = transport.awaiting(signer, transport_)
    client: Client[Awaiting] = Client(driver, session, signer.url)
    try:
        return await driver.run(client._hello(named=signer.key is not None))
    except BaseException:
        await driver.close()
        raise


def fetch_trust(url: str, ca: Path | None = None) -> str:
    """Ask a node for its network's trust policy.

    Whoever pins the answer trusts that node, once. Compare `fingerprint` with
    what somebody else in the network says.

    Args:
        url: The node.
        ca: Certificate authorities for https, PEM.

    Returns:
        The policy's text, well formed.

    Raises:
        Unavailable: The node does not answer.
        EncodingError: What it answers is no trust policy.
    """
    signer = transport.Signer(transport.checked_url(url), ca=ca)
    driver = transport.blocking(signer)
    try:
        call = Session("").repeat(Request("GET", "/v1/trust", {"accept": "*/*"}))
        return checked_trust(driver.run(call).body.decode("utf-8", "replace"))
    finally:
        driver.close()


def checked_trust(text: str) -> str:
    """Return a trust policy's text if it is one.

    Raises:
        EncodingError: It is not.
    """
    from privshare.log.policy import parse_policy  # noqa: PLC0415 - only if asked

    parse_policy(text.encode("utf-8", "surrogateescape"))
    return text


def fingerprint(trust: str) -> str:
    """SHA-256 of a trust policy, in groups of four, to be read out aloud."""
    from privshare.bindings.hash import sha256  # noqa: PLC0415 - only if asked

    text = sha256(trust.encode()).hex()
    return " ".join(text[i : i + 4] for i in range(0, len(text), 4))


def own_version() -> str:
    """The version of this package; "0" from a source tree."""
    from importlib.metadata import (  # noqa: PLC0415 - only who connects pays
        PackageNotFoundError,
        version,
    )

    try:
        return version("privshare")
    except PackageNotFoundError:
        return "0"


def _settings(
    where: str | wallet.Profile,
    key: str | Path | None,
    passphrase: str | Passphrase | None,
    trust: str | Path | None,
) -> tuple[transport.Signer, Session]:
    profile = wallet.profile_of(where)
    file = Path(key) if key is not None else profile.key
    policy = _trust_text(trust) if trust is not None else profile.trust
    if not policy:
        raise ConfigError(
            "expected a trust policy to judge receipts by, found none",
            fix="give trust=FILE, or pin one: privshare profile add NAME --url URL",
        )
    opened = None
    if file is not None:
        secret = passphrase or os.environ.get(wallet.PASSPHRASE_VARIABLE)
        if not secret:
            raise ConfigError(
                f"expected a passphrase for {file}, found none",
                fix=f"give passphrase=..., or set {wallet.PASSPHRASE_VARIABLE}",
            )
        opened = wallet.open_key(file, secret)
    url = transport.checked_url(profile.url)
    return transport.Signer(url, opened, profile.ca), Session(checked_trust(policy))


def _trust_text(trust: str | Path) -> str:
    if isinstance(trust, Path) or "\n" not in trust:
        return Path(trust).read_text(encoding="utf-8")
    return trust
