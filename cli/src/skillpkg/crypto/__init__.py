"""skreg crypto."""
