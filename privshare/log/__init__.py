"""Floor 5: the transparency log. It knows bytes and nothing of their meaning.

`merkle` (the tree), `tile` (the tree as files), `checkpoint`, `cosignature`,
`witness`, `policy` (whom to believe) and `proof` (what a receipt carries).
"""
