"""A command whose words may be ids that begin with a hyphen.

Ids are unpadded base64url: one in 64 begins with "-", and would be read as an
option. It is taken for what it is here, before the parser sees it.

    privshare job show -9xPq…  ─►  "\\0-9xPq…" ─► parser ─► "-9xPq…"
"""

from __future__ import annotations

import re
from typing import Any

import typer
from typer.core import TyperCommand

from privshare.rights.identifier import ID

#: No word of a command line can hold it.
_MARK = "\0"
#: The beginning of an id, as far as commands take one for the whole.
_BEGINNING = re.compile(r"-[A-Za-z0-9_][A-Za-z0-9_-]{4,41}")


class Command(TyperCommand):
    """A command that tells ids from options."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Parse words; an id that begins with "-" is a value, whole or begun."""
        known = {option for param in self.params for option in param.opts}
        try:
            left = super().parse_args(ctx, [_marked(word, known) for word in args])
        except (ValueError, typer.BadParameter) as error:
            if "null byte" not in str(error):
                raise
            # No path holds the mark: this is a file, and no id.
            return super().parse_args(ctx, args)
        ctx.params = {name: _plain(value) for name, value in ctx.params.items()}
        return left


def _marked(word: str, known: set[str]) -> str:
    whole = word.startswith("-") and ID.pattern.fullmatch(word) is not None
    begun = _BEGINNING.fullmatch(word) is not None and word[:2] not in known
    return _MARK + word if whole or begun else word


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(map(_plain, value))
    return value.removeprefix(_MARK) if isinstance(value, str) else value
