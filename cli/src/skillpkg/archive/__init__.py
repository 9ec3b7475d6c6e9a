"""skreg archive."""
