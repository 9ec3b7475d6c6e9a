"""The registry's certificates: ceremony, leaves, revocation lists, trust bundle."""
