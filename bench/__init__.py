"""Measures skreg beside other registries and servers, in one run on one machine."""
