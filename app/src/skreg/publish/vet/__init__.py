"""Vetting: one stage a file, named in STAGES."""
