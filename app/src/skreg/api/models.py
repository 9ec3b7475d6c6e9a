"""The JSON the API takes and gives; field names are the public contract."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _no_text(value: object) -> object:
    """Refuse what JSON does not call a number, which Python would read as one."""
    if isinstance(value, bool | str):
        raise ValueError("must be a number")
    return value


def _written(value: object) -> object:
    """Refuse what is no date-time of RFC 3339 with a time zone; a number could mean anything."""
    if isinstance(value, datetime) or (isinstance(value, str) and _MOMENT.fullmatch(value)):
        return value
    raise ValueError("must be a date-time such as 2026-11-21T04:00:00Z")


Moment = Annotated[datetime, BeforeValidator(_written)]
"""A moment in a query."""
Number = BeforeValidator(_no_text)
"""For whole numbers in a body: ``408`` and ``408.0``, neither ``"408"`` nor ``true``."""
NewName = Annotated[
    str,
    Field(min_length=1, max_length=64, json_schema_extra={"pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"}),
]
"""What an account or namespace may be called; the service says which rule a name breaks."""
NewPassword = Annotated[
    str,
    Field(min_length=1, max_length=1024, json_schema_extra={"minLength": 8, "maxLength": 256}),
]
"""A password to set; the service says what is wrong with one."""


class Problem(BaseModel):
    """An error, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[dict[str, str]] = Field(description="rule, path and detail of each mistake")
    request_id: str


class Credentials(BaseModel):
    """What a person logs in with."""

    username: str = Field(min_length=1, max_length=64, examples=["alice"])
    password: str = Field(min_length=1, max_length=1024)


class SignUp(BaseModel):
    """A new account."""

    username: NewName = Field(examples=["alice"])
    password: NewPassword
    email: str | None = Field(default=None, max_length=254)


class Account(BaseModel):
    """An account as its owner sees it."""

    username: str
    email: str | None = None
    is_admin: bool = False
    namespaces: list[str]


class SignedUp(BaseModel):
    """The new account."""

    account: Account


class Session(BaseModel):
    """A session: send it as ``Authorization: Bearer``."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105
    expires_in: int = Field(description="seconds")


class Accepted(BaseModel):
    """An upload that was taken."""

    namespace: str
    name: str
    version: str
    sha256: str
    content_digest: str
    state: str
    status_url: str


class Step(BaseModel):
    """A step that is done."""

    step: str
    at: datetime


class Finding(BaseModel):
    """What vetting found."""

    rule: str
    path: str
    message: str
    severity: str


class Status(BaseModel):
    """How far a version is."""

    namespace: str
    name: str
    version: str
    state: str
    steps: list[Step]
    findings: list[Finding]


class Hit(BaseModel):
    """A package as a search shows it."""

    namespace: str
    name: str
    version: str
    description: str
    category: str
    tags: list[str]
    published_at: datetime


class SearchResults(BaseModel):
    """One page of hits."""

    query: str
    page: int
    per_page: int
    total: int
    total_relation: str = Field(description="eq: exact; gte: there are more than total")
    results: list[Hit]


class PackageList(BaseModel):
    """Packages by name; ``next`` is the cursor of the following page."""

    results: list[Hit]
    next: str | None


class VersionLine(BaseModel):
    """A version in a list."""

    version: str
    state: str
    sha256: str
    size: int
    published_at: datetime | None
    yanked_reason: str | None = None
    deprecated: str | None = None


class VersionList(BaseModel):
    """All visible versions, newest publication first."""

    namespace: str
    name: str
    versions: list[VersionLine]


class Version(VersionLine):
    """One version in full."""

    namespace: str
    name: str
    description: str
    category: str
    license: str | None
    tags: list[str]
    dependencies: dict[str, str]
    requires: dict[str, Any]
    files: list[dict[str, Any]]
    content_digest: str
    signer: dict[str, Any]
    log_index: int | None
    download_url: str
    moved_to: str | None = Field(default=None, description="the name it goes on under")


class Package(BaseModel):
    """A package and its newest version."""

    namespace: str
    name: str
    description: str
    category: str
    tags: list[str]
    latest: str | None
    dist_tags: dict[str, str]
    versions: list[str]
    downloads: int
    moved_to: str | None = Field(default=None, description="the name it goes on under")


class YankRequest(BaseModel):
    """Why a version is yanked; people who install it are shown this."""

    reason: str = Field(default="", max_length=500)


class Changed(BaseModel):
    """A version's new state."""

    namespace: str
    name: str
    version: str
    state: str


class Count(BaseModel):
    """How many packages use a tag or category."""

    name: str
    packages: int


class Counts(BaseModel):
    """Tags or categories in use, most used first."""

    results: list[Count]


class Health(BaseModel):
    """Whether the process runs, and what it does without."""

    status: str
    degraded: list[str] = []
