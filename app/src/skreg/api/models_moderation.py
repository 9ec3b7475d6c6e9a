"""The JSON of reports, reviews, advisories, certificates, webhooks and the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field, StrictBool

from skreg.api.services.certifying import REASONS
from skreg.domain.events import EventKind
from skreg.domain.moderation import ReportKind, ReviewOutcome, Severity

_TEXT = 4000


class ReportRequest(BaseModel):
    """What is wrong with a version."""

    kind: ReportKind
    message: str = Field(min_length=10, max_length=_TEXT)


class Report(BaseModel):
    """A report and what became of it."""

    id: str
    namespace: str
    name: str
    version: str
    reporter: str
    kind: str
    message: str
    state: str
    created_at: datetime
    handled_by: str | None
    handled_at: datetime | None
    note: str | None


class ReportPage(BaseModel):
    """Reports, oldest first; ``next`` is the cursor of the following page."""

    results: list[Report]
    next: str | None


class Triage(BaseModel):
    """What a report comes to; nothing is hidden unless `yank` says so."""

    confirmed: StrictBool
    note: str = Field(min_length=1, max_length=_TEXT)
    yank: StrictBool = Field(default=False, description="hide the version from fresh resolution")


class Waiting(BaseModel):
    """A quarantined version and why."""

    namespace: str
    name: str
    version: str
    uploaded_by: str
    created_at: datetime
    findings: list[dict[str, Any]]


class ReviewPage(BaseModel):
    """Quarantined versions, oldest first; ``next`` is the cursor of the following page."""

    results: list[Waiting]
    next: str | None


class Decision(BaseModel):
    """What a person decides of a quarantined version."""

    outcome: ReviewOutcome
    note: str = Field(min_length=1, max_length=_TEXT)


class AdvisoryRequest(BaseModel):
    """An advisory to publish."""

    package: str = Field(max_length=140, examples=["acme/demo"])
    summary: str = Field(min_length=10, max_length=200)
    details: str = Field(min_length=1, max_length=20_000)
    severity: Severity
    introduced: str = Field(default="0", max_length=100, description="`0`: every version")
    fixed: str | None = Field(default=None, max_length=100)
    aliases: list[str] = Field(default=[], examples=[["CVE-2026-12345"]])
    references: list[str] = []


class AdvisoryPage(BaseModel):
    """OSV records by number; ``next`` is the cursor of the following page."""

    results: list[dict[str, Any]]
    next: str | None


class CertificateRequest(BaseModel):
    """A PKCS #10 request in PEM; only its key is taken over."""

    csr: str = Field(max_length=10_000)
    days: int = Field(default=90, ge=1, le=460, description="how long it is good; CI: 7 or less")


class Certificate(BaseModel):
    """A publisher's certificate; the worker issues it within a minute."""

    id: str
    namespace: str
    state: str = Field(description="requested, issued, refused, revoking or revoked")
    serial: str | None
    chain_pem: str | None = Field(description="the leaf, then its issuer")
    not_after: datetime | None
    error: str | None
    reason: str | None
    created_at: datetime
    revoked_at: datetime | None


class CertificateList(BaseModel):
    """A namespace's certificates, newest first."""

    results: list[Certificate]
    signed_only: bool = Field(description="whether it takes only versions it signed itself")


class SignedOnly(BaseModel):
    """Whether a namespace takes only versions that it signed itself."""

    signed_only: bool


class RevocationRequest(BaseModel):
    """Why a certificate is revoked."""

    reason: str = Field(
        default="unspecified",
        max_length=40,
        examples=["keyCompromise"],
        json_schema_extra={"enum": list(REASONS)},
    )


class WebhookRequest(BaseModel):
    """Where events are to be sent, and which."""

    url: str = Field(max_length=500, examples=["https://hooks.example.com/skreg"])
    events: list[str] = Field(
        max_length=32,
        examples=[["version.published"]],
        json_schema_extra={"minItems": 1, "items": {"enum": [item.value for item in EventKind]}},
    )


class Webhook(BaseModel):
    """A webhook without its secret."""

    id: str
    namespace: str | None
    url: str
    events: list[str]
    created_at: datetime
    disabled_at: datetime | None = Field(description="since when nothing is sent; null: it is on")


class NewWebhook(Webhook):
    """A webhook with its secret, shown once."""

    secret: str


class WebhookList(BaseModel):
    """Webhooks of one place."""

    results: list[Webhook]


class Delivery(BaseModel):
    """One event for one webhook."""

    id: int
    event: str
    state: str = Field(description="waiting, delivered or dead")
    attempts: int
    last_status: int | None
    last_error: str | None
    created_at: datetime
    tried_at: datetime | None


class DeliveryPage(BaseModel):
    """Deliveries, newest first; ``next`` is the cursor of the following page."""

    results: list[Delivery]
    next: int | None


class AuditLine(BaseModel):
    """Who changed what, when and from where; ``staff``: with an administrator's rights."""

    id: int
    at: datetime
    account: str | None
    action: str
    subject: str
    address: str | None
    staff: bool
    details: dict[str, Any]


class AuditPage(BaseModel):
    """Lines, newest first; ``next`` is the cursor of the following page."""

    results: list[AuditLine]
    next: int | None
