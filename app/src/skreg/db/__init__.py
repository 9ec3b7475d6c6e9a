"""skreg db."""
