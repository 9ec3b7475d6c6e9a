"""The five components: what goes in, what comes out. No cloud is imported here."""
