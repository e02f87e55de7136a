"""Run a submission as its owner approved it, over its dataset's rows.

    Submission ─► same bytes as its tree? ─► laid out ─► sandbox.run ─► Ran
    rows (CSV) ───────────────────────────────┘               │
    GateRule: seconds, memory, disk ──────────────────────────┘

Inside, things lie as the clients of PySyft lay them out: the submission's files
below /submitted/job, and the entry is run from its folder `code`; it leaves its
results in `outputs` there. The start script and the configuration lie beside,
as bytes that were approved; nothing executes them. What the entry imports as
`syft` is `inside/syft`, which knows where the rows are and nothing else.

Packages come from folders that the owner names, read-only. Their versions are
read here, from what their installer wrote, not by asking the packages.
"""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from types import MappingProxyType
from typing import Final

from privshare.jobs.submission.limits import BOUNDS, Limits
from privshare.jobs.submission.rule import GateRule
from privshare.jobs.submission.sandbox import HOME, Ran, Script, run
from privshare.jobs.submission.tree import Submission
from privshare.jobs.wasm.closure import refuse
from privshare.rights import identifier

__all__ = ["PACKAGES", "Ran", "execute", "versions"]

#: Packages that a statement about a run names, where they are installed.
PACKAGES: Final = (
    "flwr",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "scikit-learn",
    "scipy",
    "statsmodels",
    "torch",
)

_INSIDE: Final = Path(__file__).parent / "inside"
_JOB: Final = "job"
_CODE: Final = "code/"
_PAGE: Final = 4096
#: So that a little too much is judged by the output rule, in its words.
_MORE_BYTES: Final = 1 << 20
_MORE_FILES: Final = 16
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,63}")

#: All variables of its environment, beside where its rows are. One thread for
#: each library that would start as many as there are processors.
_ENVIRONMENT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "LANG": "C.UTF-8",
        "MKL_NUM_THREADS": "1",
        "NUMEXPR_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "SYFT_IS_IN_JOB": "true",
    }
)


def execute(
    submission: Submission,
    entry: str,
    rows: bytes,
    name: str,
    rule: GateRule,
    site: tuple[Path, ...] = (),
) -> Ran:
    """Run a submission once.

    Args:
        submission: Its files, as they were read now.
        entry: The file that is run, such as "code/main.py".
        rows: The dataset in CSV. Secret.
        name: Of the dataset, with or without its owner.
        rule: What it may take.
        site: Folders of packages that it may import.

    Returns:
        What it left, not judged yet (`gate.release`), with the versions of
        Python and of `PACKAGES`.

    Raises:
        RunRefused: Rules of `sandbox.run`; run.entry where the entry is not a
            Python file of the submission; submission.changed where contents
            are not those that its tree names.
        ConfigError: No bubblewrap on this machine.
    """
    _check_contents(submission)
    if entry not in submission.contents or not entry.endswith(".py"):
        refuse(
            "run.entry",
            "expected a Python file of the submission as its entry, found none",
            fix="Submit a Python job: a file, or a folder with main.py.",
        )
    dataset = _leaf(name)
    contents = {
        **{f"{_JOB}/{path}": data for path, data in submission.contents.items()},
        f"data/{dataset}.csv": rows,
    }
    folder = _CODE if entry.startswith(_CODE) else entry[: entry.rfind("/") + 1]
    script = Script(
        entry=entry.removeprefix(folder),
        home=f"{_JOB}/{folder}".rstrip("/"),
        contents=contents,
        environment={
            **_ENVIRONMENT,
            "PRIVSHARE_DATASET": dataset,
            "PRIVSHARE_ROWS": f"{HOME}/data/{dataset}.csv",
        },
        site=(_INSIDE, *site),
    )
    ran = run(script, _limits(rule, contents.values()))
    return replace(ran, python=platform.python_version(), packages=versions(site))


def versions(site: Iterable[Path]) -> tuple[tuple[str, str], ...]:
    """Name and version of each of `PACKAGES` that is installed there, in order.

    Where a package is in two folders, that of the first: the one imported.
    """
    found: dict[str, str] = {}
    for folder in site:
        for one in metadata.distributions(path=[str(folder)]):
            name = re.sub(r"[-_.]+", "-", str(one.metadata["Name"])).lower()
            if name in PACKAGES and _VERSION.fullmatch(one.version):
                found.setdefault(name, one.version)
    return tuple(sorted(found.items()))


def _check_contents(submission: Submission) -> None:
    named = {one.path: (one.size, one.digest) for one in submission.tree.files}
    found = {
        path: (len(data), hashlib.sha256(data).digest())
        for path, data in submission.contents.items()
    }
    if named != found:
        refuse(
            "submission.changed",
            "expected the files that the submission's tree names, found others",
            fix="Submit it again: an approval holds for the bytes that were read.",
        )


def _leaf(name: str) -> str:
    whole = name if "/" in name else f"owner/{name}"
    return identifier.DATASET.check(whole, "dataset").partition("/")[2]


def _limits(rule: GateRule, contents: Iterable[bytes]) -> Limits:
    """Of the rule; what is laid out takes nothing of what it may write."""
    laid = sum(-(-len(data) // _PAGE) * _PAGE for data in contents)
    return Limits(
        seconds=rule.seconds,
        memory=rule.memory,
        disk=min(rule.disk + laid, BOUNDS["disk"][1]),
        output=rule.bytes + _MORE_BYTES,
        files=rule.files + _MORE_FILES,
    )
