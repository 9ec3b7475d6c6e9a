"""The words a stack may choose between; each is one key of the configuration."""

from __future__ import annotations

from enum import StrEnum


class Cloud(StrEnum):
    """Where the stack runs; each is one folder under ``providers``."""

    AWS = "aws"
    GCP = "gcp"
    AZURE = "azure"


class Environment(StrEnum):
    """How much the stack matters. It never decides encryption, TLS or private access."""

    PROD = "prod"
    STAGING = "staging"
    DEV = "dev"


class Size(StrEnum):
    """How much the stack carries; ``sizes`` says what each means."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


class HsmBackend(StrEnum):
    """Whether a signing key outside an HSM is accepted."""

    HSM = "hsm"
    SOFTWARE = "software"


class RootMode(StrEnum):
    """Who holds the root key: this deployment, nobody any more, or the operator."""

    MANAGED = "managed"
    SEALED = "sealed"
    OFFLINE = "offline"


class Visibility(StrEnum):
    """Whether anyone may read packages, or holders of a token alone."""

    PUBLIC = "public"
    PRIVATE = "private"


class Ingress(StrEnum):
    """Whether the API is reached through the cloud's edge or inside the network alone."""

    EDGE = "edge"
    INTERNAL = "internal"


class Nat(StrEnum):
    """How private subnets reach the internet."""

    NONE = "none"
    SINGLE = "single"
    PER_AZ = "per_az"


class Deletion(StrEnum):
    """What ``pulumi destroy`` may do to what holds data or keys."""

    PROTECT = "protect"
    RETAIN = "retain"
    DESTROY = "destroy"


class WorkerEgress(StrEnum):
    """Whether the vetting worker may open HTTPS connections to the internet."""

    HTTPS = "https"
    CLOSED = "closed"
