"""Floor 6: what is owned, what is allowed, and what was used of it.

`identifier` (names and how they are spelled), `dataset` (schema, commitments,
disclosure), `table` (CSV in), `grant` (terms and their life) and `policy`
(the owner's rules, and the decision they lead to). Statements are frozen
values and the steps between them are pure: no clock, no socket, no file.
"""
