"""Pulumi components for skreg."""
