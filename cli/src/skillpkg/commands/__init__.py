"""skreg commands."""
