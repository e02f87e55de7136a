"""Floor 7: one history that all agencies share, and the rules it obeys.

`transaction` (what an agency signs), `rules*` (what each kind means), `machine`
(the deterministic state machine), `state_map` (what the ledger holds, under one
root), `genesis` and `trust` (where a network starts and whom an auditor
believes), `api` (the `Ledger` protocol) and `engines` (who keeps the bytes).
"""
