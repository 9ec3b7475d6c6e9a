"""Runs the program without an engine, an account or credentials, and shows what it registers."""
