"""Who keeps the ledger's bytes: `embedded` (the host) and `mirror` (the others).

Both keep the same database (`logdb`) and the same tiles (`tiles`), so that a
mirror's files answer for the host's.
"""
