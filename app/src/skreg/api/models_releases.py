"""JSON of what happens to a version or package after publication."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"


class Moved(BaseModel):
    """Where a package goes on."""

    moved_to: str = Field(examples=["umbrella/demo"])


class Deprecation(BaseModel):
    """Why a version should no longer be used; people who install it are shown this."""

    message: str = Field(
        min_length=1, max_length=500, pattern=_ONE_LINE, examples=["Use acme/other instead."]
    )


class RangeDeprecation(Deprecation):
    """The same for every version in a range."""

    range: str = Field(default="*", min_length=1, max_length=256, examples=["<2"])


class Versions(BaseModel):
    """The versions that a change was for."""

    namespace: str
    name: str
    versions: list[str]


class Tags(BaseModel):
    """Dist-tags and the versions they name; `latest` is always the one that installs take."""

    namespace: str
    name: str
    tags: dict[str, str]


class TagRequest(BaseModel):
    """The version a tag is to name."""

    version: str = Field(min_length=1, max_length=128, examples=["1.0.0"])


class Withdrawal(BaseModel):
    """Why a version is taken away; kept in the audit log."""

    reason: str = Field(default="", max_length=500)


class Takedown(BaseModel):
    """Why the registry takes something down; kept in the audit log."""

    reason: str = Field(min_length=1, max_length=500, examples=["malware, case 17"])


class StaffYank(BaseModel):
    """Why the registry yanks a version or brings it back; installers are shown it while yanked."""

    reason: str = Field(
        min_length=1, max_length=400, pattern=_ONE_LINE, examples=["it sends tokens, case 18"]
    )


class TransferRequest(BaseModel):
    """Where a package is to go on."""

    to_namespace: str = Field(min_length=1, max_length=64, examples=["umbrella"])
    to_name: str | None = Field(
        default=None, min_length=1, max_length=64, description="absent: the name it has"
    )


class Transfer(BaseModel):
    """An offer that waits for an owner of `to_namespace`."""

    id: str
    namespace: str
    name: str
    to_namespace: str
    to_name: str
    asked_by: str
    created_at: datetime
    expires_at: datetime
