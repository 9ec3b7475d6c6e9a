"""skreg publish."""
