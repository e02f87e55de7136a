"""What a submitted script says it is for: one comment near its top.

    # privshare: dataset=tax/wages purpose=wage-study

Whoever submits code to an ordinary client has no field for a dataset or a
purpose, so both stand in the script. It is part of the bytes that people
approve. Either may be left out where only one can be meant.

>>> read(b"# privshare: dataset=tax/wages purpose=wage-study\\nprint(1)\\n")
Header(dataset='tax/wages', purpose='wage-study')
>>> read(b"print(1)\\n")
Header(dataset=None, purpose=None)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NoReturn

from privshare.errors import EncodingError, PrivShareError
from privshare.rights import identifier

__all__ = ["LINES", "Header", "read"]

#: The comment stands in one of the first lines, each of them not too long.
LINES: Final = 30
_MAX_LINE: Final = 500
_COMMENT: Final = re.compile(r"\s*#\s*privshare:(.*)")
_FORMS: Final = {"dataset": identifier.DATASET, "purpose": identifier.PURPOSE}


@dataclass(frozen=True, slots=True)
class Header:
    """What a script is for.

    Attributes:
        dataset: Whose rows it wants, or None: not said.
        purpose: What for, or None: not said.
    """

    dataset: str | None = None
    purpose: str | None = None


def read(entry: bytes) -> Header:
    """Read the comment of an entry file.

    Raises:
        EncodingError: Two of them, or another form: rule submission.header.
    """
    lines = [line[:_MAX_LINE] for line in entry.split(b"\n", LINES)[:LINES]]
    found = [
        match[1]
        for line in lines
        if (match := _COMMENT.fullmatch(line.decode("utf-8", "replace").rstrip()))
    ]
    if len(found) > 1:
        _refuse("one comment that says what the script is for", "two")
    return _parsed(found[0]) if found else Header()


def _parsed(text: str) -> Header:
    values: dict[str, str] = {}
    for word in text.split():
        name, _, value = word.partition("=")
        if name not in _FORMS or name in values:
            _refuse("dataset= and purpose=, each once", identifier.shown(word))
        try:
            values[name] = _FORMS[name].check(value, f"header.{name}")
        except PrivShareError as error:
            raise EncodingError(
                error.message, fix=_FIX, detail={"rule": "submission.header"}
            ) from None
    return Header(**values)


_FIX: Final = "Write it as: # privshare: dataset=tax/wages purpose=wage-study"


def _refuse(expected: str, found: str) -> NoReturn:
    raise EncodingError(
        f"header: expected {expected}, found {found}",
        fix=_FIX,
        detail={"rule": "submission.header"},
    )
