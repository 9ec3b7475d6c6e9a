"""skreg api."""
