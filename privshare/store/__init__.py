"""Floor 9: what one node keeps, in its own SQLite file and key files.

`store` (rows and blobs), `keyfile` (private keys at rest), `migrations` (from
the first table on). No rule stands here: every check is made above or in the
ledger.
"""
