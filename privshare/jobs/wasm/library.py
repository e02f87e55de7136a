"""The ready modules: what they compute, what they are asked, what they may say.

Each is made from C in native/wasm by a script that anybody can repeat. Here
stands its listing, assembled when it is first used; its bytes must have the
digest of the table beside it. Parameters are checked before a job is planned,
and what comes out is held once more against the threshold `k`: the module
withholds small groups by itself, and the runner does not rely on that.

    consumer  check_parameters ─► spec
    runner    module ─► run.run ─► check_output ─► Conclusion

Implements docs/modules.md, "Ready modules".

>>> names()
('describe', 'group', 'histogram', 'regression')
>>> check_parameters("histogram", {"column": "age", "edges": []})
"""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, cast

from privshare.errors import NotFound, PrivShareError
from privshare.jobs.wasm.closure import Closure, refuse
from privshare.rights import identifier
from privshare.wire import canonical
from privshare.wire.canonical import Fields, Json

__all__ = ["Module", "check_output", "check_parameters", "module", "names"]

MAX_COLUMNS: Final = 256
_EDGE: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Module:
    """A ready module.

    Attributes:
        name: As in "group".
        summary: What it computes, in one line.
        binary: Its bytes.
        closure: With which it is listed.
        sources: SHA-256 of the C files it was made from, in hex.
    """

    name: str
    summary: str
    binary: bytes
    closure: Closure
    sources: str


def names() -> tuple[str, ...]:
    """The names of the ready modules."""
    return tuple(sorted(_LIBRARY))


@functools.cache
def module(name: str) -> Module:
    """A ready module, assembled from its listing.

    Raises:
        NotFound: There is none of this name.
        RunRefused: Rule run.module: the listing does not give the bytes of
            the table.
    """
    entry = _entry(name)
    folder = files("privshare.jobs.wasm") / "modules"
    table = json.loads((folder / "digests.json").read_text("utf-8"))["modules"][name]
    binary = _assemble((folder / f"{name}.wat").read_text("utf-8"))
    digest = hashlib.sha256(binary).digest()
    if digest.hex() != table["module"]:
        refuse(
            "run.module",
            f"expected the module {table['module']}, found {digest.hex()}",
            fix="Install the package again.",
        )
    closure = Closure(digest, "privshare-frame/v1", "stacked")
    return Module(name, entry.summary, binary, closure, table["sources"])


def check_parameters(name: str, parameters: Mapping[str, Json]) -> None:
    """Check parameters as far as that goes without the table.

    Raises:
        NotFound: No module of this name.
        RunRefused: Rule run.parameters: a parameter missing, unknown, or not
            of its form.
    """
    entry = _entry(name)
    try:
        fields = Fields(dict(parameters), f"{name}.parameters")
        entry.check(fields)
        fields.end()
    except PrivShareError as error:
        refuse("run.parameters", error.message, fix=f"{name} takes {entry.takes}.")


def check_output(name: str, output: bytes, k: int) -> None:
    """Hold the output of a ready module against the threshold.

    Raises:
        NotFound: No module of this name.
        RunRefused: Rule run.output: a count below k, or an output that is
            not of the module's shape.
    """
    entry = _entry(name)
    try:
        value = canonical.decode(output, max_bytes=64 << 20)
        counts = list(entry.counts(cast(Any, value)))
    except (PrivShareError, KeyError, TypeError, AttributeError):
        refuse("run.output", f"expected the output of {name}, found another shape")
    if any(type(count) is not int or count < k for count in counts):
        refuse("run.output", f"expected counts of at least {k}, found a smaller one")


def _entry(name: str) -> _Entry:
    try:
        return _LIBRARY[name]
    except KeyError:
        raise NotFound(
            f"expected a module among {', '.join(names())}, found "
            f"{identifier.shown(name)}"
        ) from None


def _assemble(listing: str) -> bytes:
    from wasmtime import wat2wasm  # noqa: PLC0415 - 6 MB, for runners alone

    return bytes(wat2wasm(listing))


@dataclass(frozen=True, slots=True)
class _Entry:
    summary: str
    takes: str
    check: Callable[[Fields], None]
    counts: Callable[[Any], Iterator[object]]


def _columns(fields: Fields, name: str, low: int, high: int, *, sets: bool) -> None:
    found = fields.str_list(name, high, identifier.COLUMN.pattern, sorted_unique=sets)
    if len(found) < low:
        refuse("run.parameters", f"{name}: expected {low} to {high} columns")
    if len(set(found)) != len(found):
        refuse("run.parameters", f"{name}: expected each column once")


def _check_describe(fields: Fields) -> None:
    _columns(fields, "columns", 1, MAX_COLUMNS, sets=True)
    fields.bool("extremes")


def _check_group(fields: Fields) -> None:
    _columns(fields, "by", 1, 3, sets=False)
    _columns(fields, "columns", 0, 32, sets=True)
    fields.bool("extremes")


def _check_histogram(fields: Fields) -> None:
    fields.str("column", pattern=identifier.COLUMN.pattern)
    for edge in fields.str_list("edges", MAX_COLUMNS):
        if _EDGE.fullmatch(edge) is None or sum(c.isdigit() for c in edge) > 18:
            refuse("run.parameters", "edges: expected decimal text of 1 to 18 digits")


def _check_regression(fields: Fields) -> None:
    fields.str("y", pattern=identifier.COLUMN.pattern)
    _columns(fields, "x", 1, 16, sets=False)


def _describe_counts(value: Any) -> Iterator[object]:
    yield value["rows"]
    yield from (one["count"] for one in value["columns"].values() if one is not None)


def _group_counts(value: Any) -> Iterator[object]:
    for group in value["groups"]:
        yield group["count"]
        columns = group["columns"].values()
        yield from (one["count"] for one in columns if one is not None)


def _histogram_counts(value: Any) -> Iterator[object]:
    if "words" in value:
        yield from (one["count"] for one in value["words"])
        return
    yield from (one["count"] for one in value["bins"] if one["count"] is not None)


def _regression_counts(value: Any) -> Iterator[object]:
    yield value["rows"]


_LIBRARY: Final[Mapping[str, _Entry]] = {
    "describe": _Entry(
        "count, sum, mean and standard deviation of columns, extremes if asked",
        "columns (ascending) and extremes (true or false)",
        _check_describe,
        _describe_counts,
    ),
    "group": _Entry(
        "count, sum and mean of columns by one to three others, extremes if asked",
        "by, columns (ascending) and extremes (true or false)",
        _check_group,
        _group_counts,
    ),
    "histogram": _Entry(
        "how many values of a column lie between edges, or how often its words occur",
        "column and edges (decimal text, ascending; none for words)",
        _check_histogram,
        _histogram_counts,
    ),
    "regression": _Entry(
        "ordinary least squares of one column on up to sixteen others",
        "x (columns) and y (a column)",
        _check_regression,
        _regression_counts,
    ),
}
