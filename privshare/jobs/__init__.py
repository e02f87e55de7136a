"""Jobs as statements: specifications, contributions, receipts, life cycle."""
