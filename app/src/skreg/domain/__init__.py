"""skreg domain."""
