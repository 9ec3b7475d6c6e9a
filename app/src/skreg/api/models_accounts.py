"""The JSON of accounts, tokens, device logins, namespaces and their administration."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from skreg.api.models import NewName, NewPassword, Number
from skreg.api.services.domains import ProofMethod
from skreg.domain.permissions import MemberRole

Name = Annotated[str, Field(min_length=1, max_length=64)]
Password = Annotated[str, Field(min_length=1, max_length=1024)]


class Given(BaseModel):
    """A request's body: a field nobody asked for is a mistake, not ignored."""

    model_config = ConfigDict(extra="forbid")


class PasswordChange(Given):
    """A new password, by who knows the present one."""

    current_password: Password
    new_password: NewPassword


class EmailChange(Given):
    """Another mail address, by who knows the password; null for none."""

    current_password: Password
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None


class ResetRequest(Given):
    """Whose password is forgotten."""

    username: Name


class Reset(Given):
    """A new password, by who has a code."""

    code: str = Field(min_length=1, max_length=100, examples=["7KQ2M-X9RTB-4HFWA-ZC83J-PD6VN"])
    new_password: NewPassword
    revoke_tokens: StrictBool = Field(default=False, description="revoke every API token as well")


class TokenWish(Given):
    """A token to create."""

    name: str = Field(min_length=1, max_length=100, examples=["ci"])
    scopes: list[str] = Field(
        default=["read"],
        max_length=8,
        examples=[["publish"]],
        description="of read, publish, yank, admin",
        json_schema_extra={
            "minItems": 1,
            "items": {"enum": ["read", "publish", "yank", "admin"]},
        },
    )
    expires_in_days: Annotated[int, Number] = Field(
        default=90, json_schema_extra={"minimum": 1, "maximum": 366}
    )
    limits: list[str] = Field(
        default=[],
        max_length=64,
        examples=[["acme", "acme/demo"]],
        json_schema_extra={
            "maxItems": 32,
            "items": {"type": "string", "pattern": "^[a-z0-9-]{1,64}(/[a-z0-9-]{1,64})?$"},
        },
        description="namespaces or packages it is limited to; empty: all of the account's",
    )
    networks: list[str] = Field(
        default=[],
        max_length=64,
        examples=[["10.0.0.0/8"]],
        json_schema_extra={"maxItems": 32},
        description="CIDR ranges it may be used from; empty: anywhere",
    )
    read_only: StrictBool = Field(
        default=False, description="it changes nothing, whatever its scopes"
    )


class Token(BaseModel):
    """A token without its secret."""

    id: str
    name: str
    hint: str = Field(description="its first characters")
    scopes: list[str]
    limits: list[str]
    networks: list[str]
    read_only: bool
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    last_used_from: str | None


class NewToken(BaseModel):
    """A token with its secret, shown once."""

    id: str
    token: str
    name: str
    scopes: list[str]
    limits: list[str]
    networks: list[str]
    read_only: bool
    expires_at: datetime


class LeakedToken(Given):
    """A token that was found."""

    token: str = Field(min_length=1, max_length=200)
    found_at: str | None = Field(default=None, max_length=500, description="where, for its owner")


class LeakAnswer(BaseModel):
    """What became of it."""

    revoked: bool = Field(description="it was good until now")


class DeviceCode(BaseModel):
    """A device's login, RFC 8628, 3.2."""

    device_code: str
    user_code: str
    verification_uri: str
    verification_uri_complete: str
    expires_in: int = Field(description="seconds")
    interval: int = Field(description="seconds between two questions")


class DeviceToken(BaseModel):
    """A device's token, RFC 6749, 5.1."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105
    expires_in: int = Field(description="seconds")
    scope: str
    token_id: str
    username: str


class DeviceRequest(BaseModel):
    """What waits for a decision."""

    user_code: str
    client: str
    scopes: list[str]
    address: str | None = Field(description="where the device asked from")
    created_at: datetime
    expires_at: datetime


class DeviceDecision(Given):
    """What a person decides."""

    user_code: str = Field(min_length=1, max_length=32)
    approve: StrictBool


class NewNamespace(Given):
    """An organisation to create."""

    name: NewName


class OwnNamespace(BaseModel):
    """A namespace of the caller's."""

    name: str
    kind: str
    role: MemberRole


class Namespace(BaseModel):
    """What anybody may know of a namespace."""

    name: str
    kind: str = Field(description="individual or organisation")
    created_at: datetime
    domains: list[str] = Field(description="domains that it has proved")
    banned: bool
    banned_reason: str | None


class Member(BaseModel):
    """A member."""

    username: str
    role: MemberRole
    since: datetime


class RoleChange(Given):
    """A member's new role."""

    role: MemberRole


class NewInvitation(Given):
    """Whom to invite."""

    username: Name
    role: MemberRole = MemberRole.PUBLISHER


class Invitation(BaseModel):
    """An open invitation."""

    id: str
    namespace: str
    username: str
    role: MemberRole
    invited_by: str
    created_at: datetime
    expires_at: datetime


class NewDomain(Given):
    """A domain to claim."""

    domain: str = Field(min_length=1, max_length=253, examples=["example.org"])


class DomainCheck(Given):
    """Where to look for the proof."""

    method: ProofMethod = ProofMethod.DNS


class Domain(BaseModel):
    """A claimed domain, and the two ways to prove it."""

    domain: str
    record_name: str = Field(description="the name whose TXT record shows `proof`")
    file_url: str = Field(description="or the file that does")
    proof: str
    verified_at: datetime | None
    method: ProofMethod | None


class AccountLine(BaseModel):
    """An account as administrators see it."""

    username: str
    email: str | None
    is_admin: bool
    created_at: datetime
    disabled_at: datetime | None
    tokens: int


class AccountPage(BaseModel):
    """Accounts by name; ``next`` is the cursor of the following page."""

    results: list[AccountLine]
    next: str | None


class AccountChange(Given):
    """What an administrator changes of an account; what is left out stays."""

    disabled: StrictBool | None = None
    is_admin: StrictBool | None = None


class ResetCode(BaseModel):
    """A code for its person, shown once."""

    username: str
    code: str
    expires_in: int = Field(description="seconds")


class Revoked(BaseModel):
    """How many tokens were good until now."""

    revoked: int


class NamespacePage(BaseModel):
    """Namespaces by name; ``next`` is the cursor of the following page."""

    results: list[Namespace]
    next: str | None


class Ban(Given):
    """Why a namespace is banned."""

    reason: str = Field(min_length=1, max_length=500)
