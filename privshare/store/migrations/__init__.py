"""Alembic's environment for the node's tables."""
