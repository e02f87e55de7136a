"""`privshare verify`: check receipts and bundles, offline.

The command lives in `privshare.audit.command`, on the auditor's own floor, so
that `python -m privshare.audit` runs from a bare install. `cli.main` calls
`main` before it loads anything of the other commands: no typer, no rich.
"""

from __future__ import annotations

from privshare.audit.command import main

__all__ = ["main"]
