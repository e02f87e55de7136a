"""Private joins of two owners: count, sum and identifiers."""
