"""What may be computed on shares: a closed catalogue, one module a family."""
