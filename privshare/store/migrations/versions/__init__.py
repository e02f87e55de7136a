"""One module for each step; the first makes the first tables."""
