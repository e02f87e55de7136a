"""The three-bureau demonstration: made-up registries, real nodes."""
