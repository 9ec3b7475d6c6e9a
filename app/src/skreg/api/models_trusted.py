"""JSON of trusted publishing."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field, StrictBool

_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"


class Audience(BaseModel):
    """What an identity token must be for."""

    audience: str


class MintRequest(BaseModel):
    """An identity token and the package it is to publish."""

    token: str = Field(min_length=1, max_length=16384, description="the CI provider's JWT")
    package: str = Field(
        min_length=3,
        max_length=129,
        examples=["acme/demo"],
        json_schema_extra={"pattern": "^[a-z0-9-]{1,64}/[a-z0-9-]{1,64}$"},
    )


class Minted(BaseModel):
    """A token that publishes one package for a quarter of an hour."""

    token: str
    package: str
    publisher_id: str
    expires_at: datetime
    expires_in: int = Field(description="seconds")
    unknown_claims: list[str]
    warnings: list[str]


class PublisherRequest(BaseModel):
    """A CI workflow to trust with a package."""

    provider: Literal["github", "gitlab"]
    owner: str = Field(
        min_length=1, max_length=500, description="GitHub's owner, GitLab's group path"
    )
    owner_id: str | None = Field(
        default=None,
        max_length=19,
        description="the provider's number; at GitLab taken from the first use when absent",
    )
    repository: str = Field(min_length=1, max_length=100)
    repository_id: str | None = Field(
        default=None, max_length=19, description="taken from the first use when absent"
    )
    workflow: str = Field(
        min_length=1,
        max_length=255,
        examples=["release.yml"],
        description="GitHub: the file in .github/workflows; GitLab: its path, .gitlab-ci.yml",
    )
    environment: str = Field(
        default="", max_length=255, pattern=_ONE_LINE, description="empty: any"
    )
    issuer: str | None = Field(
        default=None, max_length=500, description="only where a provider has several here"
    )


class Publisher(BaseModel):
    """A CI workflow that is trusted with a package."""

    id: str
    is_pending: bool = Field(description="the package is made by its first upload")
    provider: str
    issuer: str
    owner: str
    owner_id: str | None
    repository: str
    repository_id: str | None
    workflow: str
    environment: str
    created_at: datetime
    last_used_at: datetime | None


class Publishers(BaseModel):
    """Everybody in CI who may publish a package."""

    trusted_only: bool = Field(description="nobody else may publish it")
    publishers: list[Publisher]


class TrustedOnly(BaseModel):
    """Whether tokens and sessions of members may publish."""

    trusted_only: StrictBool
