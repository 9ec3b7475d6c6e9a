"""``skreg pki``: what people do with keys and certificates, on the registry and beside its root."""
