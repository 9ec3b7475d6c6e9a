"""skreg faces."""
