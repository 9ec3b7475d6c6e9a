"""What the registry does for a caller, apart from any protocol: routes and faces call these."""
