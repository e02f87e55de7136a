"""The simulated machine stands apart: no production code imports it."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2] / "privshare"

#: Who may import `privshare.simulation`, and only inside a function: what
#: merely starts never loads it.
MAY = {
    "demo": "says on its first screen that its machine is simulated",
    "service": "a trial that was told to simulate",
}


def _imports_simulation(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        module = node.module or ""
        return module.startswith("privshare.simulation") or (
            module == "privshare" and any(n.name == "simulation" for n in node.names)
        )
    return isinstance(node, ast.Import) and any(
        alias.name.startswith("privshare.simulation") for alias in node.names
    )


def test_only_trials_import_the_simulator() -> None:
    """Two packages may, inside a function; nobody else does."""
    for path in ROOT.rglob("*.py"):
        package = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if package == "simulation":
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        at_top = [node for node in tree.body if _imports_simulation(node)]
        anywhere = [node for node in ast.walk(tree) if _imports_simulation(node)]
        assert not at_top, f"{path} imports the simulator when it is loaded"
        assert not anywhere or package in MAY, f"{path} imports the simulator"
