"""skreg pki."""
