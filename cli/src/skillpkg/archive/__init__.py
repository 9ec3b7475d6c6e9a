"""Packages as canonical archives: pack, read, extract."""
