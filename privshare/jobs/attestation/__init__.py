"""Attested jobs: evidence, its verifiers, and what a reader accepts.

Nothing is imported here: a reader of one kind of evidence needs no other's.
"""
