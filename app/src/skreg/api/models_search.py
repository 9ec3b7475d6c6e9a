"""Bodies of search, changes and lists."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field


class Change(BaseModel):
    """A package whose signed index document changed."""

    seq: int = Field(description="grows with every change; changes are numbered without holes")
    namespace: str
    name: str
    index_sequence: int = Field(description="of the index document that shows it, or of a later")
    published: list[str] = Field(description="versions that the document shows for the first time")
    at: datetime


class Changes(BaseModel):
    """Changes in order; ask again with `since=next`."""

    results: list[Change]
    next: int = Field(description="the cursor to go on from")
    newest: int = Field(
        description="the newest change there is; smaller than `since` only after the registry "
        "was restored from a backup: begin again from 0"
    )
