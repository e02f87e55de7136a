"""How a question for each program on shares is put: its columns and its settings.

    "linreg", columns, y=... ─► form ─► question ─► columns by name, parameters
    reader                      FORMS ─► rows ─► privshare job programs

The catalogue says what a program computes (`jobs.mpc.catalogue`), the form how a
person asks for it: which columns it takes by their place, which by a word, and what
else must be said. A program without a form can still be asked for by its parameters
(`net.mpc.ask`).

>>> asked = question(form("linreg"), ["title/homes.area"], y="tax/wages.wage")
>>> asked.program, asked.parameters
('linear_regression', {'X': ['area'], 'y': 'y'})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from privshare.errors import ConfigError, NotFound
from privshare.rights.identifier import JOINT, measured
from privshare.wire import domain
from privshare.wire.canonical import Json
from privshare.wire.digest import digest_json

__all__ = ["FORMS", "Form", "Question", "form", "named", "question", "rows"]

#: Rows for which costs are shown.
SAMPLE_ROWS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """How one program is asked for.

    Attributes:
        program: Its name in the catalogue.
        short: Another name for it, or "".
        takes: What the columns given by their place are: one column that may
            stand in several datasets, several columns of the same rows, or the
            columns X of a regression.
        y: Whether it takes a column y.
        by: Whether it takes a column of words that splits the result.
        key: Whether it matches rows of two datasets by an identifier in both.
        needs: Settings that must be given, and in words what each is.
        may: Settings that may be given.
        example: Arguments of a command, to begin with.
    """

    program: str
    short: str = ""
    takes: Literal["one", "several", "features"] = "one"
    y: bool = False
    by: bool = False
    key: bool = False
    needs: Mapping[str, str] = field(default_factory=dict)
    may: Mapping[str, str] = field(default_factory=dict)
    example: str = "tax/returns.paid"

    @property
    def rows(self) -> bool:
        """Whether it takes several columns of the same rows."""
        return self.takes != "one"

    @property
    def columns(self) -> str:
        """What it takes, in the words of a command line."""
        many = self.takes in ("several", "features")
        words = ["COLUMN COLUMN..." if self.takes == "several" else "COLUMN"]
        if self.takes == "features":
            words = ["COLUMN...", "--y COLUMN"]
        if self.by:
            words.append("--by COLUMN")
        if self.key:
            words.append("--key COLUMN --key COLUMN")
        if many and self.program.startswith("log"):
            words.append("--unit NAME=CENTER/UNIT")
        return " ".join(words)

    @property
    def settings(self) -> str:
        """What else it is told; brackets stand around what may be left out."""
        optional = [f"[{name}]" for name in self.may]
        return ", ".join([*self.needs, *optional])


_INTERVAL = "in the column's smallest unit"
_KEYS = "owner: owners encode the words' places; secret: nodes find them on shares"
_MORE = "false: do not suppress one more group where one could be had by subtraction"
_GROUPS = {"complementary": _MORE, "keys": _KEYS}

#: In the order of the page docs/protocols/mpc.md.
FORMS: tuple[Form, ...] = (
    Form(program="sum"),
    Form(program="mean"),
    Form(program="variance"),
    Form(
        program="covariance",
        takes="several",
        example="title/homes.area title/homes.age",
    ),
    Form(
        program="threshold",
        needs={"at_least": f"the number that the total reaches or not, {_INTERVAL}"},
        example="tax/returns.paid --set at_least=5000000",
    ),
    Form(
        program="count",
        may={
            "at_least": f"least value that counts, {_INTERVAL}",
            "at_most": f"greatest value that counts, {_INTERVAL}",
            "equals": "of a column of words: the one that counts",
        },
        example="tax/returns.paid --set at_least=5000",
    ),
    Form(
        program="histogram",
        needs={"edges": f"ascending bounds of the intervals, {_INTERVAL}"},
        may=_GROUPS,
        example="tax/returns.paid --set edges=[0,1000,10000,1000000]",
    ),
    Form(
        program="group_sum",
        by=True,
        may=_GROUPS,
        example="tax/returns.paid --by tax/returns.district",
    ),
    Form(
        program="group_mean",
        by=True,
        may=_GROUPS,
        example="tax/returns.paid --by tax/returns.district",
    ),
    Form(
        program="linear_regression",
        short="linreg",
        takes="features",
        y=True,
        example="title/homes.area title/homes.age --y tax/wages.wage "
        "--aligned-by citizen",
    ),
    Form(
        program="logistic_regression",
        short="logreg",
        takes="features",
        y=True,
        needs={
            "steps": "of gradient descent",
            "rate": "learning rate, in millionths",
            "limit": "largest coefficient allowed, a whole number",
        },
        example="title/homes.area --y tax/wages.late --unit area=100/25 "
        "--set steps=10 --set rate=1000000 --set limit=8 --aligned-by citizen",
    ),
    Form(
        program="join_group_sum",
        by=True,
        key=True,
        may={"complementary": _MORE},
        example="tax/returns.paid --by edu/persons.field --key tax/returns.citizen "
        "--key edu/persons.citizen",
    ),
    Form(
        program="quantile",
        needs={"quantiles": "ranks in thousandths, ascending"},
        example="tax/returns.paid --set quantiles=[250,500,750]",
    ),
    Form(
        program="top_k",
        needs={
            "largest": "how many values",
            "at_least": f"no value below it is told, {_INTERVAL}",
        },
        example="tax/returns.paid --set largest=5 --set at_least=1000000",
    ),
)


@dataclass(frozen=True, slots=True)
class Question:
    """A question as `net.mpc.ask` takes it.

    Attributes:
        program: Its name in the catalogue.
        columns: What the program calls each column, and where it stands.
        parameters: Of the program, without its columns.
    """

    program: str
    columns: Mapping[str, tuple[str, ...]]
    parameters: Mapping[str, Json]


def form(name: str) -> Form:
    """The form of a program, by its name or its short one; hyphens may be used.

    Raises:
        NotFound: No program of this name has one.
    """
    wanted = name.replace("-", "_")
    for one in FORMS:
        if wanted in (one.program, one.short):
            return one
    known = ", ".join(one.short or one.program for one in FORMS)
    raise NotFound(
        f"expected a program on shares ({known}), found {name[:63]!r}",
        fix="privshare job programs",
    )


def question(
    asked: Form,
    columns: Sequence[str],
    *,
    y: str | None = None,
    by: Sequence[str] = (),
    key: Sequence[str] = (),
    settings: Mapping[str, Json] = MappingProxyType({}),
    units: Mapping[str, tuple[int, int]] = MappingProxyType({}),
) -> Question:
    """Put a question in the program's own parameters.

    Args:
        asked: The form.
        columns: Given by their place, as `owner/dataset.column`.
        y: Of a regression.
        by: The column of words, in each dataset; of a join in one of them.
        key: Of a join: the identifier, in each of two datasets.
        settings: By name.
        units: By name of a column of X: center and unit.

    Raises:
        ConfigError: Something is missing, or there is something that the program
            does not take; says what.
    """
    _check(asked, columns, y, by, settings)
    if asked.key != (len(key) == 2):
        wanted = "the identifier in each of two datasets (key)"
        _wrong(asked, wanted if asked.key else "no key", f"{len(key)} columns")
    if asked.takes == "one":
        placed = {"value": tuple(columns)}
        told: dict[str, Json] = {"value": "value"}
        if asked.key:
            placed["group"], told["group"] = tuple(by), "group"
            placed["key"], told["key"] = tuple(key), "key"
        elif asked.by:
            placed["key"], told["key"] = tuple(by), "key"
        return Question(asked.program, placed, {**settings, **told})
    names = named(columns)
    listed: list[Json] = list(names)
    several = {name: (ref,) for name, ref in names.items()}
    if asked.takes == "several":
        return Question(asked.program, several, {**settings, "values": listed})
    several["y"] = (y or "",)
    if asked.program == "logistic_regression":
        listed = _in_units(asked, names, units)
    return Question(asked.program, several, {**settings, "X": listed, "y": "y"})


def named(columns: Sequence[str]) -> dict[str, str]:
    """Names for columns in order: their own where they differ, else numbered."""
    short = [ref.rpartition(".")[2] for ref in columns]
    if len(set(short)) == len(short) and "y" not in short:
        return dict(zip(short, columns, strict=True))
    return {f"x{number}": ref for number, ref in enumerate(columns, 1)}


def _in_units(
    asked: Form, names: Mapping[str, str], units: Mapping[str, tuple[int, int]]
) -> list[Json]:
    if set(units) != set(names):
        _wrong(
            asked,
            f"a center and a unit of each column ({', '.join(names)})",
            ", ".join(units) or "none",
        )
    return [
        {"column": name, "center": units[name][0], "unit": units[name][1]}
        for name in names
    ]


def _check(
    asked: Form,
    columns: Sequence[str],
    y: str | None,
    by: Sequence[str],
    settings: Mapping[str, Json],
) -> None:
    if not columns:
        _wrong(asked, "at least one column", "none")
    if (y is not None) != asked.y:
        _wrong(asked, *(("a column y", "none") if asked.y else ("no y", "one")))
    if bool(by) != asked.by:
        _wrong(
            asked,
            "a column that splits the result (by)" if asked.by else "no column by",
            "none" if asked.by else "one",
        )
    missing = [name for name in asked.needs if name not in settings]
    if missing:
        _wrong(asked, f"the setting {missing[0]}: {asked.needs[missing[0]]}", "none")
    known = {*asked.needs, *asked.may, "noisy"}
    unknown = sorted(set(settings) - known)
    if unknown:
        _wrong(asked, f"settings among {', '.join(sorted(known))}", unknown[0][:63])


def _wrong(asked: Form, expected: str, found: str) -> None:
    raise ConfigError(
        f"{asked.program}: expected {expected}, found {found}",
        fix=f"for example: privshare job mpc {asked.short or asked.program} "
        f"{asked.example}",
    )


def rows(program: str | None = None) -> list[dict[str, str]]:
    """The catalogue as rows of words: what each program takes, tells and costs.

    Args:
        program: One of them by its name; None: all.

    Returns:
        By "program", "short", "name" (as policies and grants hold it), "columns",
        "settings", "inputs", "outputs", "leaks", "error", "checked" (whether
        `malicious-abort` can be asked for), "model", "cost" (of `SAMPLE_ROWS` rows)
        and "example".

    Raises:
        NotFound: No such program.
    """
    from privshare.jobs.mpc import catalogue  # noqa: PLC0415 - reads the engine

    wanted = FORMS if program is None else (form(program),)
    made = []
    for one in wanted:
        found = catalogue.find(one.program)
        made.append(
            {
                "program": found.name,
                "short": one.short,
                "name": measured(
                    digest_json(domain.PROGRAM, catalogue.closure(one.program)), JOINT
                ),
                "columns": one.columns,
                "settings": one.settings,
                "inputs": found.inputs,
                "outputs": found.outputs,
                "leaks": found.leaks,
                "error": found.error,
                "checked": "yes" if found.checked else "no",
                "model": found.model,
                "cost": _cost(one),
                "example": f"privshare job mpc {one.short or one.program} "
                f"{one.example}",
            }
        )
    return made


def _cost(asked: Form) -> str:
    """What a sample question takes, by the catalogue's own count."""
    from privshare.jobs.mpc import catalogue  # noqa: PLC0415 - reads the engine

    y = f"{_TABLE}.y" if asked.y else None
    refs = [f"{_TABLE}.a", f"{_TABLE}.b"] if asked.takes != "one" else [f"{_TABLE}.a"]
    said = question(
        asked,
        refs,
        y=y,
        by=(f"{_OTHER if asked.key else _TABLE}.k",) if asked.by else (),
        key=(f"{_TABLE}.i", f"{_OTHER}.i") if asked.key else (),
        settings={name: _SAMPLE[name] for name in asked.needs}
        or ({"at_least": 1} if asked.program == "count" else {}),
        units={"a": (0, 1_000), "b": (0, 1_000)} if y else {},
    )
    columns: list[Json] = []
    for name, places in said.columns.items():
        where: dict[str, Json] = {
            dataset: column
            for dataset, _, column in (p.rpartition(".") for p in places)
        }
        kind: dict[str, Json] = {"minimum": 0, "maximum": 1_000, "scale": 0}
        if name == "y" and asked.short == "logreg":
            kind["maximum"] = 1
        if asked.key and name == "key":
            kind = {"text": True}
        elif name in ("group", "key"):
            kind = {"categories": [f"g{number:02}" for number in range(16)]}
        columns.append({"name": name, "from": where, **kind})
    parameters = {
        **said.parameters,
        "columns": columns,
        "rows": {"kind": "joined" if asked.key else "appended"},
    }
    sizes = {_TABLE: SAMPLE_ROWS} | ({_OTHER: SAMPLE_ROWS} if asked.key else {})
    plan = catalogue.find(asked.program).plan(parameters, sizes, 10)
    return (
        f"{plan.cost.rounds} rounds, {plan.cost.bytes / 1e6:.1f} MB, "
        f"{plan.cost.seconds:.1g} s"
    )


_TABLE, _OTHER = "tax/sample", "edu/sample"

_SAMPLE: Mapping[str, Json] = MappingProxyType(
    {
        "at_least": 1,
        "edges": [0, 10, 100, 1_000],
        "largest": 5,
        "limit": 8,
        "quantiles": [500],
        "rate": 1_000_000,
        "steps": 10,
    }
)
