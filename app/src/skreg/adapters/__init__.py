"""skreg adapters."""
