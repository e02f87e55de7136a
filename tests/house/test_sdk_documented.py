"""The public names of the SDK stand in docs/sdk.md, and its examples compile."""

from __future__ import annotations

import re
from pathlib import Path

import privshare
from privshare.sdk.call import verb
from privshare.sdk.client import Client
from privshare.sdk.dataset import Catalog, Dataset
from privshare.sdk.grant import Grant
from privshare.sdk.job import Job
from privshare.sdk.query import Query

TEXT = (Path(__file__).parents[2] / "docs" / "sdk.md").read_text(encoding="utf-8")


def test_every_verb_is_documented() -> None:
    """Each public verb of each class is named on the page."""
    missing = {
        f"{kind.__name__}.{name}"
        for kind in (Catalog, Client, Dataset, Grant, Job, Query)
        for name, thing in vars(kind).items()
        if isinstance(thing, verb) and not name.startswith("_")
        if name not in ("hello",) and not re.search(rf"\b{name}\(|`{name}`", TEXT)
    }
    assert not missing


def test_every_public_name_is_documented() -> None:
    """What `import privshare as ps` offers is on the page."""
    for name in set(privshare.__all__) - {"Client", "AsyncClient"}:
        assert f"ps.{name}" in TEXT


def test_the_examples_compile() -> None:
    """Each Python block is Python."""
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) >= 4
    for block in blocks:
        code = "async def example():\n" + re.sub("^", "    ", block, flags=re.MULTILINE)
        compile(code, "docs/sdk.md", "exec")
