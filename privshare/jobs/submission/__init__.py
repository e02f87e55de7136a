"""Code that somebody submits: named by its bytes, run inside walls."""
