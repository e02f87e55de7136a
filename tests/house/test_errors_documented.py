"""Every error has a page entry: what it means and what to do."""

from __future__ import annotations

from pathlib import Path

from privshare import errors

PAGE = Path(__file__).parents[2] / "docs" / "errors.md"


def test_every_error_is_documented() -> None:
    """docs/errors.md has a row for each class of the tree."""
    text = PAGE.read_text(encoding="utf-8")
    names = {
        name
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, errors.PrivShareError)
    }
    assert not {name for name in names if f"`{name}`" not in text}
