"""The client's error tree: every error says what happened, why, and what to do next.

``exit_code`` is what the ``skillpkg`` process ends with: 1 failed, 2 usage, 3 verification
refused, 4 not found, 5 not allowed, 6 network.
"""

from __future__ import annotations

from enum import StrEnum


class Check(StrEnum):
    """The name of a verification step; a refusal is always named by one of these."""

    TIMESTAMP_SIGNATURE = "timestamp-signature"
    TIMESTAMP_CHAIN = "timestamp-chain"
    TIMESTAMP_EXPIRED = "timestamp-expired"
    TIMESTAMP_IDENTITY = "timestamp-identity"
    TILE = "tile"
    BIN = "bin"
    INDEX_HASH = "index-hash"
    INDEX_SIGNATURE = "index-signature"
    INDEX_CHAIN = "index-chain"
    INDEX_ROLLBACK = "index-rollback"
    INDEX_IDENTITY = "index-identity"
    ARCHIVE_SIZE = "archive-size"
    ARCHIVE_SHA256 = "archive-sha256"
    ARCHIVE_FORM = "archive-form"
    ARCHIVE_FILES = "archive-files"
    ARCHIVE_IDENTITY = "archive-identity"
    SIGNATURE = "signature"
    CHAIN = "chain"
    CHAIN_TIME = "chain-time"
    CHAIN_EKU = "chain-eku"
    CHAIN_POLICY = "chain-policy"
    PUBLISHER_NAMESPACE = "publisher-namespace"
    CRL_MISSING = "crl-missing"
    CRL_SIGNATURE = "crl-signature"
    CRL_EXPIRED = "crl-expired"
    CRL_ROLLBACK = "crl-rollback"
    REVOKED = "revoked"
    RELEASE = "release"
    SUBMITTED_ENTRY = "submitted-entry"
    SUBMITTED_PROOF = "submitted-proof"
    LOG_ENTRY = "log-entry"
    LOG_PROOF = "log-proof"
    LOG_CHECKPOINT = "log-checkpoint"
    LOG_ROLLBACK = "log-rollback"
    LOG_FORK = "log-fork"
    TRUST_BUNDLE = "trust-bundle"
    TRUST_ROLLBACK = "trust-rollback"
    ROOT_PIN = "root-pin"
    STORE = "store"


class SkillpkgError(Exception):
    """Base of all errors of the client.

    Args:
        what: one sentence, what happened.
        why: the cause, with the values that matter; may be empty.
        fix: what to do next, preferably a command to type; may be empty.
    """

    exit_code = 1

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.fix = fix

    def __str__(self) -> str:
        return "\n".join(part for part in (self.what, self.why, self.fix) if part)


class UsageError(SkillpkgError):
    """The command line or a configuration value cannot be understood."""

    exit_code = 2


class NameInvalid(UsageError):
    """A namespace or package name breaks a rule.

    Args:
        rule: ``empty``, ``too-long``, ``invalid-characters``, ``edge-hyphen``, ``double-hyphen``.
    """

    def __init__(self, rule: str, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what, why=why, fix=fix)
        self.rule = rule


class VersionInvalid(UsageError):
    """A version or version range cannot be read."""


class ManifestInvalid(SkillpkgError):
    """A manifest or frontmatter field breaks a rule; ``field`` is its dotted path."""

    def __init__(self, field: str, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what, why=why, fix=fix)
        self.field = field


class ArchiveInvalid(SkillpkgError):
    """A package folder or archive breaks a rule.

    Args:
        rule: short stable id, for example ``path-traversal`` or ``not-canonical``.
        path: the member or file that breaks it, empty for the archive as a whole.
    """

    def __init__(
        self, rule: str, what: str, *, path: str = "", why: str = "", fix: str = ""
    ) -> None:
        super().__init__(what, why=why, fix=fix)
        self.rule = rule
        self.path = path


class VerificationRefused(SkillpkgError):
    """A verification step failed; nothing was installed."""

    exit_code = 3

    def __init__(self, check: Check, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what, why=why, fix=fix)
        self.check = check


class InstallFailed(SkillpkgError):
    """The store or an agent folder could not be changed; it is as it was before."""


class ConflictingRequirements(SkillpkgError):
    """No set of versions satisfies every requirement."""


class PublishRejected(SkillpkgError):
    """The registry did not accept a version; ``findings`` name file and rule."""

    def __init__(
        self,
        what: str,
        *,
        findings: tuple[str, ...] = (),
        why: str = "",
        fix: str = "",
    ) -> None:
        super().__init__(what, why=why, fix=fix)
        self.findings = findings


class NotFound(SkillpkgError):
    """The registry, package, version or file does not exist."""

    exit_code = 4


class NotAllowed(SkillpkgError):
    """The registry refused the credentials or the right they carry."""

    exit_code = 5


class NetworkFailure(SkillpkgError):
    """A registry could not be reached or did not answer as it should."""

    exit_code = 6
