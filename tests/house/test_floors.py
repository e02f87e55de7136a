"""The plan of the house: imports only go down.

Each package stands on a floor; a module may import its own package and
packages on lower floors. Packages that share a floor do not know each other.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "privshare"

FLOORS = {
    "errors": 1,
    "_core": 1,
    "bindings": 2,
    "wire": 3,
    "schemes": 4,
    "log": 5,
    "rights": 6,
    "ledger": 7,
    "jobs": 8,
    "store": 9,
    "audit": 9,
    "simulation": 9,
    "exchange": 10,
    "sdk": 10,
    "bridge": 11,
    "service": 11,
    "cli": 12,
    "demo": 12,
}

# Neighbours on one floor that may meet, each with its reason.
MEETINGS = {
    ("cli", "demo"): "`privshare demo` is a command",
}

# Lower floors that a package must not reach all the same.
FORBIDDEN = {
    "audit": {"flask", "sqlmodel", "sqlalchemy", "httpx", "socket", "sqlite3"},
    "sdk": {"flask", "sqlmodel", "sqlalchemy", "sqlite3"},
    "bridge": {"flask", "sqlmodel", "sqlalchemy", "sqlite3"},
}

# PySyft is an extra: the bridge alone imports it, no node ever does.
EXTRA = {"syft", "syft_rds", "syft_job", "syft_datasets", "syft_crypto_python"}

# What submitted code finds under that name instead of PySyft; nothing of ours
# imports it.
INSIDE = ROOT / "jobs" / "submission" / "inside"

# From `schemes` downwards nothing reads a clock, a socket or a file.
PURE = ("bindings", "wire", "schemes", "log", "rights")
IMPURE_MODULES = {"time", "socket", "datetime", "pathlib", "httpx", "sqlite3", "flask"}
PURE_EXCEPTIONS = {
    ("rights", "datetime"): "dates of the calendar are parsed, no clock is read",
}


def _package(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def _imports(path: Path) -> list[tuple[int, str]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            module = node.module or ""
            if module == "privshare":
                found += [(node.lineno, f"privshare.{a.name}") for a in node.names]
            else:
                found.append((node.lineno, module))
    return found


# The package's face and its command stand on the roof.
TOP = {"__init__.py", "__main__.py"}

MODULES = sorted(
    path for path in ROOT.rglob("*.py") if path.name not in TOP or path.parent != ROOT
)


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path: Path) -> None:
    """A module imports its own package and lower floors, nothing else."""
    own = _package(path)
    for line, name in _imports(path):
        if not name.startswith("privshare."):
            continue
        other = name.split(".")[1]
        if other == own or (own, other) in MEETINGS:
            continue
        assert other in FLOORS, f"{path}:{line}: {name} has no floor"
        assert FLOORS[other] < FLOORS[own], (
            f"{path}:{line}: {own} (floor {FLOORS[own]}) imports "
            f"{other} (floor {FLOORS[other]})"
        )


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_forbidden_import(path: Path) -> None:
    """The auditor and the SDK reach no server, database or socket library."""
    own = _package(path)
    free = own == "bridge" or INSIDE in path.parents
    banned = FORBIDDEN.get(own, set()) | (set() if free else EXTRA)
    for line, name in _imports(path):
        assert name.split(".")[0] not in banned, f"{path}:{line}: {name}"


@pytest.mark.parametrize(
    "path",
    [p for p in MODULES if _package(p) in PURE],
    ids=lambda p: str(p.relative_to(ROOT)),
)
def test_low_floors_are_pure(path: Path) -> None:
    """From `rights` downwards no clock, socket or file is imported."""
    own = _package(path)
    for line, name in _imports(path):
        top = name.split(".")[0]
        if (own, top) in PURE_EXCEPTIONS:
            continue
        assert top not in IMPURE_MODULES, f"{path}:{line}: {name}"


def test_every_package_has_a_floor() -> None:
    """A new package must be given its floor before it is built."""
    packages = {_package(path) for path in MODULES}
    assert packages <= set(FLOORS)


def test_files_stay_readable() -> None:
    """No source file grows past about 500 lines."""
    long = {
        str(path.relative_to(ROOT.parent)): count
        for path in [*MODULES, *(ROOT.parent / "native").rglob("*.[ch]")]
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 520
    }
    assert not long
