"""Somebody else's files, so that a person sees what they hold.

Whoever approves code reads it here. Nothing in it may move the cursor, hide a
line behind another, or turn the direction of the text: every character that is
not plainly visible is shown by its number, and a line that holds anything but
plain ASCII is marked, because letters of other scripts can look like these.

>>> print(lines(b"x = 1  # \\xe2\\x80\\xae\\nprint(x)\\n"))
! 1  x = 1  # \\u202e
  2  print(x)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from privshare.sdk.table import plain
from privshare.wire.canonical import unb64u

if TYPE_CHECKING:
    from privshare.sdk.document import Document

__all__ = ["lines", "readable"]

#: Longest file that is printed; of a longer one the digest is shown.
MAX_SHOWN = 256 << 10
_TAB = "    "


def readable(files: Sequence[Document]) -> str:
    """All files, each with its name, size and digest."""
    if not files:
        return "\nits files are not kept any more"
    return "\n".join(_file(one) for one in files)


def _file(one: Document) -> str:
    data = unb64u(one.str("bytes"))
    mode = ", executable" if one.bool("executable") else ""
    digest = hashlib.sha256(data).hexdigest()
    head = f"\n--- {plain(one.str('path'))}, {len(data)} bytes{mode}, sha256 {digest}"
    if len(data) > MAX_SHOWN:
        return f"{head}\n(longer than {MAX_SHOWN} bytes: save it with --json and look)"
    return f"{head}\n{lines(data)}"


def lines(data: bytes) -> str:
    """The lines of a file, numbered; one that ends without an end says so."""
    text = data.decode("utf-8", "backslashreplace")
    parts = text.split("\n")
    ended = parts.pop() == "" if text.endswith("\n") else False
    width = len(str(len(parts)))
    shown = [
        f"{' ' if _is_plain(line) else '!'} {number:>{width}}  {_shown(line)}".rstrip()
        for number, line in enumerate(parts, 1)
    ]
    if data and not ended:
        shown.append("(no line end)")
    return "\n".join(shown) if data else "(empty)"


def _is_plain(line: str) -> bool:
    return line.isascii() and line.replace("\t", "").isprintable()


def _shown(line: str) -> str:
    return "".join(_TAB if one == "\t" else _letter(one) for one in line)


def _letter(one: str) -> str:
    return one if one.isprintable() else one.encode("unicode_escape").decode()
