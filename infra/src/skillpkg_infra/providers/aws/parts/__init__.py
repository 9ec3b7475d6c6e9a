"""Pieces that the five AWS components are made of."""
