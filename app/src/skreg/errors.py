"""The registry's error tree: what happened, why, what to do; each maps to one HTTP status.

``slug`` is the last part of the RFC 9457 ``type``; ``status`` the HTTP status an API answers.
"""

from __future__ import annotations

from collections.abc import Sequence


class SkregError(Exception):
    """Base of all errors of the registry.

    Args:
        what: one sentence, what happened.
        why: the cause, with the values that matter.
        fix: what to do next.
        errors: per-field problems, each ``{"rule", "path", "detail"}``.
    """

    status = 500
    slug = "internal"

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        fix: str = "",
        errors: Sequence[dict[str, str]] = (),
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.why, self.fix) if part)


class ConfigurationInvalid(SkregError):
    """A setting is missing, unknown or contradicts another; the process does not start."""


class Unauthenticated(SkregError):
    """No credential, or one that is unknown, expired or revoked."""

    status, slug = 401, "unauthenticated"


class Forbidden(SkregError):
    """The credential is good but does not carry the right."""

    status, slug = 403, "forbidden"


class Missing(SkregError):
    """The named thing does not exist, or the caller may not know that it does."""

    status, slug = 404, "not-found"


class Conflict(SkregError):
    """The request contradicts what is there, for example other bytes for a taken version."""

    status, slug = 409, "conflict"


class Gone(SkregError):
    """The thing was withdrawn."""

    status, slug = 410, "gone"


class TooLarge(SkregError):
    """The body is larger than the limit."""

    status, slug = 413, "too-large"


class Unprocessable(SkregError):
    """The request was understood and its content breaks a rule."""

    status, slug = 422, "invalid"


class TooManyRequests(SkregError):
    """A rate limit or quota is used up; ``retry_after`` are the seconds until it is not."""

    status, slug = 429, "too-many-requests"

    def __init__(self, what: str, *, why: str = "", fix: str = "", retry_after: int = 60) -> None:
        super().__init__(what, why=why, fix=fix)
        self.retry_after = max(1, retry_after)


class Unavailable(SkregError):
    """A part the request needs is not reachable now; nothing was lost, try again."""

    status, slug = 503, "unavailable"


class StorageUnavailable(Unavailable):
    """The object store does not answer."""


class DatabaseUnavailable(Unavailable):
    """The database does not answer."""


class SigningUnavailable(Unavailable):
    """The signing backend does not answer or throttles; retried by the caller's queue."""


class ScannerUnavailable(Unavailable):
    """The malware scanner does not answer."""


class Unscannable(Unprocessable):
    """The malware scanner answered that it does not look at this file."""


class BlobMissing(Missing):
    """No object under that key."""


class SigningRefused(SkregError):
    """A signing backend answered, and the answer must not be used."""


class KeyMissing(SigningRefused):
    """The key or key version does not exist, or the identity may not see it."""


class KeyDisabled(SigningRefused):
    """The key exists and may not sign now."""


class KeyMismatch(SigningRefused):
    """The backend answered for another key, version or algorithm than the pinned one."""


class KeyNotInHsm(SigningRefused):
    """``hsm_backend=hsm`` was asked for and the key is not held by an HSM."""


class SignatureCorrupted(SigningRefused):
    """What came back is not a signature of this digest by the pinned key."""


class PublishedBytesDiffer(Conflict):
    """Other bytes stand under a published name; they never change."""


class EntryInvalid(SkregError):
    """A log entry was about to be built from values that no reader would accept."""


class LogForkRefused(SkregError):
    """Signing would show two histories of one log; a person has to decide."""


class LogUnreadable(SkregError):
    """The published log cannot be read or does not verify; nothing may be added to it."""


class IndexInvalid(SkregError):
    """An index document or tree was about to be built from values that no reader would accept."""


class ReleaseInvalid(SkregError):
    """A release record was about to be built that no client would install."""


class IndexTileBroken(SkregError):
    """A stored tile of the index does not hash to what points at it."""
