"""The verbs of a node: what agencies do with each other's data and rights."""
