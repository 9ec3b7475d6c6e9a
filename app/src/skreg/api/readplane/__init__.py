"""The fast read plane: static objects answered ahead of FastAPI, with nothing heavy imported."""

from skreg.api.readplane.app import ReadPlaneApp

__all__ = ["ReadPlaneApp"]
