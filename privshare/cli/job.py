"""`privshare job`: compute on records that nobody may see.

Jobs may be named by the first letters of their ids, six at least.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from privshare.cli.connection import (
    DEFAULT_PROFILE,
    JsonOption,
    PassphraseOption,
    ProfileOption,
    SaveOption,
    connected,
    hint,
)
from privshare.cli.join import join
from privshare.cli.mpc import (
    AcceptOption,
    RootsOption,
    mpc,
    programs,
    show_shares,
    use_roots,
)
from privshare.cli.output import Report, progress, saved, show, verify_hint, word
from privshare.errors import EncodingError, OutOfRange
from privshare.sdk.table import MAX_VALUE, Table

if TYPE_CHECKING:
    from privshare.sdk import Client
    from privshare.sdk.call import Blocking
    from privshare.sdk.query import Query
    from privshare.sdk.result import Result

app = typer.Typer(rich_markup_mode=None)
app.command("mpc")(mpc)
app.command("join")(join)
app.command("programs")(programs)

Operation = Literal["sum", "mean", "count"]

WordsArgument = Annotated[
    list[str],
    typer.Argument(
        metavar="DATASET... COLUMN",
        help="One to eight datasets, and the column that they share.",
    ),
]
ByOption = Annotated[
    str | None,
    typer.Option("--by", help="The column that splits the result.", metavar="COLUMN"),
]
PurposeOption = Annotated[
    str | None,
    typer.Option("--purpose", help="Of the grant to use, if there are several."),
]
ComputeOption = Annotated[
    str | None,
    typer.Option(
        "--compute",
        help="The agency that adds up what it cannot read.",
        metavar="AGENCY",
    ),
]
CustodianOption = Annotated[
    str | None,
    typer.Option(
        "--custodian",
        help="The agency that opens the totals, alone and with its own key.",
        metavar="AGENCY",
    ),
]
OpenerOption = Annotated[
    list[str] | None,
    typer.Option(
        "--opener",
        help="One of the agencies that open the totals together; say it for each.",
        metavar="AGENCY",
    ),
]
MethodOption = Annotated[
    Literal["auto", "he"], typer.Option("--method", help="The technique.")
]
TimeoutOption = Annotated[
    float, typer.Option("--timeout", help="Seconds to wait.", min=1, metavar="S")
]
JobArgument = Annotated[
    str, typer.Argument(metavar="JOB", help="Its id, or the first letters of it.")
]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", help="Save the result as CSV.", metavar="FILE.csv"),
]


@app.command("sum")
def sum_(
    *,
    words: WordsArgument,
    by: ByOption = None,
    purpose: PurposeOption = None,
    compute: ComputeOption = None,
    custodian: CustodianOption = None,
    opener: OpenerOption = None,
    operation: Annotated[
        Operation, typer.Option("--operation", "-o", help="What to compute.")
    ] = "sum",
    method: MethodOption = "auto",
    timeout_s: TimeoutOption = 600.0,
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait for the result.")
    ] = True,
    out: OutOption = None,
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add up a column that nobody else may see; also mean and count."""
    with connected(profile, passphrase_file) as net:
        query = _query(
            net,
            operation,
            words,
            by=by,
            purpose=purpose,
            compute=compute,
            custodian=custodian,
            openers=opener or (),
        )
        if not wait:
            job = query.submit(method, int(timeout_s))
            _show_job_started(job.id, job.document, profile=profile, as_json=as_json)
            return
        result = query.run(method, timeout_s, progress)
        progress("")
    _show_result(result, out, receipt, profile=profile, as_json=as_json)


@app.command("run-module")
def run_module(
    *,
    module: Annotated[
        str, typer.Argument(metavar="MODULE", help="A listed program, by name.")
    ],
    datasets: Annotated[
        list[str], typer.Argument(metavar="DATASET...", help="One to eight datasets.")
    ],
    column: Annotated[
        list[str],
        typer.Option("--column", "-c", help="To compute on; may be repeated."),
    ],
    by: Annotated[
        list[str] | None,
        typer.Option("--by", help="What splits the result; may be repeated."),
    ] = None,
    parameters: Annotated[
        str,
        typer.Option("--parameters", help="What the program is told.", metavar="JSON"),
    ] = "{}",
    purpose: PurposeOption = None,
    runner: Annotated[
        str | None,
        typer.Option(
            "--runner", help="The agency whose machine runs it.", metavar="AGENCY"
        ),
    ] = None,
    accept: AcceptOption = None,
    trial_roots: RootsOption = None,
    timeout_s: TimeoutOption = 600.0,
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run a measured program on a machine that proves what it is."""
    from privshare.sdk.measured import ProgramQuery  # noqa: PLC0415 - lazy

    with connected(profile, passphrase_file) as net:
        use_roots(net, trial_roots)
        query = ProgramQuery(
            module,
            [net.dataset(name) for name in datasets],
            columns=column,
            by=by or (),
            parameters=_object(parameters),
            purpose=purpose,
            runner=runner,
        )
        result = query.run(accept=accept or (), timeout_s=timeout_s, progress=progress)
        progress("")
    note = saved(result.receipt, receipt)
    text = result.output.decode("utf-8", "replace")
    show(
        Report(
            f"{result.module} on a machine of class {result.trust_class}, receipt "
            f"verified{note}",
            {
                "module": result.module,
                "output": text,
                "root": result.root,
                "trust_class": result.trust_class,
            },
            text,
            verify_hint(receipt, profile),
        ),
        as_json=as_json,
    )


@app.command()
def estimate(
    *,
    words: WordsArgument,
    by: ByOption = None,
    purpose: PurposeOption = None,
    compute: ComputeOption = None,
    custodian: CustodianOption = None,
    opener: OpenerOption = None,
    operation: Annotated[
        Operation, typer.Option("--operation", "-o", help="What to compute.")
    ] = "sum",
    method: MethodOption = "auto",
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say who would learn what, and what it would cost; nothing runs."""
    with connected(profile, passphrase_file) as net:
        query = _query(
            net,
            operation,
            words,
            by=by,
            purpose=purpose,
            compute=compute,
            custodian=custodian,
            openers=opener or (),
        )
        explanation = query.explain(method)
        cost = query.estimate(method)
    show(
        Report(
            f"it would take {cost}",
            {
                "technique": explanation.technique,
                "parties": [list(party) for party in explanation.parties],
                "milliseconds": cost.milliseconds,
                "bytes": cost.sent_bytes,
                "uses": cost.uses,
            },
            str(explanation),
            hint(
                f"privshare job sum {' '.join(words)}" + (f" --by {by}" if by else ""),
                profile,
            ),
        ),
        as_json=as_json,
    )


@app.command("list")
def list_(
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the jobs of your agency, newest first."""
    with connected(profile, passphrase_file) as net:
        found = net.jobs()
    rows = tuple((one.id[:8], one.what, one.phase, one.note) for one in found)
    show(
        Report(
            f"{len(rows)} job{'' if len(rows) == 1 else 's'}",
            {"jobs": [one.document for one in found]},
            Table(("job", "what", "phase", "note"), rows, empty="no job"),
            hint(
                "privshare job show JOB"
                if rows
                else "privshare job sum DATASET COLUMN",
                profile,
            ),
        ),
        as_json=as_json,
    )


@app.command("show")
def show_(
    job: JobArgument,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a job stands, and who is waited for."""
    with connected(profile, passphrase_file) as net:
        found = net.job(job)
    show(
        Report(
            f"job {found.id} is {found.phase}",
            {"job": found.document},
            Table(("field", "value"), found.lines(), cut=MAX_VALUE),
            hint(
                f"privshare job wait {word(found.id)}"
                if found.phase != "failed"
                else "privshare job programs"
                if found.program.startswith("mpc.")
                else "privshare job sum DATASET COLUMN",
                profile,
            ),
        ),
        as_json=as_json,
    )


@app.command()
def wait(
    *,
    job: JobArgument,
    timeout_s: TimeoutOption = 600.0,
    out: OutOption = None,
    accept: AcceptOption = None,
    trial_roots: RootsOption = None,
    receipt: SaveOption = None,
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Wait for a job's result, and verify its receipt."""
    with connected(profile, passphrase_file) as net:
        use_roots(net, trial_roots)
        found = net.job(job)
        if found.program.startswith("mpc."):
            shares = net.mpc.result(
                found, accept=accept or (), timeout_s=timeout_s, progress=progress
            )
            progress("")
            show_shares(shares, receipt, profile=profile, as_json=as_json)
            return
        result = found.result(timeout_s, progress)
        progress("")
    _show_result(result, out, receipt, profile=profile, as_json=as_json)


@app.command()
def cancel(
    *,
    job: JobArgument,
    reason: Annotated[
        str, typer.Option("--reason", help="One sentence, for the ledger.")
    ] = "cancelled by the analyst",
    profile: ProfileOption = DEFAULT_PROFILE,
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask for a job's end; what it had reserved is released."""
    with connected(profile, passphrase_file) as net:
        found = net.job(job).cancel(reason)
    show(
        Report(
            f"job {found.id} is asked to end; it is {found.phase}",
            {"job": found.document},
            next=hint(f"privshare job show {word(found.id)}", profile),
        ),
        as_json=as_json,
    )


def _object(text: str) -> dict[str, Any]:
    """The parameters of a program, as a person writes them."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise EncodingError(
            "expected --parameters as a JSON object, found something else",
            fix="""--parameters '{"by": ["district"]}'""",
        )
    return value


def _query(
    net: Client, operation: Operation, words: list[str], **options: Any
) -> Query[Blocking]:
    from privshare.sdk.query import Query  # noqa: PLC0415 - lazy

    *names, column = words
    if not names:
        raise OutOfRange(
            "expected one dataset or more, and then a column; found one word",
            fix="privshare job sum tax/deed-tax tax_paid --by district",
        )
    return Query(operation, [net.dataset(name) for name in names], column, **options)


def _show_job_started(
    job: str, document: object, *, profile: str, as_json: bool
) -> None:
    show(
        Report(
            f"started job {job}",
            {"job": document},
            next=hint(f"privshare job wait {word(job)}", profile),
        ),
        as_json=as_json,
    )


def _show_result(
    result: Result,
    out: Path | None,
    receipt: Path | None,
    *,
    profile: str,
    as_json: bool,
) -> None:
    note = saved(result.receipt, receipt)
    if out is not None:
        out.write_text(result.to_csv(), encoding="utf-8")
        note += f", result in {out}"
    rows = [
        {
            name: value if isinstance(value, int) else str(value)
            for name, value in row.items()
        }
        for row in result
    ]
    groups = len(result)
    show(
        Report(
            f"{result.operation} of {result.column}, {groups} group"
            f"{'' if groups == 1 else 's'}, receipt verified{note}",
            {"rows": rows, "suppressed": list(result.suppressed), "k": result.k},
            result.table(),
            verify_hint(receipt, profile),
        ),
        as_json=as_json,
    )
