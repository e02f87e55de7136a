"""Collectors of evidence: the attester's side, on the machine itself.

These touch devices, so no verifier imports them. Nothing is imported here: a
machine of one kind needs no other's.
"""
