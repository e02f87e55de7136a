"""What a host and a mirror have in common: a log on disk, and answers from it.

`Keeper` owns the directory (one process at a time), the database, the tiles
and the state machine, and answers every question of `api.Ledger`. How blocks
come in is the affair of its two children: the host makes them, a mirror takes
them from the host.

    <directory>/lock                 held while a process has the ledger open
    <directory>/ledger.sqlite3       the truth
    <directory>/log/checkpoint       derived; any static server may serve it
    <directory>/log/tile/...         derived
"""

from __future__ import annotations
