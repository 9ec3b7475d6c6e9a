"""skreg client."""
