"""Floor 6: what is owned, what is allowed, and what was used of it.

`identifier` (names and how they are spelled); `schema`, `row`, `disclosure`
and `dataset` (columns, commitments, cells shown, the statement); `table` and
`inference` (CSV in); `terms`, `standing` and `grant` (a right, where it
stands, the steps of its life); `rule`, `policy` and `odrl` (the owner's rules
and the decision they lead to). Statements are frozen values and the steps
between them are pure: no clock, no socket.
"""
