"""Floor 12: the commands. `main` dispatches; each command loads what it needs."""
