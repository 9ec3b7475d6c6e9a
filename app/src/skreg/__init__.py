"""skreg: the registry service."""
