"""``skreg admin``: what an operator does from a shell, each command with ``--json``."""
