"""What a job finds as `syft` inside the walls: where its rows are.

Not the distribution of that name. A job that an ordinary client submitted asks
for its rows by name, and so they are found here; for anything else of a client
there is nothing behind the walls that could answer.

    job   syft.resolve_dataset_file_path("wages") ─► /submitted/data/wages.csv

Names and signatures are those of syft 0.10.0. Runs in the sandbox alone, and
imports the standard library alone.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

__version__ = "0.10.0"

__all__ = ["resolve_dataset_file_path", "resolve_dataset_files_path"]

_THEIRS = (
    "bug_report",
    "credentials_to_token",
    "delete_local_syftbox",
    "delete_remote_syftbox",
    "delete_syftbox",
    "download_from_gdrive",
    "load_dataset_code",
    "login",
    "login_do",
    "login_ds",
    "resolve_path",
)


def resolve_dataset_files_path(
    dataset_name: str,
    syftbox_folder: str | Path | None = None,
    owner_email: str | None = None,
    client: Any = None,
) -> list[Path]:
    """The files of the dataset that this job was approved for: one, in CSV.

    Args:
        dataset_name: Its name; an owner may stand before it ("tax-wages").
        syftbox_folder: Not looked at.
        owner_email: Not looked at.
        client: Not looked at.

    Raises:
        FileNotFoundError: Another dataset.
    """
    name, path = os.environ["PRIVSHARE_DATASET"], os.environ["PRIVSHARE_ROWS"]
    asked = str(dataset_name)
    if asked != name and not asked.endswith(tuple(f"{one}{name}" for one in "/-._")):
        raise FileNotFoundError(
            f"expected the dataset {name}, which this job was approved for, found "
            f"{asked[:80]!r}. A job reads one dataset: name it in the call."
        )
    return [Path(path)]


def resolve_dataset_file_path(*args: Any, **kwargs: Any) -> Path:
    """The first of them. See `resolve_dataset_files_path`."""
    return resolve_dataset_files_path(*args, **kwargs)[0]


def __getattr__(name: str) -> Any:
    """Everything else of syft is not here, and says so.

    Raises:
        ImportError: A name of theirs, so that `from syft import` shows the words.
        AttributeError: Any other.
    """
    words = (
        f"expected {' or '.join(__all__)}, found syft.{name[:80]}: a job that "
        "PrivShare runs has no client, no network and no other file. Take it out of "
        "the code that you submit."
    )
    raise ImportError(words) if name in _THEIRS else AttributeError(words)
