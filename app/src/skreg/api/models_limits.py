"""The JSON of quotas and of who a package is for."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StrictBool

from skreg.api.models import Number

_MOST = 2**53 - 1
_Amount = Annotated[int, Field(ge=0, le=_MOST), Number]


class QuotaLine(BaseModel):
    """One quota: what is used of what is allowed."""

    used: int
    allowed: int


class Quotas(BaseModel):
    """A namespace's quotas."""

    namespace: str
    packages: QuotaLine
    versions_per_day: QuotaLine = Field(description="on the present UTC day")
    bytes: QuotaLine = Field(description="of archives, without rejected and withdrawn ones")


class QuotaGrant(BaseModel):
    """What a namespace may use; null takes the registry's setting."""

    packages: _Amount | None = None
    versions_per_day: _Amount | None = None
    bytes: _Amount | None = None


class PackageReaders(BaseModel):
    """Who a package of a private registry is for."""

    restricted: bool = Field(description="only members and readers may read it")
    own: bool | None = Field(description="its own setting; null: as its namespace has it")
    readers: list[str] = Field(description="accounts that may read it without being members")


class PackageRestriction(BaseModel):
    """Whether only members and readers may read a package; null: as its namespace has it."""

    restricted: StrictBool | None


class NamespaceRestriction(BaseModel):
    """What packages of a namespace are that say nothing themselves."""

    restricted: StrictBool
