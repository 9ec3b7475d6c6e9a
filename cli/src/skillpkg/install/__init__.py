"""skreg install."""
