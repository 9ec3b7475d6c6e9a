"""Least privilege as data: which identity may do which verb on which resource.

This is the one place that says so. Each cloud's compute component turns the rows into its own
policies; the conformance suite reads those policies back and compares them with these rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from skillpkg_infra.choices import RootMode


class Identity(StrEnum):
    """The two workload identities."""

    API = "api"
    WORKER = "worker"


class Verb(StrEnum):
    """What an identity does with a resource; never ``administer``."""

    CONNECT = "connect"
    PUT = "put"
    READ = "read"
    REMOVE = "remove"
    WRITE = "write"
    SIGN = "sign"
    INVALIDATE = "invalidate"


class Resource(StrEnum):
    """What can be granted; components name their own under these words in ``handles``."""

    DATABASE = "database"
    STAGING = "staging"
    READ_PLANE = "read_plane"
    CDN = "cdn"
    PKI_SECRET = "pki_secret"  # noqa: S105  # the name of a grant
    SIGNING_KEY = "signing_key"
    REGISTRY_CA_KEY = "registry_ca_key"
    PUBLISHER_CA_KEY = "publisher_ca_key"
    LOG_KEY = "log_key"
    ROOT_KEY = "root_key"


KEYS = (
    Resource.SIGNING_KEY,
    Resource.REGISTRY_CA_KEY,
    Resource.PUBLISHER_CA_KEY,
    Resource.LOG_KEY,
)
"""The four keys of every stack; a managed root is the fifth."""


@dataclass(frozen=True, slots=True)
class Right:
    """One row: this identity may do this verb on this resource."""

    identity: Identity
    verb: Verb
    resource: Resource

    def __str__(self) -> str:
        return f"{self.identity} may {self.verb} {self.resource}"


ALWAYS = (
    Right(Identity.API, Verb.CONNECT, Resource.DATABASE),
    Right(Identity.API, Verb.PUT, Resource.STAGING),
    Right(Identity.API, Verb.READ, Resource.READ_PLANE),
    Right(Identity.WORKER, Verb.CONNECT, Resource.DATABASE),
    Right(Identity.WORKER, Verb.READ, Resource.STAGING),
    Right(Identity.WORKER, Verb.REMOVE, Resource.STAGING),
    Right(Identity.WORKER, Verb.READ, Resource.READ_PLANE),
    Right(Identity.WORKER, Verb.WRITE, Resource.READ_PLANE),
    Right(Identity.WORKER, Verb.READ, Resource.PKI_SECRET),
    Right(Identity.WORKER, Verb.WRITE, Resource.PKI_SECRET),
    *(Right(Identity.WORKER, Verb.SIGN, key) for key in KEYS),
)
MANAGED_ROOT = Right(Identity.WORKER, Verb.SIGN, Resource.ROOT_KEY)
INVALIDATION = Right(Identity.WORKER, Verb.INVALIDATE, Resource.CDN)


def rights(root_mode: RootMode, *, cdn: bool) -> tuple[Right, ...]:
    """Return the rows of one stack.

    Args:
        root_mode: only ``managed`` lets the worker use the root key; ``sealed`` takes it back.
        cdn: whether a CDN stands before the read plane.
    """
    rows = [*ALWAYS]
    if root_mode is RootMode.MANAGED:
        rows.append(MANAGED_ROOT)
    if cdn:
        rows.append(INVALIDATION)
    return tuple(rows)


def of(identity: Identity, rows: tuple[Right, ...]) -> tuple[Right, ...]:
    """Return the rows of one identity."""
    return tuple(row for row in rows if row.identity is identity)
